"""What it means that one claim keeps a gate shut."""


def assert_only_this_claim_fell(world, ran, phase, claim, *, outcome="failed"):
    """The claim is named, the gate was not reached, and the ledger shows it."""
    assert not ran.is_success
    assert {name for name, e in ran.checks.items() if not e.passed} == {claim}
    assert f"{phase.name}/gate" not in ran.materialised
    verdicts = {body["gate"]: body for body in world.entries("verdict")}
    assert verdicts[f"{phase.name}/{claim}"]["outcome"] == outcome
    assert ran.checks[claim].description == verdicts[f"{phase.name}/{claim}"]["headline"]
    assert f"{phase.name}/gate" not in verdicts
