"""Takes the pictures of README from a world that `countersign demo --keep` left running.

    .venv/bin/python docs/screenshots.py [.countersign/demo]

Drives a headless Chromium by its debugging protocol; end the world afterwards with another demo.
"""

import base64
import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import connect

IMAGES = Path(__file__).parent / "images"
SETTLE_S = 12.0
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run")
QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-sync")
ALT = 1


class Browser:
    """One page of a headless Chromium."""

    def __init__(self, width: int, height: int) -> None:
        self._profile = tempfile.mkdtemp()
        program = shutil.which("chromium") or "chromium"
        place = [f"--user-data-dir={self._profile}", "--remote-debugging-port=0"]
        size = f"--window-size={width},{height}"
        self._process = subprocess.Popen(
            [program, *FLAGS, *QUIET, *place, size, "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._socket = connect(self._page(), max_size=None, legacy=True)
        self._number = 0

    def _page(self) -> str:
        note = Path(self._profile) / "DevToolsActivePort"
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, IndexError, httpx.HTTPError):
                port = note.read_text().split()[0]
                pages = httpx.get(f"http://127.0.0.1:{port}/json").json()
                return str(next(p["webSocketDebuggerUrl"] for p in pages if p["type"] == "page"))
            time.sleep(0.2)
        raise SystemExit("Chromium did not start")

    def do(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": params}))
        while True:
            message: dict[str, Any] = json.loads(self._socket.recv())
            if message.get("id") == self._number:
                return dict(message.get("result", {}))

    def open(self, url: str, seconds: float = SETTLE_S) -> None:
        self.do("Page.navigate", url=url)
        time.sleep(seconds)

    def press_alt(self, letter: str) -> None:
        key = {"key": letter, "code": f"Key{letter.upper()}", "modifiers": ALT}
        key["windowsVirtualKeyCode"] = ord(letter.upper())
        self.do("Input.dispatchKeyEvent", type="keyDown", **key)
        self.do("Input.dispatchKeyEvent", type="keyUp", **key)
        time.sleep(SETTLE_S)

    def run(self, script: str) -> Any:
        return self.do("Runtime.evaluate", expression=script, returnByValue=True)

    def shoot(self, name: str) -> None:
        picture = self.do("Page.captureScreenshot", format="png")["data"]
        (IMAGES / f"{name}.png").write_bytes(base64.b64decode(picture))
        print(IMAGES / f"{name}.png")

    def close(self) -> None:
        self._socket.close()
        self._process.terminate()
        self._process.wait()
        shutil.rmtree(self._profile, ignore_errors=True)


def main() -> None:
    world = Path(sys.argv[1] if len(sys.argv) > 1 else ".countersign/demo").absolute()
    ui = "http://" + json.loads((world / "addresses.json").read_text())["webserver"]
    IMAGES.mkdir(exist_ok=True)
    browser = Browser(1680, 1000)
    try:
        browser.open(f"{ui}/asset-groups/")
        browser.press_alt("e")
        browser.shoot("asset-graph")
        browser.open(f"{ui}/assets/staging/eval_results?view=checks")
        browser.shoot("release-checks")
        browser.open(f"{ui}/assets/canary/stage_outcomes?view=partitions")
        browser.shoot("stage-matrix")
        browser.open(f"file://{world}/dossiers/policy-search-102.html", 2)
        browser.shoot("dossier")
    finally:
        browser.close()


if __name__ == "__main__":
    main()
