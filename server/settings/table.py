"""Every setting of the gateway, once: type, default, range, help."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

PREFIX = "FRAMEWIRE_"

# No control characters, and no lone surrogates, which neither gRPC nor JSON can carry.
_NAME = r"[^\x00-\x1f\x7f\ud800-\udfff]+"
_PORT = r"0*([1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])"

_HOST = r"(\[[0-9A-Fa-f:.]+(%\w+)?\]|[^\s,:/\[\]]+)"
_BACKEND = rf"(unix:[^,]+|(dns:///)?{_HOST}:{_PORT})"


def setting(
    group: str,
    default: Any,
    help_text: str,
    low: float | None = None,
    high: float | None = None,
    *,
    metavar: str = "",
    pattern: str = "",
    syntax: str = "",
    many: bool = False,
    secret: bool = False,
) -> Any:
    """Return one row of the table.

    ``group`` is its heading in ``--help``. ``low`` and ``high`` bound a number. A string must
    match the regular expression ``pattern``, which ``syntax`` puts into words. ``metavar``
    stands for the value in ``--help``, by default the unit at the end of the name. If it may
    be ``many`` values, its flag can be repeated, which is the same as commas. A ``secret`` has
    no flag, because every user of the machine can read those, and is never shown.
    """
    row = {
        "group": group,
        "help": help_text,
        "low": low,
        "high": high,
        "metavar": metavar,
        "pattern": pattern,
        "syntax": syntax,
        "many": many,
        "secret": secret,
    }
    return field(default=default, metadata=row, repr=not secret)


_network = partial(setting, "network")
_model = partial(setting, "model")
_batching = partial(setting, "batching")
_limit = partial(setting, "limits")
_admin = partial(setting, "administration")
_access = partial(setting, "access")
_tls = partial(setting, "TLS")
_login = partial(setting, "login with WeChat")
_operation = partial(setting, "operations")
_named: dict[str, Any] = {"metavar": "NAME", "pattern": _NAME, "syntax": "a name"}


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting. Where a setting has a unit, its name ends in it."""

    host: str = _network(
        "127.0.0.1",
        "address to listen on; 0.0.0.0: all interfaces",
        metavar="ADDRESS",
        pattern=r"[^\[\]/:]*|(?=.*:.*:)[0-9A-Fa-f:.]+(%\w+)?",
        syntax="an address or a name, without brackets and port",
    )
    port: int = _network(8888, "port to listen on; 0: any free port", 0, 65535, metavar="PORT")
    backend: str = _network(
        "127.0.0.1:8500",
        "gRPC address of the model server, or of several, comma-separated; dns:///NAME:PORT: all "
        "addresses behind a name, looked up again every two seconds",
        metavar="HOST:PORT",
        pattern=rf"\s*{_BACKEND}\s*(,\s*{_BACKEND}\s*)*",
        syntax="HOST:PORT, dns:///NAME:PORT or unix:PATH, comma-separated",
        many=True,
    )
    hello_timeout_s: float = _network(
        10.0, "how long a connection may take to send 'hello' before it is closed", 0.1, 3600
    )
    ping_s: float = _network(
        20.0, "interval between pings; a peer that misses one is disconnected", 0.1, 3600
    )

    model: str = _model("digits", "default model, for sessions that name none", **_named)
    label: str = _model(
        "",
        "version label for sessions that name no version, of any model; empty: 'stable' if it "
        "exists, otherwise the newest version",
        metavar="NAME",
        pattern=rf"({_NAME})?",
        syntax="a name",
    )
    canary_share: float = _model(
        0.0,
        "fraction of sessions (0 to 1) of the default model to send to the canary; those that name "
        "a version stay",
        0,
        1,
        metavar="FRACTION",
    )
    canary_label: str = _model("canary", "version label of the canary", **_named)
    canary_steps: str = _model(
        "",
        "shares of sessions, in percent, that `framewire export canary --auto` may choose, "
        "comma-separated; 5,25: follow the labels canary-5 and canary-25; empty: none",
        metavar="PERCENT",
        pattern=r"\s*|\s*(100|[1-9]\d?)\s*(,\s*(100|[1-9]\d?)\s*)*",
        syntax="whole numbers from 1 to 100, comma-separated",
        many=True,
    )
    shadow: str = _model(
        "",
        "label or number of a version to compare with those that sessions get: a share of the "
        "answered frames is sent to it as well; empty: none",
        metavar="LABEL",
        pattern=rf"({_NAME})?",
        syntax="a label or a version number",
    )
    shadow_share: float = _model(
        0.1,
        "fraction of answered frames (0 to 1) to send to the shadow, as capacity permits",
        0,
        1,
        metavar="FRACTION",
    )
    descriptions: str = _model(
        "",
        "JSON file {model: description} for models without a 'describe' signature",
        metavar="FILE",
    )
    decode_threads: int = _model(
        2,
        "threads that decode ordinary pictures, for models that take pixels; costly pictures share "
        "one more",
        1,
        256,
    )

    max_batch: int = _batching(16, "maximum number of frames in one Predict call", 1, 4096)
    max_calls: int = _batching(
        256,
        "maximum number of concurrent Predict calls to each model server; below it, the gateway "
        "finds out how many the server can use",
        1,
        256,
    )
    max_wait_ms: float = _batching(
        0.0, "how long to hold a frame back for a larger batch; 0: never", 0, 60_000
    )
    max_staleness_ms: int = _batching(
        500, "drop frames older than this instead of running inference", 1, 600_000
    )
    max_crops: int = _batching(
        20, "maximum number of boxes of a frame that a second model gets", 1, 50
    )
    window: int = _batching(4, "maximum number of unanswered frames per session", 2, 1024)

    max_frame_bytes: int = _limit(2 * 2**20, "maximum size of a frame", 1024, 2**30)
    max_upload_bytes: int = _limit(
        10 * 2**20, "maximum size of a picture uploaded over HTTP", 1024, 2**30
    )
    max_uploads: int = _limit(16, "maximum number of concurrent uploads", 1, 10**6)
    max_uploads_per_address: int = _limit(
        8, "maximum number of concurrent uploads from one address; 0: unlimited", 0, 10**6
    )
    max_requests_per_s: float = _limit(
        100.0,
        "maximum number of HTTP requests per second from one address, handshakes not counted; "
        "ten seconds' worth may come at once; 0: unlimited",
        0,
        10**6,
    )
    max_connections_per_address: int = _limit(
        256,
        "maximum number of HTTP connections from one address, open sessions not counted; "
        "0: unlimited",
        0,
        10**6,
    )
    max_pixels: int = _limit(16_000_000, "maximum number of pixels in a frame", 1, 2**31)
    max_megapixels_per_s: float = _limit(
        32.0,
        "maximum decoded megapixels per second and session, as a baseline JPEG has them; one frame "
        "may use half of it; 0: unlimited",
        0,
        10**6,
    )
    max_sessions: int = _limit(1024, "maximum number of open sessions", 1, 10**6)
    max_sessions_per_address: int = _limit(
        256,
        "maximum number of open sessions from one address (this machine's excepted); 0: unlimited",
        0,
        10**6,
    )
    max_sessions_per_subject: int = _limit(
        256,
        "maximum number of open sessions with tokens of one subject, unless a token says "
        "otherwise; 0: unlimited",
        0,
        10**6,
    )
    max_frame_rate: float = _limit(
        0.0,
        "maximum frames per second and session, unless the token says otherwise; 0: unlimited",
        0,
        10**6,
    )
    max_send_buffer_bytes: int = _limit(
        2**20, "disconnect a client that leaves more than this unread", 1024, 2**30
    )

    allowed_origins: str = _access(
        "",
        "origins, besides the gateway's own, whose pages may connect: comma-separated; "
        "https://*.example.com: any subdomain; wechat: mini-programs; *: any",
        metavar="ORIGINS",
        pattern=r"(\s*(\*|null|wechat|[a-z][a-z0-9+.-]*://(\*\.)?[^\s/,*]+)\s*(,|$))*",
        syntax="SCHEME://HOST[:PORT], wechat, null or *, comma-separated",
    )
    allowed_hosts: str = _access(
        "",
        "names under which the gateway serves its own pages, comma-separated; *: any; empty: "
        "localhost if only this machine can connect, otherwise any",
        metavar="NAMES",
        pattern=rf"(\s*(\*|\[[0-9A-Fa-f:.]+\]|[^\s,:/?#@\[\]*]+)(:{_PORT})?\s*(,|$))*",
        syntax="NAME, [IPV6-ADDRESS] or *, comma-separated",
    )
    trusted_proxies: str = _access(
        "",
        "addresses and networks of proxies whose X-Forwarded-* headers to trust, comma-separated",
        metavar="ADDRESSES",
    )
    token_keys: str = _access(
        "",
        "JWK Set file with the keys of access tokens; empty: no tokens required",
        metavar="FILE",
    )
    token_audience: str = _access("framewire", "required audience (aud) of tokens", **_named)
    token_issuer: str = _access(
        "", "required issuer (iss) of tokens; empty: any issuer", metavar="NAME"
    )
    token_leeway_s: float = _access(
        10.0, "tolerated clock difference between issuer and gateway", 0, 3600
    )

    tls_certificate: str = _tls(
        "", "PEM file with the certificate chain; empty: no TLS", metavar="FILE"
    )
    tls_key: str = _tls("", "PEM file with the private key, unencrypted", metavar="FILE")

    wechat_appid: str = _login("", "appid of the mini-program; empty: no login", metavar="APPID")
    wechat_secret: str = _login("", "secret of the appid", secret=True)
    wechat_secret_file: str = _login(
        "", "file with the secret of the appid; overrides wechat_secret", metavar="FILE"
    )
    wechat_url: str = _login(
        "https://api.weixin.qq.com",
        "server that exchanges wx.login codes",
        metavar="URL",
        pattern=rf"https?://(\[[0-9A-Fa-f:.]+\]|[^\s/?#@:\[\]]+)(:{_PORT})?(/[^\s?#]*)?",
        syntax="http(s)://HOST[:PORT]",
    )
    wechat_timeout_s: float = _login(5.0, "how long to wait for WeChat", 0.1, 60)
    login_token_s: int = _login(3600, "lifetime of tokens issued by /v1/login", 30, 30 * 86400)
    max_logins_per_min: float = _login(
        60.0, "maximum logins per minute and client address, also the maximum burst", 1, 10**6
    )

    admin: str = _admin(
        "",
        "address of the admin listener, with dashboard, metrics and actions; a port alone: this "
        "machine only; empty: none",
        metavar="[HOST:]PORT",
        pattern=rf"((\[[0-9A-Fa-f:.]+\]:|[^\s/:\[\]]+:)?(0|{_PORT}))?",
        syntax="[HOST:]PORT",
    )
    admin_tokens: str = _admin(
        "",
        "file with the name and token of an operator in each line; empty: no actions",
        metavar="FILE",
    )
    model_config: str = _admin(
        "",
        "the model servers' configuration file: its models are listed to clients, and operators "
        "can move labels; empty: neither",
        metavar="FILE",
    )

    workers: int = _operation(
        1, "number of processes that share the port and the load; 0: one per core", 0, 256
    )
    drain_s: float = _operation(30.0, "how long to wait for accepted frames when stopping", 0, 3600)
    reconnect_after_ms: int = _operation(
        1000, "when clients of a stopping gateway should reconnect", 0, 600_000
    )
    log_level: str = _operation(
        "info",
        "debug, info, warning or error",
        metavar="LEVEL",
        pattern="debug|info|warning|error",
        syntax="debug, info, warning or error",
    )
    log_format: str = _operation(
        "text",
        "text or json, one event per line",
        metavar="FORMAT",
        pattern="text|json",
        syntax="text or json",
    )
    otlp_endpoint: str = _operation(
        "",
        "OTLP collector (gRPC) for traces of sampled frames; empty: no traces",
        metavar="URL",
        pattern=rf"(https?://(\[[0-9A-Fa-f:.]+\]|[^\s/?#@:\[\]]+):{_PORT})?",
        syntax="http(s)://HOST:PORT",
    )
    trace_share: float = _operation(
        0.01,
        "fraction of frames (0 to 1) to trace, besides those whose clients ask for it",
        0,
        1,
        metavar="FRACTION",
    )
    record: str = _operation(
        "",
        "folder for a sample of frames with their outcomes; empty: nothing is recorded",
        metavar="FOLDER",
    )
    record_share: float = _operation(
        0.01, "fraction (0 to 1) of the frames or sessions to record", 0, 1, metavar="FRACTION"
    )
    record_unit: str = _operation(
        "frames",
        "frames: record single frames; sessions: record all frames of some sessions",
        metavar="UNIT",
        pattern="frames|sessions",
        syntax="frames or sessions",
    )
    record_max_mb: int = _operation(1024, "maximum size of the folder", 16, 10**6)
    record_keep_h: float = _operation(24.0, "how long recorded frames are kept", 0.01, 8760)
