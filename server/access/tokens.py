"""Tokens (JWT): which ones count here, until when, and new ones for those who signed in."""

from __future__ import annotations

import logging
import time
from typing import Any

import jwt

from server.access.keys import Key, load_keys
from server.core.admission import EXPIRED, Pass
from server.core.errors import Unauthorized
from server.core.wire.decode import MAX_TOKEN
from server.settings import WrongSetting

log = logging.getLogger(__name__)

# A session's timer need not look further.
LONGEST_S = 10 * 365 * 86400.0

_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (jwt.ExpiredSignatureError, EXPIRED),
    (jwt.ImmatureSignatureError, "the token does not count yet"),
    (jwt.InvalidAudienceError, "the token is for another audience"),
    (jwt.InvalidIssuerError, "the token is of another issuer"),
    (jwt.MissingRequiredClaimError, "the token lacks exp or aud"),
)
NOT_VALID = "the token is not valid"


class Tokens:
    """Judges tokens by a file of keys, which may change while it is in use.

    ``issuer``: whose tokens count; empty: anybody's who has a key. ``leeway_s``: how far
    two clocks may differ. Raises WrongSetting for a file that cannot be used.
    """

    def __init__(self, path: str, audience: str, issuer: str = "", leeway_s: float = 0.0) -> None:
        self.path = path
        self._audience = audience
        self._issuer = issuer
        self._leeway_s = leeway_s
        self._keys = load_keys(path)

    def reload(self) -> None:
        """Read the keys anew. Raises WrongSetting, and then the former ones stay."""
        self._keys = load_keys(self.path)
        log.info("token_keys: %s: now %s", self.path, ", ".join(self._keys))

    def verify(self, token: str, now: float) -> Pass:
        """What the token gives at ``now`` (monotonic seconds). Raises Unauthorized."""
        try:
            claims = self._claims(token)
            left = float(claims["exp"]) + self._leeway_s - time.time()
        except Unauthorized:
            raise
        except Exception as error:
            # PyJWT's errors, and what else a hostile token can bring about in a parser.
            raise Unauthorized(_reason(error)) from None
        return Pass(str(claims.get("sub", "")), now + min(left, LONGEST_S))

    def issue(self, subject: str, life_s: float) -> str:
        """A token for ``subject``. Raises WrongSetting where no key can sign."""
        key = self.signing_key()
        now = int(time.time())
        claims = {"sub": subject, "aud": self._audience, "iat": now, "exp": now + int(life_s)}
        if self._issuer:
            claims["iss"] = self._issuer
        return jwt.encode(claims, key.jwk, algorithm=key.algorithm, headers={"kid": key.kid})

    def signing_key(self) -> Key:
        """The first key of the file that can sign. Raises WrongSetting."""
        for key in self._keys.values():
            if key.can_sign:
                return key
        raise WrongSetting(f"token_keys: {self.path}: no key in it can sign")

    def _claims(self, token: str) -> dict[str, Any]:
        if len(token) > MAX_TOKEN:
            raise Unauthorized(NOT_VALID)
        key = self._key(jwt.get_unverified_header(token).get("kid"))
        return jwt.decode(
            token,
            key.jwk,
            algorithms=[key.algorithm],
            audience=self._audience,
            issuer=self._issuer or None,
            leeway=self._leeway_s,
            options={"require": ["exp", "aud"]},
        )

    def _key(self, kid: object) -> Key:
        """The key that a token names; one that names none means the only one there is."""
        if kid is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        if not isinstance(kid, str) or kid not in self._keys:
            raise Unauthorized("the token names no key that counts here")
        return self._keys[kid]


def _reason(error: Exception) -> str:
    return next((words for kind, words in _REASONS if isinstance(error, kind)), NOT_VALID)
