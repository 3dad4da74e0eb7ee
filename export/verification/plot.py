"""A report's figures as a picture."""

from __future__ import annotations

from pathlib import Path

from export.errors import ExportError
from export.verification.report import Report


def draw(report: Report, path: Path) -> None:
    """Delay and throughput by batch size, as PNG, SVG or PDF by the file's suffix.

    Raises ExportError if there is nothing to draw, or it cannot be written.
    """
    if not report.speeds:
        raise ExportError("there is nothing to plot: no speed was measured")
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    batches = [str(speed.batch) for speed in report.speeds]
    figure, (delay, rate) = pyplot.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    delay.plot(batches, [speed.p95_ms for speed in report.speeds], "o-", color="C1", label="p95")
    delay.plot(batches, [speed.p50_ms for speed in report.speeds], "o-", color="C0", label="p50")
    delay.set(title="one call", xlabel="pictures in a call", ylabel="ms", ylim=0)
    delay.legend(frameon=False)
    rate.bar(batches, [speed.images_per_s for speed in report.speeds], color="C0", width=0.6)
    rate.set(title="one call after another", xlabel="pictures in a call", ylabel="images/s")
    figure.suptitle(_title(report))
    for axes in (delay, rate):
        axes.spines[["top", "right"]].set_visible(False)
    try:
        figure.savefig(path, dpi=144)
    except (OSError, ValueError) as error:
        raise ExportError(f"cannot write {path}: {error}") from None
    finally:
        pyplot.close(figure)


def _title(report: Report) -> str:
    loaded = "" if report.load_s is None else f", loaded in {report.load_s:.1f} s"
    return f"{report.version}: {report.size_bytes / 1e6:.2f} MB{loaded}"
