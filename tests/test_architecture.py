"""Who may import whom, the map of the rooms, and what the gateway's process never loads."""

from __future__ import annotations

import ast
import configparser
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def packages() -> tuple[str, ...]:
    """The packages that setup.cfg ships."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    names = config["options.packages.find"]["include"].split()
    return tuple(name.removesuffix("*") for name in names)


PACKAGES = packages()
LONGEST = 350
STANDARD = sys.stdlib_module_names

STUBS = {"tensorflow", "tensorflow_serving", "google"}
TENSORFLOW = {*STUBS, "numpy", "PIL"}
PARTS = "modelserver.tensorflow_parts"
BASICS = {PARTS, "modelserver.status", "modelserver.deadline", "modelserver.metrics"}
EXPORT_BASE = {
    "export.contract",
    "export.errors",
    "export.paths",
    "export.suggestions",
    "export.wireformat",
    "framewire.textfile",
}

# For each room: which of the project's own rooms and which distributions it may
# import, besides itself and the standard library. The first row that fits counts.
MAY_IMPORT: list[tuple[str, set[str], set[str]]] = [
    ("server.core", set(), set()),
    # The stubs come through one file, which keeps TensorFlow itself out.
    ("server.backend.stubs", set(), STUBS),
    ("server.backend.interface", {"server.core"}, set()),
    (
        "server.backend",
        {"server.core", "framewire.sharedfile", "framewire.textfile"},
        {"grpc", "hpack", "numpy", "PIL", "google"},
    ),
    (
        "server.runtime",
        {"framewire.agreement", "server.core", "server.backend.interface", "server.settings"}
        | {"server.version"},
        {"prometheus_client"},
    ),
    (
        "server.access",
        {"server.core", "server.settings", "framewire.textfile"},
        {"tornado", "jwt", "cryptography"},
    ),
    ("server.transport", {"server.access", "server.core"}, {"tornado", "msgpack", "numpy"}),
    (
        "server.handlers",
        {"server.access", "server.core", "server.runtime", "server.settings", "server.transport"},
        {"tornado"},
    ),
    ("server.version", set(), set()),
    # Python 3.10 has the one, later ones the other.
    ("server.settings", {"server.version", "framewire.textfile"}, {"tomli", "tomllib"}),
    (
        "server.tracing",
        {"server.backend.interface", "server.core", "server.runtime.tracing", "server.version"},
        {"opentelemetry"},
    ),
    (
        "server.recording",
        {"framewire.recording", "server.core", "server.settings"},
        set(),
    ),
    (
        "server.admin",
        {
            "server.access",
            "server.core",
            "server.handlers",
            "server.runtime",
            "server.settings",
            "server.transport",
            "server.version",
        },
        {"tornado"},
    ),
    (
        "server.workers",
        {
            "server.admin",
            "server.app",
            "server.core",
            "server.handlers",
            "server.logs",
            "server.openfiles",
            "server.runtime",
            "server.settings",
            "server.signals",
            "server.startup",
            "server.transport",
        },
        {"tornado", "prometheus_client"},
    ),
    ("server.app", {"server"}, {"tornado"}),
    ("server", {"framewire.output", "server"}, set()),
    # The model server, from the bottom up: each room sees only those above it in this list.
    ("modelserver.status", set(), set()),
    ("modelserver.deadline", {"modelserver.status"}, set()),
    ("modelserver.metrics", {"modelserver.status"}, set()),
    (PARTS, set(), STUBS),
    ("modelserver.codec", {PARTS}, {*STUBS, "numpy"}),
    ("modelserver.options", {"modelserver.status", "framewire.textfile"}, {*STUBS, "grpc"}),
    ("modelserver.execution", {*BASICS, "modelserver.codec"}, {*STUBS, "numpy"}),
    (
        "modelserver.batching",
        {*BASICS, "modelserver.codec", "modelserver.execution", "modelserver.options.batching"},
        {"numpy"},
    ),
    (
        "modelserver.api",
        {*BASICS, "modelserver.codec", "modelserver.execution"},
        {"tensorflow_serving", "numpy"},
    ),
    (
        "modelserver.lifecycle",
        {
            *BASICS,
            "modelserver.api",
            "modelserver.batching",
            "modelserver.codec",
            "modelserver.execution",
            "modelserver.options",
        },
        TENSORFLOW,
    ),
    (
        "modelserver.service",
        {*BASICS, "modelserver.api", "modelserver.codec", "modelserver.lifecycle"},
        {"tensorflow_serving"},
    ),
    (
        "modelserver.rest",
        {*BASICS, "modelserver.api.metadata", "modelserver.codec", "modelserver.service"}
        | {"modelserver.options.components"},
        {*STUBS, "numpy", "tornado"},
    ),
    (
        "modelserver.grpc_server",
        {*BASICS, "modelserver.options.components", "modelserver.service"},
        {"tensorflow_serving", "google", "grpc", "grpc_health", "grpc_reflection"},
    ),
    ("modelserver.benchmarks", {"modelserver"}, {*TENSORFLOW, "grpc"}),
    ("modelserver", {"framewire.output", "modelserver"}, set()),
    # What all rooms of export may use.
    ("export.errors", set(), set()),
    ("export.contract", set(), set()),
    ("export.paths", set(), set()),
    ("export.suggestions", {"export.errors"}, set()),
    ("export.sources", EXPORT_BASE, {*TENSORFLOW, "h5py", "keras", "tf_keras"}),
    ("export.tasks", EXPORT_BASE, TENSORFLOW),
    ("export.detectors", {*EXPORT_BASE, "export.tasks"}, TENSORFLOW),
    (
        "export.serving",
        {*EXPORT_BASE, "export.detectors", "export.sources", "export.tasks"},
        {*TENSORFLOW, "yaml"},
    ),
    ("export.publishing", EXPORT_BASE, {"fsspec"}),
    # The stubs come through one file, which keeps TensorFlow itself out.
    ("export.client.stubs", EXPORT_BASE, STUBS),
    ("export.client", EXPORT_BASE, {"grpc"}),
    (
        "export.release",
        {*EXPORT_BASE, "export.client", "export.publishing"}
        | {"framewire.agreement", "framewire.sharedfile"},
        {"google", "prometheus_client", "rich"},
    ),
    (
        "export.verification",
        {*EXPORT_BASE, "export.client", "export.publishing", "export.serving", "export.sources"}
        | {"export.tasks", "framewire.agreement", "framewire.encodedpicture"}
        | {"framewire.recording", "framewire.reports"},
        {*TENSORFLOW, "matplotlib", "rich"},
    ),
    # The demo model is made with the tool; of the tool, only the commands know the demo model.
    (
        "demomodel",
        {*EXPORT_BASE, "export.serving", "export.sources", "export.tasks"},
        TENSORFLOW,
    ),
    ("export.commands", {"export", "demomodel", "framewire.agreement"}, {"rich", "tensorflow"}),
    ("export", {"export"}, {"tensorflow"}),
    # What any part may read and write, or compare.
    ("framewire.recording", set(), {"msgpack"}),
    ("framewire.agreement", set(), set()),
    ("framewire.reports", set(), set()),
    ("framewire.sharedfile", set(), set()),
    ("framewire.textfile", set(), set()),
    ("framewire.output", set(), set()),
    ("framewire.encodedpicture", set(), {"PIL"}),
    # What an application installs: nothing of the servers comes with it.
    (
        "framewire.client",
        {"framewire.encodedpicture", "framewire.recording"},
        {"tornado", "msgpack", "PIL", "numpy", "av"},
    ),
    ("framewire.phone", set(), {"cryptography", "segno", "tornado"}),
    # It starts the other programs by name, as modules or processes.
    ("framewire", {"demomodel", "server.settings"}, {"honcho"}),
    ("conformance.adapters", {"framewire.client"}, set()),
    ("conformance", {"server.core", "server.transport.encodings"}, {"tornado"}),
    (
        "loadtest",
        {"server.backend.stubs", "export", "demomodel", "framewire.client"}
        | {"framewire.agreement", "framewire.encodedpicture", "framewire.phone.certificates"}
        | {"framewire.output", "framewire.recording", "framewire.reports", "framewire.textfile"},
        {"grpc", "msgpack", "PIL", "prometheus_client", "rich", "websockets"},
    ),
]


def files(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, anywhere in it, by its full name."""
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module is not None
            yield from _from(node.module, [alias.name for alias in node.names])


def _from(module: str, names: list[str]) -> Iterator[str]:
    """``from server.backend import request`` is an import of ``server.backend.request``."""
    folder = ROOT.joinpath(*module.split("."))
    for name in names:
        is_module = (folder / f"{name}.py").exists() or (folder / name / "__init__.py").exists()
        yield f"{module}.{name}" if is_module else module


def inside(module: str, room: str) -> bool:
    return module == room or module.startswith(f"{room}.")


def wrong_imports(path: Path, allowed: list[tuple[str, set[str], set[str]]]) -> list[str]:
    """The imports of a file that its room may not make."""
    name = module_name(path)
    room, own, foreign = next(row for row in allowed if inside(name, row[0]))
    wrong = []
    for module in imports(path):
        top = module.partition(".")[0]
        if top in PACKAGES:
            fits = inside(module, room) or any(inside(module, each) for each in own)
            # A package's own __init__ comes along with each of its modules.
            fits = fits or (top == room.partition(".")[0] and module == top)
        else:
            fits = top in STANDARD or top in foreign
        if not fits:
            wrong.append(f"{name} imports {module}")
    return wrong


@pytest.mark.parametrize("package", PACKAGES)
def test_who_may_import_whom(package: str) -> None:
    found = [line for path in files(package) for line in wrong_imports(path, MAY_IMPORT)]
    assert found == []


def test_the_rooms_are_all_there() -> None:
    names = [module_name(path) for package in PACKAGES for path in files(package)]
    for room, _, _ in MAY_IMPORT:
        assert any(inside(name, room) for name in names), room


# The map in docs/architecture.md


def entries_of_the_map() -> set[str]:
    """The folders (with a slash at the end) and modules that the map lists, from ROOT."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    [block] = re.findall(r"^## The map\n+```\n(.*?)^```$", text, re.M | re.S)
    entries, folders = set(), [""]
    for line in block.splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        name = line.split()[0]
        entry = folders[depth] + name
        entries.add(entry)
        folders[depth + 1 :] = [entry]
    return entries


def rooms_of(package: str) -> set[str]:
    """A package's folders with modules in them."""
    folders = {path.parent.relative_to(ROOT) for path in files(package)}
    return {f"{folder}/" for folder in folders}


def test_the_map_lists_every_room() -> None:
    rooms = {room for package in PACKAGES for room in rooms_of(package)}
    assert rooms - entries_of_the_map() == set()


def test_the_map_lists_every_module_of_the_gateway() -> None:
    modules = {
        str(path.relative_to(ROOT).with_suffix(""))
        for path in files("server")
        if not path.stem.startswith("__")
    }
    assert modules - entries_of_the_map() == set()


def test_what_the_map_lists_is_there() -> None:
    for entry in entries_of_the_map():
        path = ROOT / entry
        assert path.is_dir() if entry.endswith("/") else path.with_suffix(".py").is_file(), entry


CHANNELS = {"server.backend.channel", "export.client.channel", "modelserver.benchmarks.channel"}


def test_who_opens_grpc_channels() -> None:
    """One place for each side, so that proxies and sizes of messages are decided once."""
    texts = {
        module_name(path): path.read_text(encoding="utf-8")
        for package in PACKAGES
        for path in files(package)
    }
    opens = {name for name, text in texts.items() if re.search(r"\b(in)?secure_channel\(", text)}
    assert opens == CHANNELS
    for name in CHANNELS:
        for option in ("enable_http_proxy", "max_receive_message_length"):
            assert f'"grpc.{option}"' in texts[name], name


@pytest.mark.parametrize(
    ("module", "source", "wrong"),
    [
        ("server.core.batching", "import asyncio, grpc", ["grpc"]),
        ("server.core.batching", "from server.runtime import models", ["server.runtime.models"]),
        ("server.core.batching", "def f():\n    import msgpack", ["msgpack"]),
        ("server.runtime.gateway", "import grpc.aio", ["grpc.aio"]),
        ("server.runtime.models", "from server import backend", ["server.backend"]),
        ("server.runtime.models", "import server.backend.serving", ["server.backend.serving"]),
        ("server.runtime.gateway", "from server.backend.interface import Backend", []),
        ("server.access.tokens", "from server.runtime import gateway", ["server.runtime.gateway"]),
        ("server.handlers.infer", "from server.app import serve", ["server.app"]),
        ("server.backend.request", "import tensorflow", ["tensorflow"]),
        ("server.app", "import modelserver.service", ["modelserver.service"]),
        ("modelserver.service", "from server.core import wire", ["server.core.wire"]),
        ("modelserver.codec.decode", "import modelserver.status", ["modelserver.status"]),
        ("modelserver.api.predict", "import modelserver.service", ["modelserver.service"]),
        ("demomodel.recipe", "from server import core", ["server.core"]),
        ("loadtest.camera", "from server.core import wire", ["server.core.wire"]),
        ("server.handlers.infer", "import prometheus_client", ["prometheus_client"]),
        ("framewire.client.aio", "from server.core import wire", ["server.core.wire"]),
    ],
)
def test_what_would_be_wrong(
    module: str, source: str, wrong: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test above sees what it is there to see."""
    monkeypatch.setattr(Path, "read_text", lambda self, encoding: source)
    path = ROOT.joinpath(*module.split(".")).with_suffix(".py")
    assert wrong_imports(path, MAY_IMPORT) == [f"{module} imports {one}" for one in wrong]


# The core: no clock, socket, thread, loop or logging, though all are of the standard library.
NOT_PURE = {
    "asyncio",
    "concurrent",
    "datetime",
    "io",
    "logging",
    "multiprocessing",
    "os",
    "pathlib",
    "random",
    "secrets",
    "select",
    "selectors",
    "signal",
    "socket",
    "ssl",
    "subprocess",
    "sys",
    "tempfile",
    "threading",
    "time",
}


def test_the_core_is_pure() -> None:
    for path in files("server/core"):
        found = {module.partition(".")[0] for module in imports(path)}
        assert not found & NOT_PURE, path
        tree = ast.parse(path.read_text(encoding="utf-8"))
        called = {
            node.func.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert not called & {"open", "print", "input", "eval", "exec", "__import__"}, path


CLIENT_CORE = (
    "session",
    "window",
    "pacing",
    "backoff",
    "options",
    "checks",
    "messages",
    "outcomes",
    "answers",
    "second",
    "tracking",
    "actions",
)


@pytest.mark.parametrize("name", CLIENT_CORE)
def test_the_core_of_the_client_is_pure(name: str) -> None:
    modules = set(imports(ROOT / "framewire" / "client" / f"{name}.py"))
    assert not {module.partition(".")[0] for module in modules} & {*NOT_PURE, "tornado", "PIL"}
    own = {module.rpartition(".")[2] for module in modules if inside(module, "framewire")}
    assert own <= {*CLIENT_CORE, "client", "errors", "statistics"}


# What the process loads


def loaded_by(statement: str) -> set[str]:
    """The modules in a fresh interpreter after ``statement``."""
    found = subprocess.run(
        [sys.executable, "-c", f"{statement}\nimport sys\nprint('\\n'.join(sys.modules))"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return set(found.stdout.split())


def test_the_gateway_never_loads_tensorflow() -> None:
    modules = loaded_by("import server.app")
    assert "server.backend.serving" in modules
    # The generated protocol files are in TensorFlow's folder, and nothing else of it is loaded.
    allowed = ("tensorflow.core", "tensorflow.tsl", "tensorflow.compiler")
    found = {name for name in modules if inside(name, "tensorflow")}
    assert {name for name in found if not name.startswith(allowed)} == set()
    files_loaded = {name for name in found if name.endswith("_pb2")}
    folders = {name.rpartition(".")[0] for name in files_loaded}
    packages = {name for name in found if name not in files_loaded}
    assert all(any(inside(folder, name) for folder in folders) for name in packages)
    assert not modules & {"keras", "h5py", "jax", "torch", "modelserver", "export"}


def test_the_core_loads_nothing_else_of_the_gateway() -> None:
    names = [module_name(path) for path in files("server/core")]
    modules = loaded_by("\n".join(f"import {name}" for name in names))
    assert {name for name in modules if inside(name, "server")} == {"server", *names}
    assert not modules & {"tornado", "grpc", "msgpack", "numpy", "PIL"}


def test_extras_are_loaded_only_where_they_are_wanted() -> None:
    assert not loaded_by("import server.app") & {"jwt", "cryptography", "opentelemetry"}


def test_the_client_loads_nothing_of_the_servers() -> None:
    modules = loaded_by("import framewire.client")
    assert not modules & {"server", "grpc", "numpy", "av", "tensorflow", "export", "modelserver"}


def test_the_supervisor_stays_small() -> None:
    modules = loaded_by("import server.workers.supervisor")
    assert not modules & {"server.app", "grpc", "numpy", "PIL", "msgpack", "prometheus_client"}


def test_the_runtime_loads_no_grpc() -> None:
    modules = loaded_by("import server.runtime.gateway")
    assert not modules & {"grpc", "numpy", "PIL", "tornado", "tensorflow_serving"}


# The files


@pytest.mark.parametrize("package", PACKAGES)
def test_files_are_short_and_say_what_they_are(package: str) -> None:
    for path in files(package):
        source = path.read_text(encoding="utf-8")
        assert len(source.splitlines()) <= LONGEST, path
        tree = ast.parse(source)
        assert ast.get_docstring(tree), f"{path} has no docstring"
        if len(tree.body) > 1:
            assert "from __future__ import annotations" in source, path


@pytest.mark.parametrize("folder", ["static", "miniprogram"])
def test_scripts_are_short(folder: str) -> None:
    for path in (ROOT / folder).rglob("*.js"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST, path


@pytest.mark.parametrize("package", PACKAGES)
def test_no_file_is_named_after_nothing(package: str) -> None:
    names = {path.stem for path in files(package)} | {path.parent.name for path in files(package)}
    assert not names & {"utils", "util", "helpers", "common", "misc", "tools"}
