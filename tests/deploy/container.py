"""Run the steps of deploy/Containerfile without a container engine, and try the image.

``python -m tests.deploy.container`` (``make container``) makes each stage a folder: Debian's base
image with mmdebstrap, ``RUN`` in a chroot. Then the image is started read-only, as its user, in
a mount namespace of its own, in front of a model server with the demo model. Needs root, a package
index and Debian's packages; of the machine, the steps see its name servers and certificates.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import shlex
import shutil
import subprocess
import sys
import tarfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from demomodel import scenes
from loadtest.stack import Process, free_port
from tests.deploy.containerfile import CONTAINERFILE, ROOT, Copy, Instruction, Stage, parse

FOLDER = ROOT / "build" / "container"
TOOLS = ("mmdebstrap", "unshare", "chroot")
SOURCES = ("/etc/apt/sources.list", "/etc/apt/sources.list.d/debian.sources")
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
TARGET_MB = 200.0
START_S = 120.0
# What Kubernetes adds to the environment for a Service named `framewire`.
SERVICE_LINKS = {
    "FRAMEWIRE_SERVICE_HOST": "10.96.7.1",
    "FRAMEWIRE_SERVICE_PORT": "80",
    "FRAMEWIRE_SERVICE_PORT_HTTP": "80",
    "FRAMEWIRE_PORT": "tcp://10.96.7.1:80",
    "FRAMEWIRE_PORT_80_TCP": "tcp://10.96.7.1:80",
    "FRAMEWIRE_PORT_80_TCP_PROTO": "tcp",
    "FRAMEWIRE_PORT_80_TCP_PORT": "80",
    "FRAMEWIRE_PORT_80_TCP_ADDR": "10.96.7.1",
}

# $0 is the stage's folder. The machine's files are mounted, so that none of them stays in it.
_BUILD = f"""
mount --rbind /dev "$0/dev"
mount --rbind /proc "$0/proc"
mkdir -p "$0/run/machine"
mount -t tmpfs tmpfs "$0/run/machine"
cp -L {CERTIFICATES} "$0/run/machine/certificates.crt"
touch "$0/etc/resolv.conf"
mount --bind /etc/resolv.conf "$0/etc/resolv.conf"
exec chroot "$0" "$@"
"""
_START = """
mount --bind "$0" "$0"
mount -o remount,bind,ro "$0"
mount --rbind /dev "$0/dev"
mount --rbind /proc "$0/proc"
user=$1
shift
exec chroot --userspec="$user" "$0" "$@"
"""


class Builder:
    """Makes a folder of each stage."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._roots: dict[str, Path] = {}
        self._workdir = "/"

    def build(self, stages: Sequence[Stage]) -> Path:
        """Return the folder of the last stage: the image's files."""
        shutil.rmtree(self._folder, ignore_errors=True)
        for stage in stages:
            root = self._folder / (stage.name or "rootfs")
            self._roots[stage.name] = root
            self._workdir = "/"
            _base(stage.base, root)
            for step in stage.steps:
                self._step(root, step)
        return self._roots[stages[-1].name]

    def _step(self, root: Path, step: Instruction) -> None:
        """Carry out what changes files; the other instructions say how to start the image."""
        if step.name in ("RUN", "COPY", "WORKDIR"):
            print(f"{step.name} {step.value[:100]}", flush=True)
        if step.name == "WORKDIR":
            self._workdir = step.value
            (root / step.value.lstrip("/")).mkdir(parents=True, exist_ok=True)
        elif step.name == "RUN":
            inside = f"cd {shlex.quote(self._workdir)} && {step.value}"
            _unshare(_BUILD, root, "/bin/sh", "-c", inside, environment=_build_environment())
        elif step.name == "COPY":
            self._copy(root, Copy.of(step.value))

    def _copy(self, root: Path, copy: Copy) -> None:
        origin = self._roots[copy.origin] if copy.origin else ROOT
        target = root / self._workdir.lstrip("/") / copy.target.lstrip("/")
        for name in copy.sources:
            source = origin / name.lstrip("/")
            if source.is_dir():
                ignored = shutil.ignore_patterns("__pycache__") if not copy.origin else None
                shutil.copytree(source, target, symlinks=True, ignore=ignored, dirs_exist_ok=True)
            else:
                shutil.copy2(source, target)


def _base(image: str, root: Path) -> None:
    """Make what a stage begins with: nothing, or the packages of Debian's base image."""
    if image == "scratch":
        root.mkdir(parents=True)
        return
    suite = image.removeprefix("debian:").removesuffix("-slim")
    sources = [path for path in SOURCES if Path(path).exists()]
    root.parent.mkdir(parents=True, exist_ok=True)
    print(f"FROM {image}", flush=True)
    command = ["mmdebstrap", "--quiet", "--variant=minbase", suite, str(root), *sources]
    subprocess.run(command, check=True)


def _build_environment() -> dict[str, str]:
    """Return the variables of a step: how the machine reaches its package index, and no others."""
    index = {name: value for name, value in os.environ.items() if name.startswith("PIP_INDEX")}
    return {
        **index,
        "PATH": PATH,
        "DEBIAN_FRONTEND": "noninteractive",
        "PIP_CERT": "/run/machine/certificates.crt",
        "PIP_ROOT_USER_ACTION": "ignore",
    }


def _unshare(script: str, root: Path, *arguments: str, environment: Mapping[str, str]) -> None:
    command = ["unshare", "--mount", "sh", "-ec", script, str(root), *arguments]
    subprocess.run(command, env=dict(environment), check=True)


class Image:
    """The image's files, and how it says that it is started."""

    def __init__(self, root: Path, stage: Stage) -> None:
        self._root, self._stage = root, stage
        # An engine mounts these.
        for name in ("dev", "proc"):
            (root / name).mkdir(exist_ok=True)

    def start(self, *arguments: str, **options: int) -> subprocess.Popen[bytes]:
        """Start it read-only, as its user, with ``arguments`` in the place of ``CMD``."""
        inside = [self._stage.user, *self._stage.entrypoint, *arguments]
        command = ["unshare", "--mount", "sh", "-ec", _START, str(self._root), *inside]
        environment = {"PATH": PATH, **self._stage.environment, **SERVICE_LINKS}
        return subprocess.Popen(command, env=environment, **options)

    def output(self, *arguments: str) -> str:
        """Return what a command in the image prints."""
        with self.start(*arguments, stdout=subprocess.PIPE) as process:
            shown = process.communicate()[0].decode()
        assert process.returncode == 0, f"{arguments}: exit status {process.returncode}"
        return shown

    def megabytes(self, *below: str) -> float:
        """Return the size of the files below a folder of it, in MB (10^6 bytes)."""
        files = self._root.joinpath(*below).rglob("*")
        return sum(path.lstat().st_size for path in files if not path.is_dir()) / 1e6

    def compressed_megabytes(self) -> float:
        """Return the size of its layer as registries store it."""
        counted = _Counted()
        with (
            gzip.GzipFile(fileobj=counted, mode="wb", compresslevel=6) as packed,
            tarfile.open(fileobj=packed, mode="w|") as layer,
        ):
            layer.add(self._root, arcname=".")
        return counted.written / 1e6


class _Counted(io.RawIOBase):
    """Counts what is written to it."""

    written = 0

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        size = memoryview(data).nbytes  # type: ignore[arg-type]
        self.written += size
        return size


@contextlib.contextmanager
def model_server() -> Iterator[int]:
    """A model server with the demo model. Yields its port."""
    port = free_port()
    flags = ("--model_name=digits", f"--model_base_path={ROOT / 'models' / 'digits'}")
    server = Process("modelserver", "--host=127.0.0.1", f"--port={port}", *flags)
    server.start()
    try:
        yield port
    finally:
        server.terminate()


def try_out(image: Image) -> None:
    """Start the image's gateway, get a picture answered, and stop it again."""
    print(image.output("--version").strip())
    assert "usage: framewire key" in image.output("key", "--help")
    with model_server() as backend:
        port = free_port()
        flags = ("--host=127.0.0.1", f"--port={port}", f"--backend=127.0.0.1:{backend}")
        gateway = image.start("serve", *flags)
        try:
            wait_until_ready(f"http://127.0.0.1:{port}/readyz", gateway)
            owner = Path(f"/proc/{gateway.pid}").stat().st_uid
            answer = infer(f"http://127.0.0.1:{port}/v1/infer?min_score=0.5")
            print(f"user {owner}: {answer['type']}, {len(answer['boxes'])} boxes")
        finally:
            gateway.terminate()
        assert gateway.wait(START_S) == 0, f"exit status {gateway.returncode}"


def wait_until_ready(url: str, gateway: subprocess.Popen[bytes]) -> None:
    """Wait until frames can be answered."""
    deadline = time.monotonic() + START_S
    while True:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):
            return
        assert gateway.poll() is None, f"the gateway has ended: {gateway.returncode}"
        assert time.monotonic() < deadline, "the gateway did not become ready"
        time.sleep(0.1)


def infer(url: str) -> dict[str, list[object]]:
    """Return the answer to a picture with digits in it."""
    picture = io.BytesIO()
    scenes.render(3, (640, 480)).picture.save(picture, "JPEG", quality=85)
    with urllib.request.urlopen(url, picture.getvalue(), timeout=20) as answer:
        outcome: dict[str, list[object]] = json.loads(answer.read())
    return outcome


def main() -> None:
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing or os.geteuid() != 0:
        sys.exit(f"run this as root; missing: {', '.join(missing) or 'nothing'}")
    stages = parse(CONTAINERFILE.read_text(encoding="utf-8"))
    image = Image(Builder(FOLDER).build(stages), stages[-1])
    size = image.megabytes()
    print(f"image: {size:.1f} MB, {image.compressed_megabytes():.1f} MB compressed")
    print(f"of TensorFlow: {image.megabytes('opt', 'framewire', 'tensorflow'):.2f} MB")
    try_out(image)
    if size > TARGET_MB:
        sys.exit(f"the image has more than {TARGET_MB:g} MB")


if __name__ == "__main__":
    main()
