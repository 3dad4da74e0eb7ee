"""A Containerfile, as far as deploy/Containerfile goes: stages of instructions."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONTAINERFILE = ROOT / "deploy" / "Containerfile"
KNOWN = {"FROM", "RUN", "COPY", "WORKDIR", "ENV", "USER", "EXPOSE", "ENTRYPOINT", "CMD"}


@dataclass(frozen=True)
class Instruction:
    """One step, such as ``COPY`` and what follows it."""

    name: str
    value: str


@dataclass(frozen=True)
class Stage:
    """What follows a ``FROM``. ``name`` is empty for the last stage, which is the image."""

    base: str
    name: str
    steps: list[Instruction] = field(default_factory=list)

    def values(self, name: str) -> list[str]:
        """Return what all instructions of one name say."""
        return [step.value for step in self.steps if step.name == name]

    @property
    def environment(self) -> dict[str, str]:
        """The variables that ``ENV`` sets."""
        pairs = [word for value in self.values("ENV") for word in shlex.split(value)]
        return dict(pair.split("=", 1) for pair in pairs)

    @property
    def command(self) -> list[str]:
        """What starts without arguments: ``ENTRYPOINT`` and ``CMD``."""
        return [*self.entrypoint, *json.loads(self.values("CMD")[-1])]

    @property
    def entrypoint(self) -> list[str]:
        """The program, and its first arguments."""
        words: list[str] = json.loads(self.values("ENTRYPOINT")[-1])
        return words

    @property
    def user(self) -> str:
        """``UID:GID``."""
        return self.values("USER")[-1]


@dataclass(frozen=True)
class Copy:
    """A ``COPY``: ``origin`` is the stage to copy from, or empty for the project's folder."""

    sources: list[str]
    target: str
    origin: str

    @classmethod
    def of(cls, value: str) -> Copy:
        """Read what follows ``COPY``."""
        *sources, target = shlex.split(value)
        origin = ""
        if sources[0].startswith("--from="):
            origin = sources.pop(0).removeprefix("--from=")
        return cls(sources, target, origin)


def parse(text: str) -> list[Stage]:
    """Return the stages in order. Raises ValueError for an instruction that is not known here."""
    stages: list[Stage] = []
    for line in _lines(text):
        name, _, value = line.partition(" ")
        if name not in KNOWN:
            raise ValueError(f"unknown instruction: {line}")
        if name == "FROM":
            base, *rest = value.split()
            stages.append(Stage(base, rest[1] if rest else ""))
        else:
            stages[-1].steps.append(Instruction(name, value.strip()))
    return stages


def _lines(text: str) -> list[str]:
    """Return the instructions, each in one line and without comments."""
    without_comments = re.sub(r"^\s*#.*\n", "", text, flags=re.M)
    return [line for line in without_comments.replace("\\\n", " ").splitlines() if line.strip()]
