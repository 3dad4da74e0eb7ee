"""Measure what switching versions costs.

``python -m modelserver.benchmarks.switching VERSION_DIRECTORY`` publishes copies of a version one
after another, each by an atomic rename, while clients send calls back to back. It prints the
latency before and during the switches, the number of failed calls, and the server's memory before
the first switch and after the last.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import grpc

from modelserver.benchmarks import inference
from modelserver.benchmarks.channel import open_channel
from modelserver.execution import completeness

QUIET_S = 10.0
SETTLE_S = 3.0


class Outcome(NamedTuple):
    """Failed calls, and resident memory before the first switch and after the last."""

    failed: int
    before_mb: float
    after_mb: float


class Program:
    """A model server process, and its log."""

    def __init__(self, base_path: Path, poll_s: float) -> None:
        flags = ["--port=0", "--model_name=digits", f"--model_base_path={base_path}"]
        flags.append(f"--file_system_poll_wait_seconds={poll_s}")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "modelserver", *flags], stderr=subprocess.PIPE, text=True
        )
        self._seen = ""
        self._changed = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Wait until the log matches."""
        with self._changed:
            match = self._changed.wait_for(lambda: re.search(pattern, self._seen), 120)
        if match is None:
            raise TimeoutError(f"the server did not log {pattern!r}: {self._seen}")
        return match

    def memory_mb(self) -> float:
        """Return the resident memory in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def stop(self) -> None:
        """Stop the server and wait for its end."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._changed:
                self._seen += line
                self._changed.notify_all()


class Clients:
    """Threads that send calls back to back until they are stopped."""

    def __init__(self, count: int, port: int, wire: bytes) -> None:
        self.delays: list[tuple[float, float]] = []  # start, duration in seconds
        self.failed = 0
        self._stopping = False
        arguments = (port, wire)
        self._threads = [threading.Thread(target=self._call, args=arguments) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop the clients and wait for their last calls."""
        self._stopping = True
        for thread in self._threads:
            thread.join()

    def summary(self, begin: float, end: float) -> str:
        """Summarize the latency of the calls that started in this interval."""
        delays = sorted(delay for begun, delay in self.delays if begin <= begun < end)
        p50, p99 = (delays[int(len(delays) * share)] * 1000 for share in (0.5, 0.99))
        return f"{len(delays):6d} calls, p50 {p50:.1f} ms, p99 {p99:.1f} ms"

    def _call(self, port: int, wire: bytes) -> None:
        with open_channel(port) as channel:
            predict = channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
            while not self._stopping:
                begun = time.monotonic()
                try:
                    predict(wire, timeout=60)
                    self.delays.append((begun, time.monotonic() - begun))
                except grpc.RpcError as error:
                    self.failed += 1
                    print(f"failed: {error.code().name}: {error.details()}")


def main(arguments: Sequence[str]) -> int:
    """Measure and print; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m modelserver.benchmarks.switching")
    parser.add_argument("version_directory", help="a SavedModel of encoded images")
    parser.add_argument("--clients", type=int, default=32, help="concurrent clients")
    parser.add_argument("--switches", type=int, default=20, help="versions to publish")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(given.version_directory)
        outcome = measure(source, Path(folder), given.clients, given.switches)
    return 1 if outcome.failed else 0


def measure(source: Path, base: Path, clients: int, switches: int, poll_s: float = 1.0) -> Outcome:
    """Run the clients through all switches, and print their latency.

    ``source`` is the version's directory, which is copied as each version. ``base`` is an empty
    directory. ``switches`` versions are published after the first. ``poll_s`` is the server's poll
    interval.
    """
    publish(source, base, 1)
    program = Program(base, poll_s)
    try:
        port = int(program.wait_for(r"gRPC on port (\d+)")[1])
        calling = Clients(clients, port, inference.request(_signature(source), 1))
        time.sleep(SETTLE_S)
        quiet = time.monotonic()
        time.sleep(QUIET_S)
        before = program.memory_mb()
        begun = time.monotonic()
        for version in range(2, switches + 2):
            publish(source, base, version)
            program.wait_for(f"version {version - 1}: unloaded")
        ended = time.monotonic()
        time.sleep(SETTLE_S)
        after = program.memory_mb()
        calling.stop()
    finally:
        program.stop()
    print(f"{clients} clients before      {calling.summary(quiet, begun)}")
    print(f"{clients} clients, {switches} switches {calling.summary(begun, ended)}")
    print(f"{(ended - begun) / switches:.2f} s per switch, {calling.failed} calls failed")
    print(f"memory {before:.0f} MB before, {after:.0f} MB after: {after / before - 1:+.1%}")
    return Outcome(calling.failed, before, after)


def publish(source: Path, base: Path, version: int) -> None:
    """Publish a copy as a version, atomically."""
    hidden = base / f".{version}"
    shutil.copytree(source, hidden)
    os.rename(hidden, base / str(version))


def _signature(source: Path) -> Any:
    meta_graph = completeness.read_meta_graph(str(source), ["serve"])
    return meta_graph.signature_def["serving_default"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
