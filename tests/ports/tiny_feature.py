"""A feature of thirty lines that speaks the protocol, for tests that need a real unit.

It reports the parts that stand in `parts.json` beside it, so that a test can let it lie; `slow`
in `mood.txt` delays its start, `dead` ends it at once.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from release_assets.domain.release import Release, ReleaseKey, Unit
from resources.local.git.seed import create

if TYPE_CHECKING:
    from pathlib import Path

    from resources.local.git.host import LocalGitHost

SERVE = """
import argparse, json, pathlib, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

arguments = argparse.ArgumentParser()
arguments.add_argument("--unit")
arguments.add_argument("--port", type=int)
options = arguments.parse_args()
unit = json.loads(pathlib.Path(options.unit).read_text())
parts = json.loads(pathlib.Path("parts.json").read_text())
mood = pathlib.Path("mood.txt").read_text().strip()
if mood == "dead":
    sys.exit("no such index")
if mood == "slow":
    time.sleep(600)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        documents = {
            "/health": {},
            "/release": {
                "release": unit["release"],
                "release_digest": parts["digest"],
                "parts": parts["unit"],
            },
            "/unit-file": unit,
        }
        body = json.dumps(documents[self.path]).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


ThreadingHTTPServer(("127.0.0.1", options.port), Handler).serve_forever()
"""


def tiny_unit(code: str = "1") -> Unit:
    """A unit with made-up digests; `code` tells one from another."""
    parts = {name: f"sha256:{name}" for name in ("prompts", "model", "index", "configuration")}
    return Unit(feature="tiny", code=f"sha256:{code}", **parts)


def tiny_repository(folder: Path) -> LocalGitHost:
    """A bare repository at `folder/world.git` without any release of the feature yet."""
    source = folder / "source"
    (source / "features" / "tiny" / "tiny").mkdir(parents=True)
    (source / "features/tiny/feature.yaml").write_text("feature: tiny\nserve: tiny.serve\n")
    (source / "features/tiny/tiny/serve.py").write_text(SERVE)
    return create(str(folder / "world.git"), str(source), datetime(2026, 3, 1, tzinfo=UTC))


def tiny_release(
    host: LocalGitHost, number: int, *, reports: Unit | None = None, mood: str = "well"
) -> Release:
    """A release of the feature at a commit of its own, which reports `reports` when it runs."""
    unit = tiny_unit(str(number))
    reported = reports or unit
    files = {
        "features/tiny/parts.json": json.dumps(
            {"unit": reported.document(), "digest": reported.digest}
        ).encode(),
        "features/tiny/mood.txt": mood.encode(),
    }
    at = datetime(2026, 3, 1, tzinfo=UTC)
    commit = host.commit(
        host.main(), files, author="Ada <ada@example.com>", message=f"{number}\n", at=at
    )
    return Release(key=ReleaseKey("tiny", number), commit=commit, unit=unit)
