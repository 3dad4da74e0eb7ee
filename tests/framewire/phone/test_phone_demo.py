"""``framewire demo --phone`` from outside: real processes, and a client that trusts them."""

from __future__ import annotations

import os
import re
import signal
import ssl
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

from loadtest.stack import free_port
from tests.conftest import ROOT

PATIENCE_S = 60.0


def demo(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start the demo, with its certificates in ``folder``."""
    ports = [f"--{name}port={free_port()}" for name in ("", "grpc-", "rest-", "phone-")]
    return subprocess.Popen(
        [sys.executable, "-m", "framewire", "demo", *ports, *arguments],
        cwd=ROOT,
        env={**os.environ, "XDG_DATA_HOME": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_a_phone_finds_its_way(tmp_path: Path, demo_models: Path) -> None:
    """From the printed address over the guide to the camera page."""
    with demo(tmp_path, f"--directory={demo_models}", "--phone=127.0.0.1") as process:
        timer = threading.Timer(PATIENCE_S, process.kill)
        timer.start()
        assert process.stdout is not None
        shown = ""
        while "Remove the certificate" not in shown:
            line = process.stdout.readline()
            assert line, shown
            shown += line
        [guide] = re.findall(r"or open (http://\S+)", shown)
        with urllib.request.urlopen(guide, timeout=10) as answer:
            [camera] = re.findall(r'href="(https://[^"]+)"', answer.read().decode())
        trusting = ssl.create_default_context(
            cafile=str(tmp_path / "framewire" / "phone" / "authority.pem")
        )
        with urllib.request.urlopen(camera, timeout=10, context=trusting) as answer:
            assert b"<title>Framewire</title>" in answer.read()
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        timer.cancel()
    assert "SSL" not in shown + rest
    assert process.returncode == 0, shown + rest


def test_a_public_address_is_refused(tmp_path: Path) -> None:
    with demo(tmp_path, "--phone=8.8.8.8") as process:
        said, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 2
    assert said.startswith("framewire demo: 8.8.8.8 is not a private address")
    assert not any(tmp_path.iterdir())
