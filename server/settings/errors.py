"""What a setting that the gateway cannot start with is reported as."""

from __future__ import annotations

from collections.abc import Iterable


class WrongSetting(Exception):
    """A setting that the gateway cannot start with; the message is one clear line."""


def reason(error: Exception) -> str:
    """Return what went wrong, without the path, which the caller's message already names."""
    return getattr(error, "strerror", None) or str(error)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean X?"`` for the closest of ``known``, or nothing."""
    import difflib  # which a start without mistakes does without

    close = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""
