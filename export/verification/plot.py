"""Plot the measurements of a report."""

from __future__ import annotations

from pathlib import Path

from export.errors import ExportError
from export.verification.report import Report


def draw(report: Report, path: Path) -> None:
    """Plot latency and throughput by batch size; the suffix decides on PNG, SVG or PDF.

    Raise ``ExportError`` if nothing was measured or the file cannot be written.
    """
    if not report.speeds:
        raise ExportError("there is nothing to plot because no speed was measured")
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    batches = [str(speed.batch) for speed in report.speeds]
    figure, (latency, rate) = pyplot.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    latency.plot(batches, [speed.p95_ms for speed in report.speeds], "o-", color="C1", label="p95")
    latency.plot(batches, [speed.p50_ms for speed in report.speeds], "o-", color="C0", label="p50")
    latency.set(title="latency", xlabel="images per call", ylabel="ms", ylim=0)
    latency.legend(frameon=False)
    rate.bar(batches, [speed.images_per_s for speed in report.speeds], color="C0", width=0.6)
    rate.set(title="throughput, one call at a time", xlabel="images per call", ylabel="images/s")
    figure.suptitle(_title(report))
    for axes in (latency, rate):
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
