"""Verify a version: while it is being made, with its source at hand, or at any later time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf

from export.errors import ContractError
from export.publishing import manifest
from export.publishing.location import locate
from export.serving.conversion import Conversion, preprocess
from export.verification import checks, golden
from export.verification.golden import Golden, Row
from export.verification.loaded_version import LoadedVersion
from export.verification.options import VerifyOptions
from export.verification.repeatability import explained
from export.verification.report import Report, size_of
from export.verification.served import check_local, check_server


def verify_new(
    report: Report, folder: Path, conversion: Conversion, expected: Golden, options: VerifyOptions
) -> None:
    """Check a version that was just written against its source. Raise ``ExportError``."""
    report.size_bytes = size_of(folder)
    checks.check_restoration(report, conversion.source.restoration)
    version = LoadedVersion(folder)
    checks.check_values(report, version)
    description = checks.check_contract(report, version)
    try:
        checks.check_golden(report, version, expected, options.sizes())
    except ContractError as error:
        raise explained(error, conversion, expected) from None
    if not conversion.source.takes_bytes:
        pixels = np.round(preprocess(conversion, expected.images).numpy()).astype(np.uint8)
        rows = _answers_to_pixels(conversion, pixels)
        checks.check_pixels(report, version, pixels, rows, options.sizes())
        checks.check_rejection(report, version, expected.images[0])
    checks.check_classes(report, expected, description)
    if options.full:
        check_local(report, folder, version, expected, options.sizes())


def _answers_to_pixels(conversion: Conversion, pixels: np.ndarray) -> list[Row]:
    model = conversion.model(conversion.source.reference)
    batch = 1 if conversion.canvas is None else conversion.batch
    return golden.run(
        lambda some: model(tf.constant(np.stack(some).astype(np.float32))), list(pixels), batch
    )


def verify(report: Report, folder: Path, options: VerifyOptions) -> None:
    """Check an existing version against the answers that its source gave when it was made.

    Raise ``ExportError``.
    """
    report.size_bytes = size_of(folder)
    _check_files(report, folder)
    version = LoadedVersion(folder)
    checks.check_values(report, version)
    description = checks.check_contract(report, version)
    expected = golden.load(folder)
    if expected is None:
        with report.check("golden"):
            raise ContractError(
                f"{folder} has no {golden.FILE}: it was not made by framewire export savedmodel"
            )
    checks.check_golden(report, version, expected, options.sizes())
    checks.check_classes(report, expected, description)
    if not options.full:
        return
    if not options.servers:
        check_local(report, folder, version, expected, options.sizes())
    for address in options.servers:
        model, number = options.model or folder.resolve().parent.name, int(folder.name)
        sizes, wait_s = options.sizes(), options.wait_s
        check_server(report, address, model, number, version, expected, sizes, wait_s)


def _check_files(report: Report, folder: Path) -> None:
    """Check that the files are those that were published, if that was recorded."""
    if not (folder / manifest.FILE).exists():
        return
    with report.check("checksums") as check:
        record = manifest.check(locate(str(folder)))
        check.found = f"{len(record.files) if record else 0} files unchanged since publication"
