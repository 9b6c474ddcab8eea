"""A prompt registry in memory, for tests of everything that moves prompt pointers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from release_assets.domain.errors import ConflictError, NotFoundError, UnavailableError
from release_assets.domain.release import digest_of_files
from release_assets.ports import Environment, PromptPointers, PromptRegistry

if TYPE_CHECKING:
    from collections.abc import Mapping


class FakePromptRegistry(PromptRegistry):
    """Sets and pointers in memory, with the faults of a real registry.

    `lose_next_reply`: the next move happens and its reply is lost. `other_writer`: pointers that
    somebody else sets just before our next move.
    """

    def __init__(self) -> None:
        self.sets: dict[str, dict[str, bytes]] = {}
        self.moves: list[tuple[Environment, PromptPointers]] = []
        self.lose_next_reply = False
        self.other_writer: PromptPointers | None = None

    def publish(self, prompts: Mapping[str, bytes]) -> str:
        digest = digest_of_files(prompts)
        self.sets[digest] = dict(prompts)
        return digest

    def read(self, prompt_set: str) -> Mapping[str, bytes]:
        if prompt_set not in self.sets:
            raise NotFoundError(f"the prompt registry does not hold {prompt_set}")
        return dict(self.sets[prompt_set])

    def pointers(self, environment: Environment) -> PromptPointers:
        now = self._now(environment)
        if now is None:
            raise NotFoundError(f"the prompt pointers of {environment} were never set")
        return now

    def move(
        self, environment: Environment, expected: PromptPointers | None, to: PromptPointers
    ) -> None:
        for digest in filter(None, (to.stable, to.candidate)):
            self.read(digest)
        if self.other_writer is not None:
            self.moves.append((environment, self.other_writer))
            self.other_writer = None
        if self._now(environment) == to:
            return
        if self._now(environment) != expected:
            raise ConflictError(f"the prompt pointers of {environment} are elsewhere")
        self.moves.append((environment, to))
        if self.lose_next_reply:
            self.lose_next_reply = False
            raise UnavailableError("the reply was lost")

    def _now(self, environment: Environment) -> PromptPointers | None:
        return next((to for where, to in reversed(self.moves) if where == environment), None)
