"""What every prompt registry does, whoever it is."""

from __future__ import annotations

import pytest

from release_assets.domain.errors import ConflictError, NotFoundError, UnavailableError
from release_assets.domain.release import digest_of_files
from release_assets.ports import Environment, PromptPointers
from resources.local.prompt_registry import DirectoryPromptRegistry
from tests.ports.fake_prompt_registry import FakePromptRegistry

PRODUCTION, STAGING = Environment.PRODUCTION, Environment.STAGING
PROMPTS = {"guard": b"refuse what is not policy\n", "answer": "antworte knapp: ä\n".encode()}


@pytest.fixture(params=["fake", "directory"])
def registry(request, tmp_path):
    return FakePromptRegistry() if request.param == "fake" else DirectoryPromptRegistry(tmp_path)


@pytest.fixture
def sets(registry):
    return [registry.publish({"answer": f"prompt {n}".encode()}) for n in range(3)]


def test_the_digest_of_a_set_is_the_prompts_part_of_a_unit(registry):
    assert registry.publish(PROMPTS) == digest_of_files(PROMPTS)


def test_prompts_are_read_back_byte_for_byte(registry):
    assert registry.read(registry.publish(PROMPTS)) == PROMPTS


def test_publishing_twice_changes_nothing(registry):
    assert registry.publish(PROMPTS) == registry.publish(PROMPTS)


def test_an_unknown_set_is_not_found(registry):
    with pytest.raises(NotFoundError):
        registry.read(f"sha256:{'0' * 64}")


def test_pointers_are_not_found_before_the_first_move(registry):
    with pytest.raises(NotFoundError):
        registry.pointers(PRODUCTION)


def test_a_move_is_read_back(registry, sets):
    first = PromptPointers(stable=sets[0], candidate=None)
    second = PromptPointers(stable=sets[0], candidate=sets[1])
    registry.move(PRODUCTION, None, first)
    registry.move(PRODUCTION, first, second)
    assert registry.pointers(PRODUCTION) == second


def test_the_environments_have_pointers_of_their_own(registry, sets):
    registry.move(PRODUCTION, None, PromptPointers(stable=sets[0], candidate=None))
    with pytest.raises(NotFoundError):
        registry.pointers(STAGING)


def test_a_move_from_elsewhere_is_a_conflict(registry, sets):
    now = PromptPointers(stable=sets[0], candidate=None)
    registry.move(PRODUCTION, None, now)
    elsewhere = PromptPointers(stable=sets[1], candidate=None)
    for expected in (None, elsewhere):
        with pytest.raises(ConflictError):
            registry.move(PRODUCTION, expected, PromptPointers(stable=sets[2], candidate=None))
    assert registry.pointers(PRODUCTION) == now


def test_moving_to_where_they_are_does_nothing(registry, sets):
    now = PromptPointers(stable=sets[0], candidate=sets[1])
    registry.move(PRODUCTION, None, now)
    registry.move(PRODUCTION, None, now)
    assert registry.pointers(PRODUCTION) == now


def test_pointers_never_name_a_set_that_nothing_could_serve(registry, sets):
    unknown = f"sha256:{'0' * 64}"
    with pytest.raises(NotFoundError):
        registry.move(PRODUCTION, None, PromptPointers(stable=sets[0], candidate=unknown))
    with pytest.raises(NotFoundError):
        registry.pointers(PRODUCTION)


def test_the_fake_has_the_faults_of_the_world():
    fake = FakePromptRegistry()
    digest = fake.publish(PROMPTS)
    to = PromptPointers(stable=digest, candidate=None)
    fake.lose_next_reply = True
    with pytest.raises(UnavailableError):
        fake.move(PRODUCTION, None, to)
    fake.move(PRODUCTION, None, to)
    fake.other_writer = PromptPointers(stable=digest, candidate=digest)
    with pytest.raises(ConflictError):
        fake.move(PRODUCTION, to, PromptPointers(stable=fake.publish({"a": b"b"}), candidate=None))
