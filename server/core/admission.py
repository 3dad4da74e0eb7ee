"""Whether a client may open a session, and for how long.

The core decides what follows from a token. Whether the token is valid is decided
outside, by a function of type :data:`Verify`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from server.core.bucket import TokenBucket
from server.core.errors import Overloaded, Unauthorized
from server.core.quota import Quota

EXPIRED = "the token has expired"
UNAUTHORIZED = 3000
"""WebSocket close code for a missing or invalid token, as registered with IANA."""
LAST_ANSWERS_S = 1.0
"""How long a session outlives its token, so that frames under way are answered."""


@dataclass(frozen=True, slots=True)
class Pass:
    """What a valid token grants, and until when (monotonic seconds).

    ``rate``: frames a second for each session. ``sessions``: how many may be open with
    tokens of this subject. None: what the gateway grants without a claim.
    """

    subject: str
    until: float
    rate: float | None = None
    sessions: int | None = None


Verify = Callable[[str, float], Pass]
"""Verifies a token at a time (monotonic seconds). Raises Unauthorized."""


class Admission:
    """Whether one session may stay. Without ``verify`` it may, without limit.

    ``token`` was sent before hello, and counts if hello brings none. ``subjects`` counts the
    sessions of each subject. The caller must: call ``release`` when the session ends.
    """

    def __init__(
        self, verify: Verify | None, token: str | None = None, subjects: Quota | None = None
    ) -> None:
        self.subject: str | None = None
        self.until: float | None = None
        self.rate: float | None = None
        self._verify = verify
        self._token = token
        self._subjects = subjects

    @property
    def required(self) -> bool:
        """Whether a token is required."""
        return self._verify is not None

    def admit(self, token: str | None, now: float) -> None:
        """Admit a session by hello's token, or by the one sent before.

        Raises Unauthorized, or Overloaded if the subject has too many sessions.
        """
        token, self._token = token or self._token, None
        if self._verify is None:
            return
        if token is None:
            raise Unauthorized("a token is required, in hello or in the Authorization header")
        self._grant(self._verify(token, now))

    def renew(self, token: str, now: float) -> None:
        """Replace the token where one is required.

        Raises Unauthorized if the new one is not valid, and Overloaded if its subject has too
        many sessions; the former one still counts then.
        """
        assert self._verify is not None
        self._grant(self._verify(token, now))

    def frames(
        self, usual: TokenBucket | None, window: int, before: TokenBucket | None = None
    ) -> TokenBucket | None:
        """Return the bound on frames that the token grants or, without a claim, the ``usual`` one.

        ``before`` is the one that it replaces. It grants no new burst: tokens of different rates
        could be sent in turn.
        """
        if self.rate is not None:
            bounds = self.rate, max(window, self.rate)
        elif usual is not None:
            bounds = usual.per_second, usual.burst
        else:
            return None
        return before.changed(*bounds) if before else TokenBucket(*bounds)

    def remaining_s(self, now: float) -> int | None:
        """Return the whole seconds until the token expires; None without a limit."""
        return None if self.until is None else max(0, int(self.until - now))

    def expired(self, now: float) -> bool:
        """Return whether the token has expired."""
        return self.until is not None and now >= self.until

    def release(self) -> None:
        """End: the session counts no more among those of its subject."""
        if self._subjects is not None and self.subject is not None:
            self._subjects.release(self.subject)
        self.subject = None

    def _grant(self, granted: Pass) -> None:
        if granted.subject != self.subject:
            self._count(granted)
            self.release()
        self.subject, self.until, self.rate = granted.subject, granted.until, granted.rate

    def _count(self, granted: Pass) -> None:
        subjects = self._subjects
        if subjects is None or subjects.acquire(granted.subject, granted.sessions):
            return
        most = subjects.limit if granted.sessions is None else granted.sessions
        raise Overloaded(
            f"too many sessions with tokens of this subject: at most {most} may be open; "
            "close another"
        )
