"""Odd pictures of every kind, and the pixels that each one means.

A picture is 24x16 unless its name says otherwise: a red, a green, a blue and a yellow
quarter, or grey tones where it has no colours, so that a wrong turn or a swapped channel
shows. ``CORPUS`` maps a name to an :class:`Odd` picture. Pillow writes what it can; the
rest is put together by hand.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 24, 16
RED, GREEN, BLUE, YELLOW = (220, 30, 40), (20, 180, 60), (30, 50, 210), (240, 230, 30)
Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Odd:
    """A picture: its format, its bytes, and either its pixels or why it is refused.

    ``pixels`` is uint8 [H,W,3]; ``refused`` is a part of the gateway's message;
    ``tolerance`` is how far a lossy format may be off in the middle of a quarter.
    """

    format: str
    data: bytes
    pixels: Array | None = None
    refused: str = ""
    tolerance: int = 1

    def middles(self, pixels: Array) -> Array:
        """The middles of the quarters where lossy colours may differ at the edges between them."""
        height, width = pixels.shape[:2]
        if self.tolerance == 1 or min(width, height) < HEIGHT:
            return pixels.astype(int)
        middles = [
            (y, x) for y in (height // 4, 3 * height // 4) for x in (width // 4, 3 * width // 4)
        ]
        return np.concatenate([pixels[y - 2 : y + 2, x - 2 : x + 2] for y, x in middles]).astype(
            int
        )


def quarters(width: int = WIDTH, height: int = HEIGHT) -> Image.Image:
    picture = Image.new("RGB", (width, height), RED)
    picture.paste(GREEN, (width // 2, 0, width, height))
    picture.paste(BLUE, (0, height // 2, width // 2, height))
    picture.paste(YELLOW, (width // 2, height // 2, width, height))
    return picture


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def array(picture: Image.Image) -> Array:
    return np.asarray(picture.convert("RGB"))


def on_white(picture: Image.Image) -> Array:
    pixels = np.asarray(picture.convert("RGBA")).astype(int)
    colours, cover = pixels[..., :3], pixels[..., 3:]
    return ((colours * cover + 255 * (255 - cover) + 127) // 255).astype(np.uint8)


def chunk(kind: bytes, contents: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + contents))
    return struct.pack(">I", len(contents)) + kind + contents + checksum


def with_shared_entries(jpeg: bytes, kind: bytes = b"\xe1Exif\0\0") -> bytes:
    """A JPEG with metadata whose 2,000 entries all refer to the same 30,000 bytes.

    ``kind`` is the segment's marker and its name.
    """
    count, size = 2000, 30_000
    end = 10 + 12 * count + 4
    entries = b"".join(struct.pack(">HHII", tag, 1, size, end) for tag in range(1, count + 1))
    directory = b"MM\0*\0\0\0\x08" + struct.pack(">H", count) + entries + bytes(4 + size)
    name = kind[1:]
    length = struct.pack(">H", 2 + len(name) + len(directory))
    return jpeg[:2] + b"\xff" + kind[:1] + length + name + directory + jpeg[2:]


def png(
    size: tuple[int, int],
    depth: int,
    colour: int,
    rows: bytes,
    extra: bytes = b"",
    interlace: int = 0,
) -> bytes:
    """A PNG of ``rows``, each with its filter byte; ``extra`` chunks come before the pixels."""
    header = struct.pack(">IIBBBBB", *size, depth, colour, 0, 0, interlace)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + extra
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def rows_of(samples: Array) -> bytes:
    """Rows of 8 or 16 bits per sample, each behind a filter byte of none."""
    samples = samples.astype(">u2") if samples.dtype.itemsize == 2 else samples
    return b"".join(b"\0" + row.tobytes() for row in samples)


def interlaced(pixels: Array) -> bytes:
    passes = [(0, 8, 0, 8), (4, 8, 0, 8), (0, 4, 4, 8), (2, 4, 0, 4), (0, 2, 2, 4)]
    passes += [(1, 2, 0, 2), (0, 1, 1, 2)]
    parts = (pixels[top::down, left::right] for left, right, top, down in passes)
    rows = b"".join(rows_of(part) for part in parts if part.size)
    return png(pixels.shape[1::-1], 8, 2, rows, interlace=1)


def grey_bits(depth: int, transparent: int | None = None) -> tuple[bytes, Array]:
    """All the tones that ``depth`` bits have, one column each."""
    tones = 2**depth
    width = max(8, tones)
    values = np.arange(width) % tones
    bits = "".join(f"{value:0{depth}b}" for value in values)
    row = b"\0" + int(bits, 2).to_bytes(len(bits) // 8, "big")
    extra = b"" if transparent is None else chunk(b"tRNS", struct.pack(">H", transparent))
    shown = values * 255 // (tones - 1)
    if transparent is not None:
        shown[values == transparent] = 255
    pixels = np.repeat(np.tile(shown, (8, 1))[..., None], 3, 2).astype(np.uint8)
    return png((width, 8), depth, 0, row * 8, extra), pixels


def png_kinds() -> Iterator[tuple[str, Odd]]:
    rgb = quarters()
    colours = np.asarray(rgb)
    yield "png", Odd("png", saved(rgb, "PNG"), colours)
    for name, depth in (("1", 1), ("2", 2), ("4", 4), ("8", 8)):
        yield f"png grey {name} bit", Odd("png", *grey_bits(depth))
        yield f"png grey {name} bit tRNS", Odd("png", *grey_bits(depth, transparent=1))
    wide = np.arange(8 * 8, dtype=np.uint16).reshape(8, 8) * 1024
    high = np.repeat((wide >> 8)[..., None], 3, 2).astype(np.uint8)
    yield "png grey 16 bit", Odd("png", png((8, 8), 16, 0, rows_of(wide)), high)
    wide = colours.astype(np.uint16) * 256 + 201
    yield "png rgb 16 bit", Odd("png", png((WIDTH, HEIGHT), 16, 2, rows_of(wide)), colours)
    rgba = rgb.convert("RGBA")
    rgba.putalpha(Image.linear_gradient("L").resize((WIDTH, HEIGHT)))
    wide = np.asarray(rgba).astype(np.uint16) * 256 + 17
    data = png((WIDTH, HEIGHT), 16, 6, rows_of(wide))
    yield "png rgba 16 bit", Odd("png", data, on_white(rgba))
    wide = np.asarray(rgba.convert("LA")).astype(np.uint16) * 256 + 17
    data = png((WIDTH, HEIGHT), 16, 4, rows_of(wide))
    yield "png grey alpha 16 bit", Odd("png", data, on_white(rgba.convert("LA")))
    yield "png rgba", Odd("png", saved(rgba, "PNG"), on_white(rgba))
    yield (
        "png grey alpha",
        Odd("png", saved(rgba.convert("LA"), "PNG"), on_white(rgba.convert("LA"))),
    )
    clear = Image.new("RGBA", (WIDTH, HEIGHT), (0, 0, 0, 0))
    yield "png all transparent", Odd("png", saved(clear, "PNG"), on_white(clear))
    palette = rgb.quantize(4)
    yield "png palette", Odd("png", saved(palette, "PNG"), array(palette))
    wide_palette = rgb.quantize(4).convert("RGB").convert("P", palette=Image.Palette.ADAPTIVE)
    yield "png palette 8 bit", Odd("png", saved(wide_palette, "PNG", bits=8), array(wide_palette))
    for name, cover in (("one", 1), ("many", bytes([0, 128, 255]))):
        data = saved(palette, "PNG", transparency=cover)
        yield f"png palette tRNS {name}", Odd("png", data, on_white(Image.open(io.BytesIO(data))))
    key = chunk(b"tRNS", struct.pack(">HHH", *BLUE))
    data = png((WIDTH, HEIGHT), 8, 2, rows_of(colours), key)
    keyed = np.where((colours == BLUE).all(2, keepdims=True), 255, colours).astype(np.uint8)
    yield "png rgb tRNS", Odd("png", data, keyed)
    data = png((WIDTH, HEIGHT), 16, 2, rows_of(colours.astype(np.uint16)), key)
    yield "png rgb 16 bit tRNS", Odd("png", data, refused="transparent color of 16 bits")
    yield "png interlaced", Odd("png", interlaced(colours), colours)
    yield "png interlaced 3x1", Odd("png", interlaced(colours[:1, :3]), colours[:1, :3])
    gamma = chunk(b"gAMA", struct.pack(">I", 100_000)) + chunk(
        b"bKGD", struct.pack(">HHH", 1, 2, 3)
    )
    data = png((WIDTH, HEIGHT), 8, 2, rows_of(colours), gamma)
    yield "png gamma and background", Odd("png", data, colours)
    profile = b"icc\0\0" + zlib.compress(bytes(500))
    data = png((WIDTH, HEIGHT), 8, 2, rows_of(colours), chunk(b"iCCP", profile))
    yield "png broken profile", Odd("png", data, colours)
    more = [Image.new("RGB", rgb.size), rgb.rotate(180)]
    data = saved(rgb, "PNG", save_all=True, append_images=more, duration=40)
    yield "png animated", Odd("png", data, colours)
    yield "png trailing bytes", Odd("png", saved(rgb, "PNG") + b"garbage" * 9, colours)
    yield "png truncated", Odd("png", saved(rgb, "PNG")[:-1], refused="truncated png")
    bad = png((WIDTH, HEIGHT), 3, 2, rows_of(colours))
    yield "png of 3 bits", Odd("png", bad, refused="coding that does not exist")


def jpeg_kinds() -> Iterator[tuple[str, Odd]]:
    rgb = quarters()
    colours = np.asarray(rgb)

    def good(data: bytes, pixels: Array = colours, tolerance: int = 16) -> Odd:
        return Odd("jpeg", data, pixels, tolerance=tolerance)

    plain = saved(rgb, "JPEG", quality=95)
    yield "jpeg", good(plain)
    for sampling in ("4:4:4", "4:2:2", "4:2:0", "4:1:1"):
        data = saved(rgb.resize((96, 64), 0), "JPEG", quality=95, subsampling=sampling)
        yield f"jpeg {sampling}", good(data, array(rgb.resize((96, 64), 0)))
    yield "jpeg restart markers", good(saved(rgb, "JPEG", quality=95, restart_marker_blocks=1))
    yield "jpeg progressive", good(saved(rgb, "JPEG", quality=95, progressive=True))
    grey = rgb.convert("L")
    yield "jpeg grey", good(saved(grey, "JPEG", quality=95), array(grey))
    data = saved(rgb, "JPEG", quality=95, keep_rgb=True)
    yield "jpeg adobe rgb", good(data)
    cmyk = rgb.convert("CMYK")
    yield "jpeg cmyk", good(saved(cmyk, "JPEG", quality=95), array(cmyk))
    yield "jpeg ycck", good(ycck(cmyk), array(cmyk), tolerance=24)
    yield "jpeg colour profile", good(saved(rgb, "JPEG", quality=95, icc_profile=bytes(300_000)))
    yield "jpeg trailing bytes", good(plain + b"\xff\xda\xff\xd9 and more" * 30)
    yield (
        "jpeg of several",
        good(saved(rgb, "MPO", quality=95, save_all=True, append_images=[grey])),
    )
    for size in ((1, 1), (3, 5), (17, 9), (1, 40)):
        picture = Image.new("RGB", size, YELLOW)
        name = f"{size[0]}x{size[1]}"
        yield f"jpeg {name}", good(saved(picture, "JPEG", quality=95), array(picture))
        yield f"png {name}", Odd("png", saved(picture, "PNG"), array(picture))
    yield "jpeg truncated", Odd("jpeg", plain[:-1], refused="truncated jpeg")
    frame = plain.index(b"\xff\xc0")
    codings = {"arithmetic": 0xC9, "arithmetic progressive": 0xCA, "lossless": 0xC3}
    for name, marker in {**codings, "hierarchical": 0xC5}.items():
        data = plain[: frame + 1] + bytes([marker]) + plain[frame + 2 :]
        yield f"jpeg {name}", Odd("jpeg", data, refused="Huffman codes is required")
    data = plain[: frame + 4] + b"\x0c" + plain[frame + 5 :]
    yield "jpeg 12 bit", Odd("jpeg", data, refused="12 bits per sample")
    data = plain[: frame + 9] + b"\x02" + plain[frame + 10 :]
    yield "jpeg of two components", Odd("jpeg", data, refused="2 components")


def ycck(cmyk: Image.Image) -> bytes:
    """A JPEG in YCCK as Adobe writes it: the inks in YCbCr, and the black inverted."""
    inks = np.asarray(cmyk)
    black = Image.fromarray(255 - inks[..., 3])
    coded = Image.fromarray(np.ascontiguousarray(inks[..., :3])).convert("YCbCr")
    merged = Image.merge("CMYK", [*coded.split(), black])
    # Pillow inverts whatever it saves as CMYK, so it is inverted once more before.
    data = saved(Image.fromarray(255 - np.asarray(merged), "CMYK"), "JPEG", quality=95)
    adobe = data.index(b"Adobe")
    return data[: adobe + 11] + b"\x02" + data[adobe + 12 :]


def webp_kinds() -> Iterator[tuple[str, Odd]]:
    rgb = quarters()
    colours = np.asarray(rgb)
    rgba = rgb.convert("RGBA")
    rgba.putalpha(Image.linear_gradient("L").resize((WIDTH, HEIGHT)))
    yield "webp lossy", Odd("webp", saved(rgb, "WEBP", quality=95), colours, tolerance=16)
    yield "webp lossless", Odd("webp", saved(rgb, "WEBP", lossless=True), colours)
    data = saved(rgba, "WEBP", lossless=True, exact=True)
    yield "webp alpha", Odd("webp", data, on_white(rgba))
    more = [rgb.rotate(180)]
    data = saved(rgb, "WEBP", save_all=True, append_images=more, duration=40, lossless=True)
    yield "webp animated", Odd("webp", data, colours)
    yield "webp truncated", Odd("webp", saved(rgb, "WEBP")[:-1], refused="truncated webp")
    yield (
        "webp 1x1",
        Odd("webp", saved(rgb.crop((0, 0, 1, 1)), "WEBP", lossless=True), colours[:1, :1]),
    )


def foreign_kinds() -> Iterator[tuple[str, Odd]]:
    for kind in ("BMP", "GIF", "TIFF"):
        yield (
            kind.lower(),
            Odd("jpeg", saved(quarters(), kind), refused=f"looks like {kind.lower()}"),
        )
    yield "heic", Odd("jpeg", b"\0\0\0\x18ftypheic" + bytes(40), refused="looks like heic or avif")
    yield "text", Odd("jpeg", b"this is not a picture", refused="not a picture")


@cache
def corpus() -> dict[str, Odd]:
    """Every odd picture by its name."""
    kinds: list[Callable[[], Iterator[tuple[str, Odd]]]]
    kinds = [png_kinds, jpeg_kinds, webp_kinds, foreign_kinds]
    return {name: odd for kind in kinds for name, odd in kind()}
