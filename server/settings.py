"""The gateway's settings: one table, one frozen object, built once at start.

A command-line flag beats ``FRAMEWIRE_*`` in the environment (and ``PORT``), which
beats a TOML file (``--config``), which beats the default. docs/configuration.md
says the same for people, and a test holds the two together.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, NoReturn

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PREFIX = "FRAMEWIRE_"

# No control characters, and nothing that gRPC and JSON cannot carry: lone surrogates.
_NAME = r"[^\x00-\x1f\x7f\ud800-\udfff]+"
_PORT = r"0*([1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])"


class WrongSetting(Exception):
    """A setting that the gateway cannot start with; the message is one clear line."""


def setting(
    default: Any,
    help_text: str,
    low: float | None = None,
    high: float | None = None,
    form: str = "",
    form_help: str = "",
    secret: bool = False,
) -> Any:
    """One row of the table: a default, what it means, and the range of a number.

    ``form``: the regular expression that a text must fit; ``form_help`` says it in words.
    ``secret``: it has no flag, which every user of the machine could read, and is never shown.
    """
    row = {"help": help_text, "low": low, "high": high, "form": form, "form_help": form_help}
    return field(default=default, metadata={**row, "secret": secret}, repr=not secret)


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting. The unit is in the name where there is one."""

    host: str = setting("127.0.0.1", "address to listen on; 0.0.0.0 for every interface")
    port: int = setting(8888, "port to listen on; 0 takes a free one", 0, 65535)
    backend: str = setting(
        "127.0.0.1:8500",
        "gRPC address of the model server, HOST:PORT",
        form=rf"unix:.+|(?!https?://)\S+:{_PORT}",
        form_help="HOST:PORT",
    )
    model: str = setting(
        "digits", "model for sessions that name none", form=_NAME, form_help="a name"
    )
    label: str = setting(
        "",
        "version label for sessions that name none; empty: stable if there is one, else the newest",
        form=rf"({_NAME})?",
        form_help="a name",
    )
    canary_share: float = setting(
        0.0, "share (0 to 1) of the sessions that name no version which get canary_label", 0, 1
    )
    canary_label: str = setting(
        "canary",
        "version label for that share, where there is one",
        form=_NAME,
        form_help="a name",
    )
    descriptions: str = setting(
        "", "JSON file {model: description} for models without a describe signature"
    )

    max_batch: int = setting(16, "frames in one Predict call at most", 1, 4096)
    max_calls: int = setting(3, "Predict calls under way at most", 1, 256)
    max_wait_ms: float = setting(
        0.0, "how long a frame may wait for company while a call could go", 0, 60_000
    )
    max_staleness_ms: int = setting(500, "a frame older than this is dropped, not sent", 1, 600_000)
    window: int = setting(4, "frames of one session without an outcome at most", 2, 1024)

    max_frame_bytes: int = setting(2 * 2**20, "bytes of one frame at most", 1024, 2**30)
    max_upload_bytes: int = setting(
        10 * 2**20, "bytes of one uploaded picture at most", 1024, 2**30
    )
    max_uploads: int = setting(16, "pictures being uploaded at once at most", 1, 10**6)
    max_pixels: int = setting(16_000_000, "pixels of one frame at most", 1, 2**31)
    max_megapixels_per_s: float = setting(
        32.0,
        "decoded megapixels per second of one session at most, as a baseline JPEG has them; "
        "one frame may take half a second's; 0: no bound",
        0,
        10**6,
    )
    max_sessions: int = setting(1024, "open sessions at most", 1, 10**6)
    max_frame_rate: float = setting(
        0.0, "frames per second of one session at most; 0: no bound", 0, 10**6
    )
    max_send_buffer_bytes: int = setting(
        2**20, "bytes waiting for a client that reads too slowly, before it is closed", 1024, 2**30
    )
    decode_threads: int = setting(2, "threads that decode pictures for models of pixels", 1, 256)

    allowed_origins: str = setting(
        "",
        "Origins of pages that may connect besides this host's, separated by commas; "
        "https://*.example.com: its sub-domains; wechat: mini-programs; *: all",
        form=r"(\s*(\*|null|wechat|[a-z][a-z0-9+.-]*://(\*\.)?[^\s/,*]+)\s*(,|$))*",
        form_help="SCHEME://HOST[:PORT], wechat, null or *, separated by commas,",
    )
    trusted_proxies: str = setting(
        "", "addresses and networks of proxies whose X-Forwarded-* count, separated by commas"
    )
    tls_certificate: str = setting(
        "", "PEM file with the certificate and its chain; empty: no TLS. Read again when it changes"
    )
    tls_key: str = setting("", "PEM file with the certificate's key, without a passphrase")

    token_keys: str = setting(
        "", "file with the keys of tokens (JWK Set); empty: no tokens. Read again when it changes"
    )
    token_audience: str = setting(
        "framewire", "the audience (aud) of tokens that count", form=_NAME, form_help="a name"
    )
    token_issuer: str = setting("", "the issuer (iss) of tokens that count; empty: any")
    token_leeway_s: float = setting(
        10.0, "how far the clock of a token's issuer may differ", 0, 3600
    )
    login_token_s: int = setting(3600, "how long a token of /v1/login lasts", 30, 30 * 86400)
    max_logins_per_min: float = setting(
        60.0, "logins per minute of one address at most, and at once", 1, 10**6
    )
    wechat_appid: str = setting("", "the mini-program's appid; empty: no login")
    wechat_secret: str = setting("", "the appid's secret", secret=True)
    wechat_secret_file: str = setting("", "file with the appid's secret; beats wechat_secret")
    wechat_url: str = setting(
        "https://api.weixin.qq.com",
        "where wx.login's codes are exchanged",
        form=rf"https?://(\[[0-9A-Fa-f:.]+\]|[^\s/?#@:\[\]]+)(:{_PORT})?(/[^\s?#]*)?",
        form_help="http(s)://HOST[:PORT]",
    )
    wechat_timeout_s: float = setting(5.0, "how long WeChat may take to answer", 0.1, 60)

    hello_timeout_s: float = setting(10.0, "how long a socket may stay without hello", 0.1, 3600)
    ping_s: float = setting(
        20.0, "how often a peer is pinged; one that does not answer is closed", 0.1, 3600
    )
    drain_s: float = setting(30.0, "how long accepted frames are waited for at the end", 0, 3600)
    reconnect_after_ms: int = setting(
        1000, "when clients of a stopping server should come back", 0, 600_000
    )
    log_level: str = setting(
        "info",
        "debug, info, warning or error",
        form="debug|info|warning|error",
        form_help="debug, info, warning or error",
    )


def load(arguments: Sequence[str], environment: Mapping[str, str]) -> Settings:
    """The settings of this process. Raises WrongSetting; ``--help`` and ``--version`` exit."""
    _refuse_secrets(arguments)
    flags = vars(_parser().parse_args(arguments))
    flags.pop("version")
    config = flags.pop("config") or environment.get(f"{PREFIX}CONFIG")
    values: dict[str, Any] = _from_file(config) if config else {}
    values.update(_from_environment(environment))
    values.update(
        {name: (f"--{_dashed(name)}", text) for name, text in flags.items() if text is not None}
    )
    known = {row.name: row for row in fields(Settings)}
    return Settings(**{name: _parse(known[name], *value) for name, value in values.items()})


def load_descriptions(path: str) -> dict[str, dict[str, Any]]:
    """The descriptions of models that have none of their own. Raises WrongSetting."""
    if not path:
        return {}
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise WrongSetting(f"descriptions: {path}: {reason(error)}") from None
    if not isinstance(found, dict) or not all(isinstance(one, dict) for one in found.values()):
        raise WrongSetting(f"descriptions: {path}: a map from model names to maps is required")
    return found


def reason(error: Exception) -> str:
    """What went wrong, without the path, which stands in the line already."""
    return getattr(error, "strerror", None) or str(error)


class Parser(argparse.ArgumentParser):
    """One that says what is wrong in one line, as for every other wrong setting."""

    def error(self, message: str) -> NoReturn:
        raise WrongSetting(message)


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib import metadata  # 18 ms, that no other start should wait

        try:
            found = metadata.version("framewire")
        except metadata.PackageNotFoundError:
            found = "that is not installed"
        print(f"Framewire gateway {found}")
        parser.exit()


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m server",
        description="The Framewire gateway: cameras in front, TensorFlow Serving behind.",
        epilog=f"Each setting is also {PREFIX}NAME in the environment, or a line of the TOML file. "
        "python -m server key --help, python -m server token --help: keys and tokens.",
        allow_abbrev=False,
        formatter_class=lambda prog: argparse.HelpFormatter(prog, max_help_position=32, width=100),
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and end")
    parser.add_argument("--config", metavar="FILE", help="TOML file with settings")
    for row in fields(Settings):
        if row.metadata["secret"]:
            continue
        default = f" (default: {row.default})" if row.default != "" else ""
        parser.add_argument(
            f"--{_dashed(row.name)}",
            dest=row.name,
            metavar=str(row.type).upper(),
            help=row.metadata["help"].replace("%", "%%") + default,
        )
    return parser


def _refuse_secrets(arguments: Sequence[str]) -> None:
    """Say that a secret has no flag, before the parser cites what it does not know."""
    for row in fields(Settings):
        flag = f"--{_dashed(row.name)}"
        if row.metadata["secret"] and any(one.partition("=")[0] == flag for one in arguments):
            variable = f"{PREFIX}{row.name.upper()}"
            raise WrongSetting(f"{flag}: everybody on the machine reads flags; set {variable}")


def _from_file(path: str) -> dict[str, Any]:
    try:
        found = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise WrongSetting(f"{path}: {reason(error)}") from None
    known = {row.name for row in fields(Settings)}
    for name in found:
        if name not in known:
            raise WrongSetting(f"{path}: there is no setting {name!r}")
    return {name: (f"{path}: {name}", value) for name, value in found.items()}


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    known = {row.name for row in fields(Settings)}
    values: dict[str, Any] = {}
    if environment.get("PORT"):
        values["port"] = ("PORT", environment["PORT"])
    for variable, text in environment.items():
        name = variable.removeprefix(PREFIX).lower()
        if not variable.startswith(PREFIX) or name == "config":
            continue
        if name not in known:
            raise WrongSetting(f"{variable}: there is no setting {name!r}")
        values[name] = (variable, text)
    return values


_KINDS = {"int": int, "float": float, "str": str}
_TAKEN: dict[str, tuple[type, ...]] = {"int": (int,), "float": (int, float), "str": ()}
_WORDS = {"int": "a whole number", "float": "a number", "str": "a text"}


def _parse(row: Any, where: str, value: Any) -> Any:
    kind = _KINDS[row.type]
    try:
        # A text stands for a number where only texts can be said, but not the other way.
        if not isinstance(value, str) and type(value) not in _TAKEN[row.type]:
            raise ValueError
        parsed = kind(value)
    except (OverflowError, ValueError):
        shown = "" if row.metadata["secret"] else f", not {_cut(value)}"
        raise WrongSetting(f"{where}: {_WORDS[row.type]} is required{shown}") from None
    low, high, form = (row.metadata[name] for name in ("low", "high", "form"))
    # Written so that NaN, which compares with nothing, is outside.
    if low is not None and not low <= parsed <= high:
        raise WrongSetting(f"{where}: {_cut(parsed)} is not between {low} and {high}")
    if form and not re.fullmatch(form, parsed):
        wanted = row.metadata["form_help"]
        raise WrongSetting(f"{where}: {wanted} is required, not {_cut(parsed)}")
    return parsed


def _cut(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _dashed(name: str) -> str:
    return name.replace("_", "-")
