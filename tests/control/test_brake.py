"""Traffic falls at once, and the prompt pointer with it; the paperwork follows, whatever fails."""

from dataclasses import replace

import pytest

from release_assets.domain.errors import ConflictError, InputError, LedgerError, UnavailableError
from release_assets.domain.release import digest_of
from release_assets.domain.rollout.machine import RolloutState
from release_assets.ports import Environment
from tests.phases.world import RELEASE


def assert_cut(world):
    """No call reaches the candidate, and no pointer leads to its prompts."""
    assert world.router.traffic.candidate_pct == 0
    assert world.pointers.candidate is None
    stable = world.book.stable_unit("policy-search")
    assert world.pointers.stable == stable.prompts


def channels(world):
    return sorted(n.channel for n in world.store.undelivered())


def test_a_breach_is_cut_within_the_tick(ramping_world):
    """Before any run starts."""
    ramping_world.metrics.errors = 400
    (decided,) = ramping_world.look()

    assert ": brake, " in decided
    assert_cut(ramping_world)
    assert ramping_world.store.rollout(RELEASE).state is RolloutState.BRAKED
    assert ramping_world.events()[-1] == "breached"
    assert ramping_world.entries("observation")[-1]["act"] == "brake"


def test_author_release_manager_and_the_plans_channels_are_called(braked_world):
    assert channels(braked_world) == [
        "pager:ai-feature-on-call",
        "pager:dev",
        "pager:rosa",
        "slack:#ai-platform-incidents",
        "slack:@dev",
        "slack:@rosa",
    ]


def test_a_worse_answer_on_live_traffic_pulls_the_brake(ramping_world):
    ramping_world.metrics.candidate_score = 0.7
    ramping_world.metrics.pairs_a_look = 4000
    (decided,) = ramping_world.look()

    assert ": brake, groundedness " in decided
    assert_cut(ramping_world)


def test_too_much_traffic_at_the_router_pulls_the_brake(ramping_world):
    ramping_world.router.traffic = replace(ramping_world.router.traffic, candidate_pct=60)
    (decided,) = ramping_world.look()

    assert "brake, the router gives 60 % where 1 % is allowed" in decided
    assert_cut(ramping_world)


def test_pulling_the_brake_again_changes_nothing(braked_world):
    before = braked_world.router.traffic, braked_world.events(), channels(braked_world)
    braked_world.look()
    brake, release = braked_world.composition.brake, braked_world.release()
    rollout = braked_world.store.rollout(RELEASE)
    brake.pull(rollout, release, "again", braked_world.clock.now())

    assert braked_world.router.traffic == before[0]
    assert channels(braked_world) == before[2]
    assert_cut(braked_world)


def test_a_ledger_that_cannot_be_written_does_not_stop_the_cut(ramping_world, monkeypatch):
    """The tick fails, yet no user stays on a bad release, and people are notified."""

    def full(*_, **__):
        raise LedgerError("nothing was written to the ledger: its disk is full")

    ramping_world.metrics.errors = 400
    with monkeypatch.context() as broken:
        broken.setattr(type(ramping_world.ledger), "append", full)
        with pytest.raises(LedgerError, match="its disk is full"):
            ramping_world.look()
        assert_cut(ramping_world)
        assert "pager:ai-feature-on-call" in channels(ramping_world)
        assert "breached" not in ramping_world.events()
    ramping_world.look()

    assert ramping_world.events()[-1] == "breached", "the next tick makes up for it"
    assert ramping_world.run("roll_back_release").is_success


def test_a_ledger_that_cannot_be_read_does_not_stop_the_cut(ramping_world, monkeypatch):
    def damaged(*_, **__):
        raise LedgerError("entry 3 was changed")

    brake, rollout = ramping_world.composition.brake, ramping_world.store.rollout(RELEASE)
    release, now = ramping_world.release(), ramping_world.clock.now()
    with monkeypatch.context() as broken:
        for act in ("append", "entries"):
            broken.setattr(type(ramping_world.ledger), act, damaged)
        with pytest.raises(LedgerError):
            brake.pull(rollout, release, "by hand", now)

    assert_cut(ramping_world)
    assert "slack:@dev" in channels(ramping_world)


def test_a_prompt_registry_that_is_busy_is_asked_again_by_the_next_tick(ramping_world, monkeypatch):
    def busy(*_):
        raise ConflictError("somebody else wrote first")

    ramping_world.metrics.errors = 400
    with monkeypatch.context() as broken:
        broken.setattr(type(ramping_world.ports.prompt_registry), "move", busy)
        with pytest.raises(ConflictError):
            ramping_world.look()
        assert ramping_world.router.traffic.candidate_pct == 0
    ramping_world.look()

    assert_cut(ramping_world)
    assert ramping_world.events()[-1] == "breached"


def test_while_the_router_is_silent_the_prompts_go_back_and_people_are_notified(ramping_world):
    """Traffic cannot be cut then; a prompt-only change is harmless all the same."""
    ramping_world.metrics.errors = 400
    ramping_world.router.is_down = True
    with pytest.raises(UnavailableError):
        ramping_world.look()
    assert ramping_world.pointers.candidate is None
    notices = ramping_world.store.undelivered()
    assert {n.headline for n in notices} == {
        f"{RELEASE} has to be taken off production traffic by hand: the router does not answer"
    }
    assert "the router is down" in notices[0].text
    assert ramping_world.store.rollout(RELEASE).state is RolloutState.RAMPING

    ramping_world.router.is_down = False
    ramping_world.look()
    assert_cut(ramping_world)
    headlines = {n.headline for n in ramping_world.store.undelivered()}
    assert f"{RELEASE} was taken off production traffic" in headlines


def test_while_the_router_is_silent_nothing_is_raised(ramping_world):
    ramping_world.router.is_down = True
    decided = ramping_world.look(5)
    assert all("wait, the router could not be read" in one for one in decided)
    notices = [
        n for n in ramping_world.store.undelivered() if n.text == "the router could not be read"
    ]
    assert sorted(n.channel for n in notices) == [
        "pager:ai-feature-on-call",
        "slack:#ai-platform-incidents",
    ]


def test_a_brake_whose_reply_was_lost_is_pulled_again(ramping_world):
    ramping_world.metrics.errors = 400
    ramping_world.router.lose_next_reply = True
    with pytest.raises(UnavailableError):
        ramping_world.look()
    ramping_world.look()

    assert_cut(ramping_world)
    assert ramping_world.store.rollout(RELEASE).state is RolloutState.BRAKED


def test_a_braked_candidate_that_got_traffic_back_is_braked_again(braked_world):
    digest = braked_world.release().digest
    (address,) = (r.address for r in running(braked_world) if r.release_digest == digest)
    braked_world.router.traffic = replace(
        braked_world.router.traffic,
        candidate_digest=digest,
        candidate_address=address,
        candidate_pct=5,
    )
    braked_world.look()

    assert_cut(braked_world)


def running(world):
    from release_assets.ports import Environment

    return world.deployer.running(Environment.PRODUCTION)


def test_a_prompt_pointer_that_was_ordered_back_and_is_not_there_fails_the_rollback(
    braked_world, monkeypatch
):
    """What counts is what the registry answers afterwards, never what was ordered (law 4)."""
    registry = braked_world.ports.prompt_registry
    new = braked_world.release().unit.prompts
    astray = replace(registry.pointers(Environment.PRODUCTION), candidate=new)
    monkeypatch.setattr(type(registry), "pointers", lambda *_: astray)
    monkeypatch.setattr(type(registry), "move", lambda *_: None)
    ran = braked_world.run("roll_back_release")

    assert not ran.is_success
    findings = braked_world.verdict("rollback/everything_is_back")["findings"]
    assert [f["rule"] for f in findings if f["outcome"] == "failed"] == ["prompt_pointer_is_back"]


def test_the_restoration_asks_the_front_door_and_takes_the_candidate_down(braked_world):
    ran = braked_world.run("roll_back_release")

    assert ran.is_success, ran.failures
    verdict = braked_world.verdict("rollback/everything_is_back")
    assert verdict["outcome"] == "passed"
    assert {f["rule"] for f in verdict["findings"]} == {
        "traffic_is_back",
        "prompt_pointer_is_back",
        "every_part_is_back",
    }
    assert not braked_world.deployer.runs(braked_world.release().digest)
    assert braked_world.store.rollout(RELEASE).state is RolloutState.ROLLED_BACK


@pytest.mark.parametrize("part", ["code", "prompts", "model", "index", "configuration"])
def test_one_part_that_is_not_back_is_no_rollback(braked_world, part):
    stable = braked_world.book.stable_unit("policy-search")
    strange = replace(stable, **{part: digest_of(b"another")})
    braked_world.deployer.reports[stable.digest] = strange
    ran = braked_world.run("roll_back_release")

    assert not ran.is_success
    headline = braked_world.verdict("rollback/everything_is_back")["headline"]
    assert headline == f"failed: {part} is not as expected"
    assert "rollback/incident" not in ran.materialised
    assert braked_world.store.rollout(RELEASE).state is RolloutState.BRAKED


def test_a_rollback_that_failed_can_be_run_again(braked_world):
    stable = braked_world.book.stable_unit("policy-search")
    braked_world.deployer.reports[stable.digest] = replace(stable, code=digest_of(b"another"))
    assert not braked_world.run("roll_back_release").is_success
    braked_world.deployer.reports.clear()

    assert braked_world.run("roll_back_release").is_success
    assert braked_world.run("roll_back_release").is_success
    assert braked_world.events().count("rolled_back") == 1


def test_the_incident_says_what_broke_on_how_many_calls(braked_world):
    braked_world.metrics.last_call = braked_world.clock.now()
    ran = braked_world.run("roll_back_release")
    reading = braked_world.book.of(braked_world.release())
    summary = reading.newest_evidence("rollback/incident").body["summary"]

    assert "rollback/incident" in ran.materialised
    assert (summary["candidate_calls"], summary["replayed_pairs"]) == (4000, 1000)
    assert "error" in summary["because"]
    assert float(summary["reaction_s"]) >= 0
    ticket = braked_world.tickets.read(RELEASE)
    assert "Rolled back from canary stage 1" in ticket
    assert "4000 live calls and 1000 replayed pairs" in ticket


def test_a_person_can_take_back_a_release_that_nothing_braked(ramping_world):
    tag = {"countersign/because": "customers complain"}
    ran = ramping_world.run("roll_back_release", **tag)

    assert ran.is_success, ran.failures
    assert_cut(ramping_world)
    assert ramping_world.events()[-2:] == ["breached", "rolled_back"]
    assert ramping_world.entries("rollout")[-1]["because"] == "customers complain"
    assert ramping_world.store.rollout(RELEASE).state is RolloutState.ROLLED_BACK
    assert "pager:ai-feature-on-call" in channels(ramping_world)


def test_a_release_can_be_taken_off_its_plan_before_its_first_call(promoted_world):
    ran = promoted_world.run("roll_back_release")

    assert ran.is_success, ran.failures
    assert promoted_world.book.active_rollouts() == ()
    assert promoted_world.pointers.candidate is None
    assert not promoted_world.deployer.runs(promoted_world.release().digest)


def test_the_stable_release_is_never_taken_down(watching_world):
    """Nothing older runs behind it."""
    watching_world.prove()
    assert watching_world.run("complete_release").is_success
    ran = watching_world.run("roll_back_release")

    assert not ran.is_success
    assert f"{RELEASE} is the stable release" in ran.failures
    assert watching_world.deployer.runs(watching_world.release().digest)


def test_a_ledger_that_cannot_be_read_stops_no_brake(ramping_world, monkeypatch):
    """Law 9: a lowering whose record cannot be written happens all the same, and is paged."""
    world = ramping_world
    world.metrics.errors = 400
    monkeypatch.setattr(type(world.ledger), "entries", _unreadable)
    world.clock.wait(5)
    (rollout,) = world.store.active_rollouts()
    world.composition.rollout_tick.run_or_page(rollout)

    assert world.router.traffic.candidate_pct == 0
    assert world.pointers.candidate is None
    assert world.store.undelivered()


def _unreadable(*_, **__):
    raise LedgerError("entry 3: of an unknown kind", entry=3)


def test_a_policy_that_cannot_be_read_stops_no_brake(ramping_world, monkeypatch):
    world = ramping_world
    world.metrics.errors = 400
    broken = InputError("unknown word 'teirs'", file="policy.yaml", line=1)
    monkeypatch.setattr(type(world.book.repository), "policy", lambda _: _raise(broken))
    world.clock.wait(5)
    (rollout,) = world.store.active_rollouts()
    world.composition.rollout_tick.run_or_page(rollout)

    assert world.router.traffic.candidate_pct == 0


def _raise(error):
    raise error


def test_a_breach_after_a_hold_that_was_not_recorded_ends_braked_in_the_ledger(
    ramping_world, monkeypatch
):
    """Killed between the hold and its record; the next look breaches."""
    world = ramping_world
    world.router.traffic = replace(world.router.traffic, candidate_pct=0.5)
    with monkeypatch.context() as dying:
        dying.setattr(type(world.ledger), "append", _unreadable)
        with pytest.raises(LedgerError):
            world.look(5)
    assert world.store.rollout(RELEASE).state is RolloutState.HELD
    world.metrics.errors = 400
    world.look(5)
    world.look(5)

    assert world.store.rollout(RELEASE).state is RolloutState.BRAKED
    assert "held" not in world.events()[world.events().index("breached") :]


def test_a_clock_that_is_set_back_records_a_hold_once(ramping_world):
    world = ramping_world
    world.clock.wait(-3600)
    world.router.traffic = replace(world.router.traffic, candidate_pct=0.5)
    for _ in range(4):
        world.look(5)

    assert world.events().count("held") <= 1


def test_looks_that_take_over_a_minute_are_paged(ramping_world, monkeypatch):
    """What they decide is too old to be acted upon, so nothing would ever rise."""
    world = ramping_world
    counts = world.metrics.counts

    def slow(*given):
        world.clock.wait(40)
        return counts(*given)

    monkeypatch.setattr(world.metrics, "counts", slow)
    world.look(5)

    assert any("a look took" in notice.text for notice in world.store.undelivered())
