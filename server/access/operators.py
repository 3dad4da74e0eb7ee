"""Who may administer the gateway: a file with a name and a token in each line.

::

    # name token
    alice 5f0c2d...

Only digests of the tokens are kept. A token is compared with all of them, each in constant time,
so the time that it takes says nothing about them.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from framewire import textfile
from server.settings import WrongSetting, reason

LEAST_CHARACTERS = 20


class Operators:
    """The operators in the file ``path``. Raises WrongSetting if it cannot be used."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._digests = _load(path)

    def reload(self) -> None:
        """Read the file again. Raises WrongSetting; the operators stay as they were then."""
        self._digests = _load(self.path)

    def name_of(self, token: str) -> str | None:
        """Return whose token this is; None: nobody's."""
        digest, found = _digest(token), None
        for name, known in self._digests.items():
            if hmac.compare_digest(digest, known):
                found = name
        return found


def _load(path: str) -> Mapping[str, bytes]:
    """Return the digest of each operator's token. Errors quote no token."""
    try:
        lines = textfile.read(path).splitlines()
    except (OSError, ValueError) as error:
        raise WrongSetting(f"admin_tokens: {path}: {reason(error)}") from None
    digests: dict[str, bytes] = {}
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        try:
            name, token = _entry(words)
            if name in digests:
                raise ValueError("its name is used twice")
        except ValueError as error:
            raise WrongSetting(f"admin_tokens: {path}: line {number}: {error}") from None
        digests[name] = _digest(token)
    if not digests:
        raise WrongSetting(f"admin_tokens: {path}: the file names no operator")
    return digests


def _entry(words: list[str]) -> tuple[str, str]:
    if len(words) != 2:
        raise ValueError("must be a name and a token")
    name, token = words
    if len(token) < LEAST_CHARACTERS:
        raise ValueError(f"the token must have at least {LEAST_CHARACTERS} characters")
    if not name.isprintable() or not token.isascii():
        raise ValueError("the name must be printable, and the token ASCII")
    return name, token


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
