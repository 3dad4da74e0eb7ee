"""The right of a session to be there, without tokens."""

from __future__ import annotations

from server.core.admission import Admission


def test_without_tokens_every_session_stays() -> None:
    admission = Admission(verify=None)
    admission.admit(token=None, now=0.0)
    assert not admission.expired(now=1e9)
    assert admission.remaining_s(now=1e9) is None
    assert admission.subject is None
