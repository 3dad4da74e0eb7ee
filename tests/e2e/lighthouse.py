"""``python -m tests.e2e.lighthouse node_modules/.bin/lighthouse``: Lighthouse on pages and site.

Accessibility and best practices of the gateway's pages, the dashboard and, where ``make docs`` has
built it, the site: for desktops and phones, in light and dark and in both languages. Prints the
scores with the audits that cost points. Exits with 1 if a score is below 95.
"""

from __future__ import annotations

import argparse
import functools
import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loadtest.stack import ROOT, Stack, free_port

SITE = ROOT / "build" / "site"
LEAST = 95
CATEGORIES = ("accessibility", "best-practices")
SCHEMES = {"dark": 0, "light": 1}
"""As Chromium's setting counts them."""
LANGUAGES = {"en": "en-GB", "zh": "zh-CN"}


@dataclass(frozen=True)
class Visit:
    """A page, as one kind of reader sees it."""

    name: str
    url: str
    scheme: str
    language: str
    is_phone: bool


def visits(gateway: str, admin: str, site: str | None) -> Iterator[Visit]:
    """Return what to look at: each page in both languages, both schemes and both sizes."""
    for number, language in enumerate(LANGUAGES):
        folder = "" if language == "en" else "zh-CN/"
        pages = {
            "page": gateway,
            "sheet": f"{gateway}static/digits.html",
            "docs": f"{gateway}docs",
            "dashboard": f"{admin}/dashboard/",
        }
        if site is not None:
            for name in ("index", "faq", "reference-settings"):
                pages[f"site {name}"] = f"{site}/{folder}{name}.html"
        for name, url in pages.items():
            for is_phone in (False, True):
                # Size and scheme vary together, the other way round in the other language.
                scheme = "dark" if is_phone != bool(number) else "light"
                yield Visit(name, url, scheme, language, is_phone)


def report(lighthouse: Path, visit: Visit) -> dict[str, Any]:
    """Run Lighthouse. Returns its report."""
    language = LANGUAGES[visit.language]
    flags = ("--headless=new", "--no-sandbox", f"--lang={language}", f"--accept-lang={language}")
    scheme = f"--blink-settings=preferredColorScheme={SCHEMES[visit.scheme]}"
    command = [str(lighthouse), visit.url, "--output=json", "--quiet"]
    command += [f"--only-categories={','.join(CATEGORIES)}"]
    command += [f"--chrome-flags={' '.join((*flags, scheme))}"]
    command += [] if visit.is_phone else ["--preset=desktop"]
    environment = {"CHROME_PATH": shutil.which("chromium") or ""} | os.environ
    done = subprocess.run(command, env=environment, check=True, capture_output=True, timeout=180)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def scores(found: dict[str, Any]) -> list[int]:
    """Return the score of each category, out of 100."""
    return [round(100 * found["categories"][name]["score"]) for name in CATEGORIES]


def faults(found: dict[str, Any]) -> list[str]:
    """Return the audits that cost points."""
    references = [part for name in CATEGORIES for part in found["categories"][name]["auditRefs"]]
    counted = {part["id"] for part in references if part["weight"]}
    audits = found["audits"]
    return sorted(name for name in counted if audits[name]["score"] not in (None, 1))


@contextmanager
def _served(folder: Path) -> Iterator[str | None]:
    """Serve the site, if it has been built. Yields its address."""
    if not folder.is_dir():
        yield None
        return
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:
        pass


def main() -> int:
    """Print the scores; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.lighthouse")
    parser.add_argument("lighthouse", type=Path, help="the command of the npm package lighthouse")
    parser.add_argument("--pages", nargs="+", metavar="NAME", help="such as page (default: all)")
    options = parser.parse_args()
    admin = free_port()
    lowest = 100
    flags = (f"--admin={admin}", "--log-level=error")
    with Stack(gateway_flags=flags) as stack, _served(SITE) as site:
        for visit in visits(stack.url, f"http://127.0.0.1:{admin}", site):
            if options.pages and visit.name not in options.pages:
                continue
            found = report(options.lighthouse, visit)
            lowest = min(lowest, *scores(found))
            size = "phone" if visit.is_phone else "desktop"
            print(
                f"{visit.name:24}{size:9}{visit.scheme:7}{visit.language:4}",
                *(f"{score:4}" for score in scores(found)),
                "",
                ", ".join(faults(found)),
                flush=True,
            )
    return int(lowest < LEAST)


if __name__ == "__main__":
    sys.exit(main())
