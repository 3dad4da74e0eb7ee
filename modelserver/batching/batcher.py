"""Threads that run batches from queues and distribute the results."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from modelserver.batching import merge
from modelserver.batching.queue import BatchQueue
from modelserver.codec.dtypes import Array
from modelserver.deadline import Deadline, latest
from modelserver.execution.runner import DirectRunner
from modelserver.metrics import Metrics
from modelserver.options.batching import BatchingParameters
from modelserver.status import Code, ServingError, invalid

Run = Callable[[Mapping[str, Array], Sequence[str], Deadline], list[Any]]


@dataclass(eq=False)
class _Task:
    """A request, or a part of a split one, in a queue."""

    feeds: Mapping[str, Array]
    size: int
    deadline: Deadline
    offered_at: float
    done: Future[list[Array]] = field(default_factory=Future)


@dataclass(eq=False)
class _Lane:
    """Requests that may share a batch: same version, same tensors, same dtypes."""

    queue: BatchQueue[_Task]
    fetches: Sequence[str]
    run: Run
    parameters: BatchingParameters


class BatchThreads:
    """``count`` threads that run batches, shared by all models."""

    def __init__(self, count: int, metrics: Metrics) -> None:
        self._metrics = metrics
        self._changed = threading.Condition()
        self._lanes: list[_Lane] = []
        self._stopping = False
        for number in range(count):
            name = f"batch {number}"
            threading.Thread(target=self._work, name=name, daemon=True).start()

    def add(self, lane: _Lane) -> None:
        """Serve another lane."""
        with self._changed:
            self._lanes.append(lane)

    def remove(self, lanes: Sequence[_Lane]) -> None:
        """Stop serving lanes. No request may be waiting in them."""
        with self._changed:
            self._lanes = [lane for lane in self._lanes if lane not in lanes]

    def offer(self, lane: _Lane, tasks: Sequence[_Task]) -> None:
        """Queue tasks in a lane.

        Raise the errors of ``BatchQueue.offer``; tasks before the rejected one stay queued.
        """
        with self._changed:
            try:
                for task in tasks:
                    lane.queue.offer(task, task.size, task.offered_at)
            finally:
                self._changed.notify()

    def room(self, lane: _Lane) -> int:
        """Return how many items the lane's open batch can still take."""
        with self._changed:
            return lane.queue.room()

    def stop(self) -> None:
        """Run no more batches, and fail the requests that are waiting."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
            for lane in self._lanes:
                while tasks := lane.queue.take(float("inf")):
                    for task in tasks:
                        task.done.set_exception(
                            ServingError(Code.UNAVAILABLE, "the server is shutting down")
                        )

    def _work(self) -> None:
        while True:
            with self._changed:
                batch = self._next()
                while batch is None:
                    if self._stopping:
                        return
                    self._changed.wait(self._pause())
                    batch = self._next()
                if self._pause() is not None:  # another batch waits, for another thread
                    self._changed.notify()
            self._run(*batch)

    def _next(self) -> tuple[_Lane, list[_Task]] | None:
        """Return a batch that is ready. Lanes take turns."""
        now = time.monotonic()
        for index, lane in enumerate(self._lanes):
            tasks = lane.queue.take(now)
            if tasks:
                self._lanes.append(self._lanes.pop(index))
                return lane, tasks
        return None

    def _pause(self) -> float | None:
        """Return the seconds until the next batch is ready; ``None`` if no batch waits."""
        ready = [at for lane in self._lanes if (at := lane.queue.ready_at()) is not None]
        return max(0.0, min(ready) - time.monotonic()) if ready else None

    def _run(self, lane: _Lane, tasks: list[_Task]) -> None:
        now = time.monotonic()
        alive = []
        for task in tasks:
            waited_us = (now - task.offered_at) * 1e6
            self._metrics.queuing_latency.add(waited_us, lane.parameters.pool_name)
            try:
                task.deadline.left()
                alive.append(task)
            except ServingError as error:
                task.done.set_exception(error)
        if alive:
            _answer(lane, alive)


def _answer(lane: _Lane, tasks: list[_Task]) -> None:
    """Run tasks together and complete the future of each, whatever happens."""
    try:
        parts = _run_merged(lane, tasks)
    except _RunFailed as failed:
        if len(tasks) == 1:
            tasks[0].done.set_exception(failed.error)
            return
        for task in tasks:  # retry one by one, so that only the faulty request fails
            _answer(lane, [task])
    except Exception as error:
        for task in tasks:
            task.done.set_exception(error)
    else:
        for task, part in zip(tasks, parts, strict=True):
            task.done.set_result(part)


class _RunFailed(Exception):
    """A run that failed; a single request may be to blame."""

    def __init__(self, error: ServingError) -> None:
        super().__init__(error.message)
        self.error = error


def _run_merged(lane: _Lane, tasks: list[_Task]) -> list[list[Array]]:
    size = lane.parameters.padded(sum(task.size for task in tasks))
    feeds = {
        name: merge.merge(name, [task.feeds[name] for task in tasks], size, lane.parameters.pad)
        for name in tasks[0].feeds
    }
    deadline = latest(task.deadline for task in tasks)
    try:
        values = lane.run(feeds, lane.fetches, deadline)
    except ServingError as error:
        raise _RunFailed(error) from None
    return merge.split(values, [task.size for task in tasks], size)


class BatchRunner:
    """Runs the calls of one version in batches.

    ``threads`` run the batches and ``parameters`` shape them. ``alone`` runs a merged batch, and
    the calls that cannot be batched.
    """

    def __init__(
        self, threads: BatchThreads, parameters: BatchingParameters, alone: DirectRunner
    ) -> None:
        self._threads = threads
        self._parameters = parameters
        self._alone = alone
        self._lock = threading.Lock()
        self._lanes: dict[tuple[object, ...], _Lane] = {}

    def run(
        self, feeds: Mapping[str, Array], fetches: Sequence[str], deadline: Deadline
    ) -> list[Any]:
        """Run a request in a batch with compatible ones.

        Raise ``ServingError`` with the run's own code; with INVALID_ARGUMENT if the request is too
        large, UNAVAILABLE if the queue is full, FAILED_PRECONDITION if shapes differ, and
        DEADLINE_EXCEEDED if the deadline passes before the batch runs.
        """
        size = merge.size_of(list(feeds.values())) if feeds else 0
        if not size:
            return self._alone.run(feeds, fetches, deadline)
        lane = self._lane(feeds, fetches)
        tasks = [
            _Task(part, part_size, deadline, time.monotonic())
            for part, part_size in self._parts(lane, feeds, size)
        ]
        self._threads.offer(lane, tasks)
        parts = [task.done.result() for task in tasks]
        if len(parts) == 1:
            return parts[0]
        return [merge.join(outputs) for outputs in zip(*parts, strict=True)]

    def close(self) -> None:
        """Free the graph. Wait for all requests first."""
        self._threads.remove(list(self._lanes.values()))
        self._alone.close()

    def _lane(self, feeds: Mapping[str, Array], fetches: Sequence[str]) -> _Lane:
        key = (
            tuple(sorted((name, str(array.dtype)) for name, array in feeds.items())),
            tuple(fetches),
        )
        with self._lock:
            lane = self._lanes.get(key)
            if lane is None:
                parameters = self._parameters
                queue: BatchQueue[_Task] = BatchQueue(
                    parameters.batch_size, parameters.timeout_s, parameters.max_enqueued_batches
                )
                lane = self._lanes[key] = _Lane(
                    queue, tuple(fetches), self._alone.run_now, parameters
                )
                self._threads.add(lane)
            return lane

    def _parts(
        self, lane: _Lane, feeds: Mapping[str, Array], size: int
    ) -> list[tuple[Mapping[str, Array], int]]:
        """Return the whole request, or, if splitting is enabled, parts that fill batches."""
        limit = self._parameters.max_batch_size
        if size > limit:
            raise invalid(f"Task size {size} is larger than maximum input batch size {limit}")
        if not self._parameters.split:
            return [(feeds, size)]
        bounds = [0]
        room = self._threads.room(lane) or self._parameters.batch_size
        while bounds[-1] < size:
            bounds.append(min(size, bounds[-1] + room))
            room = self._parameters.batch_size
        return [
            ({name: array[start:end] for name, array in feeds.items()}, end - start)
            for start, end in pairwise(bounds)
        ]
