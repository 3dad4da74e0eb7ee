"""What decoding a picture costs is read from its header, and bounded before it is paid."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

from server.core.errors import BadFrame
from server.core.pictures import Header, examine, without_metadata
from server.core.pictures.jpeg import MAX_SCANS
from server.core.pictures.layout import orientation
from server.core.pictures.png import MAX_COMPRESSED_TEXT, check_pixels
from server.core.pictures.webp import is_animated
from tests.odd_pictures import chunk, corpus, interlaced, png, quarters, saved

PIXELS, ROWS = 24 * 16, 16 * 6
PROGRESSIVE = saved(quarters(), "JPEG", progressive=True)
SCANS = PROGRESSIVE.count(b"\xff\xda")
LAST_SCAN = PROGRESSIVE[PROGRESSIVE.rindex(b"\xff\xda") : -2]
EMPTY_ROWS = (b"\0" + bytes(24 * 3)) * 16


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def with_scans(more: int) -> bytes:
    """A progressive JPEG whose last scan is repeated."""
    return PROGRESSIVE[:-2] + LAST_SCAN * more + b"\xff\xd9"


def in_three_scans() -> bytes:
    """A baseline JPEG header with a scan for each component; never decoded."""
    frame = struct.pack(">HBHHB", 17, 8, 16, 24, 3) + bytes([1, 17, 0, 2, 17, 0, 3, 17, 0])
    scans = b"".join(b"\xff\xda\0\x08\1" + bytes([i, 0, 0, 63, 0, 7]) for i in (1, 2, 3))
    return b"\xff\xd8\xff\xc0" + frame + scans + b"\xff\xd9"


@pytest.mark.parametrize(
    ("picture_format", "data", "cost"),
    [
        ("jpeg", saved(quarters(), "JPEG"), PIXELS),
        ("jpeg", PROGRESSIVE, PIXELS * (1 + SCANS // 2)),
        ("jpeg", in_three_scans(), PIXELS * 2),
        ("png", saved(quarters(), "PNG"), PIXELS * 4 + ROWS),
        ("webp", saved(quarters(), "WEBP"), PIXELS * 6),
        ("webp", saved(quarters(), "WEBP", lossless=True), PIXELS * 6),
    ],
    ids=["jpeg", "progressive", "three scans", "png", "webp", "webp lossless"],
)
def test_cost_in_pixels_of_a_baseline_jpeg(picture_format: str, data: bytes, cost: int) -> None:
    assert examine(picture_format, data)[:4] == Header(24, 16, 1, cost)[:4]


@pytest.mark.parametrize(
    ("colour", "depth", "cost"),
    [
        (0, 1, 1.125),
        (0, 2, 1.25),
        (0, 4, 1.5),
        (0, 8, 2),
        (0, 16, 3),
        (2, 8, 4),
        (2, 16, 7),
        (3, 8, 2),
        (4, 8, 3),
        (4, 16, 5),
        (6, 8, 5),
        (6, 16, 9),
    ],
)
def test_a_png_costs_as_much_as_its_bytes(colour: int, depth: int, cost: float) -> None:
    """As measured: none takes over 1.2 times as long for its cost as a detailed JPEG does."""
    assert examine("png", png((24, 16), depth, colour, b"")).cost == PIXELS * cost + ROWS
    passes = png((24, 16), depth, colour, b"", interlace=1)
    assert examine("png", passes).cost == PIXELS * (cost + 1) + ROWS


def test_columns_and_rows_of_few_pixels_have_their_cost() -> None:
    """As measured: a JPEG of one column took nine times as long as its pixels, a PNG six times."""
    assert examine("jpeg", saved(quarters(1, 9), "JPEG")).cost == 8 * 16
    assert examine("png", png((1, 9000), 1, 0, bytes(2 * 9000))).cost == 9000 * (1.125 + 6)


def test_a_jpeg_of_many_scans_is_refused() -> None:
    most = MAX_SCANS - SCANS
    assert examine("jpeg", with_scans(most)).cost == PIXELS * (1 + MAX_SCANS // 2)
    with pytest.raises(BadFrame, match=f"more than {MAX_SCANS} scans"):
        examine("jpeg", with_scans(most + 1))


@pytest.mark.parametrize("kind", [b"\xff\xc4", b"\xff\xdb"])
def test_a_jpeg_of_countless_tables_is_refused(kind: bytes) -> None:
    table = kind + struct.pack(">H", 2 + 9000) + bytes(9000)
    data = saved(quarters(), "JPEG")
    assert examine("jpeg", data[:2] + table + data[2:]).width == 24
    with pytest.raises(BadFrame, match="bytes of tables"):
        examine("jpeg", data[:2] + 2 * table + data[2:])


@pytest.mark.parametrize("between", [b"\xff\xfe\0\x06\xff\xd9\xff\xd9", b"\xff\xff"])
def test_scans_cannot_hide_behind_a_false_end(between: bytes) -> None:
    data = PROGRESSIVE[:-2] + (between + LAST_SCAN) * MAX_SCANS + b"\xff\xd9"
    with pytest.raises(BadFrame, match="scans"):
        examine("jpeg", data)


def test_markers_after_a_picture_are_not_scans_of_it() -> None:
    video = b"\xff\xda\0\x08" * 100
    assert examine("jpeg", PROGRESSIVE + video + b"\xff\xd9").width == 24


def test_scans_of_a_broken_picture_are_counted_as_far_as_they_go() -> None:
    """An end marker inside a segment is no end, but then there is nothing after it either."""
    hidden = b"\xff\xda\0\x04" * (MAX_SCANS + 1) + b"\xff\xd9"
    comment = b"\xff\xfe" + struct.pack(">H", len(hidden) + 2) + hidden
    assert examine("jpeg", PROGRESSIVE[:-2] + comment).width == 24


def test_segments_between_scans_are_bounded() -> None:
    """Two megabytes of them, behind a comment that seems to have scans, took 0.18 s."""
    comment = b"\xff\xfe\0\x2e" + b"\xff\xda" * 22
    at = PROGRESSIVE.rindex(b"\xff\xda")

    def with_empty_comments(count: int) -> bytes:
        return PROGRESSIVE[:at] + comment + b"\xff\xfe\0\2" * count + PROGRESSIVE[at:]

    assert examine("jpeg", with_empty_comments(900)).width == 24
    with pytest.raises(BadFrame, match="more than 1000 segments"):
        examine("jpeg", with_empty_comments(1000))


@pytest.mark.parametrize("name", [name for name, odd in corpus().items() if not odd.refused])
def test_pixels_need_no_metadata(name: str) -> None:
    odd = corpus()[name]
    plain = without_metadata(odd.format, odd.data)
    assert examine(odd.format, plain)[:2] == examine(odd.format, odd.data)[:2]
    assert np.array_equal(opened(plain), opened(odd.data))
    assert without_metadata(odd.format, plain) == plain


def test_metadata_is_left_out() -> None:
    exif, profile = Image.Exif(), b"profile" * 100
    exif[0x0112] = 6
    for kind in ("JPEG", "PNG"):
        data = saved(quarters(), kind, exif=exif.tobytes(), icc_profile=profile)
        assert {"exif", "icc_profile"} <= opened(data).info.keys()
        plain = without_metadata(kind.lower(), data)
        assert not {"exif", "icc_profile"} & opened(plain).info.keys()


def test_metadata_cannot_hide_in_a_segment_that_has_no_length_elsewhere() -> None:
    """Of the markers of restarts, other readers skip two bytes only."""
    data = saved(quarters(), "JPEG")
    hidden = b"\xff\xe1\0\x0eExif\0\0MM\0*"
    segment = b"\xff\xd0\0" + bytes([2 + len(hidden)]) + hidden
    assert b"Exif" not in without_metadata("jpeg", data[:2] + b"\xff" + segment + data[2:])


@pytest.mark.parametrize("size", [(8, 8), (300, 200)])
def test_a_png_inflates_no_further_than_its_pixels(size: tuple[int, int]) -> None:
    rows = (b"\0" + bytes(size[0] * 3)) * size[1]
    with pytest.raises(BadFrame, match=f"inflates beyond the {len(rows)} bytes"):
        check_pixels(png(size, 8, 2, rows + bytes(50_000_000)))
    check_pixels(png(size, 8, 2, rows))


@pytest.mark.parametrize("name", [name for name in corpus() if name.startswith("png")])
def test_real_pngs_inflate_to_their_pixels(name: str) -> None:
    odd = corpus()[name]
    if not odd.refused:
        check_pixels(odd.data)


def test_a_large_interlaced_png_inflates_to_its_pixels() -> None:
    noise = Image.effect_noise((500, 400), 90).convert("RGB")
    check_pixels(saved(noise, "PNG"))
    check_pixels(interlaced(np.asarray(noise)))


def test_png_data_that_does_not_inflate_is_refused() -> None:
    large = png((500, 400), 8, 2, b"")
    at = large.index(b"IDAT") - 4
    data = large[:at] + chunk(b"IDAT", b"no stream" * 1000) + large[large.index(b"IEND") - 4 :]
    with pytest.raises(BadFrame, match="broken png: Error"):
        check_pixels(data)


@pytest.mark.parametrize(
    ("kind", "start", "refused"),
    [
        (b"zTXt", b"key\0\0", True),
        (b"iTXt", b"key\0\1\0\0\0", True),
        (b"iTXt", b"key\0\0\0\0\0", False),
        (b"tEXt", b"key\0", False),
    ],
)
def test_compressed_texts_of_a_png_are_bounded(kind: bytes, start: bytes, refused: bool) -> None:
    text = chunk(kind, start + b"x" * MAX_COMPRESSED_TEXT)
    data = png((24, 16), 8, 2, EMPTY_ROWS, text)
    if refused:
        with pytest.raises(BadFrame, match="compressed text"):
            examine("png", data)
    else:
        assert examine("png", data).width == 24


def test_a_png_of_countless_chunks_is_refused() -> None:
    with pytest.raises(BadFrame, match="chunks in"):
        examine("png", png((24, 16), 8, 2, EMPTY_ROWS, chunk(b"teXt", b"") * 2000))


def tiff(order: str = "<", kind: int = 3, value: int = 6, tag: int = 0x0112) -> bytes:
    mark = {"<": b"II*\0", ">": b"MM\0*"}[order]
    entry = struct.pack(order + "HHIHH", tag, kind, 1, value, 0)
    other = struct.pack(order + "HHIHH", 0x010F, 2, 4, 0, 0)
    return mark + struct.pack(order + "IH", 8, 2) + other + entry


@pytest.mark.parametrize(
    ("exif", "turn"),
    [
        *[(tiff(value=value), value) for value in range(1, 9)],
        (tiff(">"), 6),
        (b"Exif\0\0" + tiff(), 6),
        (tiff(value=0), 1),
        (tiff(value=9), 1),
        (tiff(kind=4), 1),
        (tiff(tag=0x0113), 1),
        (tiff()[:20], 1),
        (b"", 1),
        (b"no tiff at all", 1),
        (b"II*\0\xff\xff\xff\xff", 1),
    ],
)
def test_orientation_in_exif(exif: bytes, turn: int) -> None:
    assert orientation(exif) == turn


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_orientation_of_every_format(kind: str, turn: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = turn
    header = examine(kind.lower(), saved(quarters(), kind, exif=exif.tobytes()))
    assert (header.width, header.height, header.orientation) == (24, 16, turn)


def test_other_app1_segments_say_nothing_about_orientation() -> None:
    data = saved(quarters(), "JPEG")
    xmp = b"http://ns.adobe.com/xap/1.0/\0" + tiff()
    segment = b"\xff\xe1" + struct.pack(">H", len(xmp) + 2) + xmp
    assert examine("jpeg", data[:2] + segment + data[2:]).orientation == 1


def test_only_the_first_exif_counts() -> None:
    """Hundreds of them, each with hundreds of entries, would take long to read."""
    silent, turned = tiff(tag=0x0113), tiff(value=6)
    jpeg_data, png_data = saved(quarters(), "JPEG"), png((24, 16), 8, 2, EMPTY_ROWS)
    for first, second, turn in ((silent, turned, 1), (turned, tiff(value=3), 6)):
        segments = b"".join(
            b"\xff\xe1" + struct.pack(">H", len(exif) + 8) + b"Exif\0\0" + exif
            for exif in (first, second)
        )
        assert examine("jpeg", jpeg_data[:2] + segments + jpeg_data[2:]).orientation == turn
        chunks = chunk(b"eXIf", first) + chunk(b"eXIf", second)
        assert examine("png", png_data[:33] + chunks + png_data[33:]).orientation == turn


def test_spaces_before_json_are_not_searched_to_the_end() -> None:
    """Two megabytes of them would take 60 ms."""
    for spaces, words in ((b" " * 99, "looks like JSON"), (b" " * 100, "not a picture in any")):
        for data in (spaces + b'{"a"', b"{" + spaces + b'"a"'):
            with pytest.raises(BadFrame, match=words):
                examine("jpeg", data)


def riff(*chunks: bytes) -> bytes:
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def extended(flags: int, *chunks: bytes) -> bytes:
    return riff(b"VP8X" + struct.pack("<IB", 10, flags) + bytes(9), *chunks)


@pytest.mark.parametrize(
    "data",
    [
        extended(0x08),
        extended(0x08, (b"none" + bytes(4)) * 1001, b"EXIF" + struct.pack("<I", 34) + tiff()),
        extended(0x00, b"EXIF" + struct.pack("<I", 34) + tiff()),
    ],
    ids=["announced only", "behind countless chunks", "not announced"],
)
def test_webp_without_a_readable_orientation_is_upright(data: bytes) -> None:
    assert examine("webp", data).orientation == 1


def test_animated_webp_is_known_by_its_header() -> None:
    assert is_animated(corpus()["webp animated"].data)
    assert not is_animated(corpus()["webp alpha"].data)
    assert not is_animated(corpus()["webp lossy"].data)


@pytest.mark.parametrize("name", [name for name, odd in corpus().items() if odd.refused])
def test_what_no_decoder_reads_is_refused_with_the_reason(name: str) -> None:
    odd = corpus()[name]
    with pytest.raises(BadFrame, match=odd.refused):
        examine(odd.format, odd.data)


def test_a_segment_that_is_too_short_among_many_scans() -> None:
    broken = PROGRESSIVE[:-2] + b"\xff\xc4\0\1" + LAST_SCAN * MAX_SCANS + b"\xff\xd9"
    with pytest.raises(BadFrame, match=r"says it has 1 byte$"):
        examine("jpeg", broken)
