"""Kill publishers at random moments while a real model server watches the directory."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from export.client.model_server import AVAILABLE, ModelServer
from loadtest.stack import ROOT, free_port
from tests.export import versions
from tests.export.versions import assert_whole, command, hidden, numbers, run
from tests.forked import ForkedProcess

KILLS = 25
START_S = 60.0


@pytest.fixture(scope="module")
def source(demo_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a version with many files, so that copying takes a while."""
    folder = tmp_path_factory.mktemp("build") / "1"
    shutil.copytree(demo_models / "digits" / "1", folder)
    for number in range(150):
        versions.make(folder, {f"assets.extra/part-{number:03d}": b"x" * 4096})
    return folder


@pytest.fixture
def target(source: Path, tmp_path: Path) -> Path:
    """Return a directory with version 1 in it."""
    assert run("publish", source, tmp_path / "digits").returncode == 0
    return tmp_path / "digits"


@pytest.fixture
def watching(target: Path) -> Iterator[tuple[ModelServer, Path]]:
    """Yield a model server that polls the directory fifty times a second, and its log."""
    port, log = free_port(), target.with_name("modelserver.log")
    flags = [f"--port={port}", "--model_name=digits", f"--model_base_path={target}"]
    flags += ["--file_system_poll_wait_seconds=0.02", "--enable_model_warmup=false"]
    process = ForkedProcess("modelserver", *flags, log=log)
    process.start()
    try:
        with ModelServer(f"127.0.0.1:{port}") as server:
            yield server, log
    finally:
        process.terminate()


class PublisherPool:
    """Fork publishers from a process that has already imported everything.

    A kill then always hits the publishing, not the start of an interpreter.
    """

    CODE = (
        "import os, signal, sys, time\n"
        "from export.publishing.publish import publish\n"
        "for line in sys.stdin:\n"
        "    child = os.fork()\n"
        "    if not child:\n"
        "        publish(*sys.argv[1:])\n"
        "        os._exit(0)\n"
        "    began = time.monotonic()\n"
        "    if line.strip():\n"
        "        time.sleep(float(line))\n"
        "        os.kill(child, signal.SIGKILL)\n"
        "    os.waitpid(child, 0)\n"
        "    print(time.monotonic() - began, flush=True)\n"
    )

    def __init__(self, source: Path, target: Path) -> None:
        self._parent = subprocess.Popen(
            [command()[0], "-c", self.CODE, str(source), str(target)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def publish(self, kill_after_s: float | None = None) -> float:
        """Publish, or be killed. Return how long it took in seconds."""
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.write("\n" if kill_after_s is None else f"{kill_after_s}\n")
        self._parent.stdin.flush()
        return float(self._parent.stdout.readline())

    def close(self) -> None:
        """End the process."""
        self._parent.communicate()


def test_the_model_server_never_sees_a_broken_version(
    source: Path, target: Path, watching: tuple[ModelServer, Path]
) -> None:
    server, log = watching
    wait_until_available(server, 1, START_S)
    pool = PublisherPool(source, target)
    reach_s = 1.5 * min(pool.publish() for _ in range(3))
    rng = random.Random(50)
    half_made, survived = 0, 0
    for _ in range(KILLS):
        before = numbers(target)
        pool.publish(kill_after_s=rng.uniform(0, reach_s))
        half_made += bool(hidden(target))
        finished = numbers(target) != before
        survived += finished
        reach_s *= 0.85 if finished else 1.08  # so a third finishes, however busy the machine is
        assert_whole(target, numbers(target)[-1])
    pool.close()
    assert half_made >= 3, "the kills came too late to prove anything"
    assert survived >= 3, "the kills came too early to prove anything"
    assert run("publish", source, target).returncode == 0
    assert hidden(target) == []
    for number in numbers(target):
        assert_whole(target, number)
    wait_until_available(server, numbers(target)[-1], START_S)
    statuses = server.statuses("digits")
    assert {status.error for status in statuses.values()} == {""}
    assert set(statuses) <= set(numbers(target))
    told = log.read_text()
    assert not re.search("not served|incomplete|Error|Traceback", told), told


def wait_until_available(server: ModelServer, number: int, patience_s: float) -> None:
    deadline = time.monotonic() + patience_s
    while True:
        try:
            status = server.statuses("digits").get(number)
        except Exception:  # not listening yet
            status = None
        if status is not None and status.state == AVAILABLE:
            return
        assert time.monotonic() < deadline, f"version {number} is {status}"
        time.sleep(0.05)
