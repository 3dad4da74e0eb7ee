"""The program as a user runs it: a process of its own, its log, its exit status."""

from __future__ import annotations

import errno
import http.client
import json
import os
import queue
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from loadtest import procfs
from loadtest.stack import free_port
from modelserver.__main__ import _check_free
from modelserver.execution.runtime import import_tensorflow
from modelserver.status import CannotListen
from tests import forked
from tests.modelserver.client import Client, floats, predict_request, refused

ROOT = Path(__file__).resolve().parents[2]
START_S = 60.0
X = floats(2)
BUSY = "BUSY"


class Program:
    """``python -m modelserver`` with these flags, and its log.

    ``log``: a named pipe for a process that is forked; None: as a user starts it.
    """

    def __init__(self, *arguments: str, log: Path | None = None) -> None:
        self._log = log
        self.process: subprocess.Popen[str] | forked.Program
        if log is None:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "modelserver", *arguments],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        else:
            os.mkfifo(log)
            self.process = forked.Program(["modelserver", *arguments], output=log, errors=log)
        self.lines: list[str] = []
        self._new: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        output = self._log.open() if self._log else self.process.stdout
        assert output is not None
        for line in output:
            self.lines.append(line.rstrip())
            self._new.put(line)
        output.close()

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Wait for a line that matches, and return the match."""
        while True:
            found = re.search(pattern, self._new.get(timeout=START_S))
            if found:
                return found

    def end(self) -> int:
        """Wait for the process to end; return its exit status."""
        code = self.process.wait(START_S)
        self._reader.join(10)
        return code


Start = Callable[..., Program]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts programs, and kills what a test leaves."""
    started: list[Program] = []

    def begin(*arguments: str, log: Path | None = None) -> Program:
        started.append(Program(*arguments, log=log))
        return started[-1]

    yield begin
    for program in started:
        program.process.kill()
        program.end()


@pytest.fixture
def fork(start: Start, tmp_path: Path) -> Start:
    """Starts programs whose start is not what the test is about."""
    return lambda *arguments: start(*arguments, log=tmp_path / "log")


@pytest.fixture
def busy_port() -> Iterator[int]:
    """A port that another program listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_few_log_lines_then_answers_then_a_clean_exit(start: Start, models: Path) -> None:
    base = os.path.relpath(models / "half_plus", ROOT)
    rest = free_port()
    flags = ("--host=127.0.0.1", f"--rest_api_port={rest}", "--model_name=m")
    program = start("--port=0", *flags, f"--model_base_path={base}")
    port = program.wait_for(r"gRPC on port (\d+)")[1]
    program.wait_for(f"REST on port {rest}")
    for listening in (int(port), rest):
        socket.create_connection(("127.0.0.1", listening), 5).close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", listening), 5)
    client = Client(f"localhost:{port}")
    assert client.predict("m", {"x": X})["y"].tolist() == [3.0]
    # Without settle() it has 440 MB, and with all of TensorFlow 550 MB.
    assert procfs.resident_mb(program.process.pid) < 400

    second = start(f"--port={port}", f"--model_base_path={base}")
    assert second.end() == 2
    [line] = second.lines
    assert f"cannot listen on port {port}: " in line
    assert line.endswith("; choose another with --port")

    program.process.send_signal(signal.SIGINT)
    program.process.send_signal(signal.SIGTERM)  # both honcho and the terminal send a signal
    assert program.end() == 0
    client.close()
    clock = r"\d\d:\d\d:\d\d "
    times = r"\(load \d+\.\d s, warm-up \d+\.\d s\)"
    opened = [f"gRPC on port {port}", f"REST on port {rest}"]
    wanted = [f"m version 1: available {times}", *opened, "stopping"]
    assert len(program.lines) == len(wanted), program.lines
    for line, pattern in zip(program.lines, wanted, strict=True):
        assert re.fullmatch(clock + pattern, line)


def iter_done(calls: Sequence[Any]) -> Iterator[Any]:
    """Yield calls as they end."""
    ended: queue.Queue[Any] = queue.Queue()
    for call in calls:
        call.add_done_callback(ended.put)
    for _ in calls:
        yield ended.get(timeout=START_S)


def test_sigterm_lets_calls_finish_within_the_grace_period(fork: Start, models: Path) -> None:
    rest_port = free_port()
    ports = ("--port=0", f"--rest_api_port={rest_port}")
    program = fork(*ports, "--model_calls_at_once=4", f"--model_base_path={models / 'slow'}")
    port = program.wait_for(r"gRPC on port (\d+)")[1]
    program.wait_for("REST on port")
    client = Client(f"localhost:{port}", rest_port=rest_port)

    def count_to(steps: int) -> Any:
        return predict_request("default", {"n": np.array(steps)})

    endless = client.prediction.Predict.future(count_to(10**12), timeout=60)
    middling = client.prediction.Predict.future(count_to(30_000), timeout=60)
    posted = http.client.HTTPConnection("localhost", rest_port, timeout=60)
    posted.request("POST", "/v1/models/default:predict", '{"inputs": 30000}')
    client.http("GET", "/v1/models/default")
    client.send(count_to(1))  # answered after the others have started
    program.process.send_signal(signal.SIGTERM)
    assert json.load(posted.getresponse()) == {"outputs": 30_000}
    posted.close()
    assert middling.result().outputs["steps"].int64_val[0] == 30_000
    assert program.process.wait(START_S) == 0
    with refused() as error:
        endless.result()
    assert error.code in ("UNAVAILABLE", "CANCELLED")
    client.close()


def test_a_model_that_never_returns_keeps_only_its_own_slots(
    fork: Start, models: Path, config_file: Path
) -> None:
    limits = ("--model_calls_at_once=2", "--max_waiting_calls=3")
    program = fork("--port=0", f"--model_config_file={config_file}", *limits)
    port = program.wait_for(r"gRPC on port (\d+)")[1]
    client = Client(f"localhost:{port}")
    request = predict_request("slow", {"n": np.array(10**12)})
    calls = [client.prediction.Predict.future(request) for _ in range(6)]
    with refused() as error:  # two run, three wait, and one is refused
        next(iter_done(calls)).result()
    assert error.code == "RESOURCE_EXHAUSTED"
    assert client.predict("half_plus", {"x": X})["y"].tolist() == [3.0]
    assert sum(call.done() for call in calls) == 1
    client.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full disk's device")
def test_a_full_disk_for_the_log_stops_nothing(models: Path) -> None:
    port = free_port()
    flags = [f"--port={port}", f"--model_base_path={models / 'half_plus'}"]
    with open("/dev/full", "w") as full:
        process = subprocess.Popen(
            [sys.executable, "-m", "modelserver", *flags], cwd=ROOT, stdout=full, stderr=full
        )
    client = Client(f"localhost:{port}")
    try:
        grpc.channel_ready_future(client.channel).result(START_S)
        assert client.predict("default", {"x": X})["y"].tolist() == [3.0]
        process.send_signal(signal.SIGTERM)
        assert process.wait(START_S) == 0
    finally:
        process.kill()
        client.close()


@pytest.mark.parametrize(
    ("arguments", "status", "line"),
    [
        (["--prot=1"], 2, "modelserver: unknown flag --prot; did you mean --port?"),
        ([f"--port={BUSY}"], 2, "modelserver: --model_base_path is required: "),
        (
            ["--port=0", "--model_base_path=/no/where"],
            1,
            "nothing to serve as default: /no/where: No such",
        ),
        (["--port=0", "--model_config_file=/no/file"], 1, "modelserver: /no/file: No such file"),
    ],
)
def test_a_start_that_fails_says_why_in_one_line(
    start: Start, busy_port: int, arguments: list[str], status: int, line: str
) -> None:
    program = start(*(argument.replace(BUSY, str(busy_port)) for argument in arguments))
    assert program.end() == status
    assert len(program.lines) == 1
    assert line in program.lines[0]


def test_the_import_needs_neither_files_nor_standard_error(monkeypatch: Any) -> None:
    def full(*_: Any) -> Any:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    monkeypatch.setattr(sys, "stderr", None)
    import_tensorflow()


@pytest.mark.parametrize("host", ["a..b", "x" * 64, "nohost.invalid"])
def test_a_host_that_cannot_be_listened_on(host: str) -> None:
    with pytest.raises(CannotListen, match=r"cannot listen on .*; choose another with --host"):
        _check_free(host, 0, "--port")


def test_an_empty_config_file_waits_for_models(fork: Start, models: Path, tmp_path: Path) -> None:
    file = tmp_path / "models.config"
    file.touch()
    poll = "--model_config_file_poll_wait_seconds=0.1"
    program = fork("--port=0", f"--model_config_file={file}", poll)
    program.wait_for("the model config is empty; waiting for one that lists models")
    port = program.wait_for(r"gRPC on port (\d+)")[1]
    client = Client(f"localhost:{port}")
    new = tmp_path / "new.config"
    path = models / "half_plus"
    new.write_text(
        f'model_config_list {{ config {{ name: "m" base_path: "{path}" '
        'model_platform: "tensorflow" } }'
    )
    new.rename(file)
    program.wait_for("m version 1: available")
    assert client.predict("m", {"x": X})["y"].tolist() == [3.0]
    file.write_text("")
    program.wait_for(f"model config not applied: {file}: the file is empty; to unload all models")
    assert client.predict("m", {"x": X})["y"].tolist() == [3.0]
    client.close()


def test_help_names_the_flags(start: Start) -> None:
    program = start("--help")
    assert program.end() == 0
    assert any("--model_base_path" in line for line in program.lines)
