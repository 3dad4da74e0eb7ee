"""The bounds on a session's messages: what no honest client meets, and what a flood does."""

from __future__ import annotations

import pytest

from server.core.flood import FRAGMENT_COST, LIMITS, LOT, MESSAGES_BURST, MESSAGES_PER_S, FloodGuard


def arrived(guard: FloodGuard, now: float, cost: float = 1) -> str | None:
    """Count a message as the caller must."""
    guard.credit -= cost
    return guard.received(now) if guard.credit < 0 else None


def flood(guard: FloodGuard, kind: str, per_second: float, seconds: float) -> list[str]:
    """Send messages of one kind; returns the reasons to close."""
    reasons = []
    for n in range(int(per_second * seconds)):
        now = n / per_second
        reason = arrived(guard, now) or guard.decoded(kind, now)
        if reason:
            reasons.append(reason)
    return reasons


@pytest.mark.parametrize(
    ("kind", "per_second"), [("frame", 120), ("ping", 10), ("configure", 10), ("hello", 0.1)]
)
def test_an_honest_client_never_meets_them(kind: str, per_second: float) -> None:
    assert flood(FloodGuard(), kind, per_second, 600 if per_second < 100 else 60) == []


def test_a_fast_camera_that_pings_and_configures_as_well() -> None:
    guard = FloodGuard()
    for n in range(60 * 60):
        now = n / 60
        assert arrived(guard, now) is None
        assert guard.decoded("frame", now) is None
        for kind, every in (("ping", 6), ("configure", 12)):
            if n % every == 0:
                assert arrived(guard, now) is None
                assert guard.decoded(kind, now) is None


@pytest.mark.parametrize("kind", ["frame", "nonsense"])
def test_a_flood_of_anything(kind: str) -> None:
    guard = FloodGuard()
    accepted = 0
    while arrived(guard, 0.0) is None:
        assert guard.decoded(kind, 0.0) is None
        accepted += 1
    assert accepted == MESSAGES_BURST
    assert arrived(guard, 0.0) == f"more than {MESSAGES_PER_S:.0f} messages a second"


@pytest.mark.parametrize("kind", sorted(LIMITS))
def test_a_flood_of_one_kind_ends_sooner(kind: str) -> None:
    per_second, burst = LIMITS[kind]
    guard = FloodGuard()
    assert all(guard.decoded(kind, 0.0) is None for _ in range(burst))
    assert guard.decoded(kind, 0.0) == f"more than {per_second:.0f} {kind} messages a second"
    assert guard.decoded("frame", 0.0) is None


def test_most_messages_cost_no_call() -> None:
    guard, calls = FloodGuard(), 0
    for n in range(10 * LOT):
        guard.credit -= 1
        if guard.credit < 0:
            calls += 1
            assert guard.received(n / 100) is None
    assert calls == 10


@pytest.mark.parametrize(
    ("kilobytes", "per_second", "ends"), [(50, 30, False), (2048, 1, False), (2048, 30, True)]
)
def test_frames_in_fragments_of_a_kilobyte(kilobytes: int, per_second: int, ends: bool) -> None:
    guard = FloodGuard()
    reasons = [
        arrived(guard, n / per_second, cost)
        for n in range(20 * per_second)
        for cost in (*(kilobytes - 1) * [FRAGMENT_COST], 1)
    ]
    assert any(reasons) is ends
