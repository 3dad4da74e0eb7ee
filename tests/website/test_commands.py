"""Every command of the pages is one that the programs accept, with its flags and their values.

Chinese pages have the same commands (test_languages).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

import export.__main__ as exporting
import loadtest.__main__ as measuring
from framewire import demo
from modelserver.options.command_line import parse as parse_modelserver
from server.access.command import COMMANDS
from server.settings import load
from tests.website import languages

INSTALLED = "/opt/framewire/bin/"
"""Where the pages install the programs on a server."""

PROGRAMS = {
    "demo": lambda words: load(demo._parser("demo").parse_known_args(words)[1], {}),
    "serve": lambda words: load(words, {}),
    "server": lambda words: load(words, {}),
    "modelserver": parse_modelserver,
    "export": lambda words: exporting._parser("export").parse_args(exporting._joined(words)),
    "loadtest": lambda words: measuring._parser("loadtest").parse_args(words),
}


def commands() -> Iterator[tuple[str, list[str]]]:
    """Yield the program and the arguments of each of our commands, without repetitions."""
    for line in sorted({line for page in languages.english_pages() for line in lines(page)}):
        words = [word for word in shlex.split(line) if not re.match(r"[A-Z_]+=", word)]
        program, *rest = words[1:] if words[0] == "framewire" else words[2:]
        if program in PROGRAMS and not {"--help", "key", "token"} & set(rest):
            yield program, rest


def lines(page: Path) -> Iterator[str]:
    """Yield the commands of a page that start one of our programs."""
    for block in languages.code(page):
        for line in re.findall(r"^ *[$#] (.+)$", block.replace("\\\n", " "), re.M):
            command = re.split(r"  #| > ", line.removeprefix(INSTALLED))[0].strip()
            if re.search(r"^([A-Z_]+=\S+ )*(framewire|python -m) \w", command):
                yield command


@pytest.mark.parametrize(
    ("program", "words"),
    list(commands()),
    ids=lambda one: one if isinstance(one, str) else " ".join(one),
)
def test_the_program_accepts_it(
    program: str, words: Sequence[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "voc-colors.txt").write_text("#000000\n#00ff7f\n")
    check: Callable[[Sequence[str]], object] = PROGRAMS[program]
    check(words)


def test_keys_and_tokens_are_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the operator's tutorial prints it."""
    monkeypatch.chdir(tmp_path)
    tutorial = lines(languages.DOCS / "tutorial-operator.md")
    words = [shlex.split(line.replace("/etc/framewire/", ""))[1:] for line in tutorial]
    made = [COMMANDS[name](rest, {}, name) for name, *rest in words if name in COMMANDS]
    assert [text.count(".") for text in made] == [0, 2, 2]
