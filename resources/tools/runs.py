"""From a tool's run to its report: nothing but a run that agrees with itself may be clean.

Exit code and results must agree; anything else, and every `UnavailableError` on the way, is
a report that `crashed` (a gate never passes on it).
"""

from __future__ import annotations

import time
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from release_assets.domain.errors import UnavailableError
from release_assets.domain.evals.tool_reports import ToolReport

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from resources.tools.scrubbed import Ended

MAX_RESULTS = 200


def report_on(tool: str, package: str, work: Callable[[], Sequence[dict[str, Any]]]) -> ToolReport:
    """Do the work of one tool and report on it; `package` is where its version is read."""
    began = time.perf_counter()
    installed, crashed = "missing", None
    results: tuple[dict[str, Any], ...] = ()
    try:
        installed = version(package)
        results = _kept(work())
    except PackageNotFoundError:
        crashed = f"{package} is not installed beside this interpreter"
    except UnavailableError as exc:
        crashed = str(exc)
    seconds = round(time.perf_counter() - began, 3)
    return ToolReport(
        tool=tool, version=installed, results=results, seconds=seconds, crashed=crashed
    )


def written_by(ended: Ended, *, known: Collection[int]) -> str:
    """Return the document that a tool always writes, if its exit code is a known one."""
    if ended.code not in known or not ended.output.strip():
        raise UnavailableError(f"exit code {ended.code}: {ended.last_line()}")
    return ended.output


def agreed(
    ended: Ended, results: Sequence[dict[str, Any]], *, found: Collection[int] = (1,)
) -> Sequence[dict[str, Any]]:
    """Return the results, if the exit code agrees: 0 for none, one of `found` for some."""
    if (ended.code == 0 and not results) or (ended.code in found and results):
        return results
    count = f"{len(results)} results" if results else "no result"
    raise UnavailableError(f"exit code {ended.code} with {count}: {ended.last_line()}")


def _kept(results: Sequence[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """Return the first results; ten thousand in the ledger would show no more than these."""
    if len(results) <= MAX_RESULTS:
        return tuple(results)
    more = f"{len(results) - MAX_RESULTS + 1} more results are not kept"
    return (
        *results[: MAX_RESULTS - 1],
        {"rule": "more", "message": more, "file": results[-1]["file"], "line": None},
    )
