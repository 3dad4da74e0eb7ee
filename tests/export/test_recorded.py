"""``verify --recorded``: a version beside what an earlier one answered to recorded frames."""

from __future__ import annotations

import io
import itertools
import math
import tracemalloc
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from export.errors import SourceError
from export.verification.recorded import comparison, page, pictures, selection
from export.verification.recorded.answers import answer
from export.verification.recorded.comparison import Difference, Result
from export.verification.recorded.limits import Limits
from export.verification.recorded.selection import Selection
from framewire.agreement import Agreement, Answer, Comparison, Tally, compare
from framewire.recording import RecordedFrame, RecordedSession
from framewire.recording.files import RecordingFile

MODEL = {"name": "digits", "version": 3, "task": "detection", "labels": ["zero", "one"]}
TIMING = {"queue": 1.0, "inference": 5.0, "total": 6.0}


def picture(kind: str = "JPEG", size: tuple[int, int] = (40, 20), **options: Any) -> bytes:
    file = io.BytesIO()
    image = Image.new("RGB", size, "white")
    image.paste("red", (0, 0, size[0] // 2, size[1]))
    image.save(file, kind, **options)
    return file.getvalue()


def frame(
    number: int = 1,
    version: int = 3,
    data: bytes | None = None,
    message: dict[str, Any] | None = None,
    options: dict[str, Any] | None = None,
    **result: Any,
) -> RecordedFrame:
    fields = {"type": "frame", "id": number, "format": "jpeg", "data": data or picture()}
    outcome = {"type": "result", "id": number, "model_version": version, "timing_ms": TIMING}
    session = RecordedSession("5e55", options or {}, MODEL)
    return RecordedFrame(session, float(number), {**fields, **(message or {})}, outcome | result)


def record(path: Path, *frames: RecordedFrame) -> Path:
    file = RecordingFile(path, "test")
    assert all(map(file.write, frames))
    file.close()
    return path


# Which frames


def test_the_version_with_most_answers_is_chosen(tmp_path: Path) -> None:
    frames = [frame(number, 4 if number % 3 == 0 else 3) for number in range(30)]
    path = record(tmp_path / "some.fwrec", *frames)
    chosen = selection.select(path, "digits", None, 7)
    assert (chosen.version, chosen.available, chosen.count) == (3, 20, 7)
    ids = [one.id for one in chosen.frames()]
    assert len(ids) == 7
    assert all(number % 3 for number in ids)
    assert max(b - a for a, b in itertools.pairwise(ids)) <= 6  # evenly spread
    assert selection.select(path, "digits", 4, 100).count == 10


def test_a_model_that_was_not_recorded(tmp_path: Path) -> None:
    path = record(tmp_path / "some.fwrec", frame(1), frame(2))
    with pytest.raises(SourceError, match=r"no answers of faces; it has those of digits/3 \(2\)"):
        selection.select(path, "faces", None, 10)
    with pytest.raises(SourceError, match="no answers of digits/9"):
        selection.select(path, "digits", 9, 10)
    (tmp_path / "wrong.fwrec").write_bytes(b"not a recording")
    with pytest.raises(SourceError, match="cannot be read"):
        selection.select(tmp_path / "wrong.fwrec", "digits", None, 10)


# Pictures


def test_what_the_graph_takes_is_not_changed() -> None:
    assert pictures.encoded(frame()) == picture()
    png = picture("PNG")
    assert pictures.encoded(frame(data=png, message={"format": "png"})) == png


def test_other_formats_become_png_with_the_same_pixels() -> None:
    webp = picture("WEBP", lossless=True)
    raw = bytes([255, 0, 0, 7]) * 4 + bytes([0, 0, 255, 9]) * 4
    size = {"format": "rgba", "width": 2, "height": 4}
    for one, color in (
        (frame(data=webp, message={"format": "webp"}), (255, 0, 0)),
        (frame(data=raw, message=size), (255, 0, 0)),
        (frame(data=b"\x80" * 8, message={**size, "format": "gray"}), (128, 128, 128)),
    ):
        with Image.open(io.BytesIO(pictures.encoded(one))) as image:
            assert image.format == "PNG"
            assert image.convert("RGB").getpixel((0, 0)) == color


def test_pictures_are_turned_only_for_sessions_that_asked_for_it() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    sideways = picture(exif=exif)
    assert pictures.encoded(frame(data=sideways)) == sideways
    assert pictures.opened(frame(data=sideways)).size == (40, 20)
    turned = frame(data=sideways, options={"orientation": "apply"})
    assert pictures.opened(turned).size == (20, 40)
    with Image.open(io.BytesIO(pictures.encoded(turned))) as image:
        assert image.size == (20, 40)
    upright = frame(options={"orientation": "apply"})
    assert pictures.encoded(upright) == upright.data


# A version's outputs as a session would get them


def described(task: str, **others: Any) -> dict[str, Any]:
    return {"task": task, "labels": ["zero", "one"], "first_class": None, **others}


def test_detections_are_sorted_and_clipped() -> None:
    row = {
        "detection_boxes": np.array([[0.1, 0.2, 0.3, 0.4], [0, -0.5, 1.5, 1], [0] * 4], np.float32),
        "detection_scores": np.array([0.5, 0.9, 0.7], np.float32),
        "detection_classes": np.array([1, 2, 1], np.float32),
        "num_detections": np.array(2, np.float32),
    }
    found = answer(row, described("detection", first_class=1)).fields
    assert found["classes"] == [1, 0]
    assert found["scores"] == pytest.approx([0.9, 0.5])
    assert found["boxes"][0] == [0.0, 0.0, 1.0, 1.0]
    assert found["boxes"][1] == pytest.approx([0.2, 0.1, 0.4, 0.3])
    assert "corners" not in found
    row["detection_corners"] = np.arange(24, dtype=np.float32).reshape(3, 4, 2) / 8
    found = answer(row, described("detection", first_class=1)).fields
    flat = [number / 8 for number in (1, 0, 3, 2, 5, 4, 7, 6)]
    assert found["corners"] == [[value + 1 for value in flat], flat]


@pytest.mark.parametrize(
    ("row", "classes", "scores"),
    [
        ({"probabilities": [0.2, 0.8]}, ["one", "zero"], [0.8, 0.2]),
        ({"logits": [0.0, 0.0]}, ["zero", "one"], [0.5, 0.5]),
        ({"scores": [0.9, 0.1], "classes": [1, 0]}, ["one", "zero"], [0.9, 0.1]),
        ({"scores": [0.9, 0.1], "classes": [b"new", b"one"]}, ["new", "one"], [0.9, 0.1]),
    ],
)
def test_classes_are_sorted_by_score_and_named(
    row: dict[str, Any], classes: list[str], scores: list[float]
) -> None:
    arrays = {
        name: np.array(value, object if isinstance(value[0], bytes) else np.float32)
        for name, value in row.items()
    }
    found = answer(arrays, described("classification"))
    assert [found.name(index) for index in found.fields["classes"]] == classes
    assert found.fields["scores"] == pytest.approx(scores)


@pytest.mark.parametrize(
    ("task", "row", "field"),
    [
        ("keypoints", {"keypoints": np.full((2, 3, 3), 0.5, np.float32)}, "keypoints"),
        ("segmentation", {"class_map": np.array([[0, 0], [1, 1]])}, "masks"),
        ("embedding", {"embedding": np.array([0.5, 1.0], np.float32)}, "embedding"),
        ("map", {"dense_map": np.arange(6, dtype=np.float32).reshape(2, 3)}, "map"),
        ("tensors", {"a": np.array([1, 2]), "b": np.array([b"x"], object)}, "outputs"),
    ],
)
def test_every_other_task_agrees_with_itself(task: str, row: Any, field: str) -> None:
    one, other = answer(row, described(task)), answer(row, described(task))
    assert field in one.fields
    assert compare(one, other).agreement == pytest.approx(1.0)
    changed = {name: value[::-1] if value.dtype != object else value for name, value in row.items()}
    if task != "keypoints":
        assert compare(one, answer(changed, described(task))).agreement < 0.95


def test_keypoints_are_x_then_y() -> None:
    points = np.array([[[0.25, 0.75, 0.5]]], np.float32)
    found = answer({"keypoints": points}, described("keypoints"))
    assert found.fields == {"keypoints": [[0.75, 0.25, 0.5]], "scores": [0.5]}


def test_a_recorded_result_that_cannot_be_read() -> None:
    row = {"probabilities": np.array([0.2, 0.8])}
    broken = replace(frame(7, classes=[0]), place="a.fwrec, record 9")
    with pytest.raises(SourceError, match="fwrec, record 9: the result is malformed: classes: "):
        comparison._compare(broken, row, described("classification"))


# The verdict


def agreement(*comparisons: Comparison) -> Agreement:
    total = Agreement()
    for one in comparisons:
        total.add(one)
    return total


def test_a_version_that_agrees_violates_nothing() -> None:
    good = Comparison(1.0, {"one": Tally(30)}, {}, [0.99] * 30, [0.01] * 30)
    assert Limits().violations(agreement(*[good] * 20)) == []
    assert Limits().violations(agreement(*[good] * 20), slowdown=1.4) == []


@pytest.mark.parametrize(
    ("comparison", "slowdown", "words"),
    [
        (Comparison(0.5, {"one": Tally(4, 4, 0)}), 1.0, "agreement 0.667 is below 0.95"),
        (
            Comparison(0.9, {"one": Tally(99), "two": Tally(1, 1, 0)}, {("two", "one"): 1}),
            1.0,
            "(--min-class-agreement): 'two' 0.67 (most often taken for 'one')",
        ),
        (Comparison(1.0, {"one": Tally(9)}, {}, [0.6]), 1.0, "mean similarity 0.600"),
        (
            Comparison(1.0, {"one": Tally(9)}, {}, [1.0], [-0.2]),
            1.0,
            "100% of the scores shift by more than 0.1 (--max-score-shift), -0.200 on average",
        ),
        (Comparison(1.0), 2.0, "a call takes 2.00 times as long"),
    ],
)
def test_each_limit_is_named_when_it_is_violated(
    comparison: Comparison, slowdown: float, words: str
) -> None:
    violations = Limits().violations(agreement(*[comparison] * 20), slowdown)
    assert any(words in one for one in violations), violations


def test_a_few_frames_prove_nothing() -> None:
    [only] = Limits().violations(agreement(Comparison(1.0)))
    assert only == "only 1 frames to compare, fewer than 20 (--min-frames)"


def test_a_rare_class_is_not_held_to_a_limit() -> None:
    rare = Comparison(0.99, {"one": Tally(500), "two": Tally(0, 19, 0)})
    assert Limits(min_frames=1).violations(agreement(rare)) == []


# The page


class Outline(HTMLParser):
    """The attributes of a page's elements, and whether it refers to anything outside."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "class":
                self.names += (value or "").split()
            if name in ("src", "href"):
                self.links.append(value or "")


def test_the_page_shows_both_answers_and_needs_nothing_else() -> None:
    before = Answer({"boxes": [[0, 0, 0.5, 1]], "scores": [0.9], "classes": [0]}, ["<zero>", "one"])
    after = Answer({"boxes": [[0, 0, 0.5, 1]], "scores": [0.8], "classes": [1]}, ["zero", "one"])
    difference = Difference(frame(), before, after, compare(before, after))
    broken = Difference(frame(data=b"broken"), before, None, Comparison(0.0))
    differences = [difference, broken]
    result = Result("detection", agreement(difference.comparison), differences, recorded_ms=5.0)
    chosen = Selection(Path("record"), "digits", 3, 1, 1)
    text = page.page("digits/4", chosen, result, Limits(), ["agreement 0.000 is <below> 0.95"])
    outline = Outline()
    outline.feed(text)
    assert outline.names.count("box") == 2
    assert outline.names.count("alone") == 2
    assert all(link.startswith("data:image/jpeg;base64,") for link in outline.links)
    assert "agreement 0.000 is &lt;below&gt; 0.95" in text
    assert "&lt;zero&gt; 0.90" in text
    assert "unreadable picture" in text
    assert "nan" not in text
    assert math.isnan(result.slowdown)


@pytest.mark.parametrize(
    "fields",
    [
        {"classes": [1], "scores": [0.5]},
        {
            **{"boxes": [[0.2, 0.2, 0.8, 0.6]], "scores": [0.9], "classes": [0]},
            "corners": [[0.2, 0.4, 0.5, 0.2, 0.8, 0.4, 0.5, 0.6]],
        },
        {"keypoints": [[0.5, 0.5, 0.9]], "scores": [0.9]},
        {"masks": {"width": 2, "height": 1, "runs": [0, 1, 1, 1]}},
        {"map": {"width": 2, "height": 1, "low": 0.0, "high": 1.0, "levels": b"\x00\xff"}},
        {"embedding": [1.0, 0.0]},
        {"outputs": {}},
    ],
)
def test_every_task_has_a_page(fields: dict[str, Any]) -> None:
    one = Answer(fields, ["zero", "one"])
    result = Result(
        "any", agreement(compare(one, one)), [Difference(frame(), one, one, compare(one, one))]
    )
    text = page.page("m/4", Selection(Path("r"), "m", 3, 1, 1), result, Limits(), [])
    assert "All limits are kept." in text
    assert text.count("<figure>") == 2
    assert text.count("<polygon") == 2 * ("corners" in fields)
    assert ('points="0.0000,0.5000 0.5000,0.0000 ' in text) == ("corners" in fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"masks": {"width": 2, "height": 1, "runs": [0, 1, 1, 10**9]}},
        {"masks": {"width": 2**10, "height": 2**9, "runs": [0, 2**19]}},
        {"masks": {"width": 2, "height": 1, "runs": [0, 10**9, 1, 2 - 10**9]}},
        {
            **{"boxes": [[0, 0, 1, 1]], "scores": [0.9], "classes": [0]},
            "box_masks": {"width": 2, "height": 1, "runs": [[1, 10**9]]},
        },
    ],
)
def test_runs_that_fill_no_mask_are_not_drawn(fields: dict[str, Any]) -> None:
    """Nothing of their length is ever in memory."""
    one = Answer(fields, ["zero", "one"])
    difference = Difference(frame(), one, None, Comparison(0.0))
    result = Result("any", agreement(difference.comparison), [difference])
    tracemalloc.start()
    text = page.page("m/4", Selection(Path("r"), "m", 3, 1, 1), result, Limits(), [])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "m/3, recorded: a malformed answer" in text
    assert peak < 10 << 20


@pytest.mark.parametrize(
    ("task", "name"), [("detection", "<dt>similarity (IoU)</dt>"), ("map", "<dt>similarity</dt>")]
)
def test_similarity_is_that_of_the_task(task: str, name: str) -> None:
    result = Result(task, agreement(Comparison(1.0, similarities=[0.9])))
    assert name in page.page("m/4", Selection(Path("r"), "m", 3, 1, 1), result, Limits(), [])
