"""The gateway's settings: precedence, errors, --help, and docs/configuration.md."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from server.settings import Settings, WrongSetting, load, load_descriptions
from server.startup import listen, page_url
from server.transport.listening import endpoint

ROOT = Path(__file__).resolve().parents[2]
ROWS = dataclasses.fields(Settings)
NUMBERS = [row for row in ROWS if row.type in ("int", "float")]


def toml(folder: Path, text: str) -> str:
    path = folder / "framewire.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def assert_wrong(
    words: str, arguments: list[str], environment: dict[str, str] | None = None
) -> None:
    with pytest.raises(WrongSetting) as caught:
        load(arguments, environment or {})
    line = str(caught.value)
    assert words in line
    assert "\n" not in line
    assert len(line) < 300


# Precedence


def test_defaults() -> None:
    assert load([], {}) == Settings()
    assert Settings().port == 8888
    assert (Settings().max_batch, Settings().window, Settings().max_staleness_ms) == (16, 4, 500)


def test_a_flag_beats_the_environment_beats_the_file_beats_the_default(tmp_path: Path) -> None:
    path = toml(tmp_path, "max_batch = 3\nmax_calls = 3\nwindow = 3\n")
    environment = {"FRAMEWIRE_MAX_BATCH": "2", "FRAMEWIRE_MAX_CALLS": "2"}
    found = load(["--config", path, "--max-batch", "1"], environment)
    assert (found.max_batch, found.max_calls, found.window) == (1, 2, 3)
    assert found.max_uploads == Settings().max_uploads


def test_several_model_servers_are_given_by_commas_or_by_repeating_the_flag() -> None:
    commas = load([], {"FRAMEWIRE_BACKEND": "a:1,dns:///b:2,unix:/c.sock,[::1]:3"})
    flags = ("--backend", "a:1", "--backend=dns:///b:2,unix:/c.sock", "--backend", "[::1]:3")
    assert load(flags, {"FRAMEWIRE_BACKEND": "d:4"}) == commas


def test_port_applies_unless_framewire_port_is_set(tmp_path: Path) -> None:
    path = toml(tmp_path, "port = 1")
    assert load(["--config", path], {"PORT": "2"}).port == 2
    assert load([], {"PORT": "2", "FRAMEWIRE_PORT": "3"}).port == 3
    assert load([], {"FRAMEWIRE_PORT": "3", "PORT": "2"}).port == 3
    assert load(["--port", "4"], {"PORT": "2", "FRAMEWIRE_PORT": "3"}).port == 4
    assert load([], {"PORT": ""}).port == 8888


def test_variables_from_files_with_other_line_ends() -> None:
    """Such as those that ``docker run --env-file`` takes from Windows."""
    settings = load([], {"FRAMEWIRE_HOST": "0.0.0.0\r", "FRAMEWIRE_MODEL": " flowers\n"})
    assert (settings.host, settings.model) == ("0.0.0.0", "flowers")


def test_an_empty_variable_is_unset_unless_the_setting_may_be_empty(tmp_path: Path) -> None:
    path = toml(tmp_path, 'window = 7\nlabel = "canary"')
    names = ("HOST", "PORT", "WINDOW", "LABEL")
    settings = load(["--config", path], {f"FRAMEWIRE_{name}": "" for name in names})
    assert (settings.host, settings.port, settings.window) == ("127.0.0.1", 8888, 7)
    assert settings.label == ""


def test_the_file_may_be_named_in_the_environment(tmp_path: Path) -> None:
    first = toml(tmp_path, "window = 7")
    assert load([], {"FRAMEWIRE_CONFIG": first}).window == 7
    other = tmp_path / "other.toml"
    other.write_text("window = 8")
    assert load(["--config", str(other)], {"FRAMEWIRE_CONFIG": first}).window == 8


def test_other_variables_are_ignored() -> None:
    assert load([], {"PATH": "/bin", "FRAMEWIR_PORT": "1", "framewire_port": "2"}) == Settings()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_setting_can_be_given_every_way(row: Any, tmp_path: Path) -> None:
    value = {
        "backend": "10.0.0.1:9000",
        "allowed_origins": "https://example.com",
        "wechat_url": "http://127.0.0.1:9000",
        "log_level": "debug",
        "log_format": "json",
        "otlp_endpoint": "http://127.0.0.1:4317",
        "record_unit": "sessions",
        "canary_steps": "5,25",
        "admin": "127.0.0.1:8889",
    }.get(row.name, "text")
    if row in NUMBERS:
        value = row.metadata["low"] or min(row.default + 1, row.metadata["high"])
    said = str(value)
    line = repr(value) if row in NUMBERS else f'"{value}"'
    path = toml(tmp_path, f"{row.name} = {line}")
    flag = [] if row.metadata["secret"] else [load([f"--{row.name.replace('_', '-')}", said], {})]
    for found in (
        *flag,
        load([], {f"FRAMEWIRE_{row.name.upper()}": said}),
        load(["--config", path], {}),
    ):
        assert getattr(found, row.name) == value
        assert type(getattr(found, row.name)) is type(row.default)
        assert dataclasses.replace(found, **{row.name: row.default}) == Settings()


# Errors


@pytest.mark.parametrize("row", NUMBERS, ids=lambda row: row.name)
def test_every_number_has_its_range(row: Any) -> None:
    flag = f"--{row.name.replace('_', '-')}"
    low, high = row.metadata["low"], row.metadata["high"]
    assert low <= row.default <= high
    for value in (type(row.default)(low - 1), type(row.default)(high + 1)):
        assert_wrong(f"{flag}: must be between {low} and {high}, not {value}", [flag, str(value)])
    for value in ("", "x", "1 2", "0x10", "9" * 6000):
        assert_wrong(f"{flag}: ", [flag, value])


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e999"])
def test_numbers_that_are_not_finite(value: str) -> None:
    for row in NUMBERS:
        variable = f"FRAMEWIRE_{row.name.upper()}"
        assert_wrong(f"{variable}: ", [], {variable: value})


@pytest.mark.parametrize(
    ("flag", "value", "words"),
    [
        ("--log-level", "verbose", "must be debug, info, warning or error, not 'verbose'"),
        ("--log-format", "xml", "must be text or json, not 'xml'"),
        ("--log-level", "INFO", "must be debug, info, warning or error"),
        ("--host", "127.0.0.1:8888", "must be an address or a name, without brackets and port"),
        ("--host", "[::1]", "without brackets"),
        ("--host", "http://localhost", "must be an address or a name"),
        ("--backend", "localhost", "must be HOST:PORT, dns:///NAME:PORT or unix:PATH"),
        ("--backend", "localhost:1,", "comma-separated, not 'localhost:1,'"),
        ("--backend", "localhost:1,localhost", "comma-separated, not 'localhost:1,localhost'"),
        ("--backend", "localhost:", "must be HOST:PORT"),
        ("--backend", "", "must be HOST:PORT"),
        ("--backend", "localhost:0", "must be HOST:PORT"),
        ("--backend", "localhost:65536", "must be HOST:PORT"),
        ("--backend", "http://localhost:8500", "must be HOST:PORT"),
        ("--backend", "tcp://10.0.0.7:8500", "must be HOST:PORT"),
        ("--backend", "grpc://serving:8500", "must be HOST:PORT"),
        ("--backend", "::1:8500", "must be HOST:PORT"),
        ("--model", "", "must be a name, not ''"),
        ("--model", "a\nb", r"must be a name, not 'a\nb'"),
        ("--model", "\udcff", r"must be a name, not '\udcff'"),
        ("--label", "\x1b", "must be a name"),
        ("--canary-label", "\udcff", "must be a name"),
        ("--canary-steps", "5,101", "must be whole numbers from 1 to 100, comma-separated"),
        ("--canary-steps", "5,,50", "must be whole numbers"),
        ("--canary-steps", "0", "must be whole numbers"),
        ("--token-audience", "\udcff", "must be a name"),
        ("--allowed-origins", "example.com", "SCHEME://HOST"),
        ("--allowed-origins", "https://example.com/path", "SCHEME://HOST"),
        ("--allowed-origins", "https://a.*.example.com", "SCHEME://HOST"),
        ("--wechat-url", "api.weixin.qq.com", "must be http(s)://HOST[:PORT]"),
        ("--wechat-url", "https://[", "must be http(s)://HOST[:PORT]"),
        ("--wechat-url", "https://host:port", "must be http(s)://HOST[:PORT]"),
        ("--wechat-url", "https://host:65536", "must be http(s)://HOST[:PORT]"),
        ("--wechat-url", "https://host?x=1", "must be http(s)://HOST[:PORT]"),
        ("--wechat-url", "https://a@host", "must be http(s)://HOST[:PORT]"),
        ("--port", "8888.0", "must be an integer, not '8888.0'"),
        ("--port", "a\nb", r"not 'a\nb'"),
        ("--drain-s", "10s", "must be a number (seconds), not '10s'"),
        ("--max-staleness-ms", "0.5s", "must be an integer (milliseconds), not '0.5s'"),
        ("--max-frame-bytes", "2MiB", "must be an integer (bytes), not '2MiB'"),
        ("--record-max-mb", "1G", "must be an integer (megabytes), not '1G'"),
        ("--record-keep-h", "1d", "must be a number (hours), not '1d'"),
        ("--max-requests-per-s", "10/s", "must be a number, not '10/s'"),
        *(
            ("--allowed-hosts", value, "must be NAME, [IPV6-ADDRESS] or *, comma-separated")
            for value in ("https://a.example", "*.a.example", "a b", "a/b", "::1", "a:http", "a@b")
        ),
    ],
)
def test_wrong_values(flag: str, value: str, words: str) -> None:
    assert_wrong(f"{flag}: ", [flag, value])
    assert_wrong(words, [flag, value])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("host", "::"),
        ("host", "fe80::1%eth0"),
        ("host", "::ffff:127.0.0.1"),
        ("backend", "127.0.0.1:8500"),
        ("backend", "[::1]:8500"),
        ("backend", "[fe80::1%eth0]:8500"),
        ("backend", "dns:///serving:8500"),
        ("backend", "unix:/run/serving.sock"),
        ("allowed_origins", "*"),
        ("allowed_origins", "null"),
        ("allowed_origins", "wechat, https://*.example.com"),
        ("allowed_origins", "https://a.example, http://b:8080 ,weapp://wechat-game-runtime"),
        ("log_level", "warning"),
        ("allowed_hosts", "a.example, b:443,[::1]:8888,192.168.1.20"),
        ("allowed_hosts", "*"),
    ],
)
def test_right_values(name: str, value: str) -> None:
    assert getattr(load([], {f"FRAMEWIRE_{name.upper()}": value}), name) == value


def test_an_empty_host_means_all_interfaces() -> None:
    assert load(["--host", ""], {}).host == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("prot = 1", "unknown setting 'prot'; did you mean port?"),
        ("[server]\nport = 1", "settings have no sections; remove [server]"),
        ("port: 8888", "not valid TOML"),
        ("port = true", "port: must be an integer, not true"),
        ("port = 1.0", "port: must be an integer, not 1.0"),
        ("port = [1]", "port: must be an integer, not [1]"),
        ("port = 2026-01-01", "port: must be an integer, not 2026-01-01"),
        ("max_wait_ms = true", "max_wait_ms: must be a number (milliseconds), not true"),
        ("max_wait_ms = nan", "max_wait_ms: must be between 0 and 60000, not nan"),
        ("max_wait_ms = 1" + "0" * 400, "max_wait_ms: must be a number (milliseconds), not 1000"),
        ("host = 1", "host: must be a string, not 1"),
        ("host = ['a']", "host: must be a string, with commas between several values, not ['a']"),
        ('token_keys = "a\\u0000b"', "token_keys: must not contain a null character"),
        ("port = ", "Invalid value"),
        ("port = 1\nport = 2", "Cannot overwrite a value"),
        # tomllib says recursion, and tomli, which is for Python 3.10, how deep it may be.
        ("port = " + "[" * 5000, "recursion" if sys.version_info >= (3, 11) else "nested"),
    ],
)
def test_wrong_files(tmp_path: Path, text: str, words: str) -> None:
    path = toml(tmp_path, text)
    assert_wrong(words, ["--config", path])
    assert_wrong(path, ["--config", path])


def test_a_file_that_windows_has_marked_as_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text("port = 9000\r\n", encoding="utf-8-sig")
    assert load(["--config", str(path)], {}).port == 9000
    path.write_text("{}\r\n", encoding="utf-8-sig")
    assert load_descriptions(str(path)) == {}


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    assert_wrong("No such file", ["--config", str(tmp_path / "missing.toml")])
    assert_wrong("Is a directory", ["--config", str(tmp_path)])
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b'host = "\xe9"')
    assert_wrong("not UTF-8 text (byte 9); save it as UTF-8", ["--config", str(latin)])
    latin.write_text("host = '::1'\r\n", "utf-16")
    assert load(["--config", str(latin)], {}).host == "::1"


def test_names_that_do_not_exist() -> None:
    assert_wrong(
        "FRAMEWIRE_PROT: unknown setting 'prot'; did you mean port?", [], {"FRAMEWIRE_PROT": "1"}
    )
    assert_wrong("unknown flag --prot; did you mean --port?", ["--prot", "1"])
    assert_wrong("unknown flag --max-b; did you mean --max-batch?", ["--max-b", "1"])
    assert_wrong("unknown flag --qqq", ["--qqq=1"])
    assert_wrong("unknown argument keys; did you mean key?", ["keys", "--public", "a.pem"])
    assert_wrong("--port: requires a value", ["--port"])


# Descriptions


def test_descriptions(tmp_path: Path) -> None:
    assert load_descriptions("") == {}
    path = tmp_path / "descriptions.json"
    path.write_text('{"zoo": {"task": "detection"}}')
    assert load_descriptions(str(path)) == {"zoo": {"task": "detection"}}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "Expecting property name"),
        ("[]", "must map each model name to an object"),
        ('{"zoo": 1}', "must map each model name to an object"),
        ("[" * 100_000, "recursion"),
        (None, "No such file"),
    ],
)
def test_wrong_descriptions(tmp_path: Path, text: str | None, words: str) -> None:
    path = tmp_path / "descriptions.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(WrongSetting, match=words) as caught:
        load_descriptions(str(path))
    assert "\n" not in str(caught.value)


# The command line


def python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if name != "PORT"}
    return subprocess.run(
        [sys.executable, "-m", "server", *arguments],
        cwd=ROOT,
        env={**own, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_wrong_setting_is_one_line_and_status_2() -> None:
    found = python("--log-level", "loud")
    assert found.returncode == 2
    assert found.stdout == ""
    assert found.stderr == (
        "framewire: --log-level: must be debug, info, warning or error, not 'loud'\n"
    )


@pytest.mark.parametrize("host", ["a" * 64, "...", "no host", "a\0b", "\udcff", "1.2.3.4.5"])
def test_a_host_that_cannot_be_listened_on(host: str) -> None:
    with pytest.raises(WrongSetting, match="cannot listen on ") as caught:
        listen(Settings(host=host, port=0))
    assert "\n" not in str(caught.value)
    assert "codec" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "written"),
    [("::1", "[::1]:80"), ("", "*:80"), ("10.0.0.7", "10.0.0.7:80"), ("a.example", "a.example:80")],
)
def test_where_it_listens(host: str, written: str) -> None:
    assert endpoint(host, 80) == written


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--port"], "--port: requires a value"),
        (["--help=all"], "--help: takes no value"),
    ],
)
def test_errors_of_the_command_line_are_like_those_of_settings(
    arguments: list[str], line: str
) -> None:
    with pytest.raises(WrongSetting) as caught:
        load(arguments, {})
    assert str(caught.value) == line


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),
        ("::", "[::1]"),
        ("::1", "[::1]"),
        ("*", "127.0.0.1"),
        ("0", "127.0.0.1"),
        ("cameras.example", "cameras.example"),
    ],
)
def test_the_address_of_the_page(host: str, name: str) -> None:
    assert page_url(Settings(host=host), 8888) == f"http://{name}:8888/"


def test_a_port_in_use() -> None:
    [taken] = listen(Settings(port=0))
    port = taken.getsockname()[1]
    with taken, pytest.raises(WrongSetting) as caught:
        listen(Settings(port=port))
    assert str(caught.value) == (
        f"cannot listen on 127.0.0.1:{port}: Address already in use; "
        "choose another with --port or PORT"
    )


def test_a_missing_file_is_named_once(tmp_path: Path) -> None:
    path = tmp_path / "none"
    assert_wrong(f"{path}: No such file or directory", ["--config", str(path)])
    with pytest.raises(WrongSetting, match=f"descriptions: {path}: No such file or directory"):
        load_descriptions(str(path))


def test_the_version() -> None:
    found = python("--version")
    assert found.returncode == 0
    assert re.fullmatch(r"Framewire gateway \d+\.\d+\.\d+\n", found.stdout)


def test_help_names_every_setting() -> None:
    found = python("--help")
    assert found.returncode == 0
    for row in ROWS:
        shown = f"--{row.name.replace('_', '-')} " in found.stdout
        assert shown is not row.metadata["secret"]


# Secrets


def test_a_secret_is_shown_nowhere(tmp_path: Path) -> None:
    environment = {"FRAMEWIRE_WECHAT_SECRET": "s3cret"}
    settings = load([], environment)
    assert settings.wechat_secret == "s3cret"
    assert "s3cret" not in f"{settings} {settings!r}"
    assert "s3cret" not in python("--help", **environment).stdout
    for flags in (["--wechat-secret", "s3cret"], ["--wechat-secret=s3cret"]):
        assert_wrong(
            "every user of this machine can read flags; set FRAMEWIRE_WECHAT_SECRET", flags
        )
        with pytest.raises(WrongSetting) as caught:
            load(flags, {})
        assert "s3cret" not in str(caught.value)
    with pytest.raises(WrongSetting) as caught:
        load(["--config", toml(tmp_path, "wechat_secret = 5555")], {})
    assert "5555" not in str(caught.value)


def documented() -> dict[str, str]:
    """The rows of docs/configuration.md: a setting's name and its default."""
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    return dict(re.findall(r"^\| `([a-z_]+)` \| (.*?) \|", text, flags=re.MULTILINE))


def test_docs_and_help_have_the_same_groups() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    sections = re.findall(r"^## (.+)\n((?:(?!## ).*\n)*)", text, flags=re.MULTILINE)
    documented = {
        name: title.lower()
        for title, section in sections
        for name in re.findall(r"^\| `([a-z_]+)` \|", section, flags=re.MULTILINE)
    }
    assert documented == {row.name: row.metadata["group"].lower() for row in ROWS}


def test_docs_describe_every_setting_and_no_other() -> None:
    assert sorted(documented()) == sorted(row.name for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_docs_give_the_default(row: Any) -> None:
    said = documented()[row.name].strip("`")
    if row in NUMBERS:
        assert float(said) == row.default
    else:
        assert said == (row.default or "empty")
