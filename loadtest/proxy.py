"""nginx in front of several gateways, as a load balancer."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from loadtest.stack import free_port

_CONFIGURATION = """\
daemon off; {user} pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{}}
http {{
    access_log off;
    {temporary}
    upstream gateways {{
        {servers}
    }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://gateways;
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection "upgrade";
            proxy_set_header Host $http_host;
        }}
    }}
}}
"""
_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class Proxy:
    """nginx on a free ``port``. It tries another gateway if one takes no connection."""

    def __init__(self, folder: Path, gateways: Sequence[int]) -> None:
        self.port = free_port()
        self._file = folder / "nginx.conf"
        self._file.write_text(
            _CONFIGURATION.format(
                user="user root;" if os.geteuid() == 0 else "",
                folder=folder,
                temporary=" ".join(f"{kind}_temp_path {folder}/{kind};" for kind in _TEMPORARY),
                servers=" ".join(f"server 127.0.0.1:{port} max_fails=0;" for port in gateways),
                port=self.port,
            ),
            encoding="utf-8",
        )

    @staticmethod
    def available() -> bool:
        """Return whether nginx is installed."""
        return shutil.which("nginx") is not None

    def __enter__(self) -> Proxy:
        self._process = subprocess.Popen(["nginx", "-c", str(self._file)])
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.wait()
