"""Headers of real pictures, whole and broken."""

from __future__ import annotations

import base64
import io
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from server.core.errors import BadFrame
from server.core.pictures import examine, recognise
from tests.server.samples import drawn, picture

EXIF = Image.Exif()
EXIF[0x0112] = 6  # turned by a quarter: the header's own width and height count
EXIF[0x010E] = "a camera " * 50

KINDS: list[tuple[str, str, dict[str, Any]]] = [
    ("jpeg", "RGB", {}),
    ("jpeg", "RGB", {"progressive": True}),
    ("jpeg", "RGB", {"exif": EXIF}),
    ("jpeg", "RGB", {"icc_profile": b"\xff" * 200_000}),  # in four segments
    ("jpeg", "RGB", {"comment": b"\xff\xd9 \xff\xda"}),
    ("jpeg", "RGB", {"subsampling": 0, "quality": 95, "optimize": True}),
    ("jpeg", "RGB", {"restart_marker_rows": 1}),
    ("jpeg", "L", {}),
    ("jpeg", "CMYK", {}),
    ("png", "RGB", {}),
    ("png", "RGBA", {}),
    ("png", "P", {}),
    ("png", "1", {}),
    ("png", "I;16", {}),
    ("png", "RGB", {"exif": EXIF}),
    ("webp", "RGB", {}),
    ("webp", "RGB", {"lossless": True}),
    ("webp", "RGBA", {}),
    ("webp", "RGBA", {"lossless": True}),
    ("webp", "RGB", {"exif": EXIF}),
]


def named(kind: tuple[str, str, dict[str, Any]]) -> str:
    return "-".join([kind[0], kind[1], *kind[2]])


def made(kind: tuple[str, str, dict[str, Any]], width: int = 61, height: int = 47) -> bytes:
    picture_format, mode, save = kind
    return drawn(picture_format, width, height, mode, **save)


def measure(picture_format: str, data: bytes) -> tuple[int, int]:
    """The width and height that the header states."""
    header = examine(picture_format, data)
    return header.width, header.height


SAMPLES = [(kind[0], made(kind)) for kind in KINDS]
EVERY_KIND = pytest.mark.parametrize("kind", KINDS, ids=named)


@EVERY_KIND
@pytest.mark.parametrize("size", [(1, 1), (61, 47), (300, 2)])
def test_size_of_every_kind(kind: tuple[str, str, dict[str, Any]], size: tuple[int, int]) -> None:
    data = made(kind, *size)
    assert recognise(data) == kind[0]
    assert measure(kind[0], data) == size


@pytest.mark.parametrize("save", [{}, {"exif": EXIF}], ids=["size first", "size late"])
def test_sizes_of_many_cameras_in_turns(save: dict[str, Any]) -> None:
    sizes = [(width, 3) for width in range(1, 71)]
    for _ in range(2):
        for width, height in sizes:
            data = drawn("jpeg", width, height, **save)
            assert measure("jpeg", data) == (width, height)


def test_size_of_an_animation() -> None:
    frames = [Image.new("RGB", (33, 21), (20 * i, 0, 0)) for i in range(3)]
    for picture_format in ("webp", "png"):
        out = io.BytesIO()
        frames[0].save(out, picture_format, save_all=True, append_images=frames[1:], duration=40)
        assert measure(picture_format, out.getvalue()) == (33, 21)


@EVERY_KIND
def test_truncated_at_every_length(kind: tuple[str, str, dict[str, Any]]) -> None:
    data = made(kind)
    step = max(1, len(data) // 2000)
    lengths = {*range(0, len(data), step), *range(min(len(data), 700)), len(data) - 1}
    for length in lengths:
        with pytest.raises(BadFrame) as caught:
            measure(kind[0], data[:length])
        assert caught.value.message.isprintable()


@EVERY_KIND
def test_what_follows_a_picture_does_no_harm(kind: tuple[str, str, dict[str, Any]]) -> None:
    assert measure(kind[0], made(kind) + b"a maker's note") == (61, 47)


@pytest.mark.parametrize("picture_format", ["jpeg", "png", "webp"])
def test_another_picture_than_was_said(picture_format: str) -> None:
    for other in {"jpeg", "png", "webp"} - {picture_format}:
        with pytest.raises(BadFrame, match=f"says {picture_format}, but the data looks like"):
            measure(picture_format, picture(other))


@pytest.mark.parametrize("foreign", ["gif", "bmp", "tiff"])
def test_foreign_pictures_are_named_where_they_are_known(foreign: str) -> None:
    words = f"looks like {foreign}"
    with pytest.raises(BadFrame, match=words):
        recognise(picture(foreign))
    with pytest.raises(BadFrame, match=words):
        measure("jpeg", picture(foreign))


@pytest.mark.parametrize("prefix", [b"", b"data:image/jpeg;base64,"])
@pytest.mark.parametrize("picture_format", ["jpeg", "png", "webp"])
def test_base64_instead_of_bytes_is_named(picture_format: str, prefix: bytes) -> None:
    encoded = prefix + base64.b64encode(picture(picture_format))
    with pytest.raises(BadFrame, match="looks like base64 instead of bytes"):
        recognise(encoded)
    with pytest.raises(BadFrame, match="looks like base64 instead of bytes"):
        measure(picture_format, encoded)


@pytest.mark.parametrize(
    "data", [b'{"instances": [{"b64": "..."}]}', b'{\n "image": ""}', b"[[1]]"]
)
def test_json_instead_of_a_picture_is_named(data: bytes) -> None:
    with pytest.raises(BadFrame, match="looks like JSON instead of the picture itself"):
        recognise(data)


@pytest.mark.parametrize("data", [b"", b"\xff", b"RIFF", b"hello", b"\0" * 100])
def test_what_is_no_picture(data: bytes) -> None:
    with pytest.raises(BadFrame, match="is not a picture"):
        recognise(data)


JPEG_START = b"\xff\xd8\xff\xe0\x00\x04JF"


@pytest.mark.parametrize(
    ("picture_format", "data", "words"),
    [
        ("jpeg", JPEG_START + b"\x00\x00", "a marker is missing"),
        ("jpeg", b"\xff\xd8\xff\xe0\x00\x01" + bytes(20), "says it has 1 byte$"),
        ("jpeg", JPEG_START + b"\xff\xda\x00\x02\xff\xd9", "picture data before its size"),
        ("jpeg", JPEG_START + b"\xff\xe0\x00\x02" * 2000, "more than 1000 segments"),
        ("jpeg", JPEG_START + b"\xff" * 2000, "more than 1000 segments"),
        ("jpeg", JPEG_START, "truncated jpeg: the header breaks off"),
        (
            "jpeg",
            JPEG_START + b"\xff\xc0\x00\x08\x08\x00\x00\x00\x05\x01\xff\xda\x00\x02\xff\xd9",
            "header says 5x0 pixels",
        ),
        ("png", b"\x89PNG\r\n\x1a\n" + bytes(40), "the header chunk does not come first"),
        ("png", b"\x89PNG\r\n\x1a\n", "truncated png: the header breaks off"),
        ("webp", b"RIFF\xff\xff\xff\xffWEBP", "truncated webp"),
        ("webp", b"RIFF\x04\0\0\0WEBPVP8X", "truncated webp: the header breaks off"),
        ("webp", b"RIFF\x04\0\0\0WEBP" + bytes(40), "a picture chunk is missing"),
        ("webp", b"RIFF\x04\0\0\0WEBPVP8L" + bytes(40), "does not start where it belongs"),
        ("webp", b"RIFF\x04\0\0\0WEBPVP8 " + bytes(40), "does not start where it belongs"),
    ],
)
def test_broken_headers(picture_format: str, data: bytes, words: str) -> None:
    with pytest.raises(BadFrame, match=words):
        measure(picture_format, data)


def test_a_thumbnail_does_not_pass_for_the_end_of_a_truncated_picture() -> None:
    thumbnail = picture("jpeg", 16, 12)
    whole = picture("jpeg")
    segment = b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 2) + thumbnail
    data = whole[:2] + segment + whole[2:]
    assert measure("jpeg", data) == (64, 48)
    with pytest.raises(BadFrame, match="no end marker"):
        measure("jpeg", data[:-2])


def test_the_word_iend_does_not_pass_for_the_end_of_a_truncated_picture() -> None:
    data = picture("png").replace(b"IDAT", b"IEND", 1)
    with pytest.raises(BadFrame, match="no end chunk"):
        measure("png", data[:-12])


def test_enormous_sizes_are_read_not_believed() -> None:
    png = bytearray(picture("png"))
    struct.pack_into(">II", png, 16, 2**31 - 1, 2**31 - 1)
    assert measure("png", bytes(png)) == (2**31 - 1, 2**31 - 1)
    webp = b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + b"\xff\xff\xff\x00\x00\x01"
    assert measure("webp", webp) == (2**24, 2**16 + 1)


@given(st.sampled_from(SAMPLES), st.integers(0, 10**6), st.binary(min_size=1, max_size=8))
def test_garbled_pictures_measure_or_are_bad(
    sample: tuple[str, bytes], at: int, garbage: bytes
) -> None:
    picture_format, whole = sample
    data = bytearray(whole)
    at %= min(len(data), 700)
    data[at : at + len(garbage)] = garbage
    try:
        width, height = measure(picture_format, bytes(data))
    except BadFrame:
        return
    assert width > 0
    assert height > 0


@given(st.sampled_from(["jpeg", "png", "webp"]), st.binary(max_size=300))
def test_any_bytes_after_a_right_start(picture_format: str, rest: bytes) -> None:
    start = picture(picture_format)[: 16 if picture_format == "webp" else 8]
    try:
        measure(picture_format, start + rest)
    except BadFrame:
        return
