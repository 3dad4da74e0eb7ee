"""The JavaScript of the page and the client under ``node --test``."""

from __future__ import annotations

import json
import math
import subprocess
from pathlib import Path
from typing import Any

import msgpack
import pytest
import segno

HERE = Path(__file__).parent
TEST_FILES = sorted(path.name for path in HERE.glob("*.test.mjs"))

QR_CAPACITIES = (
    *(17, 32, 53, 78, 106, 134, 154, 192, 230, 271),
    *(321, 367, 425, 458, 520, 586, 644, 718, 792, 858),
)
"""The bytes that each version of a QR code can hold at level L."""

VALUES: list[Any] = [
    None,
    True,
    False,
    *(
        sign * (2**bits + step)
        for bits in (0, 5, 7, 8, 15, 16, 31, 32, 52)
        for step in (-1, 0, 1)
        for sign in (1, -1)
    ),
    2**53 - 1,
    -(2**53 - 1),
    2**53 + 1,
    2**63,
    2**64 - 1,
    -(2**63),
    0.1,
    -1.5,
    1e300,
    5e-324,
    math.inf,
    -math.inf,
    "",
    "plain",
    "数字识别 😀 é\0",
    "x" * 31,
    "x" * 32,
    "x" * 256,
    "😀" * 20000,
    b"",
    bytes(range(256)),
    b"\xff" * 70000,
    [],
    list(range(15)),
    list(range(16)),
    list(range(70000)),
    {},
    {"ключ": {"nested": [{"deep": [1, 2.5, None, b"bin"]}]}},
    {str(i): i for i in range(16)},
    {str(i): i for i in range(66000)},
    {
        "type": "frame",
        "id": 2**40,
        "format": "jpeg",
        "data": b"\xff\xd8" * 20000,
        "captured_at": 1753776000123.25,
    },
]


def run_node(node: str, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [node, "--experimental-vm-modules", "--no-warnings", *arguments],
        cwd=HERE,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("file", TEST_FILES)
def test_under_node(node: str, file: str) -> None:
    """Every test in the file passes, and none is skipped."""
    done = run_node(node, "--test-reporter=spec", file)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped 0" in done.stdout, done.stdout


def tagged(value: Any) -> Any:
    """Encode a value as JSON with tags for what JSON loses: integers, floats, bytes."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return {"int": str(value)}
    if isinstance(value, float):
        return {"float": value.hex() if math.isinf(value) else repr(value)}
    if isinstance(value, bytes):
        return {"bin": value.hex()}
    if isinstance(value, list):
        return {"array": [tagged(item) for item in value]}
    return {"map": [[key, tagged(item)] for key, item in value.items()]}


def test_msgpack_agrees_with_python(node: str) -> None:
    """JavaScript decodes Python's bytes to the same value and encodes it to the same bytes."""
    vectors = [{"hex": msgpack.packb(value).hex(), "value": tagged(value)} for value in VALUES]
    done = run_node(node, "msgpack_vectors.mjs", stdin=json.dumps(vectors))
    assert done.returncode == 0, done.stderr[-4000:]
    packed = json.loads(done.stdout)
    assert len(packed) == len(VALUES)
    for value, text in zip(VALUES, packed, strict=True):
        assert msgpack.unpackb(bytes.fromhex(text), strict_map_key=False) == value
        assert text == msgpack.packb(value).hex()


def test_msgpack_decodes_what_only_python_encodes(node: str) -> None:
    """Decode single-precision floats, integer keys and tuples."""
    values = [
        msgpack.packb(1.5, use_single_float=True),
        msgpack.packb({1: "one"}),
        msgpack.packb((1, 2)),
    ]
    expected = [tagged(1.5), tagged({"1": "one"}), tagged([1, 2])]
    pairs = zip(values, expected, strict=True)
    vectors = [{"hex": packed.hex(), "value": value} for packed, value in pairs]
    done = run_node(node, "msgpack_vectors.mjs", stdin=json.dumps(vectors))
    assert done.returncode == 0, done.stderr[-4000:]


def test_qr_codes_agree_with_another_generator(node: str) -> None:
    """Every version, module by module. Full ones: how the rest is padded is up to the generator."""
    texts = ["é" + (count * "/?model=0")[: count - 2] for count in QR_CAPACITIES]
    done = run_node(node, "qr_vectors.mjs", stdin=json.dumps(texts))
    assert done.returncode == 0, done.stderr[-4000:]
    codes = json.loads(done.stdout)
    assert [code["version"] for code in codes] == list(range(1, 21))
    for text, code in zip(texts, codes, strict=True):
        options = {"version": code["version"], "mask": code["mask"], "boost_error": False}
        wanted = segno.make(text.encode(), error="l", mode="byte", micro=False, **options)
        assert code["rows"] == [list(row) for row in wanted.matrix]
