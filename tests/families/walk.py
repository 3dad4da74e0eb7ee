"""The way of a model from its library's file to the page, each step a command as users type it."""

from __future__ import annotations

import io
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Error, Page, sync_playwright

from loadtest.stack import ROOT, Stack
from tests.conftest import models_config
from tests.e2e.browsers import FLAGS
from tests.e2e.browsing import in_state, until
from tests.families.environments import Environment
from tests.families.table import Family

SIZE = {"width": 1120, "height": 640}
SETTINGS = "source=camera&boxes=exact"
SETTLED_MS = 3000
START_S = 300.0
SHOWN = "#result .chip, #result .scale"
"""What the page says about a result in which there is something."""


SAID = "#pill-text, #card, #problem-text, #result"
"""Where the page says how it is, what is wrong, and what it sees."""


class StepFailed(Exception):
    """A command ended with an error, or the page shows nothing; the message says which."""


def make(family: Family, environment: Environment, folder: Path) -> None:
    """Have the library make the model and save it in ``folder``."""
    script = Path(__file__).with_name(f"make_{family.library.replace('-', '_')}.py")
    _run([str(environment.python), str(script), family.name], environment, folder)


def export(family: Family, environment: Environment, folder: Path, models: Path) -> None:
    """Make a version of the saved model in ``models``, and verify it in full."""
    target = models / family.name
    command = [sys.executable, "-m", "framewire", "export"]
    saved = folder / family.saved
    options = shlex.split(family.options.format(saved=saved))
    savedmodel = [*command, "savedmodel", "--verify=quick", "--from", str(saved), *options]
    print(_run([*savedmodel, "--output", str(target)], environment, ROOT), end="")
    print(_run([*command, "verify", str(target / "1")], environment, ROOT), end="")


def _run(words: Sequence[str], environment: Environment, folder: Path) -> str:
    done = subprocess.run(
        words,
        cwd=folder,
        env=environment.variables,
        capture_output=True,
        text=True,
        timeout=1800,
    )
    if done.returncode < 0:
        raise StepFailed(f"signal {-done.returncode} ended {shlex.join(words)}")
    if done.returncode:
        raise StepFailed(done.stderr.strip().splitlines()[-1] if done.stderr else words[-1])
    return done.stdout


@contextmanager
def servers(models: Path, names: Sequence[str]) -> Iterator[Stack]:
    """A gateway and a model server with the models."""
    config = models / "models.config"
    config.write_text(models_config(models, names))
    flags = (f"--model={names[0]}", "--max-staleness-ms=20000")
    model_flags = (f"--model_config_file={config}",)
    with Stack(gateway_flags=flags, model_flags=model_flags, start_s=START_S) as stack:
        yield stack


def show(family: Family, stack: Stack, film: Path, picture: Path) -> str:
    """Open the page with the model and a camera, and take a picture of it with a result.

    Return what the page says about the result. Raise ``StepFailed`` if there is none.
    """
    with sync_playwright() as started:
        flags = [*FLAGS, "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
        flags.append(f"--use-file-for-fake-video-capture={film}")
        browser = started.chromium.launch(executable_path="/usr/bin/chromium", args=flags)
        page = browser.new_context(permissions=["camera"], viewport=SIZE).new_page()
        page.goto(f"{stack.url}?model={family.name}&{SETTINGS}&score={family.percent}")
        words = shown(page, family.field)
        with Image.open(io.BytesIO(page.screenshot())) as shot:
            shot.save(picture, quality=70)
        browser.close()
    return words


def shown(page: Page, field: str, settled_ms: float = SETTLED_MS) -> str:
    """Return what the page says about a result with something in ``field``, once there is one.

    Raise ``StepFailed`` with what the page says instead.
    """
    try:
        in_state(page, "ready")
        answer = f"(framewire.lastResult() ?? {{}}).{field}"
        until(page, lambda: bool(page.evaluate(answer)), f"any {field}")
        page.wait_for_timeout(settled_ms)
        page.wait_for_selector(SHOWN)
    except (AssertionError, Error):  # until, and Playwright
        said = _words(page, SAID) or "nothing"
        raise StepFailed(f"the page shows no {field}; it says: {said}") from None
    return _words(page, "#result")


def _words(page: Page, selector: str) -> str:
    """Return what the elements say that can be seen, on one line."""
    texts = [one.inner_text() for one in page.locator(selector).all() if one.is_visible()]
    return "; ".join(filter(None, (" ".join(text.split()) for text in texts)))
