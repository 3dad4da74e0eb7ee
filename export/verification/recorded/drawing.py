"""A picture with an answer drawn onto it, as HTML."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from html import escape
from itertools import chain, cycle, repeat
from typing import Any

from PIL import Image

from export.verification.recorded.pictures import data_url
from framewire.agreement import Answer
from framewire.agreement.boxmasks import MOST_CELLS

FAINT = 0.3
"""Boxes and poses with a lower score are drawn only if they make a difference."""
NAMED = 3
_HIGHEST = 0.08


def drawn(picture: str, answer: Answer, alone: Collection[int]) -> str:
    """Return a picture (a data URL) with an answer; ``alone`` have no partner in the other.

    Raise ``LookupError``, ``TypeError`` or ``ValueError`` for fields that cannot be drawn.
    """
    kind = next((kind for kind in _BY_FIELD if kind in answer.fields), None)
    over = "" if kind is None else _BY_FIELD[kind](answer, alone)
    return f'<div class="picture"><img src="{picture}" alt="">{over}</div>{_classes(answer)}'


def _boxes(answer: Answer, alone: Collection[int]) -> str:
    fields = answer.fields
    rows = zip(fields["boxes"], fields["scores"], fields["classes"], strict=True)
    shown = [
        (number, box, f"{answer.name(kind)} {score:.2f}", kind)
        for number, (box, score, kind) in enumerate(rows)
        if score >= FAINT or number in alone
    ]
    masks = [_box_mask(fields["box_masks"], *one) for one in shown] if "box_masks" in fields else []
    boxes = [
        _box(box, text, number in alone, fields["corners"][number] if "corners" in fields else ())
        for number, box, text, _ in shown
    ]
    return "".join([*masks, *boxes])


def _box(box: Sequence[float], text: str, alone: bool, corners: Sequence[float]) -> str:
    names = "box" + " alone" * alone + " top" * (box[1] < _HIGHEST) + " rotated" * bool(corners)
    sides = _rotated(box, corners) if corners else ""
    return f'<div class="{names}" style="{_place(box)}">{sides}<span>{escape(text)}</span></div>'


def _rotated(box: Sequence[float], corners: Sequence[float]) -> str:
    """Return the sides of a rotated box, drawn within the upright one around it."""
    width, height = box[2] - box[0] or 1.0, box[3] - box[1] or 1.0
    points = " ".join(
        f"{(x - box[0]) / width:.4f},{(y - box[1]) / height:.4f}"
        for x, y in zip(corners[0::2], corners[1::2], strict=True)
    )
    return (
        '<svg viewBox="0 0 1 1" preserveAspectRatio="none">'
        f'<polygon points="{points}" vector-effect="non-scaling-stroke"/></svg>'
    )


def _place(box: Sequence[float]) -> str:
    x0, y0, x1, y1 = (100 * edge for edge in box)
    return f"left:{x0:.2f}%;top:{y0:.2f}%;width:{x1 - x0:.2f}%;height:{y1 - y0:.2f}%"


def _box_mask(
    masks: Mapping[str, Any], number: int, box: Sequence[float], text: str, kind: int
) -> str:
    """Return what an object covers, in the color of its class; nothing without a mask."""
    runs = masks["runs"][number]
    if not runs:
        return ""
    size = masks["width"], masks["height"]
    inside = Image.frombytes("L", size, _cells(cycle((0, 0xA0)), runs, size))
    image = Image.new("RGB", size, _color(kind + 1))
    image.putalpha(inside)
    return f'<img class="part" style="{_place(box)}" src="{data_url(image, "png")}" alt="">'


def _poses(answer: Answer, alone: Collection[int]) -> str:
    return "".join(
        f'<i class="point{" alone" * (number in alone)}"'
        f' style="left:{100 * x:.2f}%;top:{100 * y:.2f}%"></i>'
        for number, points in enumerate(answer.fields["keypoints"])
        for x, y, score in zip(points[0::3], points[1::3], points[2::3], strict=True)
        if score >= FAINT
    )


def _masks(answer: Answer, alone: Collection[int]) -> str:
    fields = answer.fields["masks"]
    runs, size = fields["runs"], (fields["width"], fields["height"])
    classes = (one % 256 for one in runs[0::2])
    image = Image.frombytes("P", size, _cells(classes, runs[1::2], size))
    image.putpalette(list(chain.from_iterable(map(_color, range(256)))))
    return _layer(image.convert("RGB"))


def _cells(values: Iterable[int], runs: Sequence[int], size: tuple[int, int]) -> bytes:
    """Return the cells of a grid: each value as often as its run says.

    Raise ``ValueError`` if they do not fill the grid, or it is larger than any that is sent.
    """
    cells = size[0] * size[1]
    if cells > MOST_CELLS or sum(runs) != cells or min(runs, default=0) < 0:
        raise ValueError(f"runs of {sum(runs)} cells for a grid of {size[0]}x{size[1]}")
    return bytes(chain.from_iterable(map(repeat, values, runs)))


def _dense_map(answer: Answer, alone: Collection[int]) -> str:
    fields: Mapping[str, Any] = answer.fields["map"]
    size = fields["width"], fields["height"]
    return _layer(Image.frombytes("L", size, bytes(fields["levels"])).convert("RGB"))


def _layer(image: Image.Image) -> str:
    return f'<img class="mask" src="{data_url(image, "png")}" alt="">'


def _color(index: int) -> tuple[int, int, int]:
    """Return a color that differs from those of neighboring classes; black for the first."""
    return (index * 97 % 256, index * 57 % 256, index * 193 % 256)


def _classes(answer: Answer) -> str:
    """Return the best classes of a picture, which have no place in it."""
    if "boxes" in answer.fields or "classes" not in answer.fields:
        return ""
    rows = zip(answer.fields["classes"], answer.fields["scores"], strict=True)
    best = [f"{answer.name(kind)} {score:.2f}" for kind, score in rows][:NAMED]
    return f"<figcaption>{escape(', '.join(best))}</figcaption>"


_BY_FIELD: dict[str, Callable[[Answer, Collection[int]], str]] = {
    "boxes": _boxes,
    "keypoints": _poses,
    "masks": _masks,
    "map": _dense_map,
}
