"""When frames are sent to a shadow."""

from __future__ import annotations

import pytest

from server.core.mirroring import BUSY, Mirroring


def test_one_call_at_a_time_and_none_beside_those_of_users() -> None:
    mirroring = Mirroring()
    assert mirroring.ready_at(users_calls=0) == 0.0
    assert mirroring.ready_at(users_calls=1) is None
    mirroring.began(10.0)
    assert mirroring.ready_at(users_calls=0) is None


@pytest.mark.parametrize("workers", [1, 4])
def test_the_shadow_takes_a_bounded_share_of_the_time(workers: int) -> None:
    mirroring = Mirroring(workers)
    mirroring.began(10.0)
    mirroring.ended(10.02)
    ready_at = mirroring.ready_at(users_calls=0)
    assert ready_at is not None
    assert 0.02 / (ready_at - 10.0) == pytest.approx(BUSY / workers)
