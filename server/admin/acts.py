"""What an operator may do to a gateway, and what each act needs.

======================  ====================  ==================================================
act                     fields                what it does
======================  ====================  ==================================================
``canary_share``        ``share`` (0 to 1)    sends that fraction of the sessions to the canary
``close_session``       ``session``           closes a session; its client may come back
``drain``                                     stops the gateway, as SIGTERM does
``label``               ``label``,            points a label of the default model to a version
                        ``version``
``log_level``           ``level``             logs from that level on
======================  ====================  ==================================================

The canary's share and the log level hold until the gateway starts again; labels stay.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from server.admin.interface import Administered
from server.core.errors import BadMessage

Fields = Mapping[str, Any]
LEVELS = ("debug", "info", "warning", "error")
DONE = "done"
NO_SESSION = "there is no such session"


def read(name: str, body: bytes) -> Fields:
    """Return the checked fields of an act. Raises BadMessage."""
    try:
        fields = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise BadMessage("the body must be JSON") from None
    if not isinstance(fields, dict):
        raise BadMessage("the body must be a JSON object")
    check, _ = ACTS[name]
    return check(fields)


async def carry_out(name: str, fields: Fields, administered: Administered) -> str:
    """Carry out an act. Return its outcome: ``DONE``, or why nothing was done."""
    _, act = ACTS[name]
    return await act(administered, fields)


def _share(fields: Fields) -> Fields:
    share = fields.get("share")
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
        raise BadMessage("'share' must be a number from 0 to 1")
    return {"share": share}


def _level(fields: Fields) -> Fields:
    level = fields.get("level")
    if level not in LEVELS:
        raise BadMessage(f"'level' must be one of {', '.join(LEVELS)}")
    return {"level": level}


def _label(fields: Fields) -> Fields:
    label, version = fields.get("label"), fields.get("version")
    if not isinstance(label, str) or not 0 < len(label) <= 64 or not label.isprintable():
        raise BadMessage("'label' must be a label's name")
    if isinstance(version, bool) or not isinstance(version, int) or not 0 < version < 2**63:
        raise BadMessage("'version' must be a version's number")
    return {"label": label, "version": version}


def _session(fields: Fields) -> Fields:
    session = fields.get("session")
    if not isinstance(session, str) or not 0 < len(session) <= 64:
        raise BadMessage("'session' must be a session's id")
    return {"session": session}


def _nothing(fields: Fields) -> Fields:
    return {}


async def _set_canary_share(administered: Administered, fields: Fields) -> str:
    await administered.set_canary_share(fields["share"])
    return DONE


async def _set_log_level(administered: Administered, fields: Fields) -> str:
    await administered.set_log_level(fields["level"])
    return DONE


async def _close_session(administered: Administered, fields: Fields) -> str:
    return DONE if await administered.close_session(fields["session"]) else NO_SESSION


async def _move_label(administered: Administered, fields: Fields) -> str:
    return await administered.move_label(fields["label"], fields["version"]) or DONE


async def _drain(administered: Administered, fields: Fields) -> str:
    await administered.drain()
    return DONE


Check = Callable[[Fields], Fields]
Carry = Callable[[Administered, Fields], Awaitable[str]]

ACTS: Mapping[str, tuple[Check, Carry]] = {
    "canary_share": (_share, _set_canary_share),
    "close_session": (_session, _close_session),
    "drain": (_nothing, _drain),
    "label": (_label, _move_label),
    "log_level": (_level, _set_log_level),
}
