"""Keys, tokens and key files for tests."""

from __future__ import annotations

import base64
import json
import os
import time
from functools import cache
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

AUDIENCE = "framewire"
Entry = dict[str, Any]


def secret(kid: str = "one", size: int = 32, **changes: Any) -> Entry:
    """Return an HS256 key."""
    text = base64.urlsafe_b64encode(os.urandom(size)).rstrip(b"=").decode()
    return {"kty": "oct", "kid": kid, "alg": "HS256", "k": text, **changes}


@cache
def private_key(algorithm: str, bits: int) -> Any:
    """Return a new private key for :func:`pair`."""
    if algorithm == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(65537, bits)


def pair(algorithm: str, kid: str = "one", bits: int = 2048) -> tuple[Entry, Entry]:
    """Return the private and the public half of a key."""
    private = private_key(algorithm, bits)
    kind = jwt.get_algorithm_by_name(algorithm)
    halves = (private, private.public_key())
    entries = [json.loads(kind.to_jwk(half)) for half in halves]
    named = [{**entry, "kid": kid, "alg": algorithm} for entry in entries]
    return named[0], named[1]


def write(path: Path, *entries: Entry) -> str:
    """Write a key file; return its path."""
    path.write_text(json.dumps({"keys": list(entries)}), encoding="utf-8")
    return str(path)


def signed(entry: Entry, headers: dict[str, Any] | None = None, **claims: Any) -> str:
    """Return a token for an hour; a claim of None is omitted."""
    said = {"sub": "camera-7", "aud": AUDIENCE, "exp": int(time.time()) + 3600, **claims}
    key = jwt.PyJWK(entry)
    return jwt.encode(
        {name: value for name, value in said.items() if value is not None},
        key,
        algorithm=key.algorithm_name,
        headers={"kid": entry["kid"], **(headers or {})},
    )


def unsigned(header: dict[str, Any], claims: dict[str, Any] | None = None) -> str:
    """Return a token with an empty signature."""
    said = {"sub": "camera-7", "aud": AUDIENCE, "exp": int(time.time()) + 3600, **(claims or {})}
    parts = [json.dumps(each).encode() for each in (header, said)]
    return ".".join([*(base64.urlsafe_b64encode(p).rstrip(b"=").decode() for p in parts), ""])
