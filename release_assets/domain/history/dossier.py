"""The dossier: everything of one release in one document, made only from ledger entries.

Decides how a release ended, in one sentence; refuses to know what was not recorded. The release
digest it is about is the promoted one, else the newest seen: a signature or a verdict for another
digest is shown, and counts for nothing (SOC 2 CC8.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from release_assets.domain.errors import LedgerError, NotFoundError
from release_assets.domain.history.acts import acts_of
from release_assets.domain.history.ending import ending_of
from release_assets.domain.history.gates import gates_of
from release_assets.domain.history.messages import drifts_of, notices_of, refusals_of
from release_assets.domain.history.people import people_of
from release_assets.domain.history.ramp import stages_of, traffic_of
from release_assets.domain.history.reading import CHANGE, bound_digest, newest_evidence, of_kind
from release_assets.domain.history.sentence import clauses_of
from release_assets.domain.history.signatures import sign_offs_of
from release_assets.domain.history.timeline import timeline_of
from release_assets.domain.ledger.entries import Head
from release_assets.domain.ledger.kinds import EntryKind
from release_assets.domain.ledger.merkle import includes, inclusion_proof, peaks_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from release_assets.domain.history.acts import Act
    from release_assets.domain.history.ending import Ending
    from release_assets.domain.history.gates import GateHistory
    from release_assets.domain.history.messages import Message, Refusal
    from release_assets.domain.history.people import People
    from release_assets.domain.history.ramp import StageHistory, TrafficPoint
    from release_assets.domain.history.reading import Names
    from release_assets.domain.history.signatures import SignedStatement
    from release_assets.domain.history.timeline import Moment
    from release_assets.domain.ledger.entries import Entry


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerProof:
    """Which entries of the ledger are the release's, and that the last one is under the head.

    `entries` are numbers with digests; `inclusion` the hashes from the last of them to the root,
    lowest first (RFC 9162 section 2.1.3).
    """

    entries: tuple[tuple[int, str], ...]
    head: Head
    inclusion: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Return the JSON form."""
        numbered = [{"seq": seq, "digest": digest} for seq, digest in self.entries]
        return {
            "entries": numbered,
            "head": self.head.document(),
            "inclusion": list(self.inclusion),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Dossier:
    """Everything of one release; `clauses` are the parts of the one sentence, in order.

    `waivers` is empty until waivers exist: no finding can be waived today.
    """

    release: str
    release_digest: str | None
    title: str
    unit: Mapping[str, str]
    differs_from_main_in: tuple[str, ...]
    ending: Ending
    clauses: tuple[str, ...]
    people: People
    sign_offs: tuple[SignedStatement, ...]
    gates: tuple[GateHistory, ...]
    stages: tuple[StageHistory, ...]
    traffic: tuple[TrafficPoint, ...]
    acts: tuple[Act, ...]
    refusals: tuple[Refusal, ...]
    notices: tuple[Message, ...]
    drifts: tuple[Message, ...]
    timeline: tuple[Moment, ...]
    proof: LedgerProof
    waivers: tuple[Mapping[str, Any], ...] = ()

    @property
    def headline(self) -> str:
        """Return the one sentence."""
        return f"{self.release}: {'; '.join(self.clauses)}."

    def document(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "release": self.release,
            "release_digest": self.release_digest,
            "headline": self.headline,
            "title": self.title,
            "ended": str(self.ending.word),
            "ending": self.ending.document(),
            "unit": dict(self.unit),
            "differs_from_main_in": list(self.differs_from_main_in),
            "people": self.people.document(),
            "sign_offs": [s.document() for s in self.sign_offs],
            "gates": [g.document() for g in self.gates],
            "stages": [s.document() for s in self.stages],
            "traffic": [p.document() for p in self.traffic],
            "acts": [a.document() for a in self.acts],
            "refusals": [r.document() for r in self.refusals],
            "notices": [n.document() for n in self.notices],
            "drifts": [d.document() for d in self.drifts],
            "waivers": list(self.waivers),
            "timeline": [m.document() for m in self.timeline],
            "proof": self.proof.document(),
        }


def compile_dossier(
    release: str, ledger: Sequence[Entry], names: Names, expected: Sequence[str] = ()
) -> Dossier:
    """Return the dossier of a release from the whole ledger, first entry to last.

    `expected` are the gates that are listed even when they were never judged. Raises
    `NotFoundError` when no entry names the release, `LedgerError` when the proof does not hold.
    """
    entries = tuple(e for e in ledger if e.release == release)
    if not entries:
        message = f"the ledger has no entry about '{release}'"
        raise NotFoundError(f"{message}; `countersign status` lists the releases it has")
    digest, gates = bound_digest(entries), gates_of(entries, expected)
    change = _change(entries)
    return Dossier(
        release=release,
        release_digest=digest,
        title=change.get("title", ""),
        unit=_unit(entries, digest),
        differs_from_main_in=tuple(change.get("differs_from_main_in", ())),
        ending=ending_of(entries),
        clauses=clauses_of(entries, names),
        people=people_of(entries, names),
        sign_offs=sign_offs_of(entries, names),
        gates=gates,
        stages=stages_of(entries, gates),
        traffic=traffic_of(entries, digest),
        acts=acts_of(entries),
        refusals=refusals_of(entries),
        notices=notices_of(entries),
        drifts=drifts_of(entries),
        timeline=timeline_of(entries, names),
        proof=prove(entries, ledger),
    )


def prove(entries: Sequence[Entry], ledger: Sequence[Entry]) -> LedgerProof:
    """Return the proof for some entries of a ledger; raises `LedgerError` when it does not hold."""
    leaves, last = [entry.leaf for entry in ledger], entries[-1]
    head, index = Head.of(len(leaves), peaks_of(leaves)), last.seq - 1
    if not 0 <= index < len(leaves):
        raise LedgerError(f"entry {last.seq} lies beyond the ledger's {len(leaves)} entries")
    path, root = inclusion_proof(leaves, index), bytes.fromhex(head.root.removeprefix("sha256:"))
    if not includes(leaf=last.leaf, index=index, size=head.size, root=root, proof=path):
        raise LedgerError(f"entry {last.seq} is not in the tree; run `countersign ledger verify`")
    return LedgerProof(
        entries=tuple((e.seq, e.digest) for e in entries),
        head=head,
        inclusion=tuple(f"sha256:{node.hex()}" for node in path),
    )


def _change(entries: Sequence[Entry]) -> dict[str, Any]:
    """Return what was seen of the change; the evidence about it outweighs its first sighting."""
    seen = [dict(e.body) for e in of_kind(entries, EntryKind.CHANGE_SEEN)]
    return (seen[-1] if seen else {}) | dict(newest_evidence(entries, CHANGE))


def _unit(entries: Sequence[Entry], digest: str | None) -> Mapping[str, str]:
    """Return the parts under the release digest, as they were recorded for it."""
    for entry in reversed(entries):
        body = entry.body.get("summary", entry.body)
        if entry.release_digest == digest and isinstance(body.get("unit"), dict):
            unit: dict[str, str] = body["unit"]
            return unit
    return {}
