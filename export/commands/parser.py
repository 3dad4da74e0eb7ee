"""An argument parser that suggests the closest command or flag for a misspelt one."""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable, Sequence
from textwrap import dedent, indent
from typing import Any, NoReturn, TypeAlias

from export.suggestions import did_you_mean

Commands: TypeAlias = "argparse._SubParsersAction[CommandParser]"


class _Formatter(argparse.HelpFormatter):
    """Wrap paragraphs, but keep the line breaks of lists and examples."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if "\n" in text:
            return "\n".join(indent + line for line in text.splitlines())
        return super()._fill_text(text, width, indent)


class CommandParser(argparse.ArgumentParser):
    """An ``ArgumentParser`` that suggests flags and commands."""

    def __init__(self, *args: Any, **options: Any) -> None:
        options.setdefault("formatter_class", _Formatter)
        super().__init__(*args, **options)

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse, but report unknown flags first, where the subcommand's own flags are known."""
        if self._subparsers is None:
            self._check_flags(args or ())
        parsed, unknown = super().parse_known_args(args, namespace)
        for word in unknown:
            self._fail_for(word, self._before(word, args or ()))
        return parsed, unknown

    def _before(self, word: str, words: Sequence[str]) -> str:
        """Return the flag before a word that is none, if the flag takes a value."""
        flags = [
            one.partition("=")[0] for one in words[: list(words).index(word)] if one[:2] == "--"
        ]
        action = self._option_string_actions.get(flags[-1]) if flags else None
        return flags[-1] if action is not None and action.nargs != 0 else ""

    def _check_flags(self, words: Sequence[str]) -> None:
        """Report a misspelt flag rather than the required one that it should have been."""
        for word in itertools.takewhile(lambda word: word != "--", words):
            flag = word.partition("=")[0]
            if flag.startswith("--") and not any(
                known.startswith(flag) for known in self._option_string_actions
            ):
                self._fail_for(word)

    def _fail_for(self, word: str, before: str = "") -> NoReturn:
        flags = [flag for flag in self._option_string_actions if flag.startswith("--")]
        hint = did_you_mean(word.partition("=")[0], flags) if word.startswith("-") else ""
        if not hint and not word.startswith("-"):
            if before:
                hint = f"; {before} takes one value, without spaces"
            elif "--from" in flags:
                hint = f"; did you mean --from {word}?"
        self.error(f"unrecognized argument: {word}{hint}")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Report an unknown choice; commands and choices get a suggestion."""
        if action.choices is None or value in action.choices:
            return
        choices = [str(choice) for choice in action.choices]
        if isinstance(action, argparse._SubParsersAction):
            hint = did_you_mean(str(value), choices) or f"; commands: {', '.join(choices)}"
            raise argparse.ArgumentError(None, f"unknown command {value!r}{hint}")
        raise argparse.ArgumentError(
            action, f"invalid choice: {value!r} (choose from {', '.join(choices)})"
        )


def add_command(
    commands: Commands,
    name: str,
    run: Callable[[argparse.Namespace], None],
    summary: str,
    description: str,
    examples: str = "",
    page: str = "docs/export.md",
) -> CommandParser:
    """Add a subcommand that calls ``run``.

    ``summary`` appears in the list of commands, ``description`` and ``examples`` (one command
    each line) in its own help, which names the ``page`` that says more.
    """
    epilog = f"examples:\n{_indented(examples)}\n\n{page} has more." if examples else None
    parser = commands.add_parser(name, help=summary, description=description, epilog=epilog)
    parser.set_defaults(command=run)
    return parser


def _indented(lines: str) -> str:
    """Indent all lines alike, so that a command's further lines stay behind its first."""
    return indent(dedent(lines).strip(), "  ")
