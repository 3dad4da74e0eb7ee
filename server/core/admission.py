"""Who may open a session, and for how long.

The core decides what a token leads to; what a token is worth is told from outside,
by a function of the kind :data:`Verify`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from server.core.errors import Unauthorized

EXPIRED = "the token has expired"
UNAUTHORIZED = 3000
"""The close code for it in IANA's registry."""
LAST_ANSWERS_S = 1.0
"""How long a session whose token expired is kept for the frames under way, at most."""


@dataclass(frozen=True, slots=True)
class Pass:
    """What a good token gives: a name, and until when it holds (monotonic seconds)."""

    subject: str
    until: float


Verify = Callable[[str, float], Pass]
"""Takes a token and the time (monotonic seconds). Raises Unauthorized."""


class Admission:
    """One session's right to be there. Without ``verify`` everybody has it, for ever.

    ``token``: what the client showed before its hello, which counts where hello has none.
    """

    def __init__(self, verify: Verify | None, token: str | None = None) -> None:
        self.subject: str | None = None
        self.until: float | None = None
        self._verify = verify
        self._token = token

    @property
    def asks(self) -> bool:
        """Whether a token is asked for."""
        return self._verify is not None

    def enter(self, token: str | None, now: float) -> None:
        """Let a session in by hello's token, or by the one shown before. Raises Unauthorized."""
        token, self._token = token or self._token, None
        if self._verify is None:
            return
        if token is None:
            raise Unauthorized("a token is required: in hello, or in the Authorization header")
        self._take(self._verify(token, now))

    def renew(self, token: str, now: float) -> None:
        """Go on with another token. Raises Unauthorized, and then the former one still counts."""
        if self._verify is not None:
            self._take(self._verify(token, now))

    def left_s(self, now: float) -> int | None:
        """Whole seconds that are left; None: no end."""
        return None if self.until is None else max(0, int(self.until - now))

    def over(self, now: float) -> bool:
        """Whether its time is up."""
        return self.until is not None and now >= self.until

    def _take(self, good: Pass) -> None:
        self.subject, self.until = good.subject, good.until
