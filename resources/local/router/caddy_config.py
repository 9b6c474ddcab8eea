"""The front door as a Caddy configuration, and back: digests, addresses and exact shares.

The candidate has a route of its own before the stable one, named by its digest. A brake is the
removal of that one object; where it is absent, the candidate gets nothing. Shares are whole
weights (1 % is 99:1, 0.5 % is 199:1), so no share is ever rounded. No connection is kept open on
either side: a kept one may be closed by its other end just as a request is written to it.

What the front door could not get answered it notes itself, with the release whose turn it was
(`front.jsonl`): a unit that died writes no call log, and its silence must not look like health.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from release_assets.domain.errors import InputError, UnavailableError
from release_assets.ports import Traffic
from resources.local.router.front_socket import DESCRIPTOR

if TYPE_CHECKING:
    from collections.abc import Sequence

ROUTES = "/config/apps/http/servers/front/routes"
_MAX_WEIGHT = 100_000
_UPSTREAM = "{http.reverse_proxy.upstream.hostport}"


def routes(traffic: Traffic) -> list[dict[str, Any]]:
    """Return the routes that give exactly these shares; raises `InputError` if none can."""
    share = Fraction(str(traffic.candidate_pct)) / 100
    if not 0 <= share <= 1 or share.denominator > _MAX_WEIGHT:
        message = f"{traffic.candidate_pct} is not a share of traffic in percent"
        hint = f"give 0 to 100, as a fraction of at most {_MAX_WEIGHT} parts"
        raise InputError(message, hint=hint)
    stable_arm = (traffic.stable_digest, traffic.stable_address)
    stable = _route("stable", traffic.stable_digest, [(*stable_arm, 1)])
    if share == 0:
        return [stable]
    if not traffic.candidate_digest or not traffic.candidate_address:
        raise InputError("a share of traffic needs a candidate", hint="name digest and address")
    weighted = [
        (*stable_arm, share.denominator - share.numerator),
        (traffic.candidate_digest, traffic.candidate_address, share.numerator),
    ]
    arms = [arm for arm in weighted if arm[2]]
    candidate = _route(candidate_id(traffic.candidate_digest), traffic.candidate_digest, arms)
    return [candidate, stable]


def candidate_id(release_digest: str) -> str:
    """Return the name of a candidate's route in Caddy's configuration."""
    return f"candidate-{release_digest.removeprefix('sha256:')}"


def read_routes(document: Sequence[Any], revision: str) -> Traffic:
    """Return the traffic that routes give; raises `UnavailableError` if they are not ours."""
    try:
        stable = next(route for route in document if route["@id"] == "stable")
        candidate = next((route for route in document if route is not stable), None)
        traffic = _with_candidate(_stable_alone(stable, revision), candidate)
    except (KeyError, IndexError, TypeError, ValueError, StopIteration) as exc:
        raise UnavailableError("the router has routes that Countersign did not write") from exc
    return traffic


def configuration(admin: str, folder: str, first: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return all the configuration that Caddy starts with; it writes nothing outside `folder`."""
    server = {
        "listen": [f"fd/{DESCRIPTOR}"],
        "automatic_https": {"disable": True},
        "protocols": ["h1"],
        "routes": list(first),
        "errors": {"routes": [_UNANSWERED]},
        "logs": {"default_logger_name": "front"},
    }
    return {
        "admin": {"listen": admin, "config": {"persist": False}},
        "storage": {"module": "file_system", "root": f"{folder}/storage"},
        "logging": {"logs": _logs(folder)},
        "apps": {"http": {"servers": {"front": server}}},
    }


def arms_of(text: str) -> dict[str, str]:
    """Read which upstream address serves which release digest, from a line of the front's log."""
    return dict(pair.split("=", 1) for pair in text.split(","))


def _logs(folder: str) -> dict[str, Any]:
    # Users' headers are personal data, and are not needed here.
    without = {name: {"filter": "delete"} for name in ("request", "resp_headers")}
    front = {
        "include": ["http.log.access.front"],
        "writer": {"output": "file", "filename": f"{folder}/front.jsonl", "roll": False},
        "encoder": {"format": "filter", "wrap": {"format": "json"}, "fields": without},
    }
    return {"default": {"level": "ERROR", "exclude": ["http.log"]}, "front": front}


_UNANSWERED = {
    "handle": [
        {"handler": "vars", "log_skip": False},
        {"handler": "static_response", "status_code": "{http.error.status_code}"},
    ]
}


def _route(name: str, digest: str, arms: Sequence[tuple[str, str, int]]) -> dict[str, Any]:
    proxy: dict[str, Any] = {
        "handler": "reverse_proxy",
        "upstreams": [{"dial": _host(address)} for _, address, _ in arms],
        "transport": {"protocol": "http", "keep_alive": {"enabled": False}},
        "headers": {"response": {"set": {"Connection": ["close"]}}},
    }
    if len(arms) > 1:
        weights = [weight for _, _, weight in arms]
        policy = {"policy": "weighted_round_robin", "weights": weights}
        proxy["load_balancing"] = {"selection_policy": policy}
    address_to_digest = ",".join(f"{_host(address)}={digest}" for digest, address, _ in arms)
    handlers = [
        {"handler": "vars", "release_digest": digest, "log_skip": True},
        {"handler": "log_append", "key": "arms", "value": address_to_digest},
        {"handler": "log_append", "key": "upstream", "value": _UPSTREAM},
        proxy,
    ]
    return {"@id": name, "handle": handlers, "terminal": True}


def _read_route(route: dict[str, Any]) -> tuple[str, dict[str, int]]:
    variables, proxy = route["handle"][0], route["handle"][-1]
    addresses = [f"http://{upstream['dial']}" for upstream in proxy["upstreams"]]
    policy = proxy.get("load_balancing", {}).get("selection_policy", {})
    shares = dict(zip(addresses, policy.get("weights", [1]), strict=True))
    return variables["release_digest"], shares


def _host(address: str) -> str:
    return address.removeprefix("http://")


def _stable_alone(route: dict[str, Any], revision: str) -> Traffic:
    digest, arms = _read_route(route)
    return Traffic(
        stable_digest=digest,
        stable_address=next(iter(arms)),
        candidate_digest=None,
        candidate_address=None,
        candidate_pct=0.0,
        revision=revision,
    )


def _with_candidate(traffic: Traffic, route: dict[str, Any] | None) -> Traffic:
    if route is None:
        return traffic
    digest, arms = _read_route(route)
    address, weight = list(arms.items())[-1]
    return replace(
        traffic,
        candidate_digest=digest,
        candidate_address=address,
        candidate_pct=float(Fraction(100 * weight, sum(arms.values()))),
    )
