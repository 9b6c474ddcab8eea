"""Reads what ruff, mypy, pytest and kingfisher write into results with rule, message, file, line.

Reads their formats, and does not run them. Output that cannot be read raises
`UnavailableError`: an unreadable report is not a clean one. Matched text is never taken over.
"""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from release_assets.domain.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_MESSAGE_CHARS = 300
Result = dict[str, Any]


@contextmanager
def readable(what: str) -> Iterator[None]:
    """Map every error of a document in an unexpected format to `UnavailableError`."""
    try:
        yield
    except (ValueError, LookupError, TypeError, AttributeError, OSError, ET.ParseError) as exc:
        kind = type(exc).__name__
        raise UnavailableError(f"its {what} cannot be read ({kind}: {exc})") from exc


def ruff_results(output: str, tree: Path) -> list[Result]:
    """Read `ruff check --output-format json`; a file that does not parse has no code."""
    with readable("JSON"):
        return [
            _result(
                rule=r["code"] or "invalid-syntax",
                message=r["message"],
                file=_relative(r["filename"], tree),
                line=r["location"]["row"],
            )
            for r in json.loads(output)
        ]


def mypy_results(output: str, under: str) -> list[Result]:
    """Read `mypy -O json`, one document a line, without notes, which only explain errors."""
    with readable("JSON"):
        found = [json.loads(line) for line in output.splitlines() if line.strip()]
        return [
            _result(
                rule=r["code"] or "error",
                message=r["message"],
                file=f"{under}/{r['file']}",
                line=r["line"],
            )
            for r in found
            if r["severity"] == "error"
        ]


def kingfisher_results(output: str, tree: Path) -> list[Result]:
    """Read `kingfisher scan --format json`; refuses a scan that skipped or lost something."""
    with readable("JSON"):
        # A second document, the statistics, follows on its own line.
        document = json.loads(output.splitlines()[0])
        summary = document["audit"]["summary"]
        if summary["scan_failed"] or summary["scan_partial"] or summary["scan_succeeded"] != 1:
            raise UnavailableError("it did not scan the whole tree")
        return [
            _result(
                rule=f["rule"]["id"],
                message=f["rule"]["description"] or f["rule"]["name"],
                file=_relative(f["finding"]["path"], tree),
                line=f["finding"]["line"],
            )
            for f in document["findings"]
        ]


def junit_results(path: Path, under: str) -> list[Result]:
    """Read pytest's JUnit XML (xunit1, with file and line); refuses a run that ran no test."""
    with readable("JUnit XML"):
        # Written by our pytest; expat itself refuses exponential entities.
        cases = list(ET.parse(path).getroot().iter("testcase"))  # noqa: S314
        failed = [found for case in cases for found in _failures(case, under)]
    if all(case.find("skipped") is not None for case in cases):
        raise UnavailableError(f"{len(cases)} tests were collected and none was run")
    return failed


def _failures(case: ET.Element, under: str) -> list[Result]:
    name = "::".join(part for part in (case.get("classname"), case.get("name")) if part)
    line = case.get("line")
    return [
        _result(
            rule=name,
            message=_why(problem),
            file=f"{under}/{case.get('file') or name.replace('.', '/') + '.py'}",
            line=int(line) + 1 if line else None,  # xunit1 counts from 0
        )
        for problem in case
        if problem.tag in {"failure", "error"}
    ]


def _why(problem: ET.Element) -> str:
    errors = [line[1:] for line in (problem.text or "").splitlines() if line.startswith("E ")]
    message = problem.get("message") or ""
    return errors[-1] if errors and message == "collection failure" else message


def _result(*, rule: str, message: str, file: str, line: int | None) -> Result:
    words = {"rule": rule, "message": message, "file": file}
    return {name: _one_line(text) for name, text in words.items()} | {"line": line}


def _one_line(text: str) -> str:
    line = " ".join(text.split())[:MAX_MESSAGE_CHARS]
    return line.encode(errors="replace").decode()  # a lone surrogate cannot be written to a ledger


def _relative(name: str, tree: Path) -> str:
    path = Path(name)
    return str(path.relative_to(tree)) if path.is_absolute() else name
