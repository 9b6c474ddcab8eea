"""A deployer in memory, for tests of everything that deploys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from release_assets.domain.errors import UnavailableError
from release_assets.ports import Deployer, Environment, Running

if TYPE_CHECKING:
    from collections.abc import Sequence

    from release_assets.domain.release import Release, Unit


class FakeDeployer(Deployer):
    """Units in memory, with the faults of real ones.

    `lose_next_reply`: the next deploy happens and its reply is lost. `serves_instead`: what the
    next deployed unit reports in place of its own unit. `die(digest, environment)` kills one.
    """

    def __init__(self) -> None:
        self._units: dict[tuple[str, Environment], tuple[Running, Unit]] = {}
        self._ports: dict[tuple[str, Environment], int] = {}
        self.events: dict[tuple[str, Environment], list[dict[str, Any]]] = {}
        self.lose_next_reply = False
        self.serves_instead: Unit | None = None
        self.deploys = 0

    def deploy(self, release: Release, environment: Environment) -> Running:
        place = (release.digest, environment)
        if place not in self._units:
            self.deploys += 1
            reported, self.serves_instead = self.serves_instead or release.unit, None
            if reported != release.unit:
                parts = ", ".join(reported.differences(release.unit))
                raise UnavailableError(f"{release.key} does not run as released: {parts}")
            self._units[place] = (self._start(release, environment), reported)
        if self.lose_next_reply:
            self.lose_next_reply = False
            raise UnavailableError("the reply was lost")
        return self._units[place][0]

    def retire(self, release_digest: str, environment: Environment) -> None:
        self._units.pop((release_digest, environment), None)

    def running(self, environment: Environment) -> Sequence[Running]:
        return tuple(r for r, _ in self._units.values() if r.environment == environment)

    def published_events(
        self, release_digest: str, environment: Environment
    ) -> list[dict[str, Any]]:
        return list(self.events.get((release_digest, environment), ()))

    def read_back(self, address: str) -> Unit:
        for running, unit in self._units.values():
            if running.address == address:
                return unit
        raise UnavailableError(f"nothing answers at {address}")

    def die(self, release_digest: str, environment: Environment) -> None:
        """Kill a unit, as the machine would."""
        del self._units[release_digest, environment]

    def _start(self, release: Release, environment: Environment) -> Running:
        place = (release.digest, environment)
        port = self._ports.setdefault(place, 9000 + len(self._ports))
        return Running(
            release=str(release.key),
            release_digest=release.digest,
            environment=environment,
            address=f"http://127.0.0.1:{port}",
            workload=f"fake:{self.deploys}",
        )
