"""The npm package: packed, installed into an empty folder without a network, and used."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from server.core.answers import Detections
from tests.server.handlers.conftest import Served
from tests.server.handlers.documents import definition, properties
from tests.server.puppet import Call
from tests.server.samples import picture

ROOT = Path(__file__).resolve().parents[2]
CLIENT = ROOT / "static" / "client"
README = (CLIENT / "README.md").read_text(encoding="utf-8")
TYPES = (CLIENT / "types.d.ts").read_text(encoding="utf-8")
PATIENCE_S = 60.0
PAGE = (ROOT / "docs" / "client-javascript.md").read_text(encoding="utf-8")
TRACKING = (ROOT / "docs" / "tracking.md").read_text(encoding="utf-8")
INTERFACES = {
    "SessionOptions": "Options",
    "SecondModel": "Then",
    "TrackingOptions": "TrackingOptions",
    "TrackingEvent": "Event",
    "Model": "Model",
    "Limits": "Limits",
    "Welcome": "Welcome",
    "Frame": "Frame",
    "Tensor": "Tensor",
    "Result": "Result",
    "Dropped": "Dropped",
    "Failure": "Error",
    "GoingAway": "GoingAway",
}
"""The types of messages by the names of their schemas."""


def test_the_page_has_the_same_examples() -> None:
    """So these run as well."""
    examples = [re.findall(r"```js\n(.*?)```", text, re.DOTALL) for text in (README, PAGE)]
    assert examples[0] == examples[1]


@pytest.fixture(scope="module")
def npm() -> str:
    found = shutil.which("npm")
    if found is None and os.environ.get("CI"):
        pytest.fail("npm is missing; .ci/run installs it")
    if found is None:
        pytest.skip("npm is not installed")
    return found


@pytest.fixture(scope="module")
def project(npm: str, node: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another project, which has installed the package and nothing else."""
    folder = tmp_path_factory.mktemp("project")
    run(folder, npm, "pack", "--silent", str(CLIENT))
    [package] = folder.glob("framewire-client-*.tgz")
    (folder / "package.json").write_text('{"type": "module"}')
    run(folder, npm, "install", "--offline", "--no-audit", "--no-fund", str(package))
    (folder / "picture.jpg").write_bytes(picture())
    return folder


def run(folder: Path, *command: str) -> None:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


async def output(node: str, project: Path, source: str) -> str:
    """Run a program in the project, with the WebSocket that Node has from version 22 on."""
    (project / "example.js").write_text(source, encoding="utf-8")
    command = (node, "--no-warnings", "--experimental-websocket", "example.js")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, cwd=project, stdout=pipe, stderr=pipe)
    printed, errors = await asyncio.wait_for(process.communicate(), PATIENCE_S)
    assert process.returncode == 0, errors.decode()
    return printed.decode()


def test_it_contains_the_client_and_nothing_else(project: Path) -> None:
    installed = project / "node_modules" / "framewire-client"
    files = {path.name for path in installed.iterdir()}
    code = {path.name for path in CLIENT.iterdir() if path.name.endswith((".js", ".d.ts"))}
    assert files == {*code, "package.json", "README.md", "LICENSE"}
    assert (installed / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    assert not json.loads((installed / "package.json").read_text()).get("dependencies")


async def test_the_example_runs(node: str, project: Path, served: Served) -> None:
    example = re.findall(r"```js\n(.*?)```", README, re.S)[0]
    assert len([line for line in example.splitlines() if line.strip()]) <= 10
    source = example.replace("127.0.0.1:8888", f"127.0.0.1:{served.port}")
    assert await output(node, project, source) == "[ [ 0, 0, 0.5, 0.5 ] ] [ 0.75 ]\n"


async def test_without_a_websocket_it_says_what_to_pass(node: str, project: Path) -> None:
    source = """
        import { FramewireClient } from 'framewire-client';
        delete globalThis.WebSocket;
        try {
          new FramewireClient({ url: 'ws://x' });
        } catch (error) {
          console.log(error.message);
        }
    """
    assert "pass the option `socket`" in await output(node, project, source)


class Walker(NamedTuple):
    """Someone who walks along a row of the picture: past ``xs``, which take equally long."""

    kind: int
    y: float
    xs: tuple[float, ...]

    def box(self, moment: float) -> list[float]:
        """The box at a moment in 0..1."""
        x = float(np.interp(moment, np.linspace(0, 1, len(self.xs)), self.xs))
        return [x - 0.04, self.y - 0.04, x + 0.04, self.y + 0.04]


PERSON, DOG = 0, 1
WALKERS = (
    Walker(PERSON, 0.1, (0.2, 0.8)),  # enters
    Walker(PERSON, 0.23, (0.1, 0.9)),  # enters
    Walker(PERSON, 0.36, (0.9, 0.3)),  # leaves
    Walker(PERSON, 0.49, (0.3, 0.48, 0.3)),  # turns back in front of the line
    Walker(PERSON, 0.62, (0.7, 0.3, 0.7)),  # leaves and returns
    Walker(PERSON, 0.75, (0.4, 0.6, 0.4, 0.6)),  # enters, leaves and enters
    Walker(DOG, 0.88, (0.2, 0.8)),
)
INSIDE = 2
FRAMES, STEP_MS = 31, 100
CAMERA = f"""
import {{ readFile }} from 'node:fs/promises';

const picture = new Blob([await readFile('picture.jpg')]);
const context = {{ drawImage() {{}} }};
const canvas = {{ getContext: () => context, toBlob: (encoded) => encoded(picture) }};
let present;
watch({{ requestVideoFrameCallback: (seen) => (present = seen) }}, canvas, client);
const until = async (holds) => {{
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 1));
}};
await until(() => client.model);
for (let frame = 0; frame < {FRAMES}; frame += 1) {{
  present({STEP_MS} * frame, {{}});
  await until(() => client.stats().results > frame);
}}
console.log(inside);
client.close();
"""
"""Shows the frames of a video to a page's program, one after another, and prints its count."""


def walk(call: Call) -> None:
    """Answer with the walkers, where they are in this frame."""
    [frame] = call.frames
    moment = (frame.captured_at or 0) / STEP_MS / (FRAMES - 1)
    kinds = [walker.kind for walker in WALKERS]
    boxes = [walker.box(moment) for walker in WALKERS]
    call.answer_with([Detections(boxes, [0.9] * len(boxes), kinds)])


async def test_people_are_counted_over_a_line(node: str, project: Path, served: Served) -> None:
    """The programs of both pages, as they are printed."""
    served.puppet.obey = walk
    [watch] = re.findall(r"```js\n(export function watch\(.*?)```", PAGE, re.S)
    [count] = re.findall(r"```js\n([^`]*?lines: [^`]*?)```", TRACKING, re.S)
    program = count.replace("wss://example.com", f"ws://127.0.0.1:{served.port}")
    assert await output(node, project, program + watch + CAMERA) == f"{INSIDE}\n"


def fields_of(interface: str) -> set[str]:
    """The names of an interface's fields, and of those that it extends."""
    declared = rf"^export interface {interface}(?: extends (\w+))? \{{\n(.*?)^\}}"
    [(base, body)] = re.findall(declared, TYPES, re.M | re.S)
    own = set(re.findall(r"^  (\w+)\??:", body, re.M))
    return own | fields_of(base) if base else own


@pytest.mark.parametrize(("interface", "name"), INTERFACES.items())
def test_the_types_have_the_documented_fields(interface: str, name: str) -> None:
    fields = fields_of(interface)
    left_out = {"type", "id"} if name == "Frame" else {"type"}
    assert fields == properties(definition(name)).keys() - left_out
