"""Everyone whose work is in a release, as persons: who may neither review it nor sign it off.

Decides who contributed: who opened the change, every pusher, authors and co-authors of every
commit, authors of eval cases added or changed, whoever resolved the merge by hand, and the persons
who direct a robot that did any of it. Commit authors are what the committer claimed, so they only
add contributors; the pusher is what the git host saw. What it cannot resolve it names, and the
rules fail closed on it (law 6; SLSA source track, SOC 2 CC8.1).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from release_assets.domain.people.roster import Person, Robot, RobotKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from release_assets.domain.evals.rows import EvalCase
    from release_assets.domain.people.change import Change
    from release_assets.domain.people.roster import Roster


class Work(StrEnum):
    """What kind of work a deed is, the weightiest first."""

    COMMIT = "commit"
    CASE = "eval case"
    MERGE = "merge"
    PUSH = "push"
    AUTHORSHIP = "authorship"
    OPENING = "opening"


class Deed(NamedTuple):
    """One thing that a person did: a commit or push by its hash, a case by its id."""

    work: Work
    what: str
    through: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Contributors:
    """Persons by id with what they did, and a sentence about each unknown one."""

    deeds: Mapping[str, tuple[Deed, ...]] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()

    @property
    def people(self) -> tuple[str, ...]:
        """The ids of all contributors, sorted."""
        return tuple(sorted(self.deeds))

    def sentence(self, person: str) -> str:
        """Return what a person did, like `ada wrote 2 commits of this release`."""
        own = [d for d in self.deeds[person] if d.through is None]
        if own:
            return f"{person} {_summary(own)}"
        robot = next(d.through for d in self.deeds[person])
        through = [d for d in self.deeds[person] if d.through == robot]
        return f"{person} directs {robot}, which {_summary(through)}"

    @classmethod
    def together(cls, parts: Iterable[Contributors]) -> Contributors:
        """Return the contributors of several changes that go out as one release."""
        deeds: dict[str, tuple[Deed, ...]] = {}
        unknown: dict[str, None] = {}
        for part in parts:
            unknown |= dict.fromkeys(part.unknown)
            deeds |= {p: deeds.get(p, ()) + done for p, done in part.deeds.items()}
        return cls(deeds=deeds, unknown=tuple(unknown))


def contributors(
    change: Change,
    roster: Roster,
    *,
    case_authors: Mapping[str, Sequence[str]],
    automatic_merge_tree: str | None = None,
) -> Contributors:
    """Return everyone whose work is in a change.

    `case_authors` are the accounts behind each eval case added or changed
    (`changed_case_authors`). `automatic_merge_tree` is the tree that git alone makes of the merge;
    whoever landed another one resolved it by hand.
    """
    return resolved(
        _accounts(change, case_authors, automatic_merge_tree), _gaps(change, case_authors), roster
    )


def resolved(done: Iterable[tuple[str, Deed]], gaps: Iterable[str], roster: Roster) -> Contributors:
    """Return the persons behind accounts and what they did; `gaps` are what no record shows."""
    deeds: dict[str, list[Deed]] = defaultdict(list)
    unknown = list(gaps)
    for account, deed in done:
        owner = roster.author_of(account)
        if isinstance(owner, Person):
            deeds[owner.id].append(deed)
        elif isinstance(owner, Robot):
            unknown.extend(_add_directors(deeds, owner, deed))
        else:
            unknown.append(f"{account}, who {_summary([deed])}, is not in the roster")
    return Contributors(
        deeds={person: tuple(theirs) for person, theirs in deeds.items()},
        unknown=tuple(dict.fromkeys(unknown)),
    )


def changed_case_authors(
    before: Iterable[EvalCase], after: Iterable[EvalCase]
) -> dict[str, tuple[str, ...]]:
    """Return the authors of each case that is new or not what it was, by case id."""
    old = {case.id: case for case in before}
    return {case.id: case.authors for case in after if case != old.get(case.id)}


def _accounts(
    change: Change, case_authors: Mapping[str, Sequence[str]], automatic: str | None
) -> Iterator[tuple[str, Deed]]:
    yield change.author, Deed(Work.OPENING, str(change.number))
    for commit in change.commits:
        for author in dict.fromkeys(commit.authors):
            yield author, Deed(Work.COMMIT, commit.sha)
    for push in change.pushes:
        yield push.account, Deed(Work.PUSH, push.head)
    for case, authors in case_authors.items():
        for author in authors:
            yield author, Deed(Work.CASE, case)
    if change.merge and automatic not in {None, change.merge.tree}:
        yield change.merge.account, Deed(Work.MERGE, change.merge.commit)


def _gaps(change: Change, case_authors: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield what no record shows: an empty record is not an innocent one."""
    if not change.commits:
        yield f"the commits of change {change.number} are unknown"
    for commit in change.commits:
        if not commit.authors:
            yield f"the author of commit {commit.sha[:12]} is unknown"
    if change.head not in {push.head for push in change.pushes}:
        yield f"the git host has no record of who pushed {change.head[:12]}"
    for case, authors in case_authors.items():
        if not authors:
            yield f"the eval case {case} has no author; add 'authors'"


def _add_directors(deeds: dict[str, list[Deed]], robot: Robot, deed: Deed) -> Iterator[str]:
    for director in robot.directed_by or ():
        deeds[director].append(deed._replace(through=robot.id))
    if robot.directed_by is None or (robot.kind is RobotKind.AGENT and not robot.directed_by):
        yield f"it is unknown who directs {robot.id}, which {_summary([deed])}"


def _summary(deeds: Sequence[Deed]) -> str:
    """Summarise some deeds by the weightiest of them, in words that follow a name."""
    by_work: dict[Work, list[str]] = defaultdict(list)
    for deed in deeds:
        by_work[deed.work].append(deed.what)
    written = [_counted(work, by_work[work]) for work in (Work.COMMIT, Work.CASE) if by_work[work]]
    if written:
        return f"wrote {' and '.join(written)} of this release"
    if by_work[Work.MERGE]:
        return "resolved the merge of this release by hand"
    if by_work[Work.AUTHORSHIP]:
        return "is an author of this release"
    return "pushed to this release" if by_work[Work.PUSH] else "opened the change of this release"


def _counted(work: Work, things: Sequence[str]) -> str:
    different = tuple(dict.fromkeys(things))
    if work is Work.CASE and len(different) == 1:
        return f"the eval case {different[0]}"
    return f"{len(different)} {work}{'' if len(different) == 1 else 's'}"
