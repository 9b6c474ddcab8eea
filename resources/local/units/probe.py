"""Asks a running unit over HTTP whether it is up and which unit it is.

Returns the unit's own report, and checks only that its parts and its digest agree.
"""

from __future__ import annotations

import json

import httpx

from release_assets.domain.errors import UnavailableError
from release_assets.domain.release import Unit

_TIMEOUT_S = 3.0


def is_healthy(address: str) -> bool:
    """Whether a unit answers `/health` with 200."""
    try:
        return _get(address, "/health").status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def read_unit(address: str) -> Unit:
    """Read the unit that answers at an address; raises `UnavailableError` without a report."""
    try:
        response = _get(address, "/release").raise_for_status()
        document = response.json()
        unit = Unit(**document["parts"])
    except (httpx.HTTPError, json.JSONDecodeError, KeyError, TypeError) as exc:
        raise UnavailableError(f"the unit at {address} has no readable /release: {exc}") from exc
    if unit.digest != document.get("release_digest"):
        raise UnavailableError(f"the unit at {address} reports parts that do not match its digest")
    return unit


def _get(address: str, path: str) -> httpx.Response:
    # Loopback only, so no proxy of the environment and no TLS settings to load.
    with httpx.Client(trust_env=False, verify=False, timeout=_TIMEOUT_S) as client:  # noqa: S501 plain http
        return client.get(f"{address}{path}")
