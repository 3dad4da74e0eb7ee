"""How many messages a session may send.

Each message is counted twice: as a message before it is decoded, because decoding is
most of what a useless one costs, and by its kind afterwards. The bounds are far above
what any camera does:

============= ========= ===== =============================================
what          a second  burst an honest client
============= ========= ===== =============================================
any message   200       400   120 frames, and a ping for each
``configure`` 10        20    the last position of a slider, ten times
``hello``     10        20    one in all
``ping``      20        40    five, where a client measures its uplink
============= ========= ===== =============================================

A ``configure`` that changes nothing counts as a message only. Each fragment of a message
but the last counts ``FRAGMENT_COST`` of one, so a camera may send its frames in fragments of 1 KiB.

A session that exceeds a bound is closed with 1008 and the reason returned here: slowing
it down would leave its messages in the gateway's memory, and dropping single ones would
break the promise of one outcome for each frame. Worst case: a socket costs 400 messages
at once and then 200 a second; sockets themselves are bounded by address.

Messages are paid for ``LOT`` at a time, in advance, so that most of them cost a
subtraction and no call. The caller must: subtract one from ``credit`` for each message,
and call ``received`` when it becomes negative.
"""

from __future__ import annotations

from server.core.bucket import TokenBucket

MESSAGES_PER_S, MESSAGES_BURST = 200.0, 400
LOT = 25
FRAGMENT_COST = 1 / 32
LIMITS: dict[str, tuple[float, int]] = {
    "configure": (10.0, 20),
    "hello": (10.0, 20),
    "ping": (20.0, 40),
}


class FloodGuard:
    """One session's buckets. Each method returns why the session must end, or None."""

    def __init__(self) -> None:
        self.credit = 0.0  # messages that are paid for
        self._messages = TokenBucket(MESSAGES_PER_S, MESSAGES_BURST)
        self._kinds = {kind: TokenBucket(*limit) for kind, limit in LIMITS.items()}

    def received(self, now: float) -> str | None:
        """Pay for the message that arrived at ``now`` (monotonic seconds), and for the next."""
        if self._messages.allows(now, LOT):
            self.credit += LOT
            return None
        return f"more than {MESSAGES_PER_S:.0f} messages a second"

    def decoded(self, kind: str, now: float) -> str | None:
        """Count a message by its ``type``; WebSocket's own pings count as ``ping``."""
        bucket = self._kinds.get(kind)
        if bucket is None or bucket.allows(now):
            return None
        return f"more than {LIMITS[kind][0]:.0f} {kind} messages a second"
