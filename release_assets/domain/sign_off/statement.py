"""What a signatory signs: an in-toto statement that binds one release to one moment.

Decides which fields a statement has and how they become bytes; whether a sign-off counts, `rules`
and `quorum` decide. The statement names everything that was looked at (evidence, policy, roster,
tier and path) and the head of the ledger that the signatory saw, so that a yes cannot be used for
anything else, and a ledger rewritten later contradicts a person's signature (in-toto Statement v1).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal

import rfc8785
from pydantic import AwareDatetime, ConfigDict, Field, StringConstraints, ValidationError

from release_assets.domain.document_errors import explain
from release_assets.domain.documents import FileRecord
from release_assets.domain.errors import InputError
from release_assets.domain.ledger.entries import Head
from release_assets.domain.people.roster import Role  # noqa: TC001 - pydantic reads it at run time
from release_assets.domain.release import (
    RiskTier,
    digest_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:countersign:sign-off:v1"
VALID_AT_MOST = timedelta(hours=8)

Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]


class SignOffDecision(StrEnum):
    """A signed yes or no."""

    YES = "yes"
    NO = "no"


class ReleasePath(StrEnum):
    """Which gates the release went through, at which strength."""

    STANDARD = "standard"
    EMERGENCY = "emergency"


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """What a sign-off is about; every field must match when it is used.

    `evidence_digest` is over all evidence of the release, so that running one eval again takes the
    sign-off away.
    """

    release: str
    release_digest: str
    environment: str
    tier: RiskTier
    path: ReleasePath
    evidence_digest: str
    policy_digest: str
    roster_digest: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """What one signatory signs.

    Raises `InputError` when it would be valid for more than 8 hours, and for a no without a reason.
    """

    subject: Subject
    decision: SignOffDecision
    role: Role
    person: str
    ledger_head: Head
    nonce: str
    issued_at: datetime
    expires_at: datetime
    because: str = ""

    def __post_init__(self) -> None:
        """Refuse a time of validity that is empty or too long, and a no without a reason."""
        if not timedelta(0) < self.expires_at - self.issued_at <= VALID_AT_MOST:
            message = f"a sign-off is valid for at most 8 hours, not until {self.expires_at}"
            raise InputError(message, hint="choose an earlier end")
        if self.decision is SignOffDecision.NO and not self.because.strip():
            raise InputError("a no needs a reason", hint="give it with --because")

    def document(self) -> dict[str, Any]:
        """Return the in-toto statement as a JSON document."""
        about = self.subject
        return {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": about.release, "digest": _by_algorithm(about.release_digest)}],
            "predicateType": PREDICATE_TYPE,
            "predicate": {
                "decision": self.decision.value,
                "role": self.role.value,
                "person": self.person,
                "environment": about.environment,
                "tier": about.tier.value,
                "path": about.path.value,
                "evidence_digest": about.evidence_digest,
                "policy_digest": about.policy_digest,
                "roster_digest": about.roster_digest,
                "ledger_head": self.ledger_head.document(),
                "nonce": self.nonce,
                "issued_at": _utc(self.issued_at),
                "expires_at": _utc(self.expires_at),
                "because": self.because,
            },
        }

    def payload(self) -> bytes:
        """Return the bytes that are signed (RFC 8785)."""
        return rfc8785.dumps(self.document())

    @property
    def digest(self) -> str:
        """Return the digest of the signed bytes; pages and tickets print it."""
        return digest_of(self.payload())


class _SubjectRecord(FileRecord):
    name: str
    digest: dict[Literal["sha256"], str]


class _HeadRecord(FileRecord):
    size: int
    root: Digest


class _PredicateRecord(FileRecord):
    decision: SignOffDecision
    role: Role
    person: str
    environment: str
    tier: RiskTier
    path: ReleasePath
    evidence_digest: Digest
    policy_digest: Digest
    roster_digest: Digest
    ledger_head: _HeadRecord
    nonce: str
    issued_at: AwareDatetime
    expires_at: AwareDatetime
    because: str


class _StatementRecord(FileRecord):
    model_config = ConfigDict(validate_by_alias=True)

    kind: Literal["https://in-toto.io/Statement/v1"] = Field(alias="_type")
    subject: Annotated[tuple[_SubjectRecord, ...], Field(min_length=1, max_length=1)]
    predicate_kind: Literal["urn:countersign:sign-off:v1"] = Field(alias="predicateType")
    predicate: _PredicateRecord


def read_statement(document: Mapping[str, Any]) -> Statement:
    """Read the JSON form of a statement; raises `InputError` for any other key or value."""
    try:
        record = _StatementRecord.model_validate_json(rfc8785.dumps(document))
    except rfc8785.CanonicalizationError as exc:
        raise InputError(f"this statement has no canonical form: {exc}") from exc
    except ValidationError as exc:
        raise explain(exc, _StatementRecord, "statement", lambda *_: 1) from exc
    statement = _statement(record.subject[0], record.predicate)
    if statement.document() != document:
        hint = "times are written like 2026-01-31T09:00:00Z"
        raise InputError("the statement is not in canonical form", hint=hint)
    return statement


def predicate_of(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the predicate of the statement in the body of a `sign_off` entry, as it was written.

    Empty where the body holds none. The signature is not verified here.
    """
    statement = body.get("statement")
    found = statement.get("predicate") if isinstance(statement, dict) else None
    return found if isinstance(found, dict) else {}


def is_yes(body: Mapping[str, Any]) -> bool:
    """Whether the body of a `sign_off` entry holds a yes; the signature is not verified here."""
    return predicate_of(body).get("decision") == SignOffDecision.YES


def _statement(about: _SubjectRecord, predicate: _PredicateRecord) -> Statement:
    return Statement(
        subject=Subject(
            release=about.name,
            release_digest=f"sha256:{about.digest['sha256']}",
            environment=predicate.environment,
            tier=predicate.tier,
            path=predicate.path,
            evidence_digest=predicate.evidence_digest,
            policy_digest=predicate.policy_digest,
            roster_digest=predicate.roster_digest,
        ),
        decision=predicate.decision,
        role=predicate.role,
        person=predicate.person,
        ledger_head=Head(size=predicate.ledger_head.size, root=predicate.ledger_head.root),
        nonce=predicate.nonce,
        issued_at=predicate.issued_at.astimezone(UTC),
        expires_at=predicate.expires_at.astimezone(UTC),
        because=predicate.because,
    )


def _by_algorithm(digest: str) -> dict[str, str]:
    algorithm, _, value = digest.partition(":")
    return {algorithm: value}


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
