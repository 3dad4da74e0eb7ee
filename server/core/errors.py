"""Every error that can reach a client.

::

    FramewireError                code                  retryable  what it concerns
    ├── ProtocolError                                              one message
    │   ├── BadMessage            bad_message           no
    │   ├── UnknownType           unknown_type          no
    │   ├── HelloRequired         hello_required        no
    │   ├── BadId                 bad_id                no
    │   └── UpgradeRequired       upgrade_required      no         (a handshake)
    ├── FrameError                                                 one frame
    │   ├── BadFrame              bad_frame             no
    │   ├── FrameTooLarge         frame_too_large       no
    │   └── UnsupportedFormat     unsupported_format    no
    ├── ModelError                                                 the chosen model
    │   ├── UnknownModel          unknown_model         no
    │   │   └── NotLoaded         unknown_model         no
    │   ├── UnusableModel         unusable_model        no
    │   ├── AnswerTooLarge        answer_too_large      no         (one box)
    │   └── ModelFailed           model_failed          yes
    ├── BackendUnavailable        backend_unavailable   yes        the model server
    │   └── ModelUnavailable      backend_unavailable   yes        one model of it
    ├── AccessError                                                access
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

``POST /v1/infer`` and ``POST /v1/login`` answer with ``http_status``, and with
``retry_after_s`` if the error is retryable.

Two more never reach a client: :class:`BatchRejected` (one frame of a batch is at
fault, and a retry in parts finds it) and :class:`DeadlineExceeded` (its frames become
``dropped: expired``).
"""

from __future__ import annotations


class FramewireError(Exception):
    """An error with a code for programs and a line of text for people.

    ``detail``: what only operators learn, such as addresses. It is part of the text that the log
    has, and not of ``message``, which clients get.
    """

    code = "internal"
    retryable = False
    http_status = 500
    retry_after_s = 1

    def __init__(self, message: str, detail: str = "") -> None:
        super().__init__(f"{message}: {detail}" if detail else message)
        self.message = message


class ProtocolError(FramewireError):
    """The protocol does not allow this message."""

    http_status = 400


class BadMessage(ProtocolError):
    """The message cannot be decoded, is not a map, or has a field of the wrong type."""

    code = "bad_message"


class UnknownType(ProtocolError):
    """This version does not know the message's ``type``."""

    code = "unknown_type"


class HelloRequired(ProtocolError):
    """The first message was neither ``hello`` nor ``ping``."""

    code = "hello_required"


class BadId(ProtocolError):
    """A frame's id does not increase. Sent without ``id``, which has an outcome already."""

    code = "bad_id"


class UpgradeRequired(ProtocolError):
    """The client, or a proxy in front of the gateway, does not ask for a WebSocket."""

    code = "upgrade_required"
    http_status = 426


class FrameError(FramewireError):
    """One frame cannot be used; its session goes on."""

    http_status = 400


class BadFrame(FrameError):
    """The picture is truncated, empty, not of its format, or not of its stated size."""

    code = "bad_frame"


class FrameTooLarge(FrameError):
    """The picture has more bytes or pixels than ``welcome.limits`` allows."""

    code = "frame_too_large"
    http_status = 413


class UnsupportedFormat(FrameError):
    """The protocol or the session's model does not accept this format."""

    code = "unsupported_format"
    http_status = 415


class ModelError(FramewireError):
    """The session's model cannot answer."""


class UnknownModel(ModelError):
    """The model server has no such model, version or label."""

    code = "unknown_model"
    http_status = 404


class NotLoaded(UnknownModel):
    """The requested version, or the one behind the label, is not loaded (yet)."""


class UnusableModel(ModelError):
    """The model exists, but takes no pictures, or its answers contradict the contract."""

    code = "unusable_model"
    http_status = 422


class AnswerTooLarge(ModelError):
    """A second model's answers to the boxes of one frame have no room left."""

    code = "answer_too_large"
    http_status = 502


class ModelFailed(ModelError):
    """The model server failed on this batch."""

    code = "model_failed"
    retryable = True
    http_status = 502


class BackendUnavailable(FramewireError):
    """No model server answers."""

    code = "backend_unavailable"
    retryable = True
    http_status = 503


class ModelUnavailable(BackendUnavailable):
    """The model server answers, but not about this one model."""


class AccessError(FramewireError):
    """Access is denied."""

    http_status = 403


class Unauthorized(AccessError):
    """There is no token, or it is invalid or has expired."""

    code = "unauthorized"
    http_status = 401


class ForbiddenOrigin(AccessError):
    """The page's origin is not allowed."""

    code = "forbidden_origin"


class NoLogin(AccessError):
    """This gateway issues no tokens."""

    code = "no_login"
    http_status = 404


class BadCode(AccessError):
    """The login code is wrong, too old or already used; a new one may work."""

    code = "bad_code"
    http_status = 401


class LoginRefused(AccessError):
    """WeChat has blocked this user."""

    code = "login_refused"


class LoginFailed(AccessError):
    """WeChat rejects the gateway's own settings, or its answer makes no sense."""

    code = "login_failed"
    http_status = 502


class LoginUnavailable(AccessError):
    """WeChat is busy or unreachable."""

    code = "login_unavailable"
    retryable = True
    http_status = 503


class TooManyLogins(AccessError):
    """This user or address has asked for too many logins."""

    code = "rate_limited"
    retryable = True
    http_status = 429


class Overloaded(FramewireError):
    """The gateway or the model server has no capacity left."""

    code = "overloaded"
    retryable = True
    http_status = 503


class Internal(FramewireError):
    """A defect in the gateway; its log has the traceback."""

    code = "internal"
    retryable = True


class BatchRejected(Exception):
    """The model server rejected the batch's contents; which frame is at fault is unknown."""


class DeadlineExceeded(Exception):
    """The batch's time budget ran out before the model server answered."""
