"""``python -m tests.families [NAME ...]``: models of other libraries, from their files to the page.

A program, not a test: it installs the libraries, some gigabytes, and takes minutes for each model.
For each it prints what ``export savedmodel`` and ``verify`` say, and writes a picture of the page,
``docs/family-NAME.webp``.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from loadtest.stack import ROOT, Stack
from tests.e2e.film import SIZE, write_film
from tests.families import walk
from tests.families.environments import Environment, prepared
from tests.families.table import FAMILIES, FILMS, LIBRARIES, Family
from tests.families.walk import StepFailed

NAMES = [family.name for family in FAMILIES]
FILM_SEED, FILM_SCENES = 4, 4


def main() -> int:
    """Walk with each family. Return how many did not get to the page."""
    options = _options()
    chosen = [family for family in FAMILIES if family.name in options.names]
    environments = {
        name: prepared(LIBRARIES[name], options.environments / name)
        for name in {family.library for family in chosen}
    }
    with tempfile.TemporaryDirectory() as folder:
        return _walk(chosen, environments, Path(options.folder or folder))


def _walk(chosen: Sequence[Family], environments: dict[str, Environment], folder: Path) -> int:
    exported = [family for family in chosen if _exports(family, environments, folder)]
    if exported:
        films = {name: _film(name, folder) for name in {family.film for family in exported}}
        with walk.servers(folder / "models", [family.name for family in exported]) as stack:
            shown = [family for family in exported if _shows(family, stack, films[family.film])]
            return len(chosen) - len(shown)
    return len(chosen)


def _shows(family: Family, stack: Stack, film: Path) -> bool:
    """Take a picture of the page with the model's results."""
    try:
        words = walk.show(family, stack, film, ROOT / "docs" / f"family-{family.name}.webp")
    except StepFailed as error:
        print(f"{family.name} failed: {error}", flush=True)
        return False
    print(f"{family.name}: {words}", flush=True)
    return True


def _film(name: str, folder: Path) -> Path:
    scenes = list(FILMS[name](FILM_SEED, FILM_SCENES, SIZE))
    return write_film(folder / f"{name}.mjpeg", scenes)


def _exports(family: Family, environments: dict[str, Environment], folder: Path) -> bool:
    """Make the model, unless its file is there, and its version."""
    print(f"== {family.name}, {family.library}", flush=True)
    made, models = folder / "made", folder / "models"
    made.mkdir(parents=True, exist_ok=True)
    try:
        if not (made / family.saved).exists():
            walk.make(family, environments[family.library], made)
        if not (models / family.name / "1").exists():
            walk.export(family, environments[family.library], made, models)
    except StepFailed as error:
        print(f"failed: {error}", flush=True)
        return False
    return True


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.families", description=__doc__)
    parser.add_argument("names", nargs="*", default=NAMES, metavar="NAME", help=", ".join(NAMES))
    parser.add_argument(
        "--environments",
        type=Path,
        default=Path(tempfile.gettempdir()) / "framewire-families",
        metavar="FOLDER",
        help="where the libraries are installed, once (default: %(default)s)",
    )
    parser.add_argument(
        "--folder",
        type=Path,
        metavar="FOLDER",
        help="keep models and versions here, and go on with those that are there",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
