"""``python -m server key`` and ``token``."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from server.access.command import COMMANDS
from server.access.keys import load_keys
from server.access.tokens import Tokens
from server.settings import WrongSetting
from tests.server.access.keyring import pair, private_key, signed, write

SPKI = PublicFormat.SubjectPublicKeyInfo
ROOT = Path(__file__).resolve().parents[3]


def run(name: str, *arguments: str, **environment: str) -> str:
    return COMMANDS[name](arguments, environment)


def test_a_new_key_signs_and_the_others_still_verify(tmp_path: Path) -> None:
    path = str(tmp_path / "keys.json")
    first = run("key", "--token-keys", path)
    old = run("token", "--token-keys", path, "--subject", "a")
    second = run("key", FRAMEWIRE_TOKEN_KEYS=path)
    assert list(load_keys(path)) == [second, first]
    new = run("token", "--subject", "b", "--expires", "2m", FRAMEWIRE_TOKEN_KEYS=path)
    judge = Tokens(path, "framewire")
    assert judge.verify(old, 0).until == pytest.approx(3600, abs=5)
    found = judge.verify(new, 0)
    assert (found.subject, found.until) == ("b", pytest.approx(120, abs=5))


def test_the_file_is_private_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    run("key", "--token-keys", str(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    run("key", "--token-keys", str(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert list(tmp_path.iterdir()) == [path]


def test_an_empty_file_gets_its_first_key(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.touch()
    kid = run("key", "--token-keys", str(path))
    assert list(load_keys(str(path))) == [kid]


def test_other_keys_are_kept(tmp_path: Path) -> None:
    public = pair("EdDSA", "elsewhere")[1]
    path = write(tmp_path / "keys.json", public)
    kid = run("key", "--token-keys", path)
    assert list(load_keys(path)) == [kid, "elsewhere"]


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_adding_a_public_key(tmp_path: Path, algorithm: str) -> None:
    path = str(tmp_path / "keys.json")
    first = run("key", "--token-keys", path)
    pem = private_key(algorithm, 2048).public_key()
    pem = pem.public_bytes(Encoding.PEM, SPKI)
    (tmp_path / "key.pem").write_bytes(pem)
    kid = run("key", "--token-keys", path, "--public", str(tmp_path / "key.pem"))
    assert list(load_keys(path)) == [first, kid]
    token = signed({**pair(algorithm)[0], "kid": kid})
    assert Tokens(path, "framewire").verify(token, 0).subject == "camera-7"
    assert run("token", "--token-keys", path, "--subject", "a")


def test_unusable_public_keys(tmp_path: Path) -> None:
    path, pem = str(tmp_path / "keys.json"), tmp_path / "key.pem"
    short = private_key("RS256", 1024).public_key()
    other = ec.generate_private_key(ec.SECP256K1()).public_key()
    for content in (b"x", *(k.public_bytes(Encoding.PEM, SPKI) for k in (short, other))):
        pem.write_bytes(content)
        with pytest.raises(WrongSetting, match="not a supported public key in PEM"):
            run("key", "--token-keys", path, "--public", str(pem))
    with pytest.raises(WrongSetting, match="No such file"):
        run("key", "--token-keys", path, "--public", str(tmp_path / "nothing"))
    assert not Path(path).exists()


def test_a_broken_file_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text("mine")
    with pytest.raises(WrongSetting, match="not valid JSON"):
        run("key", "--token-keys", str(path))
    assert path.read_text() == "mine"
    with pytest.raises(WrongSetting, match="No such file"):
        run("key", "--token-keys", str(tmp_path / "nowhere" / "keys.json"))


@pytest.mark.parametrize("text", ["", "1", "h", "0h", "-1h", "1.5h", "1y", "9999999999s"])
def test_malformed_lifetimes(tmp_path: Path, text: str) -> None:
    path = str(tmp_path / "keys.json")
    run("key", "--token-keys", path)
    with pytest.raises(WrongSetting, match="must be like 30s, 15m, 12h or 7d"):
        run("token", "--token-keys", path, "--subject", "a", f"--expires={text}")


def test_from_a_shell(tmp_path: Path) -> None:
    path = str(tmp_path / "keys.json")
    said = [
        subprocess.run(
            [sys.executable, "-m", "server", *words],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        for words in (["key", "--token-keys", path], ["token", "--subject", "a"])
    ]
    assert said[0].stdout.strip() == next(iter(load_keys(path)))
    assert said[1].returncode == 2
    assert (
        said[1].stderr
        == "framewire: token_keys: name the key file with --token-keys or FRAMEWIRE_TOKEN_KEYS\n"
    )


def test_of_a_link_the_file_is_replaced(tmp_path: Path) -> None:
    link, file = tmp_path / "keys.json", tmp_path / "real" / "keys.json"
    file.parent.mkdir()
    link.symlink_to(file)
    kid = run("key", "--token-keys", str(link))
    assert link.is_symlink()
    assert list(load_keys(str(file))) == [kid]
    assert list(file.parent.iterdir()) == [file]


def test_a_key_that_cannot_be_stored_stays_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("server.access.command.os.replace", full)
    with pytest.raises(WrongSetting, match=r"keys\.json: No space left on device"):
        run("key", "--token-keys", str(tmp_path / "keys.json"))
    assert list(tmp_path.iterdir()) == []


def test_a_path_that_no_file_can_have(tmp_path: Path) -> None:
    with pytest.raises(WrongSetting, match="File name too long"):
        run("key", "--token-keys", str(tmp_path / ("a" * 300)))


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        ([], "--subject is required"),
        (["--subject"], "--subject: requires a value"),
        (["--subject", ""], "--subject: must be a name, not ''"),
        (["--subject", "a", "--sessions", "1.5"], "--sessions: must be an integer, not '1.5'"),
        (["--subject", "a", "--rate", "15/s"], "--rate: must be a number, not '15/s'"),
    ],
)
def test_wrong_flags_of_a_token(tmp_path: Path, flags: list[str], line: str) -> None:
    path = str(tmp_path / "keys.json")
    run("key", "--token-keys", path)
    with pytest.raises(WrongSetting) as caught:
        run("token", "--token-keys", path, *flags)
    assert str(caught.value) == line
