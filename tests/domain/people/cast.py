"""The people of the example repository, and changes, as values."""

from datetime import UTC, date, datetime, timedelta

from release_assets.domain.people.change import Change, Commit, Merge, Push, Review, ReviewState
from release_assets.domain.people.roster import (
    HeldRole,
    Key,
    Person,
    Robot,
    RobotKind,
    Role,
    Roster,
    Validity,
)
from resources.ssh_keys import generate_key, load_private_key, public_line

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
TREE, OLD_TREE = "e1" * 20, "e0" * 20
HEAD = "c2" * 20
SINCE = Validity(since=date(2026, 1, 1))
KEYS = {
    name: load_private_key(generate_key().private_openssh_pem.encode())
    for name in ("ada", "rosa", "iris", "stranger")
}


def person(name, *roles, **more):
    keys = (Key(public_key=public_line(KEYS[name]), valid=SINCE),) if name in KEYS else ()
    given = {
        "accounts": (f"local:{name}",),
        "emails": (f"{name}@example.com",),
        "keys": keys,
        "roles": tuple(HeldRole(role=role, valid=SINCE) for role in roles),
    }
    return Person(id=name, **(given | more))


def robot(name, kind=RobotKind.CI, directed_by=("ada",)):
    return Robot(id=name, kind=kind, accounts=(f"local:{name}",), directed_by=directed_by)


ROSTER = Roster(
    people=(
        person("ada", Role.AUTHOR, Role.REVIEWER, Role.RELEASE_MANAGER),
        person("ben", Role.REVIEWER),
        person("chloe", Role.REVIEWER),
        person("rosa", Role.RELEASE_MANAGER, accounts=("local:rosa", "local:rosa-2")),
        person("dev", Role.AUTHOR),
        person("iris", Role.AI_RISK_PARTNER),
    ),
    robots=(
        robot("release-bot"),
        robot("agent", RobotKind.AGENT, ("ben",)),
        robot("deps-bot", RobotKind.DEPS, ()),
    ),
)


def commit(*authors, sha="c1" * 20, tree=TREE, message="Better prompts", paths=("prompts/a.yaml",)):
    return Commit(sha=sha, tree=tree, authors=authors, message=message, paths=paths)


def push(account="local:ada", head=HEAD, minutes=1):
    return Push(account=account, head=head, at=NOW + timedelta(minutes=minutes))


def review(account="local:ben", state=ReviewState.APPROVED, tree=TREE, minutes=5, grade="event"):
    return Review(
        account=account, state=state, tree=tree, at=NOW + timedelta(minutes=minutes), grade=grade
    )


def merge(account="local:ben", tree=TREE, minutes=10):
    return Merge(account=account, commit="c9" * 20, tree=tree, at=NOW + timedelta(minutes=minutes))


def change(**more):
    given = {
        "number": 101,
        "feature": "policy-search",
        "title": "Better prompts",
        "author": "local:ada",
        "base": "b0" * 20,
        "head": HEAD,
        "tree": TREE,
        "opened_at": NOW,
        "commits": (commit("local:ada"), commit("local:ada", sha=HEAD)),
        "pushes": (push(),),
        "reviews": (review(),),
        "merge": merge(),
    }
    return Change(**(given | more))
