"""The keys that sign and verify tokens: a file in the form of RFC 7517 (JWK Set).

``{"keys": [{"kty": "oct", "kid": "2026-11", "alg": "HS256", "k": "..."}, ...]}``. Each key
has a unique ``kid`` and works with one algorithm only, whatever a token's header says.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt

from framewire import textfile
from server.settings import WrongSetting, reason

# The minimum length of a secret: that of its hash.
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
    """Load a file's keys by ``kid``, in its order. Raises WrongSetting, quoting no secret."""
    try:
        document = json.loads(textfile.read(path))
    except FileNotFoundError:
        raise WrongSetting(
            f"token_keys: {path} does not exist; create it with: framewire key --token-keys {path}"
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise WrongSetting(f"token_keys: {path}: {_without_content(error)}") from None
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list) or not entries:
        raise WrongSetting(f'token_keys: {path}: must be {{"keys": [...]}} with at least one key')
    keys: dict[str, Key] = {}
    for number, entry in enumerate(entries, 1):
        try:
            key = check_key(entry)
            if key.kid in keys:
                raise ValueError(f"the kid {key.kid!r} is used twice")
        except ValueError as error:
            raise WrongSetting(f"token_keys: {path}: key {number}: {error}") from None
        keys[key.kid] = key
    return keys


def check_key(entry: Any) -> Key:
    """Parse one entry of the file. Raises ValueError, quoting no secret."""
    if not isinstance(entry, Mapping):
        raise ValueError("must be an object")
    kid = entry.get("kid")
    if not isinstance(kid, str) or not 0 < len(kid) <= 128 or not kid.isprintable():
        raise ValueError("'kid' must be a string of 1 to 128 printable characters")
    if entry.get("alg", ALGORITHMS[0]) not in ALGORITHMS:
        raise ValueError(f"'alg' must be one of {', '.join(ALGORITHMS)}")
    try:
        jwk = jwt.PyJWK(dict(entry))
    except Exception:  # its text contains the whole key
        raise ValueError(f"{kid!r} is not a valid key for its kty and alg") from None
    _check_strength(jwk)
    can_sign = entry.get("kty") == "oct" or "d" in entry
    return Key(kid, jwk.algorithm_name, can_sign, jwk)


def _check_strength(jwk: jwt.PyJWK) -> None:
    name = jwk.algorithm_name
    if name not in ALGORITHMS:
        raise ValueError(f"{name} is not one of {', '.join(ALGORITHMS)}")
    if name in SECRET_BYTES and len(jwk.key) < SECRET_BYTES[name]:
        raise ValueError(f"{name} needs a secret of at least {SECRET_BYTES[name]} bytes")
    if name[:2] in ("RS", "PS") and jwk.key.key_size < RSA_BITS:
        raise ValueError(f"{name} needs a key of at least {RSA_BITS} bits")


def _without_content(error: Exception) -> str:
    if isinstance(error, (json.JSONDecodeError, RecursionError)):
        return "not valid JSON"
    return reason(error)
