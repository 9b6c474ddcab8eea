"""What a release is: one unit of code, prompts, model, index and configuration, under one digest.

A release is named by its key (`policy-search-142`) from the first pull request event on, and
bound by its digest from the merge on. Law 4: it is deployed, ramped, rolled back and read back as
one; `Unit.differences` names the parts in which two units differ.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import rfc8785

from release_assets.domain.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

_FEATURE = re.compile(r"[a-z][a-z0-9-]{0,50}")


class RiskTier(StrEnum):
    """How much harm a feature can do; what a tier demands is in `policy.yaml`."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, order=True, slots=True)
class ReleaseKey:
    """The name of a release and of its Dagster partition: `<feature>-<change number>`."""

    feature: str
    number: int

    def __post_init__(self) -> None:
        """Refuse what Dagster would accept: keys must fit event tags and file names."""
        if not _FEATURE.fullmatch(self.feature) or not 0 <= self.number < 10**9:
            hint = "a feature is lower-case letters, digits and dashes; a change number is positive"
            raise InputError(f"'{self}' is not a release", hint=hint)

    def __str__(self) -> str:
        return f"{self.feature}-{self.number}"

    @classmethod
    def parse(cls, text: str) -> ReleaseKey:
        """Read `policy-search-142`; raises `InputError` on anything else."""
        feature, _, number = text.rpartition("-")
        if not number.isascii() or not number.isdigit():
            raise InputError(f"'{text}' is not a release", hint="write it like 'policy-search-142'")
        return cls(feature, int(number))


def digest_of(content: bytes) -> str:
    """Return `sha256:<hex>` of some bytes; the only digest form used in Countersign."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def digest_of_document(document: Any) -> str:
    """Return the digest of a JSON document in its canonical form (RFC 8785)."""
    return digest_of(rfc8785.dumps(document))


def digest_of_files(files: Mapping[str, bytes]) -> str:
    """Return the digest of a folder: canonical JSON of {relative path: digest of content}."""
    return digest_of_document({path: digest_of(content) for path, content in files.items()})


@dataclass(frozen=True, kw_only=True, slots=True)
class Unit:
    """The parts of one release, each by digest; what `/release` must report back.

    `code`: files of the code folder; `prompts`: the prompt set (name to content digest);
    `model`: model name, revision and parameters; `index`: files of the handbook edition that is
    searched; `configuration`: prices and all else in the manifest that acts at run time. `digest`
    is the release digest: every evidence, sign-off and deploy names it. It is computed here from
    the parts, and cannot be given.
    """

    feature: str
    code: str
    prompts: str
    model: str
    index: str
    configuration: str
    digest: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Compute the release digest, once."""
        object.__setattr__(self, "digest", digest_of_document(self.document()))

    def document(self) -> dict[str, str]:
        """Return the canonical manifest of the unit: its parts, without the digest over them."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.init}

    def differences(self, other: Unit) -> tuple[str, ...]:
        """Return the names of the parts in which two units differ."""
        mine, theirs = self.document(), other.document()
        return tuple(name for name in mine if mine[name] != theirs[name])


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """A change's unit at one commit: key, digest and the commit that it was read from."""

    key: ReleaseKey
    commit: str
    unit: Unit

    @property
    def digest(self) -> str:
        """The release digest."""
        return self.unit.digest
