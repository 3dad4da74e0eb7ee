"""The checks, each of which notes down what it found in a report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from export.errors import ContractBroken
from export.serving.signatures import BYTES, PIXELS
from export.sources.names import listed
from export.sources.source import Restoration
from export.tasks.detection import CLASSES, COUNT, SCORES
from export.verification.comparison import TOLERANCE, Agreement, compare
from export.verification.conformance import check_description, check_signatures
from export.verification.golden import Golden, Row
from export.verification.in_process import InProcess
from export.verification.report import Report


def check_restoration(report: Report, restoration: Restoration) -> None:
    """Which variables have their values from the source."""
    with report.check("variables") as check:
        check.found = f"{restoration.restored} restored"
        if restoration.missing:
            check.found += f"; as they were before training: {listed(restoration.missing)}"
        if restoration.unused:
            check.found += f"; not needed: {listed(restoration.unused)}"


def check_values(report: Report, version: InProcess) -> None:
    """No variable holds anything but numbers."""
    with report.check("values") as check:
        floats = [each for each in version.variables if each.dtype.is_floating]
        wrong = [each.name for each in floats if not np.isfinite(each.numpy()).all()]
        if wrong:
            raise ContractBroken(f"variables that hold NaN or infinity: {listed(wrong)}")
        check.found = f"{len(version.variables)} variables, all finite"


def check_contract(report: Report, version: InProcess) -> dict[str, Any]:
    """Signatures and description; returns the latter."""
    with report.check("contract") as check:
        if "describe" not in version.names():
            raise ContractBroken("there is no signature describe")
        described = check_description(version.describe())
        check.found = ", ".join(check_signatures(version, described))
        return described


def check_golden(
    report: Report, version: InProcess, golden: Golden, sizes: Sequence[int], name: str = "golden"
) -> None:
    """Encoded pictures get the source's answers, in batches of every size."""
    with report.check(name) as check:
        fixed = version.rows(BYTES)
        sizes = [fixed] if fixed else sizes
        total = Agreement()
        for size in sizes:
            found = _answers(version, BYTES, _encoded(golden.pictures, size))
            wanted = _repeated(golden.rows, size)
            total += compare(f"{BYTES}, batch {size}", found, wanted)
        check.found = told(total, len(golden.pictures), sizes)
        if SCORES in golden.rows[0] and not total.boxes:
            check.found += "; no box was clear enough to compare: --pictures may have better ones"


def check_pixels(
    report: Report,
    version: InProcess,
    pixels: np.ndarray,
    rows: Sequence[Row],
    sizes: Sequence[int],
) -> None:
    """Pixels get the source's answers. pixels: uint8 [N, H, W, 3]; rows: what is wanted."""
    with report.check("pixels") as check:
        fixed = version.rows(PIXELS)
        sizes = [fixed] if fixed else [size for size in sizes if size <= len(pixels)]
        total = Agreement()
        for size in sizes:
            some = pixels[np.arange(size) % len(pixels)]
            found = _answers(version, PIXELS, some)
            total += compare(f"{PIXELS}, batch {size}", found, _repeated(rows, size))
        check.found = told(total, len(pixels), sizes)


def check_classes(report: Report, golden: Golden, described: dict[str, Any]) -> None:
    """A detector's classes have labels, and none comes before the first."""
    first, labels = described["first_class"] or 0, described["labels"]
    with report.check("classes") as check:
        seen = sorted({int(each) for row in golden.rows for each in _classes(row)})
        check.found = f"classes {seen[0]} to {seen[-1]} seen" if seen else "no boxes were found"
        if seen and seen[0] < first:
            raise ContractBroken(
                f"the model gives class {seen[0]}, but classes count from {first}; say with "
                f"--first-class {seen[0]} if they count from there"
            )
        if labels and seen and seen[-1] - first >= len(labels):
            raise ContractBroken(
                f"the model gives class {seen[-1]}, for which the {len(labels)} labels from class "
                f"{first} on have none"
            )


def check_refusal(report: Report, version: InProcess, picture: bytes) -> None:
    """A broken picture must fail, not come back as a picture with nothing in it."""
    with report.check("broken pictures") as check:
        fixed = version.rows(BYTES) or 2
        for broken in (b"", b"no picture", picture[: len(picture) // 2]):
            some = np.array([picture] * (fixed - 1) + [broken], object)
            try:
                version.answer(BYTES, some)
            except tf.errors.OpError:
                continue
            raise ContractBroken(f"a broken picture of {len(broken)} bytes was not refused")
        check.found = "are refused"


def told(total: Agreement, pictures: int, sizes: Sequence[int]) -> str:
    """An agreement for people."""
    what = f"{total.boxes} boxes" if total.boxes else f"{total.values} values"
    return (
        f"{what} in {pictures} pictures, batches of {_ranges(sizes)}: off by {total.worst:.1e} "
        f"at most (allowed {TOLERANCE:.0e})"
    )


def _ranges(sizes: Sequence[int]) -> str:
    """`1-16, 32` for every size from 1 to 16, and 32."""
    spans: list[list[int]] = []
    for size in sizes:
        if spans and size == spans[-1][-1] + 1:
            spans[-1][1:] = [size]
        else:
            spans.append([size])
    return ", ".join("-".join(map(str, span)) for span in spans)


def _answers(version: InProcess, signature: str, inputs: np.ndarray) -> list[Row]:
    try:
        return version.answer(signature, inputs)
    except (tf.errors.OpError, ValueError) as error:
        reason = " ".join(str(error).split())[:300]
        raise ContractBroken(
            f"{signature} fails for a batch of {len(inputs)}: {reason}; if the model takes one "
            "picture a call, say --batch 1"
        ) from None


def _encoded(pictures: Sequence[bytes], size: int) -> np.ndarray:
    found = np.empty(size, object)
    found[:] = [pictures[number % len(pictures)] for number in range(size)]
    return found


def _repeated(rows: Sequence[Row], size: int) -> list[Row]:
    return [rows[number % len(rows)] for number in range(size)]


def _classes(row: Row) -> np.ndarray:
    """The classes of what was found."""
    return np.asarray(row[CLASSES][: int(row[COUNT])])
