"""A process's memory, open files and CPU time while a scenario runs."""

from __future__ import annotations

import asyncio
import statistics
import time
from types import TracebackType

from loadtest.stack import Process

_INTERVAL_S = 0.25


class Gauge:
    """Samples ``process`` four times a second for as long as the context is open."""

    def __init__(self, process: Process, interval_s: float = _INTERVAL_S) -> None:
        self.seconds: list[float] = []
        self.resident_mb: list[float] = []
        self.descriptors: list[int] = []
        self._process = process
        self._interval_s = interval_s

    async def __aenter__(self) -> Gauge:
        self._cpu_s, self._own_s = self._process.cpu_s(), time.process_time()
        self._started = time.perf_counter()
        self._sample()
        self._sampling = asyncio.ensure_future(self._keep_sampling())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._sampling.cancel()
        self._sample()
        elapsed_s = self.seconds[-1]
        self.cpu = (self._process.cpu_s() - self._cpu_s) / elapsed_s
        self.generator_cpu = (time.process_time() - self._own_s) / elapsed_s

    @property
    def growth_mb(self) -> float:
        """How far resident memory rose above that at the start, at its peak."""
        return max(self.resident_mb) - self.resident_mb[0]

    def steady_growth_mb(self, from_share: float = 0.25) -> float:
        """Return the rise of a line fitted to the memory after the first part of the samples."""
        first = int(len(self.seconds) * from_share)
        seconds, memory = self.seconds[first:], self.resident_mb[first:]
        slope, _ = statistics.linear_regression(seconds, memory)
        return slope * (seconds[-1] - seconds[0])

    def noise_mb(self, from_share: float = 0.25) -> float:
        """Return three standard deviations of the memory around that line."""
        first = int(len(self.seconds) * from_share)
        seconds, memory = self.seconds[first:], self.resident_mb[first:]
        slope, start = statistics.linear_regression(seconds, memory)
        rest = [mb - start - slope * at for at, mb in zip(seconds, memory, strict=True)]
        return 3 * statistics.pstdev(rest)

    def processors(self) -> str:
        """Return the CPU time of the gateway and of the load generator, for the notes."""
        return (
            f"CPU time per second: gateway {self.cpu:.2f} s, load generator "
            f"{self.generator_cpu:.2f} s"
        )

    async def _keep_sampling(self) -> None:
        while True:
            await asyncio.sleep(self._interval_s)
            self._sample()

    def _sample(self) -> None:
        self.seconds.append(time.perf_counter() - self._started)
        self.resident_mb.append(self._process.resident_mb())
        self.descriptors.append(self._process.descriptors())
