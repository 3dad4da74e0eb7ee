"""Verification: of a version that is being made, with its source at hand, and of one that is
there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import tensorflow as tf

from export.errors import ContractBroken
from export.publishing import manifest
from export.publishing.location import locate
from export.serving.conversion import Conversion, prepared
from export.verification import checks
from export.verification import golden as goldens
from export.verification.golden import Golden
from export.verification.in_process import InProcess
from export.verification.report import Report, size_of
from export.verification.served import check_server, check_throwaway

QUICK = (1, 2, 16)
_EVERY = 16


@dataclass(frozen=True)
class Thoroughness:
    """How much is looked at. full: every batch size up to `max_batch`, and a real load; else a few
    sizes, in this process only. servers: instead of a throwaway one, those that have the version
    already, as `HOST:PORT`; model: the name that they know it by; wait_s: how long they may take.
    """

    full: bool = True
    max_batch: int = 16
    servers: Sequence[str] = field(default=())
    model: str | None = None
    wait_s: float = 30.0

    def sizes(self) -> list[int]:
        """Batch sizes: all up to 16, from there on powers of two, and the largest."""
        if not self.full:
            return sorted({size for size in (*QUICK, self.max_batch) if size <= self.max_batch})
        found = set(range(1, min(self.max_batch, _EVERY) + 1)) | {self.max_batch}
        power = _EVERY * 2
        while power < self.max_batch:
            found.add(power)
            power *= 2
        return sorted(found)


def verify_new(
    report: Report, folder: Path, conversion: Conversion, golden: Golden, how: Thoroughness
) -> None:
    """Checks a version that was just written, against its source. Raises ExportError."""
    report.size_bytes = size_of(folder)
    checks.check_restoration(report, conversion.source.restoration)
    version = InProcess(folder)
    checks.check_values(report, version)
    described = checks.check_contract(report, version)
    checks.check_golden(report, version, golden, how.sizes())
    if not conversion.source.takes_bytes:
        pixels = np.round(prepared(conversion, golden.pictures).numpy()).astype(np.uint8)
        rows = _of_pixels(conversion, pixels)
        checks.check_pixels(report, version, pixels, rows, how.sizes())
        checks.check_refusal(report, version, golden.pictures[0])
    if described["task"] == "detection":
        checks.check_classes(report, golden, described)
    if how.full:
        check_throwaway(report, folder, version, golden, how.sizes())


def _of_pixels(conversion: Conversion, pixels: np.ndarray) -> list[goldens.Row]:
    model = conversion.model(conversion.source.reference)
    batch = 1 if conversion.canvas is None else conversion.batch
    return goldens.run(
        lambda some: model(tf.constant(np.stack(some).astype(np.float32))), list(pixels), batch
    )


def verify(report: Report, folder: Path, how: Thoroughness) -> None:
    """Checks a version that is there, against what its source answered when it was made.

    Raises ExportError.
    """
    report.size_bytes = size_of(folder)
    _check_files(report, folder)
    version = InProcess(folder)
    checks.check_values(report, version)
    described = checks.check_contract(report, version)
    golden = goldens.load(folder)
    if golden is None:
        with report.check("golden"):
            raise ContractBroken(
                f"{folder} has no {goldens.FILE}: it was not made by python -m export savedmodel"
            )
    checks.check_golden(report, version, golden, how.sizes())
    if described["task"] == "detection":
        checks.check_classes(report, golden, described)
    if not how.full:
        return
    if not how.servers:
        check_throwaway(report, folder, version, golden, how.sizes())
    for address in how.servers:
        name = how.model or folder.resolve().parent.name
        served = name, int(folder.name)
        check_server(report, address, served, version, golden, how.sizes(), how.wait_s)


def _check_files(report: Report, folder: Path) -> None:
    """What is on disk is what was published, if that was recorded."""
    place = locate(str(folder))
    if not (folder / manifest.FILE).exists():
        return
    with report.check("checksums") as check:
        found = manifest.check(place)
        check.found = f"{len(found.files) if found else 0} files as they were published"
