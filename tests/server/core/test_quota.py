"""How many one key may hold."""

from __future__ import annotations

from server.core.quota import Quota


def test_each_key_up_to_the_limit() -> None:
    quota = Quota(2)
    assert [quota.acquire("a") for _ in range(3)] == [True, True, False]
    assert quota.acquire("b")
    quota.release("a")
    assert quota.held("a") == 1
    assert quota.acquire("a")


def test_a_token_may_grant_more_or_less() -> None:
    quota = Quota(1)
    assert [quota.acquire("a", 3) for _ in range(4)] == [True, True, True, False]
    assert not quota.acquire("b", 0)


def test_nothing_is_kept_of_who_holds_nothing() -> None:
    quota = Quota(1)
    for n in range(100):
        assert quota.acquire(n)
        assert not quota.acquire(n)
        quota.release(n)
    assert len(quota) == 0
