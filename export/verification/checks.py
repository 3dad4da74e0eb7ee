"""The checks of a version in this process. Each records its result in a report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from export.contract import (
    BYTES,
    CLASS_MAP,
    CLASSES,
    COUNT,
    DESCRIBE,
    PIXELS,
    SCORED_CLASSES,
    SCORES,
)
from export.errors import ContractError, reason_of
from export.sources.source import Restoration
from export.suggestions import listed
from export.verification.comparison import CLEAR, TOLERANCE, Agreement, compare
from export.verification.conformance import check_description, check_signatures
from export.verification.golden import Golden, Row
from export.verification.loaded_version import LoadedVersion
from export.verification.report import Report


def check_restoration(report: Report, restoration: Restoration) -> None:
    """Record which variables were restored from the source."""
    with report.check("variables") as check:
        check.found = f"{restoration.restored} restored" if restoration.restored else _CONSTANTS
        if restoration.missing:
            check.found += f"; left at their initial values: {listed(restoration.missing)}"
        if restoration.unused:
            check.found += f"; not needed: {listed(restoration.unused)}"


def check_values(report: Report, version: LoadedVersion) -> None:
    """Check that all variables are finite."""
    with report.check("values") as check:
        floats = [variable for variable in version.variables if variable.dtype.is_floating]
        wrong = [one.name for one in floats if not np.isfinite(one.numpy()).all()]
        if wrong:
            raise ContractError(f"variables with NaN or infinity: {listed(wrong)}")
        count = len(version.variables)
        check.found = f"{count} variables, all finite" if count else _NO_VARIABLES


_CONSTANTS = "no variables to restore"
_NO_VARIABLES = "no variables to check: the weights are constants in the graph"


def check_contract(report: Report, version: LoadedVersion) -> dict[str, Any]:
    """Check signatures and description, and return the latter."""
    with report.check("contract") as check:
        if DESCRIBE not in version.names():
            raise ContractError(
                f"there is no signature {DESCRIBE}: this is not a version yet; make one of it with "
                "savedmodel --from"
            )
        description = check_description(version.describe())
        check.found = ", ".join(check_signatures(version, description))
        return description


def check_golden(
    report: Report, version: LoadedVersion, golden: Golden, sizes: Sequence[int]
) -> None:
    """Check that encoded images get the source's answers, in every batch size."""
    with report.check("golden") as check:
        fixed = version.batch_size(BYTES)
        sizes = [fixed] if fixed else sizes
        _check_numbers(golden)
        total = Agreement()
        for size in sizes:
            actual = _answers(version, BYTES, encoded_batch(golden, size))
            total += compare(f"{BYTES}, batch {size}", actual, _repeated(golden.rows, size))
        check.found = summarize(total, golden, sizes)


def _check_numbers(golden: Golden) -> None:
    """Raise ``ContractError`` if an output is NaN or infinite, whatever the image is."""
    for name in golden.rows[0]:
        values = [row[name] for row in golden.rows]
        if all(one.dtype.kind == "f" and one.size and not np.isfinite(one).any() for one in values):
            kind = "NaN" if np.isnan(values[0]).all() else "infinite"
            raise ContractError(f"{name} is {kind} for all images; check the scaling of the pixels")


def check_pixels(
    report: Report,
    version: LoadedVersion,
    pixels: np.ndarray,
    rows: Sequence[Row],
    sizes: Sequence[int],
) -> None:
    """Check that pixels get the source's answers.

    ``pixels``: uint8 ``[N, H, W, 3]``. ``rows``: the expected answers.
    """
    with report.check("pixels") as check:
        fixed = version.batch_size(PIXELS)
        sizes = [fixed] if fixed else [size for size in sizes if size <= len(pixels)]
        total = Agreement()
        for size in sizes:
            batch = pixels[np.arange(size) % len(pixels)]
            actual = _answers(version, PIXELS, batch)
            total += compare(f"{PIXELS}, batch {size}", actual, _repeated(rows, size))
        check.found = summarize(total, Golden([b""] * len(pixels), rows), sizes)


def check_classes(report: Report, golden: Golden, description: dict[str, Any]) -> None:
    """Check that the classes that are returned have labels, and none precedes the first class.

    Models that return a score for each class, or the classes' names, have nothing to check, nor
    have plain tensors, which may be called anything.
    """
    if description["task"] == "tensors":
        return
    numbers = [_classes(row) for row in golden.rows]
    if any(row is None for row in numbers):
        return
    first, labels = description["first_class"] or 0, description["labels"]
    with report.check("classes") as check:
        seen = sorted({int(one) for row in numbers for one in row or ()})
        check.found = f"classes {seen[0]} to {seen[-1]} seen" if seen else "no boxes to check"
        if seen and seen[0] < first:
            raise ContractError(
                f"the model returns class {seen[0]}, but classes start at {first}; if they start "
                f"at {seen[0]}, add --first-class {seen[0]}"
            )
        if labels and seen and seen[-1] - first >= len(labels):
            raise ContractError(
                f"the model returns class {seen[-1]}, which has no label: there are {len(labels)} "
                f"labels, starting at class {first}"
            )


def check_rejection(report: Report, version: LoadedVersion, image: bytes) -> None:
    """Check that a broken image fails, instead of being answered as an empty one."""
    with report.check("broken images") as check:
        batch = version.batch_size(BYTES) or 2
        for broken in (b"", b"not an image", image[: len(image) // 2]):
            encoded = np.array([image] * (batch - 1) + [broken], object)
            try:
                version.answer(BYTES, encoded)
            except tf.errors.OpError:
                continue
            raise ContractError(f"a broken image of {len(broken)} bytes was not rejected")
        check.found = "rejected"


def summarize(total: Agreement, golden: Golden, sizes: Sequence[int]) -> str:
    """Return what was compared, and how well it agrees."""
    count, batches = len(golden.images), _ranges(sizes)
    result = f"{total.worst:.1e} off at most (allowed {TOLERANCE:.0e})"
    if SCORES in golden.rows[0] and not total.boxes:
        return (
            f"best scores of {count} images, batches of {batches}: {result}; boxes were not "
            f"compared because none scored {CLEAR} or more (use --pictures with typical images)"
        )
    compared = f"{total.boxes} boxes" if total.boxes else f"{total.values} values"
    return f"{compared} in {count} images, batches of {batches}: {result}"


def _ranges(sizes: Sequence[int]) -> str:
    """Format ``1-16, 32`` for every size from 1 to 16, and 32."""
    spans: list[list[int]] = []
    for size in sizes:
        if spans and size == spans[-1][-1] + 1:
            spans[-1][1:] = [size]
        else:
            spans.append([size])
    return ", ".join("-".join(map(str, span)) for span in spans)


_OF_OTHER_SIZES = ("Incompatible shapes during merge", "TensorListStack", "TensorArrayV2Stack")
"""What TensorFlow says when it cannot make one tensor of the answers for several images."""


def _answers(version: LoadedVersion, signature: str, inputs: np.ndarray) -> list[Row]:
    try:
        return version.answer(signature, inputs)
    except (tf.errors.OpError, ValueError) as error:
        if any(words in str(error) for words in _OF_OTHER_SIZES):
            raise ContractError(
                f"{signature} fails for a batch of {len(inputs)}, because the outputs have other "
                "sizes for other images: select others with --outputs NAME, or add --nms, which "
                "gives a detector a fixed number of boxes"
            ) from None
        raise ContractError(
            f"{signature} fails for a batch of {len(inputs)}: {reason_of(error)}; if the model "
            "takes one image per call, add --batch 1"
        ) from None


def encoded_batch(golden: Golden, size: int) -> np.ndarray:
    """Return ``size`` golden images as an object array, repeated as needed."""
    batch = np.empty(size, object)
    batch[:] = [golden.images[number % len(golden.images)] for number in range(size)]
    return batch


def _repeated(rows: Sequence[Row], size: int) -> list[Row]:
    return [rows[number % len(rows)] for number in range(size)]


def _classes(row: Row) -> list[int] | None:
    """Return the classes of detections, of pixels, or of the best scores if they are numbers."""
    if CLASSES in row:
        return row[CLASSES][: int(row[COUNT])].astype(int).tolist()
    if CLASS_MAP in row:
        return np.unique(row[CLASS_MAP]).tolist()
    classes = row.get(SCORED_CLASSES)
    return None if classes is None or classes.dtype.kind not in "iuf" else classes.tolist()
