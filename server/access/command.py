"""``python -m server key`` and ``python -m server token``: keys and tokens for operators.

Both take the gateway's own flags, environment and file for everything about tokens.
"""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from server.access.keys import SECRET_BYTES, load_keys
from server.access.tokens import Tokens
from server.settings import Parser, Settings, WrongSetting, load

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def key(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """Put a new key before the others of ``token_keys``, so that it signs. Returns its kid."""
    parser = _parser("key", "make a key, which signs from now on, and print its kid")
    parser.parse_known_args(arguments)
    path = Path(_settings(arguments, environment).token_keys)
    keys = _entries(path)
    kid = f"{datetime.now(timezone.utc):%Y-%m-%d}-{secrets.token_hex(3)}"
    secret = base64.urlsafe_b64encode(os.urandom(SECRET_BYTES["HS256"])).rstrip(b"=").decode()
    entry = {"kty": "oct", "kid": kid, "alg": "HS256", "k": secret}
    _replace(path, json.dumps({"keys": [entry, *keys]}, indent=2) + "\n")
    return kid


def token(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """A new token, signed with the first key of ``token_keys`` that can sign."""
    parser = _parser("token", "make a token and print it")
    parser.add_argument("--subject", required=True, help="whom it is for")
    parser.add_argument("--expires", default="1h", help="30s, 15m, 12h or 7d (default: 1h)")
    own, others = parser.parse_known_args(arguments)
    settings = _settings(others, environment)
    tokens = Tokens(settings.token_keys, settings.token_audience, settings.token_issuer)
    return tokens.issue(own.subject, _seconds(own.expires))


COMMANDS: dict[str, Callable[[Sequence[str], Mapping[str, str]], str]] = {
    "key": key,
    "token": token,
}


def _parser(name: str, description: str) -> Parser:
    return Parser(
        prog=f"python -m server {name}",
        description=description,
        epilog="--token-keys FILE names the keys, unless the environment does; "
        "--token-audience and --token-issuer are the gateway's too.",
        allow_abbrev=False,
    )


def _settings(arguments: Sequence[str], environment: Mapping[str, str]) -> Settings:
    settings = load(arguments, environment)
    if not settings.token_keys:
        raise WrongSetting("token_keys: a file is required")
    return settings


def _seconds(text: str) -> int:
    found = re.fullmatch(r"([1-9]\d{0,8})([smhd])", text)
    if found is None:
        raise WrongSetting(f"--expires: 30s, 15m, 12h or 7d is required, not {text[:40]!r}")
    return int(found[1]) * _SECONDS[found[2]]


def _entries(path: Path) -> list[Any]:
    if not path.exists():
        return []
    load_keys(str(path))  # what is broken is not written over
    entries = json.loads(path.read_text(encoding="utf-8"))["keys"]
    assert isinstance(entries, list)
    return entries


def _replace(path: Path, text: str) -> None:
    """Write all at once, readable by the owner alone; a gateway may be reading."""
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=path.parent, prefix=path.name, delete=False
        ) as file:
            file.write(text)
        if path.exists():
            _keep_owner(path, file.name)
        os.replace(file.name, path)
    except OSError as error:
        raise WrongSetting(f"token_keys: {path}: {error.strerror}") from None


def _keep_owner(path: Path, new: str) -> None:
    """Who could read the keys can go on reading them."""
    before = path.stat()
    os.chmod(new, before.st_mode & 0o777)
    if os.geteuid() == 0:
        os.chown(new, before.st_uid, before.st_gid)
