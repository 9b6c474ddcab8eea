"""A unit of a few lines that answers questions in this process, for tests of load and replay."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class AnsweringUnit(ThreadingHTTPServer):
    """Answers every question with one text and notes what it was sent.

    `hang_up` closes that many connections without an answer; `silent` never answers in time.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, digest: str, answer: str = "You get 30 days.") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.digest, self.answer = digest, answer
        self.asked: list[dict[str, Any]] = []
        self.replayed: list[dict[str, Any]] = []
        self.rated: list[dict[str, Any]] = []
        self.hang_up = 0
        self.silent = False
        self.address = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: AnsweringUnit

    def do_POST(self) -> None:
        unit, body = self.server, self.rfile.read(int(self.headers["Content-Length"]))
        self.close_connection = True
        if unit.hang_up > 0:
            unit.hang_up -= 1
            return
        if unit.silent:
            time.sleep(30)
        self._answer(json.loads(body))

    def _answer(self, body: dict[str, Any]) -> None:
        unit = self.server
        if self.path == "/feedback":
            unit.rated.append(body)
            self.wfile.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            return
        (unit.replayed if self.headers.get("X-Replay") == "1" else unit.asked).append(body)
        answer = {
            "call": f"call-{len(unit.asked)}",
            "answer": unit.answer,
            "citations": ["leave-01"],
            "behaviour": "answer",
            "release_digest": unit.digest,
        }
        reply = json.dumps(answer).encode()
        head = f"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {len(reply)}\r\n\r\n"
        self.wfile.write(head.encode() + reply)

    def log_message(self, *args) -> None:
        pass
