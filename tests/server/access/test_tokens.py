"""Verifying and issuing tokens; loading key files."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from server.access.keys import load_keys
from server.access.tokens import Tokens
from server.core.errors import Unauthorized
from server.settings import WrongSetting
from tests.server.access.keyring import (
    AUDIENCE,
    Entry,
    pair,
    private_key,
    secret,
    signed,
    unsigned,
    write,
)

NOW = 1000.0


def tokens(folder: Path, *entries: Entry, **options: Any) -> Tokens:
    return Tokens(write(folder / "keys.json", *entries), AUDIENCE, **options)


def assert_refused(judge: Tokens, token: str, words: str) -> None:
    with pytest.raises(Unauthorized) as caught:
        judge.verify(token, NOW)
    assert words in caught.value.message
    assert "\n" not in caught.value.message


# Tokens


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
def test_a_public_key_verifies(tmp_path: Path, algorithm: str) -> None:
    private, public = pair(algorithm)
    found = tokens(tmp_path, public).verify(signed(private), NOW)
    assert found.subject == "camera-7"
    assert found.until == pytest.approx(NOW + 3600, abs=60)


@pytest.mark.parametrize(
    ("claims", "rate", "sessions"),
    [
        ({}, None, None),
        ({"rate": 5, "sessions": 3}, 5.0, 3),
        ({"rate": 0.5}, 0.5, None),
        ({"rate": None, "sessions": 1000000}, None, 1000000),
    ],
)
def test_limits_in_a_token(
    tmp_path: Path, claims: dict[str, Any], rate: float | None, sessions: int | None
) -> None:
    key = secret()
    found = tokens(tmp_path, key).verify(signed(key, **claims), NOW)
    assert (found.rate, found.sessions) == (rate, sessions)


@pytest.mark.parametrize("name", ["rate", "sessions"])
@pytest.mark.parametrize("value", [0, -1, "5", True, [], {}, 1e300, float("nan")])
def test_limits_that_are_none(tmp_path: Path, name: str, value: Any) -> None:
    key = secret()
    words = f"the token's {name} is not a number above 0"
    assert_refused(tokens(tmp_path, key), signed(key, **{name: value}), words)


def test_issued_tokens_are_valid(tmp_path: Path) -> None:
    judge = tokens(tmp_path, secret(), issuer="here")
    found = judge.verify(judge.issue("camera-8", 600), NOW)
    assert found.subject == "camera-8"
    assert found.until == pytest.approx(NOW + 600, abs=60)


def test_expiry_and_leeway(tmp_path: Path) -> None:
    key = secret()
    judge = tokens(tmp_path, key, leeway_s=500)
    now = int(time.time())
    assert_refused(judge, signed(key, exp=now - 501), "expired")
    assert_refused(judge, signed(key, nbf=now + 600), "not valid yet")
    assert_refused(judge, signed(key, exp=None), "has no exp")
    assert_refused(judge, signed(key, exp="never"), "not valid")
    # Valid within the leeway, and so is the session.
    assert judge.verify(signed(key, exp=now - 200), NOW).until == pytest.approx(NOW + 300, abs=60)
    assert judge.verify(signed(key, exp=10**300), NOW).until < 1e10


def test_audience_and_issuer(tmp_path: Path) -> None:
    key = secret()
    judge = tokens(tmp_path, key, issuer="here")
    assert_refused(judge, signed(key, aud="elsewhere", iss="here"), "another audience")
    assert_refused(judge, signed(key, aud=None, iss="here"), "has no exp or no aud")
    assert_refused(judge, signed(key, iss="elsewhere"), "another issuer")
    assert_refused(judge, signed(key), "")
    assert judge.verify(signed(key, aud=["x", AUDIENCE], iss="here"), NOW)


def test_forged_tokens_are_rejected(tmp_path: Path) -> None:
    key = secret()
    judge = tokens(tmp_path, key)
    good = signed(key)
    assert_refused(judge, signed(secret()), "not valid")
    head, body, signature = good.split(".")
    other = base64.urlsafe_b64encode(b'{"sub":"root","aud":"framewire","exp":9999999999}')
    assert_refused(judge, f"{head}.{other.rstrip(b'=').decode()}.{signature}", "not valid")
    assert_refused(judge, f"{head}.{body}.", "not valid")
    assert_refused(judge, unsigned({"alg": "none", "kid": "one"}), "not valid")
    assert_refused(judge, unsigned({"alg": "none"}), "not valid")
    assert_refused(judge, unsigned({"alg": "HS256", "kid": "one"}), "not valid")


def test_a_public_key_is_never_used_as_a_secret(tmp_path: Path) -> None:
    """The key determines the algorithm; a token cannot choose another."""
    _, public = pair("RS256")
    judge = tokens(tmp_path, public)
    pem = private_key("RS256", 2048).public_key()
    pem = pem.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    text = unsigned({"alg": "HS256", "kid": "one"}).rstrip(".")
    mac = hmac.new(pem, text.encode(), hashlib.sha256).digest()
    forged = f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    assert_refused(judge, forged, "not valid")


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a",
        "a.b.c",
        "é.é.é",
        "..",
        "x" * 10_000,
        base64.urlsafe_b64encode(b"[" * 4000).decode() + ".e30.x",
        unsigned({"alg": "HS256", "kid": ["one"]}),
        unsigned({"alg": "HS256", "kid": {}}),
        unsigned({"alg": ["HS256"], "kid": "one"}),
        unsigned({"alg": "HS256", "kid": "one", "crit": ["exp"]}),
        pytest.param(unsigned({"kid": "one"}), id="no algorithm"),  # its value tells the time
    ],
)
def test_text_that_is_no_token_is_rejected(tmp_path: Path, token: str) -> None:
    assert_refused(tokens(tmp_path, secret()), token, "token")


# Keys


def nameless(entry: Entry) -> str:
    """A token without kid."""
    claims = {"aud": AUDIENCE, "exp": int(time.time()) + 60}
    return jwt.encode(claims, jwt.PyJWK(entry), algorithm="HS256")


def test_a_token_names_its_key_unless_there_is_but_one(tmp_path: Path) -> None:
    old, new = secret("old"), secret("new")
    judge = tokens(tmp_path, new, old)
    assert judge.verify(signed(old), NOW)
    assert judge.verify(signed(new), NOW)
    assert_refused(judge, signed(secret("else")), "names no known key")
    assert_refused(judge, signed(old, headers={"kid": "new"}), "not valid")
    assert_refused(judge, nameless(old), "names no known key")
    assert tokens(tmp_path, old).verify(nameless(old), NOW)


def test_a_token_is_valid_while_its_key_is_in_the_file(tmp_path: Path) -> None:
    old, new = secret("old"), secret("new")
    judge = tokens(tmp_path, old)
    earlier = judge.issue("a", 60)
    write(tmp_path / "keys.json", new, old)
    judge.reload()
    later = judge.issue("b", 60)
    assert judge.verify(earlier, NOW).subject == "a"
    write(tmp_path / "keys.json", new)
    judge.reload()
    assert judge.verify(later, NOW).subject == "b"
    assert_refused(judge, earlier, "names no known key")


def test_a_broken_file_leaves_the_keys_as_they_were(tmp_path: Path) -> None:
    key = secret()
    judge = tokens(tmp_path, key)
    (tmp_path / "keys.json").write_text("{")
    with pytest.raises(WrongSetting, match="not valid JSON"):
        judge.reload()
    assert judge.verify(signed(key), NOW)


def test_who_has_only_public_keys_cannot_sign(tmp_path: Path) -> None:
    private, public = pair("EdDSA")
    with pytest.raises(WrongSetting, match="no key in it can sign"):
        tokens(tmp_path, public).issue("a", 60)
    judge = tokens(tmp_path, public, secret("two"))
    assert judge.verify(judge.issue("a", 60), NOW)
    judge = tokens(tmp_path, {**private, "kid": "three"}, secret("two"))
    assert judge.signing_key().kid == "three"


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([], "with at least one key"),
        (["x"], "key 1: must be an object"),
        ([secret(""), secret()], "key 1: 'kid' must be a string of 1 to 128"),
        ([secret("a"), secret("a")], "key 2: the kid 'a' is used twice"),
        ([secret(size=31)], "key 1: HS256 needs a secret of at least 32 bytes"),
        ([secret(size=32, alg="HS512")], "HS512 needs a secret of at least 64 bytes"),
        ([secret("a\nb")], "'kid' must be a string of 1 to 128"),
        ([secret("\ud800")], "'kid' must be a string of 1 to 128"),
        ([secret(alg="none")], "'alg' must be one of HS256"),
        ([secret(alg=["HS256"])], "'alg' must be one of HS256"),
        ([secret(alg="RS256")], "is not a valid key for its kty and alg"),
        ([secret(kty="what")], "is not a valid key"),
        ([secret(kty=None)], "is not a valid key"),
        ([secret(k=None)], "is not a valid key"),
        ([{**pair("RS256")[1], "alg": "HS256"}], "is not a valid key"),
        ([pair("RS256", bits=1024)[1]], "needs a key of at least 2048 bits"),
        (
            [{"kty": "EC", "crv": "secp256k1", "kid": "x", "x": "AA", "y": "AA"}],
            "is not a valid key",
        ),
    ],
)
def test_keys_that_cannot_be_used(tmp_path: Path, entries: list[Any], words: str) -> None:
    path = write(tmp_path / "keys.json", *entries)
    with pytest.raises(WrongSetting) as caught:
        load_keys(path)
    line = str(caught.value)
    assert words in line
    assert "\n" not in line
    assert len(line) < 300
    secrets = [entry["k"] for entry in entries if isinstance(entry, dict) and entry.get("k")]
    assert not any(each in line for each in secrets)


@pytest.mark.parametrize("text", ["", "[]", '{"keys": {}}', "\udcff", "[" * 100_000, None])
def test_files_that_are_none(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "keys.json"
    if text is not None:
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
    hint = "does not exist; create it with: framewire key" if text is None else "token_keys"
    with pytest.raises(WrongSetting, match=hint):
        load_keys(str(path))


def test_the_algorithm_follows_from_the_kind_where_it_is_not_said(tmp_path: Path) -> None:
    entry = {name: value for name, value in pair("ES256")[1].items() if name != "alg"}
    [key] = load_keys(write(tmp_path / "keys.json", entry)).values()
    assert (key.algorithm, key.can_sign) == ("ES256", False)
    assert json.loads((tmp_path / "keys.json").read_text())["keys"] == [entry]
