"""The HTTP face: ask, rate, and say which unit this is."""

import json
import time
import uuid
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from policy_search.call_log import Events
from policy_search.unit import LoadedUnit

_LONGEST_QUESTION = 2000
_LONGEST_NAME = 200


class Service:
    """One unit behind HTTP."""

    def __init__(self, unit: LoadedUnit, events: Events) -> None:
        self._unit, self._digest, self._events = unit, unit.digest, events

    def app(self) -> Starlette:
        """The application."""
        return Starlette(
            routes=[
                Route("/ask", self.ask, methods=["POST"]),
                Route("/feedback", self.feedback, methods=["POST"]),
                Route("/release", self.release),
                Route("/health", self.health),
            ],
            exception_handlers={HTTPException: _refuse, Exception: self.fail},
        )

    async def ask(self, request: Request) -> Response:
        """Answer a question."""
        asked_at = time.perf_counter()
        body = await _body(request)
        question = _text(body, "question", _LONGEST_QUESTION)
        locale = _one_of(body, "locale", self._unit.assistant.locales)
        request.state.call = {
            "call": uuid.uuid4().hex,
            "release_digest": self._digest,
            "session": _text(body, "session", _LONGEST_NAME),
            "locale": locale,
            "question": question,
        }
        request.state.asked_at = asked_at
        answer = self._unit.assistant.answer(question, locale)
        answered = {
            "answer": answer.text,
            "behaviour": answer.behaviour,
            "cost_usd": answer.cost_usd,
        }
        self._publish(request, answered, error=False)
        return JSONResponse(
            {
                "call": request.state.call["call"],
                "citations": list(answer.citations),
                "tokens_in": answer.tokens_in,
                "tokens_out": answer.tokens_out,
                "release_digest": self._digest,
                **answered,
            }
        )

    async def feedback(self, request: Request) -> Response:
        """Note what a person thought of an answer."""
        body = await _body(request)
        rated = {
            "call": _text(body, "call", _LONGEST_NAME),
            "release_digest": self._digest,
            "rating": _one_of(body, "rating", ("positive", "negative")),
        }
        self._events.publish("feedback_given", rated, replayed=_is_replayed(request))
        return Response(status_code=204)

    async def release(self, _: Request) -> Response:
        """Say which unit this is, part by part."""
        return JSONResponse(
            {
                "release": self._unit.release,
                "release_digest": self._digest,
                "parts": self._unit.parts,
            }
        )

    async def health(self, _: Request) -> Response:
        """Say that the unit is loaded."""
        return JSONResponse({"status": "loaded"})

    async def fail(self, request: Request, _: Exception) -> Response:
        """Log a call that broke; the server prints its traceback."""
        if hasattr(request.state, "call"):
            unanswered = {"answer": "", "behaviour": None, "cost_usd": 0.0}
            self._publish(request, unanswered, error=True)
        return JSONResponse({"error": "the question could not be answered"}, status_code=500)

    def _publish(self, request: Request, answered: dict[str, Any], *, error: bool) -> None:
        latency_ms = round((time.perf_counter() - request.state.asked_at) * 1000, 3)
        call = {**request.state.call, **answered, "latency_ms": latency_ms, "error": error}
        self._events.publish("answer_given", call, replayed=_is_replayed(request))


def _is_replayed(request: Request) -> bool:
    return request.headers.get("x-replay") == "1"


async def _refuse(_: Request, exc: Exception) -> Response:
    status, detail = (exc.status_code, exc.detail) if isinstance(exc, HTTPException) else (500, "")
    return JSONResponse({"error": detail}, status_code=status)


async def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body())
    except ValueError as exc:
        raise HTTPException(400, "the body is not JSON") from exc
    if not isinstance(body, dict):
        raise HTTPException(400, "the body is not a JSON object")
    return body


def _text(body: dict[str, Any], name: str, longest: int) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise HTTPException(400, f"'{name}' must be a text that is not empty")
    if len(value) > longest:
        raise HTTPException(400, f"'{name}' is longer than {longest} characters")
    if not value.isprintable() and any(0xD800 <= ord(c) <= 0xDFFF for c in value):
        raise HTTPException(400, f"'{name}' is not valid Unicode")
    return value


def _one_of(body: dict[str, Any], name: str, known: tuple[str, ...]) -> str:
    value = body.get(name)
    if value not in known:
        raise HTTPException(400, f"'{name}' must be one of {', '.join(known)}")
    return str(value)
