"""Films of rendered scenes, for the camera and as a file; and whether an answer fits a scene."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from demomodel.scenes import Scene, render

SIZE = (640, 480)
FRAMES_A_SCENE = 30
FRAME_MS = 1000 / 30
LEAST_OVERLAP = 0.5


def scenes(seeds: Sequence[int]) -> list[Scene]:
    return [render(seed, SIZE) for seed in seeds]


def write_film(path: Path, shown: Sequence[Scene]) -> Path:
    """Each scene for about a second; an mjpeg file is JPEGs one after another."""
    with path.open("wb") as film:
        for scene in shown:
            film.write(jpeg(scene) * FRAMES_A_SCENE)
    return path


def jpeg(scene: Scene) -> bytes:
    return _encoded(scene, "JPEG")


def webm(shown: Sequence[Scene]) -> bytes:
    """Each scene for about a second. A lossy WebP is one key frame of VP8, so Pillow can film."""
    pictures = [picture for scene in shown for picture in [_vp8(scene)] * FRAMES_A_SCENE]
    blocks = b"".join(
        _element(0xA3, b"\x81" + struct.pack(">hB", round(i * FRAME_MS), 0x80) + picture)
        for i, picture in enumerate(pictures)
    )
    size = _element(0xB0, struct.pack(">H", SIZE[0])) + _element(0xBA, struct.pack(">H", SIZE[1]))
    track = _element(0xD7, b"\1") + _element(0x73C5, b"\1") + _element(0x83, b"\1")
    track += _element(0x86, b"V_VP8") + _element(0xE0, size)
    length = struct.pack(">d", len(pictures) * FRAME_MS)
    info = _element(0x2AD7B1, struct.pack(">I", 1_000_000)) + _element(0x4489, length)
    segment = _element(0x1549A966, info) + _element(0x1654AE6B, _element(0xAE, track))
    segment += _element(0x1F43B675, _element(0xE7, b"\0") + blocks)
    header = _element(0x4282, b"webm") + _element(0x4287, b"\2") + _element(0x4285, b"\2")
    return _element(0x1A45DFA3, header) + _element(0x18538067, segment)


def _element(name: int, content: bytes) -> bytes:
    """An element of EBML: its name, its length in eight bytes, its content."""
    head = name.to_bytes((name.bit_length() + 7) // 8, "big")
    return head + (1 << 56 | len(content)).to_bytes(8, "big") + content


def _vp8(scene: Scene) -> bytes:
    riff = _encoded(scene, "WEBP")
    assert riff[12:16] == b"VP8 "
    return riff[20 : 20 + struct.unpack("<I", riff[16:20])[0]]


def _encoded(scene: Scene, kind: str) -> bytes:
    encoded = io.BytesIO()
    scene.picture.save(encoded, kind, quality=85)
    return encoded.getvalue()


def fits(answer: dict[str, Any] | None, scene: Scene) -> bool:
    """Whether the answer has the scene's digits, each in its place, and nothing else."""
    if answer is None or len(answer["boxes"]) != len(scene.labels):
        return False
    found = list(zip(answer["classes"], answer["boxes"], strict=True))
    for label, (y0, x0, y1, x1) in zip(scene.labels, scene.boxes, strict=True):
        truth = (float(x0), float(y0), float(x1), float(y1))
        matches = [
            each for each in found if each[0] == label and overlap(each[1], truth) >= LEAST_OVERLAP
        ]
        if not matches:
            return False
        found.remove(matches[0])
    return True


def overlap(a: Sequence[float], b: Sequence[float]) -> float:
    """Intersection over union of two boxes [x0, y0, x1, y1]."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    return width * height / (sum(areas) - width * height)
