"""TLS credentials for gRPC, from the file that ``--ssl_config_file`` names."""

from __future__ import annotations

from typing import Any

import grpc

from modelserver.options import text_files
from modelserver.status import invalid


def from_file(path: str) -> Any:
    """Return server credentials from an SSLConfig: key, certificate and CA as PEM text.

    Raise ``ServingError`` if the file cannot be read, or if a required field is missing.
    """
    ssl = text_files.read(path, text_files.new("SSLConfig"))
    if not ssl.server_key or not ssl.server_cert:
        raise invalid(f"{path}: server_key and server_cert are required")
    for name in ("server_key", "server_cert", "custom_ca"):
        if getattr(ssl, name) and "-----BEGIN" not in getattr(ssl, name):
            raise invalid(f"{path}: {name} must be the PEM text itself, not the path of its file")
    if ssl.client_verify and not ssl.custom_ca:
        raise invalid(f"{path}: client_verify requires custom_ca")
    return grpc.ssl_server_credentials(
        [(ssl.server_key.encode(), ssl.server_cert.encode())],
        root_certificates=ssl.custom_ca.encode() or None,
        require_client_auth=ssl.client_verify,
    )
