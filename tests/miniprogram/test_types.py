"""The JavaScript client and the mini-program pass ``tsc --strict`` without a DOM."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CLIENT = ROOT / "static" / "client"
PACKAGE = ROOT / "miniprogram" / "client"

STRICT: dict[str, Any] = {
    "target": "ES2020",
    "lib": ["ES2020"],
    "types": [],
    "strict": True,
    "allowJs": True,
    "checkJs": True,
    "noEmit": True,
    "noUnusedLocals": True,
    "noImplicitReturns": True,
    "skipDefaultLibCheck": True,
}

PAGE_CLIENT = """
import { FramewireClient, decode, encode } from './client/index.js';

/** @typedef {import('./client/index.js').Frame & {bitmap: string}} Picture */

/** @type {FramewireClient<Picture>} */
const client = new FramewireClient({
  url: 'wss://example.org/ws',
  hello: { model: 'digits', min_score: 0.5 },
  onState: (state) => (state.name === 'reconnecting' ? state.retryInMs.toFixed() : state.name),
  onResult: ({ boxes = [] }, { bitmap }) => boxes.map(([x0]) => bitmap.repeat(x0)),
  onError: ({ code }, frame) => code + (frame ? frame.bitmap : ''),
});
client.open();
if (client.wantsFrame()) client.offer({ format: 'jpeg', data: encode(1), bitmap: 'x' });
/** @type {number|null} */
export const tripMs = client.stats().tripMs;
export const value = decode(new Uint8Array(1));
"""
"""Another project's use of the page's client."""

PAGE_ELEMENT = """
import './element/framewire-camera.js';

const camera = document.createElement('framewire-camera');
camera.token = null;
camera.addEventListener('result', ({ detail }) => detail.result.scores?.map((score) => score + 1));
camera.addEventListener('problem', ({ detail }) => detail.code === 'camera_refused');
camera.addEventListener('click', ({ clientX }) => clientX.toFixed());
// @ts-expect-error: there is no such problem
camera.addEventListener('problem', ({ detail }) => detail.code === 'camera_denied');
document.body.append(camera);
/** @type {Blob|null} */
export const picture = await camera.save();
"""
"""Another project's use of the custom element."""

BROWSER_CLIENT = """
import { FramewireClient, type Socket } from './client/index.js';

/** A socket with events of its own, as the package `ws` declares them. */
declare class OtherSocket implements Omit<Socket, 'onmessage' | 'onclose'> {
  constructor(url: string, protocols?: string | string[]);
  binaryType: 'nodebuffer' | 'arraybuffer';
  onopen: ((event: { target: OtherSocket }) => void) | null;
  onmessage: ((event: { data: ArrayBuffer; target: OtherSocket }) => void) | null;
  onclose: ((event: { code: number; reason: string; wasClean: boolean }) => void) | null;
  send(data: ArrayBuffer): void;
  close(code?: number): void;
}

const url = 'wss://example.org/ws';
const browser = new FramewireClient({ url, socket: (...details) => new WebSocket(...details) });
const other = new FramewireClient({ url, socket: (...details) => new OtherSocket(...details) });
other.open();
const { data, width, height } = new ImageData(2, 2);
browser.offer({ format: 'rgba', data, width, height });
"""
"""Another project's sockets and pixels, in TypeScript with a DOM."""

MINI_PROGRAM_CLIENT = """
const { MiniProgramClient, CameraFeed, PreviewOverlay } = require('framewire-miniprogram');
const { boxRect, frameRect } = require('framewire-miniprogram');

const preview = { width: 375, height: 667 };
/** @type {import('framewire-miniprogram').MiniProgramClient} */
const client = new MiniProgramClient({
  url: 'wss://example.org/ws',
  signInUrl: 'https://example.org/v1/login',
  onState: ({ name }) => name === 'signing_in',
  onResult: ({ boxes = [] }, { upright, orientation }) =>
    boxes.map((box) => boxRect(box, frameRect(upright, preview), orientation.mirror)),
});
const feed = new CameraFeed({ client, preview, onError: ({ message }) => message });
feed.setPreview({ position: 'front' });
/** @type {string|undefined} */
const model = client.model?.name;
const overlay = new PreviewOverlay({ ...preview, fadeMs: 0, mirrored: true });
/** @type {number[]} */
const edges = overlay.rects().map(({ x, opacity }) => x + opacity);
module.exports = { edges, model, overlay };
"""
"""Another project's use of the mini-program's package."""

HOST = """
declare module 'node:fs/promises' {
  export function readFile(path: string): Promise<Uint8Array>;
}
declare module 'ws' {
  export default class implements Omit<import('framewire-client').Socket, 'onclose'> {
    constructor(url: string, protocols: string[]);
    onopen: (() => void) | null;
    onmessage: ((event: { data: ArrayBuffer }) => void) | null;
    onclose: ((event: { code: number; reason: string }) => void) | null;
    send(data: ArrayBuffer): void;
    close(code?: number): void;
  }
}
declare const wx: any;
declare function Page(page: { [name: string]: any } & ThisType<any>): void;
"""
"""What the documents' examples take from their host. A page's members have no types."""

PAGE_OVERLAY = """
import { Overlay, type Drawn } from 'framewire-client';

const opaque: Drawn[] = new Overlay().at(0).filter(({ opacity }) => opacity === 1);
"""
"""Another project's names for what the client returns."""

MISTAKES = {
    "a global that phones lack": "new TextEncoder().encode('text');",
    "a global of browsers": "document.createElement('p');",
    "a method that older phones lack": "[1, 2].flat();",
    "a timer's result as text": "/** @type {string} */ const timer = setTimeout(() => {}, 1);",
    "protocols that are not an array": "wx.connectSocket({ url: 'wss://x', protocols: 'a' });",
    "an option that wx does not have": "wx.uploadFile({ url: 'https://x', file: 'y' });",
    "a method that wx does not have": "wx.connectWebSocket({ url: 'wss://x' });",
    "an invalid camera position": (
        "require('../../../../../miniprogram/client/lib/index')"
        ".rotationFor({ width: 1, height: 1 }, { width: 1, height: 1 }, 'left');"
    ),
    "a frame without data": (
        "const { MiniProgramClient } = require('../../../../../miniprogram/client/lib/index');"
        "new MiniProgramClient({ url: 'wss://x' }).offer({ format: 'jpeg' });"
    ),
    "a result's field that does not exist": (
        "const { MiniProgramClient } = require('../../../../../miniprogram/client/lib/index');"
        "new MiniProgramClient({ url: 'x', onResult: (result) => result.boxen });"
    ),
}


class Compiler:
    """TypeScript's compiler in a process of its own, which checks one project after another."""

    def __init__(self, node: str, packages: Path) -> None:
        self._process = subprocess.Popen(
            [node, "compiler.mjs"],
            cwd=packages,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def check(self, project: Path) -> str:
        """Return what ``tsc -p`` prints for the folder of a ``tsconfig.json``."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{project}\n")
        self._process.stdin.flush()
        return str(json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


@pytest.fixture(scope="module")
def compiler(node: str, packages: Path) -> Iterator[Compiler]:
    started = Compiler(node, packages)
    yield started
    started.close()


def assert_passes(
    compiler: Compiler, folder: Path, options: dict[str, Any], include: list[str]
) -> None:
    """Check a folder under a configuration of its own, outside of this project."""
    settings = {"compilerOptions": {**STRICT, **options}, "include": include}
    (folder / "tsconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    assert compiler.check(folder) == ""


ES_MODULES = {"module": "ESNext", "moduleResolution": "Bundler"}
COMMON_JS = {"module": "CommonJS", "moduleResolution": "Node10"}


@pytest.mark.parametrize("declared", [True, False], ids=["declarations", "sources alone"])
def test_the_pages_client_passes_in_another_project(
    compiler: Compiler, tmp_path: Path, declared: bool
) -> None:
    """With the ``.d.ts`` files, and with the types inferred from the sources."""
    shutil.copytree(CLIENT, tmp_path / "client")
    if not declared:
        for path in (tmp_path / "client").glob("*.d.ts"):
            if path.name != "types.d.ts":
                path.unlink()
    types = "index" if declared else "types"
    source = PAGE_CLIENT.replace("('./client/index.js').Frame", f"('./client/{types}.js').Frame")
    (tmp_path / "app.js").write_text(source, encoding="utf-8")
    assert_passes(compiler, tmp_path, ES_MODULES, ["app.js", "client"])


@pytest.mark.parametrize("resolution", ["Bundler", "Node16"])
def test_sockets_and_pixels_of_another_project_are_accepted(
    compiler: Compiler, tmp_path: Path, resolution: str
) -> None:
    shutil.copytree(CLIENT, tmp_path / "client")
    (tmp_path / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    (tmp_path / "app.ts").write_text(BROWSER_CLIENT, encoding="utf-8")
    module = "ESNext" if resolution == "Bundler" else "Node16"
    options = {"lib": ["ES2020", "DOM"], "module": module, "moduleResolution": resolution}
    assert_passes(compiler, tmp_path, options, ["app.ts"])


def test_the_npm_package_passes_in_another_project(compiler: Compiler, tmp_path: Path) -> None:
    """As Node resolves it, by its ``exports``."""
    shutil.copytree(CLIENT, tmp_path / "node_modules" / "framewire-client")
    (tmp_path / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    source = PAGE_CLIENT.replace("./client/index.js", "framewire-client")
    (tmp_path / "app.js").write_text(source, encoding="utf-8")
    node = {"module": "NodeNext", "moduleResolution": "NodeNext"}
    assert_passes(compiler, tmp_path, node, ["app.js"])


def test_the_pages_addresses_pass_in_another_page(compiler: Compiler, tmp_path: Path) -> None:
    """``/static/framewire.js`` is the client's public address; the custom element has its own."""
    for room in ("client", "element"):
        shutil.copytree(ROOT / "static" / room, tmp_path / room)
    for name in ("framewire.js", "framewire.d.ts"):
        shutil.copy(ROOT / "static" / name, tmp_path / name)
    source = PAGE_CLIENT.replace("./client/index.js", "./framewire.js")
    (tmp_path / "app.js").write_text(source, encoding="utf-8")
    (tmp_path / "camera.js").write_text(PAGE_ELEMENT, encoding="utf-8")
    browser = {"target": "ES2022", "lib": ["ES2022", "DOM"]}
    assert_passes(compiler, tmp_path, {**ES_MODULES, **browser}, ["app.js", "camera.js"])


def test_the_mini_programs_client_passes_in_another_project(
    compiler: Compiler, tmp_path: Path
) -> None:
    """As an installed package, without WeChat's typings."""
    shutil.copytree(PACKAGE, tmp_path / "node_modules" / "framewire-miniprogram")
    (tmp_path / "page.js").write_text(MINI_PROGRAM_CLIENT, encoding="utf-8")
    assert_passes(compiler, tmp_path, COMMON_JS, ["page.js"])


@pytest.mark.parametrize(
    ("document", "number"),
    [("static/client/README.md", 0), ("static/client/README.md", 1), ("docs/miniprogram.md", 0)],
)
def test_the_documents_examples_pass_as_typescript(
    compiler: Compiler, tmp_path: Path, document: str, number: int
) -> None:
    """In a project that has installed both packages."""
    for name, package in (("framewire-client", CLIENT), ("framewire-miniprogram", PACKAGE)):
        shutil.copytree(package, tmp_path / "node_modules" / name)
    (tmp_path / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    (tmp_path / "host.d.ts").write_text(HOST, encoding="utf-8")
    text = (ROOT / document).read_text(encoding="utf-8")
    example = re.findall(r"```js\n(.*?)```", text, re.DOTALL)[number]
    example = re.sub(r"const (\{.*\}) = require\((.*)\);", r"import \1 from \2;", example)
    (tmp_path / "example.ts").write_text(example, encoding="utf-8")
    (tmp_path / "overlay.ts").write_text(PAGE_OVERLAY, encoding="utf-8")
    modern = {**ES_MODULES, "target": "ES2022", "lib": ["ES2022", "DOM"], "noUnusedLocals": False}
    assert_passes(compiler, tmp_path, modern, ["*.ts"])


def test_the_copied_core_passes_in_another_project(compiler: Compiler, tmp_path: Path) -> None:
    """Without any typings: the core uses no host API but timers."""
    shutil.copytree(PACKAGE / "lib" / "core", tmp_path / "core")
    assert_passes(compiler, tmp_path, COMMON_JS, ["core"])


def test_the_packages_sources_pass_in_another_project(
    compiler: Compiler, packages: Path, tmp_path: Path
) -> None:
    """With WeChat's typings, which declare ``wx``."""
    shutil.copytree(PACKAGE / "lib", tmp_path / "lib")
    typings = {"typeRoots": [str(packages / "node_modules")], "types": ["miniprogram-api-typings"]}
    assert_passes(compiler, tmp_path, {**COMMON_JS, **typings}, ["lib"])


def test_the_declarations_are_up_to_date(packages: Path, node: str) -> None:
    command = [node, str(packages / "declarations.mjs"), "--check"]
    done = subprocess.run(command, cwd=packages, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_whole_mini_program_passes(compiler: Compiler) -> None:
    assert compiler.check(HERE) == ""


@pytest.fixture(scope="module")
def complaints(compiler: Compiler, packages: Path) -> str:
    """The compiler's output for a folder with one mistake per file."""
    folder = packages / "node_modules" / ".cache" / "mistakes"
    folder.mkdir(parents=True, exist_ok=True)
    for name, line in MISTAKES.items():
        source = f"'use strict';\n{line}\nmodule.exports = {{}};\n"
        (folder / f"{name.replace(' ', '-')}.js").write_text(source, encoding="utf-8")
    settings = json.loads((HERE / "tsconfig.json").read_text(encoding="utf-8"))
    settings["compilerOptions"]["typeRoots"] = [str(packages / "node_modules")]
    settings["compilerOptions"]["skipLibCheck"] = True  # checked once, with the mini-program
    settings |= {"include": ["*.js"], "exclude": []}
    (folder / "tsconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    return compiler.check(folder)


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_reported(complaints: str, name: str) -> None:
    assert f"{name.replace(' ', '-')}.js(2," in complaints, complaints
