"""A picture with an answer drawn onto it, as HTML."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from html import escape
from itertools import chain, repeat
from typing import Any

from PIL import Image

from export.verification.recorded.pictures import data_url
from framewire.agreement import Answer

FAINT = 0.3
"""Boxes and poses with a lower score are drawn only if they make a difference."""
NAMED = 3
_HIGHEST = 0.08


def drawn(picture: str, answer: Answer, alone: Collection[int]) -> str:
    """Return a picture (a data URL) with an answer; ``alone`` have no partner in the other."""
    kind = next((kind for kind in _BY_FIELD if kind in answer.fields), None)
    over = "" if kind is None else _BY_FIELD[kind](answer, alone)
    return f'<div class="picture"><img src="{picture}" alt="">{over}</div>{_classes(answer)}'


def _boxes(answer: Answer, alone: Collection[int]) -> str:
    rows = zip(
        answer.fields["boxes"], answer.fields["scores"], answer.fields["classes"], strict=True
    )
    return "".join(
        _box(box, f"{answer.name(kind)} {score:.2f}", number in alone)
        for number, (box, score, kind) in enumerate(rows)
        if score >= FAINT or number in alone
    )


def _box(box: Sequence[float], text: str, alone: bool) -> str:
    x0, y0, x1, y1 = (100 * edge for edge in box)
    names = "box" + " alone" * alone + " top" * (box[1] < _HIGHEST)
    place = f"left:{x0:.2f}%;top:{y0:.2f}%;width:{x1 - x0:.2f}%;height:{y1 - y0:.2f}%"
    return f'<div class="{names}" style="{place}"><span>{escape(text)}</span></div>'


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
    runs = fields["runs"]
    pixels = bytes(one % 256 for one in chain.from_iterable(map(repeat, runs[0::2], runs[1::2])))
    image = Image.frombytes("P", (fields["width"], fields["height"]), pixels)
    image.putpalette(list(chain.from_iterable(map(_color, range(256)))))
    return _layer(image.convert("RGB"))


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
