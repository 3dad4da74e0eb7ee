"""What the asyncio client and the blocking one have in common."""

from __future__ import annotations

import functools
import os
import random
import ssl
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

from framewire.client import checks
from framewire.client.address import Address
from framewire.client.backoff import Backoff
from framewire.client.driver import Driver
from framewire.client.messages import Limits, Model
from framewire.client.options import Options, Orientation
from framewire.client.pictures import encode
from framewire.client.second import SecondModel
from framewire.client.session import Session, State
from framewire.client.statistics import Statistics
from framewire.client.tracking import Areas, Tracking
from framewire.client.worker import call_in_thread

Token = str | Callable[[], str]


class BaseClient:
    """A client of one gateway.

    ``url`` is the gateway's WebSocket, such as ``wss://example.org/ws``. A proxy before it that
    asks for a password gets the one in ``wss://user:password@example.org/ws``. ``token`` is a
    token, or a function that returns a fresh one: it is called in a thread before each connection,
    and again before a token expires. ``ca`` is a file with the certificates to trust, in PEM; None:
    the system's. ``connect_timeout_s`` bounds the wait for the first session. ``record`` is a file
    for all frames that are sent and their outcomes (docs/recording.md), begun anew each time the
    client is opened.

    The other options are the session's, and can be changed with ``configure``. ``model`` and
    ``label`` or ``version`` choose the model; ``min_score`` (0..1) and ``max_results`` choose
    what its results contain. With ``orientation="apply"``, JPEGs are turned as their EXIF says,
    as viewers show them; with ``"ignore"``, they are taken as stored. ``track`` gives detections
    ids and velocities: ``True``, or a :class:`Tracking` with options. ``zones`` and ``lines`` map
    names to points in 0..1; results then have their events. ``then`` is a second model for the
    detections: its name, a :class:`SecondModel` with options, or ``True`` for the one that the
    model's description names. ``jpeg_quality`` is for pictures that the client encodes.
    """

    def __init__(
        self,
        url: str = "ws://127.0.0.1:8888/ws",
        *,
        token: Token | None = None,
        ca: str | os.PathLike[str] | None = None,
        connect_timeout_s: float = 10.0,
        model: str | None = None,
        label: str | None = None,
        version: int | None = None,
        min_score: float | None = None,
        max_results: int | None = None,
        orientation: Orientation = "apply",
        track: bool | Tracking | None = None,
        zones: Areas | None = None,
        lines: Areas | None = None,
        then: bool | str | SecondModel | None = None,
        jpeg_quality: int = 85,
        record: str | os.PathLike[str] | None = None,
    ) -> None:
        tls = None if ca is None else _trusting(os.fspath(ca))
        address = Address.of(checks.text("url", url), tls)
        if not (token is None or callable(token) or isinstance(token, str)):
            raise checks.wrong("token", "a string, or a function that returns one", token)
        checks.within("jpeg_quality", checks.integer("jpeg_quality", jpeg_quality), 1, 95)
        options = Options(
            model, label, version, min_score, max_results, orientation, track, zones, lines, then
        )
        self._connect_timeout_s = connect_timeout_s
        self._session = Session(options, Backoff(random.random), _name(), callable(token))
        upright = orientation == "apply"
        self._driver = Driver(
            self._session,
            address,
            functools.partial(encode, upright=upright, quality=jpeg_quality),
            functools.partial(_fresh, token),
            None if record is None else Path(record),
        )

    @property
    def state(self) -> State:
        """``ready`` while frames get results; :mod:`framewire.client.session` lists all states."""
        return self._session.state

    @property
    def model(self) -> Model | None:
        """The model that answers now; None while there is none."""
        return self._session.model

    @property
    def limits(self) -> Limits | None:
        """The gateway's limits; None while disconnected."""
        return self._session.welcome.limits if self._session.welcome else None

    def statistics(self) -> Statistics:
        """Return a snapshot of what was sent and received."""
        return self._session.statistics()

    def configure(
        self,
        *,
        model: str | None = None,
        label: str | None = None,
        version: int | None = None,
        min_score: float | None = None,
        max_results: int | None = None,
        track: bool | Tracking | None = None,
        zones: Areas | None = None,
        lines: Areas | None = None,
        then: bool | str | SecondModel | None = None,
    ) -> None:
        """Change options of the session, for this connection and later ones. None: unchanged.

        Another ``model`` without ``label`` or ``version`` starts at its default version. New
        ``zones`` and ``lines`` replace the old ones.
        """
        options = {
            "model": model,
            "label": label,
            "version": version,
            "min_score": min_score,
            "max_results": max_results,
            "track": track,
            "zones": zones,
            "lines": lines,
            "then": then,
        }
        self._change({name: value for name, value in options.items() if value is not None})

    def _change(self, options: dict[str, Any]) -> None:
        """Apply options to the session, on its loop."""
        raise NotImplementedError


async def _fresh(token: Token | None) -> str | None:
    if not callable(token):
        return token
    fresh = await call_in_thread(token)
    if fresh is not None and not isinstance(fresh, str):
        raise TypeError(f"the token function returned {type(fresh).__name__}, not a string")
    return fresh


def _trusting(ca: str) -> ssl.SSLContext:
    """Return a context that trusts these certificates. Raises OSError or ValueError."""
    try:
        return ssl.create_default_context(cafile=ca)
    except ssl.SSLError as error:
        raise ValueError(f"{ca} has no certificates in PEM: {error}") from None
    except OSError as error:
        error.filename = ca  # OpenSSL does not name it
        raise


def _name() -> str:
    try:
        return f"framewire-python/{metadata.version('framewire')}"
    except metadata.PackageNotFoundError:  # run from a copy that was never installed
        return "framewire-python"
