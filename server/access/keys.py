"""The keys that tokens are signed with: a file of them, in the form of RFC 7517 (JWK Set).

``{"keys": [{"kty": "oct", "kid": "2026-11", "alg": "HS256", "k": "..."}, ...]}``. Each key has
a ``kid`` of its own and works with one algorithm, whatever a token says of itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt

from server.settings import WrongSetting

# The least bytes of a secret: as many as its hash has.
SECRET_BYTES = {"HS256": 32, "HS384": 48, "HS512": 64}
RSA_BITS = 2048
ALGORITHMS = (
    *SECRET_BYTES,
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA"),
)


@dataclass(frozen=True, slots=True)
class Key:
    """One key. ``can_sign``: it is a secret, or the private half of a pair."""

    kid: str
    algorithm: str
    can_sign: bool
    jwk: jwt.PyJWK


def load_keys(path: str) -> dict[str, Key]:
    """The keys of a file by their ``kid``, in its order. Raises WrongSetting, without secrets."""
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise WrongSetting(f"token_keys: {path}: {_without_content(error)}") from None
    entries = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(entries, list) or not entries:
        raise WrongSetting(f'token_keys: {path}: {{"keys": [...]}} with a key in it is required')
    keys: dict[str, Key] = {}
    for number, entry in enumerate(entries, 1):
        try:
            key = check_key(entry)
            if key.kid in keys:
                raise ValueError(f"there is another key with the kid {key.kid!r}")
        except ValueError as error:
            raise WrongSetting(f"token_keys: {path}: key {number}: {error}") from None
        keys[key.kid] = key
    return keys


def check_key(entry: Any) -> Key:
    """An entry of the file as a key. Raises ValueError, in words that cite no secret."""
    if not isinstance(entry, Mapping):
        raise ValueError("a map is required")
    kid = entry.get("kid")
    if not isinstance(kid, str) or not 0 < len(kid) <= 128 or not kid.isprintable():
        raise ValueError("kid: a text of 1 to 128 printable characters is required")
    if entry.get("alg", ALGORITHMS[0]) not in ALGORITHMS:
        raise ValueError(f"alg: one of {', '.join(ALGORITHMS)} is required")
    try:
        jwk = jwt.PyJWK(dict(entry))
    except Exception:  # whose words cite the whole key
        raise ValueError(f"{kid!r} is no usable key of its kty and alg") from None
    _check_strength(jwk)
    can_sign = entry.get("kty") == "oct" or "d" in entry
    return Key(kid, jwk.algorithm_name, can_sign, jwk)


def _check_strength(jwk: jwt.PyJWK) -> None:
    name = jwk.algorithm_name
    if name not in ALGORITHMS:
        raise ValueError(f"{name} is none of {', '.join(ALGORITHMS)}")
    if name in SECRET_BYTES and len(jwk.key) < SECRET_BYTES[name]:
        raise ValueError(f"{name} needs a secret of {SECRET_BYTES[name]} bytes or more")
    if name[:2] in ("RS", "PS") and jwk.key.key_size < RSA_BITS:
        raise ValueError(f"{name} needs a key of {RSA_BITS} bits or more")


def _without_content(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or "cannot be read"
    return "this is not JSON"
