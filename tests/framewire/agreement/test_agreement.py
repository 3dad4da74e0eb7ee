"""Two answers to the same frame: what counts as agreement, task by task."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from typing import Any

import pytest

from framewire.agreement import Agreement, Answer, Comparison, Cut, MalformedAnswer, Tally, compare
from framewire.agreement.objects import MOST_OBJECTS, iou

LABELS = ("cat", "dog", "cow")
SWAPPED = ("dog", "cat", "cow")
LEFT, RIGHT = [0.1, 0.1, 0.4, 0.5], [0.6, 0.1, 0.9, 0.5]
SAME, MISSING, ADDED = Tally(matched=1), Tally(missing=1), Tally(added=1)
OTHER = Tally(missing=1, added=1)


def moved(box: Sequence[float], by: float) -> list[float]:
    return [box[0] + by, box[1], box[2] + by, box[3]]


def boxes(*rows: tuple[Sequence[float], float, int], labels: Sequence[str] = LABELS) -> Answer:
    fields = {
        "boxes": [box for box, _, _ in rows],
        "scores": [score for _, score, _ in rows],
        "classes": [kind for _, _, kind in rows],
    }
    return Answer(fields, labels)


def covered(*rows: tuple[Sequence[float], Sequence[int]], size: tuple[int, int] = (4, 4)) -> Answer:
    """Boxes of cats with what they cover, as run lengths."""
    found = boxes(*[(box, 0.9, 0) for box, _ in rows])
    runs = [list(one) for _, one in rows]
    masks = {"width": size[0], "height": size[1], "runs": runs}
    return Answer({**found.fields, "box_masks": masks}, LABELS)


def classes(*pairs: tuple[int, float]) -> Answer:
    return Answer({"classes": [k for k, _ in pairs], "scores": [s for _, s in pairs]}, LABELS)


def pose(*points: tuple[float, float, float]) -> Answer:
    return Answer({"keypoints": [[value for point in points for value in point]], "scores": [0.9]})


def masks(width: int, height: int, *runs: int) -> Answer:
    return Answer({"masks": {"width": width, "height": height, "runs": list(runs)}}, LABELS)


def depth(low: float, high: float, *levels: int) -> Answer:
    size = {"width": len(levels), "height": 1, "low": low, "high": high}
    return Answer({"map": {**size, "levels": bytes(levels)}})


def vector(*values: float) -> Answer:
    return Answer({"embedding": list(values)})


def outputs(**values: tuple[str, list[int], Any]) -> Answer:
    return Answer(
        {"outputs": {n: {"dtype": d, "shape": s, "data": v} for n, (d, s, v) in values.items()}}
    )


def floats(*values: float) -> tuple[str, list[int], bytes]:
    return "float32", [len(values)], struct.pack(f"<{len(values)}f", *values)


# What has objects: their agreement follows from the tallies

HALVES = masks(64, 64, 0, 2048, 1, 2048)
STANDING = pose((0.2, 0.2, 0.9), (0.4, 0.8, 0.9), (0.0, 0.0, 0.0))
YES = ("string", [1], ["yes"])


@pytest.mark.parametrize(
    ("before", "after", "tallies"),
    [
        pytest.param(
            boxes((LEFT, 0.9, 0), (RIGHT, 0.8, 1)),
            boxes((RIGHT, 0.8, 1), (LEFT, 0.9, 0)),
            {"cat": SAME, "dog": SAME},
            id="boxes in another order",
        ),
        pytest.param(
            boxes((LEFT, 0.9, 0)),
            boxes((moved(LEFT, 0.06), 0.7, 0)),
            {"cat": SAME},
            id="a box that moved a little",
        ),
        pytest.param(
            boxes((LEFT, 0.9, 0)),
            boxes((moved(LEFT, 0.2), 0.9, 0)),
            {"cat": OTHER},
            id="a box that moved far",
        ),
        pytest.param(
            boxes((LEFT, 0.9, 0)),
            boxes((LEFT, 0.9, 1)),
            {"cat": MISSING, "dog": ADDED},
            id="a box of another class",
        ),
        pytest.param(
            boxes((LEFT, 0.9, 0)),
            boxes((LEFT, 0.9, 1), labels=SWAPPED),
            {"cat": SAME},
            id="classes in another order",
        ),
        pytest.param(
            boxes((LEFT, 0.9, 0)),
            boxes((LEFT, 0.9, 0), labels=SWAPPED),
            {"cat": MISSING, "dog": ADDED},
            id="classes with wrong names",
        ),
        pytest.param(boxes((LEFT, 0.29, 0)), boxes(), {}, id="a weak box alone"),
        pytest.param(boxes((LEFT, 0.31, 0)), boxes(), {"cat": MISSING}, id="a clear box alone"),
        pytest.param(boxes(), boxes((LEFT, 0.31, 0)), {"cat": ADDED}, id="a clear box is new"),
        pytest.param(
            boxes((LEFT, 0.31, 0)),
            boxes((LEFT, 0.16, 0)),
            {"cat": SAME},
            id="a weak counterpart",
        ),
        pytest.param(
            boxes((LEFT, 0.9, 0)),
            boxes((LEFT, 0.14, 0)),
            {"cat": MISSING},
            id="a counterpart that nobody would see",
        ),
        pytest.param(
            boxes((LEFT, 0.9, 0)),
            boxes((LEFT, 0.9, 0), (moved(LEFT, 0.01), 0.8, 0)),
            {"cat": Tally(matched=1, added=1)},
            id="each box has one counterpart",
        ),
        pytest.param(boxes(), boxes(), {}, id="nothing in the picture"),
        pytest.param(
            boxes((LEFT, 0.9, 7)), boxes((LEFT, 0.9, 7)), {"7": SAME}, id="a class without a name"
        ),
        pytest.param(
            classes((0, 0.9), (1, 0.1)), classes((0, 0.6), (1, 0.4)), {"cat": SAME}, id="best class"
        ),
        pytest.param(
            classes((0, 0.9), (1, 0.1)),
            classes((1, 0.7), (0, 0.3)),
            {"cat": MISSING, "dog": ADDED},
            id="another best class",
        ),
        pytest.param(
            classes((0, 0.9)), classes((1, 0.49), (0, 0.48)), {"cat": SAME}, id="a tie afterwards"
        ),
        pytest.param(
            classes((1, 0.2), (0, 0.19)), classes((0, 0.9)), {"dog": SAME}, id="a tie before"
        ),
        pytest.param(
            classes((0, 0.9), (1, 0.6)),
            classes((0, 0.8), (1, 0.3)),
            {"cat": SAME, "dog": SAME},
            id="several classes, one of which became weaker",
        ),
        pytest.param(
            classes((0, 0.9), (1, 0.6)),
            classes((0, 0.8), (2, 0.7), (1, 0.2)),
            {"cat": SAME, "cow": ADDED, "dog": MISSING},
            id="several classes, one of which is another",
        ),
        pytest.param(classes((0, 0.9)), classes(), {"cat": MISSING}, id="no class any more"),
        pytest.param(classes(), classes(), {}, id="no classes"),
        pytest.param(
            STANDING,
            pose((0.21, 0.2, 0.9), (0.4, 0.79, 0.9), (0.9, 0.9, 0.0)),
            {"pose": SAME},
            id="a pose whose visible points are near",
        ),
        pytest.param(
            STANDING,
            pose((0.5, 0.2, 0.9), (0.7, 0.8, 0.9), (0.0, 0.0, 0.0)),
            {"pose": OTHER},
            id="a pose elsewhere",
        ),
        pytest.param(STANDING, pose((0.2, 0.2, 0.9)), {"pose": OTHER}, id="other keypoints"),
        pytest.param(pose(), pose(), {"pose": SAME}, id="poses without points"),
        pytest.param(
            pose((0.0, 0.0, 0.9), (1e-170, 0.0, 0.9)),
            pose((0.0, 0.0, 0.9), (0.0, 0.0, 0.9)),
            {"pose": SAME},
            id="poses almost without extent",
        ),
        pytest.param(
            HALVES,
            masks(32, 32, 0, 512, 1, 512),
            {"cat": SAME, "dog": SAME},
            id="a segmentation in another size",
        ),
        pytest.param(
            HALVES,
            masks(64, 64, 0, 2048, 2, 2048),
            {"cat": SAME, "cow": ADDED, "dog": MISSING},
            id="a class of a segmentation is another",
        ),
        pytest.param(
            HALVES,
            masks(64, 64, 1, 2048, 0, 2048),
            {"cat": OTHER, "dog": OTHER},
            id="classes of a segmentation elsewhere",
        ),
        pytest.param(
            HALVES,
            masks(640, 640, 0, 204800, 2, 6, 1, 204794),
            {"cat": SAME, "dog": SAME},
            id="a strip of less than a hundredth",
        ),
        pytest.param(
            HALVES, masks(4, 4), {"cat": MISSING, "dog": MISSING}, id="an empty segmentation"
        ),
    ],
)
def test_objects_are_matched_by_class(
    before: Answer, after: Answer, tallies: dict[str, Tally]
) -> None:
    found = compare(before, after)
    assert found.tallies == tallies
    total = sum(tallies.values(), Tally())
    assert found.agreement == total.agreement


def test_a_segmentation_of_nothing_agrees_with_itself() -> None:
    assert compare(masks(4, 4), masks(4, 4)).agreement == 1.0


# What has none

RAMP, FLAT = depth(0, 10, 0, 255), depth(3, 3, 0)


@pytest.mark.parametrize(
    ("before", "after", "agreement"),
    [
        pytest.param(RAMP, RAMP, 1.0, id="a map"),
        pytest.param(RAMP, depth(0, 10, 255, 0), 0.0, id="a map upside down"),
        pytest.param(RAMP, depth(1, 11, 0, 255), 0.9, id="a map that is off by a tenth"),
        pytest.param(RAMP, depth(0, 20, 0, 128), 1.0, id="a map with another range"),
        pytest.param(FLAT, FLAT, 1.0, id="a flat map"),
        pytest.param(FLAT, depth(4, 4, 0), 2 / 3, id="a flat map that is off by a third"),
        pytest.param(depth(0, 1), depth(0, 1), 1.0, id="empty maps"),
        pytest.param(depth(0, 1), RAMP, 0.0, id="an empty map"),
        pytest.param(vector(1, 2), vector(2, 4), 1.0, id="a longer vector"),
        pytest.param(vector(1, 0), vector(1, 1), 0.5**0.5, id="half a right angle"),
        pytest.param(vector(1, 0), vector(-1, 0), 0.0, id="opposite vectors"),
        pytest.param(vector(1, 0), vector(1), 0.0, id="vectors of different sizes"),
        pytest.param(vector(0, 0), vector(0, 0), 1.0, id="vectors of nothing"),
        pytest.param(vector(1, 0), vector(0, 0), 0.0, id="a vector and nothing"),
        pytest.param(outputs(a=floats(1, 100)), outputs(a=floats(1.5, 99.5)), 1.0, id="near"),
        pytest.param(outputs(a=floats(1, 100)), outputs(a=floats(1, 90)), 0.5, id="not near"),
        pytest.param(
            outputs(a=floats(1), b=YES), outputs(a=floats(1)), 0.5, id="an output is missing"
        ),
        pytest.param(outputs(a=floats(1, 2)), outputs(a=floats(1)), 0.0, id="another shape"),
        pytest.param(outputs(b=YES), outputs(b=("string", [1], ["no"])), 0.0, id="other texts"),
        pytest.param(
            outputs(a=floats(math.nan)), outputs(a=floats(math.nan)), 1.0, id="not a number"
        ),
        pytest.param(
            outputs(a=("float16", [1], b"\x00\x3c")), outputs(a=floats(1)), 1.0, id="another dtype"
        ),
        pytest.param(outputs(a=floats()), outputs(a=floats()), 1.0, id="empty outputs"),
        pytest.param(outputs(), outputs(), 1.0, id="no outputs"),
        pytest.param(
            outputs(a=("bfloat16", [1], b"\x01\x02")),
            outputs(a=("bfloat16", [1], b"\x01\x02")),
            1.0,
            id="a dtype that struct does not know",
        ),
        pytest.param(boxes((LEFT, 0.9, 0)), classes((0, 0.9)), 0.0, id="different tasks"),
    ],
)
def test_answers_without_objects_agree_by_their_values(
    before: Answer, after: Answer, agreement: float
) -> None:
    found = compare(before, after)
    assert found.agreement == pytest.approx(agreement, abs=0.003)
    assert found.tallies == {}


# What a session has cut off

CUT = Cut(min_score=0.5, max_results=1)


@pytest.mark.parametrize(
    ("before", "after", "agreement"),
    [
        (boxes((LEFT, 0.9, 0)), boxes((LEFT, 0.9, 0), (RIGHT, 0.53, 1)), 1.0),
        (boxes((LEFT, 0.9, 0)), boxes((LEFT, 0.9, 0), (RIGHT, 0.8, 1)), 1.0),
        (boxes((LEFT, 0.9, 0)), boxes((RIGHT, 0.95, 1), (LEFT, 0.9, 0)), 2 / 3),
        (boxes((LEFT, 0.9, 0)), boxes((LEFT, 0.2, 0)), 0.0),
        (classes(), classes((1, 0.53)), 1.0),
        (classes(), classes((1, 0.6)), 0.0),
        (classes((0, 0.9)), classes((0, 0.9), (1, 0.8)), 1.0),
    ],
)
def test_what_a_session_cut_off_is_no_difference(
    before: Answer, after: Answer, agreement: float
) -> None:
    assert compare(before, after, CUT).agreement == pytest.approx(agreement)


def test_a_cut_is_that_of_a_sessions_options() -> None:
    assert Cut.of({"min_score": 0.5, "max_results": 1, "track": True}) == CUT
    assert Cut.of({"min_score": None}) == Cut()
    with pytest.raises(ValueError, match="could not convert"):
        Cut.of({"min_score": "high"})


# Masks of boxes

WHOLE, UPPER, LOWER, BLANK, NONE = [0, 16], [0, 8, 8], [8, 8], [16], []


@pytest.mark.parametrize(
    ("before", "after", "tally", "similarity"),
    [
        (covered((LEFT, UPPER)), covered((LEFT, UPPER)), SAME, 1.0),
        (covered((LEFT, UPPER)), covered((LEFT, LOWER)), OTHER, None),
        (covered((LEFT, UPPER)), covered((LEFT, BLANK)), OTHER, None),
        (covered((LEFT, WHOLE)), covered((LEFT, [0, 12, 4])), SAME, 0.75),
        (covered((LEFT, BLANK)), covered((LEFT, BLANK)), SAME, 1.0),
        (covered((LEFT, WHOLE)), covered((moved(LEFT, 0.06), WHOLE)), SAME, 2 / 3),
        (covered((LEFT, UPPER)), covered((LEFT, [0, 128, 128]), size=(16, 16)), SAME, 1.0),
        (covered((LEFT, UPPER)), covered((LEFT, NONE)), OTHER, None),
        (covered((LEFT, UPPER)), boxes((LEFT, 0.9, 0)), OTHER, None),
        (covered((LEFT, NONE)), covered((LEFT, UPPER)), SAME, 1.0),
        (boxes((LEFT, 0.9, 0)), covered((LEFT, BLANK)), SAME, 1.0),
    ],
)
def test_what_boxes_cover(
    before: Answer, after: Answer, tally: Tally, similarity: float | None
) -> None:
    found = compare(before, after)
    assert found.tallies == {"cat": tally}
    assert found.confused == {}
    wanted = [] if similarity is None else [similarity]
    assert list(found.similarities) == pytest.approx(wanted, abs=0.07)


def test_a_larger_box_around_the_same_object_is_a_difference() -> None:
    small, large = [0.25, 0.0, 0.75, 1.0], [0.0, 0.0, 1.0, 1.0]
    middle = [1, 2, 2, 2, 2, 2, 2, 2, 1]
    found = compare(covered((small, WHOLE)), covered((large, middle)))
    assert list(found.similarities) == pytest.approx([0.5])


@pytest.mark.parametrize("runs", [[0, 15], [1, 16], [10**12], [-1, 17]])
def test_runs_that_do_not_fill_their_grid(runs: list[int]) -> None:
    with pytest.raises(MalformedAnswer, match="boxes: "):
        compare(covered((LEFT, WHOLE)), covered((LEFT, runs)))


# Details of objects


def test_places_and_scores_of_what_matches() -> None:
    found = compare(boxes((LEFT, 0.9, 0)), boxes((moved(LEFT, 0.06), 0.7, 0)))
    assert list(found.similarities) == pytest.approx([2 / 3])
    assert list(found.shifts) == pytest.approx([-0.2])
    assert found.difference == pytest.approx(1 / 3 + 0.2)


def test_the_best_overlap_is_paired_first() -> None:
    near, nearer = moved(LEFT, 0.02), moved(LEFT, 0.01)
    found = compare(boxes((LEFT, 0.9, 0)), boxes((near, 0.9, 0), (nearer, 0.8, 0)))
    assert list(found.shifts) == pytest.approx([-0.1])
    assert (found.missing, found.added) == ([], [0])


def test_objects_without_a_counterpart_are_numbered_as_in_the_answer() -> None:
    before = boxes((RIGHT, 0.9, 0), (LEFT, 0.1, 1), (LEFT, 0.8, 0))
    assert compare(before, boxes((RIGHT, 0.9, 0))).missing == [2]


@pytest.mark.parametrize(
    ("before", "after", "confused"),
    [
        (boxes((LEFT, 0.9, 0)), boxes((LEFT, 0.9, 1)), {("cat", "dog"): 1}),
        (boxes((LEFT, 0.9, 0)), boxes((RIGHT, 0.9, 1)), {}),
        (classes((0, 0.9)), classes((1, 0.9)), {("cat", "dog"): 1}),
        (HALVES, masks(64, 64, 0, 2048, 2, 2048), {("dog", "cow"): 1}),
    ],
)
def test_what_is_taken_for_what(
    before: Answer, after: Answer, confused: dict[tuple[str, str], int]
) -> None:
    assert compare(before, after).confused == confused


def test_the_similarity_of_a_class_of_a_map_is_its_iou() -> None:
    found = compare(HALVES, masks(64, 64, 0, 64 * 24, 1, 64 * 40))
    assert list(found.similarities) == pytest.approx([24 / 32, 32 / 40])


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        (LEFT, LEFT, 1.0),
        (LEFT, RIGHT, 0.0),
        (LEFT, [0.1, 0.6, 0.4, 0.9], 0.0),
        ([0.0, 0.0, 0.4, 0.4], [0.2, 0.0, 0.6, 0.4], 1 / 3),
        ([0.5, 0.5, 0.5, 0.5], [0.5, 0.5, 0.5, 0.5], 1.0),
        ([0.5, 0.5, 0.5, 0.6], [0.5, 0.55, 0.5, 0.7], 0.0),
    ],
)
def test_the_overlap_of_two_boxes(
    one: Sequence[float], other: Sequence[float], overlap: float
) -> None:
    assert iou(one, other) == pytest.approx(overlap)


# Bounds, and what cannot be compared


def test_however_many_objects_there_are_the_best_are_compared() -> None:
    many = boxes(*[([i / 500, 0.0, i / 500 + 0.001, 0.1], 0.9, 0) for i in range(300)])
    assert compare(many, many).tallies == {"cat": Tally(matched=MOST_OBJECTS)}


def test_of_a_large_output_values_everywhere_are_compared() -> None:
    before, half = [1.0] * 100_000, [1.0] * 50_000 + [2.0] * 50_000
    found = compare(outputs(a=floats(*before)), outputs(a=floats(*half)))
    assert found.agreement == pytest.approx(0.5, abs=0.01)
    texts = [("string", [5000], [text] * 5000) for text in ("a", "b")]
    assert compare(outputs(a=texts[0]), outputs(a=texts[1])).agreement == 0.0


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "it has no fields of any task"),
        ({"boxes": [[0.1]], "scores": [0.9], "classes": [0]}, "boxes: IndexError"),
        ({"boxes": [], "scores": [0.9], "classes": [0]}, "boxes: ValueError"),
        ({"boxes": 7, "scores": [], "classes": []}, "boxes: TypeError"),
        ({"classes": [0]}, "classes: KeyError"),
        ({"masks": {"runs": [0, 1]}}, "masks: KeyError"),
        ({"outputs": {"a": {"shape": [1], "data": 7}}}, "outputs: TypeError"),
        ({"outputs": [1]}, "outputs: IndexError"),
        ({"embedding": [1e154] * 4}, "embedding: OverflowError"),
    ],
)
def test_what_cannot_be_compared(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(MalformedAnswer, match=words):
        compare(Answer(fields), Answer(fields))


# Sums


def summed(*comparisons: Comparison) -> Agreement:
    agreement = Agreement()
    for comparison in comparisons:
        agreement.add(comparison)
    return agreement


def test_the_objects_of_many_frames_add_up() -> None:
    agreement = summed(
        compare(boxes((LEFT, 0.9, 0)), boxes((LEFT, 0.8, 0))),
        compare(boxes((LEFT, 0.9, 0), (RIGHT, 0.9, 0)), boxes((LEFT, 0.9, 1))),
    )
    assert agreement.frames == 2
    assert agreement.tallies == {"cat": Tally(1, 2, 0), "dog": Tally(0, 0, 1)}
    assert agreement.total == Tally(1, 2, 1)
    assert agreement.overall == pytest.approx(2 / 5)
    assert agreement.shift == pytest.approx(-0.1)
    assert (agreement.shifted(0.05), agreement.shifted(0.15)) == (1.0, 0.0)
    assert agreement.confusion("cat") == "dog"
    assert agreement.confusion("cow") is None


def test_an_error_counts_as_an_object_that_is_another() -> None:
    same = compare(boxes((LEFT, 0.9, 0)), boxes((LEFT, 0.9, 0)))
    assert summed(same, Comparison(0.0)).overall == 0.5
    assert summed(Comparison(0.0)).overall == 0.0


def test_tasks_without_classes_have_the_mean_of_their_frames() -> None:
    before = vector(1, 0)
    found = [compare(before, vector(math.cos(a), math.sin(a))) for a in (0.0, math.pi / 3)]
    assert summed(*found).overall == pytest.approx(0.75)


def test_nothing_has_no_agreement() -> None:
    nothing = summed()
    values = (nothing.overall, nothing.similarity, nothing.shift, nothing.shifted(0.1))
    assert all(map(math.isnan, values))
