"""A unit and its digest: one name for all parts, computed and never given."""

from dataclasses import replace

import pytest

from release_assets.domain.release import Unit, digest_of_document

PARTS = {
    "feature": "policy-search",
    "code": "sha256:c",
    "prompts": "sha256:p",
    "model": "m@1",
    "index": "sha256:i",
    "configuration": "sha256:f",
}


def test_the_digest_is_that_of_the_parts_alone():
    unit = Unit(**PARTS)
    assert unit.document() == PARTS
    assert unit.digest == digest_of_document(PARTS)


def test_a_digest_cannot_be_handed_in():
    with pytest.raises(TypeError):
        Unit(**PARTS, digest="sha256:wrong")  # type: ignore[call-arg] # the claim
    with pytest.raises(ValueError, match="digest"):
        replace(Unit(**PARTS), digest="sha256:wrong")


def test_a_changed_copy_has_a_digest_of_its_own():
    unit = Unit(**PARTS)
    other = replace(unit, code="sha256:d")
    assert other.digest == digest_of_document(other.document()) != unit.digest
    assert replace(other, code="sha256:c") == unit
