"""What a session asks its caller to do; :mod:`framewire.client.session` explains when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from framewire.client.messages import Limits, Model
from framewire.client.window import Frame


@dataclass(frozen=True, slots=True)
class Send:
    """Send this message."""

    message: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Encode:
    """Encode this frame for this model, then call ``transmit`` or ``unusable``."""

    frame: Frame
    model: Model
    limits: Limits


@dataclass(frozen=True, slots=True)
class RenewToken:
    """Get another token, then call ``renewed`` or ``not_renewed``."""


@dataclass(frozen=True, slots=True)
class Sleep:
    """Do nothing until something happens, at most for ``seconds``."""

    seconds: float


Action = Send | Encode | RenewToken | Sleep
