"""Access tokens (JWT): verifies them, and issues new ones after a login."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Mapping
from typing import Any

import jwt

from server.access.keys import Key, load_keys
from server.core.admission import EXPIRED, Pass
from server.core.errors import Unauthorized
from server.core.wire.options import MAX_TOKEN
from server.settings import WrongSetting

log = logging.getLogger(__name__)

# Ten years: longer timers serve no session.
LONGEST_S = 10 * 365 * 86400.0
HIGHEST_LIMIT = 10**6

_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (jwt.ExpiredSignatureError, EXPIRED),
    (jwt.ImmatureSignatureError, "the token is not valid yet"),
    (jwt.InvalidAudienceError, "the token is for another audience"),
    (jwt.InvalidIssuerError, "the token is from another issuer"),
    (jwt.MissingRequiredClaimError, "the token has no exp or no aud"),
)
NOT_VALID = "the token is not valid"


class Tokens:
    """Verifies tokens with the keys of a file, which may be reloaded.

    ``issuer``: the only one whose tokens are valid; empty: any issuer that has a key.
    ``leeway_s``: how far clocks may differ. Raises WrongSetting for an unusable file.
    """

    def __init__(self, path: str, audience: str, issuer: str = "", leeway_s: float = 0.0) -> None:
        self.path = path
        self._audience = audience
        self._issuer = issuer
        self._leeway_s = leeway_s
        self._keys = load_keys(path)

    def reload(self) -> None:
        """Read the keys again. Raises WrongSetting, and then keeps the previous keys."""
        self._keys = load_keys(self.path)
        log.info("token_keys: %s: loaded %s", self.path, ", ".join(self._keys))

    def verify(self, token: str, now: float) -> Pass:
        """Return whom the token admits until when, on ``now``'s clock (monotonic seconds).

        Raises Unauthorized.
        """
        try:
            claims = self._claims(token)
            left = float(claims["exp"]) + self._leeway_s - time.time()
        except Unauthorized:
            raise
        except Exception as error:
            # PyJWT's errors, and whatever a hostile token can trigger in its parser.
            raise Unauthorized(_reason(error)) from None
        rate, sessions = _limit(claims, "rate"), _limit(claims, "sessions")
        return Pass(
            str(claims.get("sub", "")),
            now + min(left, LONGEST_S),
            rate,
            None if sessions is None else math.ceil(sessions),
        )

    def issue(self, subject: str, life_s: float, **limits: float | None) -> str:
        """Return a new token for ``subject``. Raises WrongSetting if no key can sign.

        ``limits``: the claims ``rate`` and ``sessions``; None: no such claim.
        """
        key = self.signing_key()
        now = int(time.time())
        claims: dict[str, Any] = {name: n for name, n in limits.items() if n is not None}
        claims |= {"sub": subject, "aud": self._audience, "iat": now, "exp": now + int(life_s)}
        if self._issuer:
            claims["iss"] = self._issuer
        return jwt.encode(claims, key.jwk, algorithm=key.algorithm, headers={"kid": key.kid})

    def signing_key(self) -> Key:
        """Return the first key in the file that can sign. Raises WrongSetting."""
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
        """Return the key that a token names. A token without kid means the only key."""
        if kid is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        if not isinstance(kid, str) or kid not in self._keys:
            raise Unauthorized("the token names no known key")
        return self._keys[kid]


def _limit(claims: Mapping[str, Any], name: str) -> float | None:
    """Return a limit that the token sets, None if it sets none. Raises Unauthorized."""
    value = claims.get(name)
    if value is None:
        return None
    if type(value) not in (int, float) or not 0 < value <= HIGHEST_LIMIT:
        raise Unauthorized(f"the token's {name} is not a number above 0")
    return float(value)


def _reason(error: Exception) -> str:
    return next((words for kind, words in _REASONS if isinstance(error, kind)), NOT_VALID)
