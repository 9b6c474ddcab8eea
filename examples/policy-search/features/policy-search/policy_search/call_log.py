"""The events that this service publishes: an answer was given, a person rated one.

A line is one `write` to a file opened for appending, so that several processes may share a log.
`contracts/answer_given.json` is the promise to those who read it.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


class EventLog:
    """An append-only file of JSON lines."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def write(self, event: dict[str, Any]) -> None:
        """Append one event."""
        line = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
        os.write(self._descriptor, line.encode() + b"\n")


class Events:
    """Where events go: live ones to the call log, and every one to the event log when there is one.

    The event log is what a contract test reads; it therefore also holds the replayed calls that
    must not be counted as live traffic.
    """

    def __init__(self, call_log: Path, event_log: Path | None) -> None:
        self._live = EventLog(call_log)
        self._all = EventLog(event_log) if event_log else None

    def publish(self, name: str, fields: dict[str, Any], *, replayed: bool = False) -> None:
        """Publish an event, stamped with the time."""
        event = {"event": name, "at": datetime.now(UTC).isoformat(), **fields}
        if not replayed:
            self._live.write(event)
        if self._all:
            self._all.write(event)
