"""Every error that a client can be told of.

::

    FramewireError                code                  retryable  what it concerns
    ├── ProtocolError                                              one message
    │   ├── BadMessage            bad_message           no
    │   ├── UnknownType           unknown_type          no
    │   ├── HelloRequired         hello_required        no
    │   └── BadId                 bad_id                no
    ├── FrameError                                                 one frame
    │   ├── BadFrame              bad_frame             no
    │   ├── FrameTooLarge         frame_too_large       no
    │   └── UnsupportedFormat     unsupported_format    no
    ├── ModelError                                                 the chosen model
    │   ├── UnknownModel          unknown_model         no
    │   │   └── NotLoaded         unknown_model         no
    │   ├── UnusableModel         unusable_model        no
    │   └── ModelFailed           model_failed          yes
    ├── BackendUnavailable        backend_unavailable   yes        the model server
    │   └── ModelUnavailable      backend_unavailable   yes        one model of it
    ├── AccessError                                                who may come in
    │   ├── Unauthorized          unauthorized          no
    │   ├── ForbiddenOrigin       forbidden_origin      no
    │   ├── NoLogin               no_login              no
    │   ├── BadCode               bad_code              no
    │   ├── LoginRefused          login_refused         no
    │   ├── LoginFailed           login_failed          no
    │   ├── LoginUnavailable      login_unavailable     yes
    │   └── TooManyLogins         rate_limited          yes
    ├── Overloaded                overloaded            yes        the gateway
    └── Internal                  internal              yes        the gateway

``http_status`` is what ``POST /v1/infer`` and ``POST /v1/login`` answer with;
``retry_after_s`` goes along with what is retryable.

Two more never reach a client: :class:`BatchRejected` (some frame of a batch is
at fault, and a retry in parts finds out which) and :class:`DeadlineExceeded`
(its frames become ``dropped: expired``).
"""

from __future__ import annotations


class FramewireError(Exception):
    """An error with a code for machines and one line for people."""

    code = "internal"
    retryable = False
    http_status = 500
    retry_after_s = 1

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ProtocolError(FramewireError):
    """A message that the protocol does not allow."""

    http_status = 400


class BadMessage(ProtocolError):
    """Not decodable, not a map, or a field of the wrong kind."""

    code = "bad_message"


class UnknownType(ProtocolError):
    """A map whose ``type`` this version does not know."""

    code = "unknown_type"


class HelloRequired(ProtocolError):
    """Something other than ``hello`` or ``ping`` came first."""

    code = "hello_required"


class BadId(ProtocolError):
    """A frame's id that does not increase. Told without ``id``: that id has its outcome."""

    code = "bad_id"


class FrameError(FramewireError):
    """One frame cannot be used; its session lives on."""

    http_status = 400


class BadFrame(FrameError):
    """Truncated, foreign, empty, or its length does not fit its width and height."""

    code = "bad_frame"


class FrameTooLarge(FrameError):
    """More bytes or more pixels than ``welcome.limits`` allows."""

    code = "frame_too_large"
    http_status = 413


class UnsupportedFormat(FrameError):
    """A format that the protocol or the session's model does not take."""

    code = "unsupported_format"
    http_status = 415


class ModelError(FramewireError):
    """The model that a session chose cannot answer."""


class UnknownModel(ModelError):
    """The model server has no such model, version or label."""

    code = "unknown_model"
    http_status = 404


class NotLoaded(UnknownModel):
    """The version that was asked for, or that the label stands for, is not loaded (yet)."""


class UnusableModel(ModelError):
    """The model is there, but no signature of it takes pictures."""

    code = "unusable_model"
    http_status = 422


class ModelFailed(ModelError):
    """The model server failed in the middle of this batch."""

    code = "model_failed"
    retryable = True
    http_status = 502


class BackendUnavailable(FramewireError):
    """No model server answers."""

    code = "backend_unavailable"
    retryable = True
    http_status = 503


class ModelUnavailable(BackendUnavailable):
    """The model server answers, but cannot say yet what this one model is."""


class AccessError(FramewireError):
    """Somebody is not let in."""

    http_status = 403


class Unauthorized(AccessError):
    """No token, or one that does not count here, or no more."""

    code = "unauthorized"
    http_status = 401


class ForbiddenOrigin(AccessError):
    """A page of an origin that is not allowed."""

    code = "forbidden_origin"


class NoLogin(AccessError):
    """This gateway gives out no tokens."""

    code = "no_login"
    http_status = 404


class BadCode(AccessError):
    """The login code is wrong, too old, or was used before; a new one may do."""

    code = "bad_code"
    http_status = 401


class LoginRefused(AccessError):
    """WeChat has blocked this user."""

    code = "login_refused"


class LoginFailed(AccessError):
    """WeChat refuses because of the gateway's own settings, or answers nonsense."""

    code = "login_failed"
    http_status = 502


class LoginUnavailable(AccessError):
    """WeChat is busy, or cannot be reached."""

    code = "login_unavailable"
    retryable = True
    http_status = 503


class TooManyLogins(AccessError):
    """More logins than one user, or one address, may ask for."""

    code = "rate_limited"
    retryable = True
    http_status = 429


class Overloaded(FramewireError):
    """The gateway, or the model server behind it, is full."""

    code = "overloaded"
    retryable = True
    http_status = 503


class Internal(FramewireError):
    """A defect of the gateway; its log has the trace."""

    code = "internal"
    retryable = True


class BatchRejected(Exception):
    """The model server refused the batch's contents; the culprit is unknown."""


class DeadlineExceeded(Exception):
    """The batch's time budget ran out before the model server answered."""
