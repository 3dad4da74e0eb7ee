"""``python -m website.badges``: the READMEs' badges, from what setup.cfg and the Makefile say.

They are files of the repository, so they show what holds for this commit, and nothing is loaded
from other hosts. A test compares them with this.
"""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from website.pages import DOCS, ROOT

FOLDER = DOCS / "badges"
_CHARACTER_PX = 6.6
_PADDING_PX = 7
_SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{title}">
  <title>{title}</title>
  <clipPath id="r"><rect width="{width}" height="20" rx="4"/></clipPath>
  <g clip-path="url(#r)">
    <rect width="{width}" height="20" fill="#26322d"/>
    <rect x="{middle}" width="{right}" height="20" fill="#08795e"/>
  </g>
  <g fill="#fff" font-family="system-ui,Verdana,sans-serif" font-size="11" text-anchor="middle">
    <text x="{label_x}" y="14">{label}</text>
    <text x="{value_x}" y="14">{value}</text>
  </g>
</svg>
"""


class Badge(NamedTuple):
    """A label, and the value that holds for this commit."""

    name: str
    label: str
    value: str

    @property
    def path(self) -> Path:
        """The file that shows it."""
        return FOLDER / f"{self.name}.svg"

    def svg(self) -> str:
        """Return the badge as an image."""
        left, right = map(_width, (self.label, self.value))
        return _SVG.format(
            title=f"{self.label}: {self.value}",
            label=self.label,
            value=self.value,
            width=left + right,
            middle=left,
            right=right,
            label_x=left / 2,
            value_x=left + right / 2,
        )


def _width(text: str) -> int:
    return round(len(text) * _CHARACTER_PX + 2 * _PADDING_PX)


def badges() -> Iterator[Badge]:
    """Yield the badges in the order of the READMEs."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    pythons = re.findall(r"Python :: (3\.\d+)$", config["metadata"]["classifiers"], re.M)
    extras = config["options.extras_require"]
    [tensorflow] = re.findall(r"^tensorflow >= ([\d.]+)", extras["modelserver"], re.M)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    whole, core = re.findall(r"coverage report --fail-under=(\d+)", makefile)
    yield Badge("version", "version", config["metadata"]["version"])
    yield Badge("python", "Python", f"{pythons[0]} – {pythons[-1]}")
    yield Badge("tensorflow", "TensorFlow", tensorflow)
    yield Badge("coverage", "coverage", f"gateway ≥ {whole} %, core {core} %")
    yield Badge("license", "license", config["metadata"]["license"])


def main() -> None:
    """Write the badges."""
    FOLDER.mkdir(exist_ok=True)
    for badge in badges():
        badge.path.write_text(badge.svg(), encoding="utf-8")


if __name__ == "__main__":
    main()
