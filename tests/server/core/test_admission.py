"""The right of a session to be there, without tokens."""

from __future__ import annotations

from server.core.admission import Admission


def test_a_gateway_without_tokens_admits_everybody_for_ever() -> None:
    admission = Admission(verify=None)
    admission.enter(token=None, now=0.0)
    admission.renew("a token that nobody reads", now=1.0)
    assert not admission.over(now=1e9)
    assert admission.left_s(now=1e9) is None
    assert admission.subject is None
