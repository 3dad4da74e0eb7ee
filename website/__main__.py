"""``python -m website``: build the site in both languages, and check it."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import Abort

from website import llms
from website.check import faults
from website.pages import CHINESE, ENGLISH, ROOT

SITE = ROOT / "build" / "site"
CONFIGURATIONS = {ENGLISH: "mkdocs.yml", CHINESE: "mkdocs.zh-CN.yml"}


def main() -> int:
    """Return 1 if the site is wrong. English comes first: it empties the folder for both."""
    logging.basicConfig(format="%(levelname)s: %(message)s")  # what a strict build stops for
    folder = Path(__file__).parent
    for name in CONFIGURATIONS.values():
        config = load_config(str(folder / name))
        config.plugins.on_startup(command="build", dirty=False)
        try:
            build(config)
        except Abort as aborted:
            print(aborted, file=sys.stderr)
            return 1
    llms.write(SITE)
    wrong = faults(SITE)
    for line in wrong:
        print(line, file=sys.stderr)
    print(f"{SITE / 'index.html'}: {len(list(SITE.rglob('*.html')))} pages, {len(wrong)} faults")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
