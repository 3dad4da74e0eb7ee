"""Figures by version: what is kept of them, and for how long."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, generate_latest

from server.runtime.version_metrics import MAX_VERSIONS, VersionMetrics


def test_the_figures_of_versions_long_gone_go() -> None:
    registry = CollectorRegistry()
    metrics = VersionMetrics(registry)
    for version in range(3 * MAX_VERSIONS):
        metrics.answered("digits", version, 4, 0.01)
        metrics.failed("digits", str(version), 1, "model_failed")
        metrics.answered("digits", 0, 1, 0.01)  # in use all the time
    text = generate_latest(registry).decode()
    for name in ("results_total", "errors_total", "inference_seconds_count"):
        shown = [line for line in text.splitlines() if line.startswith(f"framewire_model_{name}")]
        assert len(shown) == MAX_VERSIONS
        assert any('version="0"' in line for line in shown)
        assert not any('version="1"' in line for line in shown)
    value = registry.get_sample_value
    labels = {"model": "digits", "version": "0"}
    assert value("framewire_model_results_total", labels) == 4 + 3 * MAX_VERSIONS
