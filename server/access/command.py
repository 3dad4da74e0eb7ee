"""``python -m server key`` and ``python -m server token``: create keys and tokens.

Both read the gateway's own flags, environment and settings file.
"""

from __future__ import annotations

import argparse
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

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from framewire import textfile
from server.access.keys import RSA_BITS, SECRET_BYTES, check_key, load_keys
from server.access.tokens import HIGHEST_LIMIT, Tokens
from server.settings import Parser, Settings, WrongSetting, load

_KINDS = {
    RSAPublicKey: "RS256",
    EllipticCurvePublicKey: "ES256",
    Ed25519PublicKey: "EdDSA",
}
_KEY = """\
Create a key in FILE, a JWK Set, and print its id (kid). New tokens are signed with it from now on,
also by running gateways. FILE is created if it is missing; only its owner can read it.
"""
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def key(
    arguments: Sequence[str], environment: Mapping[str, str], prog: str = "python -m server key"
) -> str:
    """Add a new signing key at the front of ``token_keys``, or a public key at its end.

    Returns the key's kid.
    """
    parser = _parser(
        prog,
        "--token-keys FILE [--public PEM]",
        _KEY,
        ["--token-keys keys.json"],
    )
    parser.add_argument(
        "--public", metavar="PEM", help="add this public key instead, for tokens issued elsewhere"
    )
    own, gateway_flags = parser.parse_known_args(arguments)
    path = Path(_settings(gateway_flags, environment).token_keys)
    keys = _entries(path)
    kid = f"{datetime.now(timezone.utc):%Y-%m-%d}-{secrets.token_hex(3)}"
    if own.public:
        keys.append({**_public(own.public), "kid": kid})
    else:
        keys.insert(0, {**_secret(), "kid": kid})
    _replace(path, json.dumps({"keys": keys}, indent=2) + "\n")
    return kid


def token(
    arguments: Sequence[str], environment: Mapping[str, str], prog: str = "python -m server token"
) -> str:
    """Return a new token, signed with the first key in ``token_keys`` that can sign."""
    parser = _parser(
        prog,
        "--token-keys FILE --subject NAME [options]",
        "Issue a token, signed with the first key in FILE that can sign, and print it.",
        [
            "--token-keys keys.json --subject camera-7 --expires 30d",
            "--token-keys keys.json --subject camera-7 --rate 15 --sessions 1",
        ],
    )
    parser.add_argument("--subject", required=True, metavar="NAME", help="who the token is for")
    parser.add_argument(
        "--expires", default="1h", metavar="TIME", help="lifetime: 30s, 15m, 12h, 7d (default: 1h)"
    )
    parser.add_argument(
        "--rate", type=float, metavar="NUMBER", help="frames per second and session"
    )
    parser.add_argument(
        "--sessions", type=int, metavar="NUMBER", help="open sessions of its subject"
    )
    own, gateway_flags = parser.parse_known_args(arguments)
    settings = _settings(gateway_flags, environment)
    tokens = Tokens(settings.token_keys, settings.token_audience, settings.token_issuer)
    if not own.subject:
        raise WrongSetting("--subject: must be a name, not ''")
    limits = {"rate": own.rate, "sessions": own.sessions}
    for name, value in limits.items():
        if value is not None and not 0 < value <= HIGHEST_LIMIT:
            raise WrongSetting(f"--{name}: must be above 0 and at most {HIGHEST_LIMIT}")
    return tokens.issue(own.subject, _seconds(own.expires), **limits)


COMMANDS: dict[str, Callable[..., str]] = {
    "key": key,
    "token": token,
}


def _secret() -> dict[str, str]:
    secret = base64.urlsafe_b64encode(os.urandom(SECRET_BYTES["HS256"])).rstrip(b"=").decode()
    return {"kty": "oct", "alg": "HS256", "k": secret}


def _public(path: str) -> dict[str, Any]:
    """Return the entry for a public key in PEM. Raises WrongSetting."""
    try:
        public = load_pem_public_key(Path(path).read_bytes())
        name = next(name for kind, name in _KINDS.items() if isinstance(public, kind))
        entry = jwt.get_algorithm_by_name(name).to_jwk(public, as_dict=True)
        # The curve or the size may be unsupported.
        check_key({**entry, "kid": path[:128]})
    except OSError as error:
        raise WrongSetting(f"--public: {path}: {error.strerror}") from None
    except (ValueError, StopIteration):
        raise WrongSetting(
            f"--public: {path}: not a supported public key in PEM; use RSA with at least "
            f"{RSA_BITS} bits, EC on a NIST curve, or Ed25519"
        ) from None
    return dict(entry)


_SETTINGS = """
FRAMEWIRE_TOKEN_KEYS can name the key file instead of --token-keys. Other settings of the gateway,
such as --token-audience and --token-issuer, work here, too.
"""


def _parser(prog: str, usage: str, description: str, examples: Sequence[str]) -> Parser:
    lines = "".join(f"  %(prog)s {example}\n" for example in examples)
    return Parser(
        prog=prog,
        usage=f"%(prog)s {usage}",
        description=description,
        epilog=f"examples:\n{lines}{_SETTINGS}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def _settings(arguments: Sequence[str], environment: Mapping[str, str]) -> Settings:
    settings = load(arguments, environment)
    if not settings.token_keys:
        raise WrongSetting(
            "token_keys: name the key file with --token-keys or FRAMEWIRE_TOKEN_KEYS"
        )
    return settings


def _seconds(text: str) -> int:
    match = re.fullmatch(r"([1-9]\d{0,8})([smhd])", text)
    if match is None:
        raise WrongSetting(f"--expires: must be like 30s, 15m, 12h or 7d, not {text[:40]!r}")
    return int(match[1]) * _SECONDS[match[2]]


def _entries(path: Path) -> list[Any]:
    try:
        if not path.exists() or not path.stat().st_size:
            return []
    except OSError as error:
        raise WrongSetting(f"token_keys: {path}: {error.strerror}") from None
    load_keys(str(path))  # do not overwrite a broken file
    entries = json.loads(textfile.read(path))["keys"]
    assert isinstance(entries, list)
    return entries


def _replace(path: Path, text: str) -> None:
    """Replace the file atomically, because a gateway may be reading it; only its owner can read.

    Of a link, what it points to is replaced.
    """
    target = Path(os.path.realpath(path))
    try:
        number, new = tempfile.mkstemp(dir=target.parent, prefix=target.name)
        try:
            with open(number, "w", encoding="utf-8") as file:
                file.write(text)
            if target.exists():
                _keep_owner(target, new)
            os.replace(new, target)
        except OSError:
            os.unlink(new)  # it may have a key in it
            raise
    except OSError as error:
        raise WrongSetting(f"token_keys: {path}: {error.strerror}") from None


def _keep_owner(path: Path, new: str) -> None:
    """Give the new file the mode and owner of the old one, so the same users can read it."""
    before = path.stat()
    os.chmod(new, before.st_mode & 0o777)
    if os.geteuid() == 0:
        os.chown(new, before.st_uid, before.st_gid)
