"""The Python client as a program for the kit: ``python -m conformance.adapters.python``."""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from typing import Any

from framewire.client import (
    AsyncClient,
    ClientError,
    Dropped,
    Failed,
    Outcome,
    Refused,
    Result,
    SecondAnswer,
    SecondModel,
    Tracking,
)

STATES = {"ready": "ready", "refused": "refused"}
POLL_S = 0.005


def report(**fields: Any) -> None:
    """Write a report."""
    print(json.dumps(fields), flush=True)


def report_outcome(frame: str, outcome: Outcome) -> None:
    """Report what became of a frame."""
    if isinstance(outcome, Result):
        report(frame=frame, outcome="result", **_answer(outcome))
    elif isinstance(outcome, Dropped):
        report(frame=frame, outcome="dropped", reason=outcome.reason)
    elif isinstance(outcome, Failed):
        report(frame=frame, outcome="error", code=outcome.code)


def _answer(result: Result) -> dict[str, Any]:
    found = result.detections or result.classes
    fields: dict[str, Any] = {
        "scores": [entry.score for entry in found],
        "classes": [entry.class_index for entry in found],
        "labels": [entry.label for entry in found],
        "outputs": {name: list(output.shape) for name, output in result.outputs.items()},
    }
    if result.detections:
        fields["boxes"] = [list(detection.box) for detection in result.detections]
        fields["ids"] = [detection.id for detection in result.detections]
        fields["events"] = [event.kind for event in result.events]
        fields["corners"] = [
            detection.corners and sum(detection.corners, ()) for detection in result.detections
        ]
        fields["masks"] = [
            detection.mask and sum(detection.mask.runs[1::2]) for detection in result.detections
        ]
        fields["second"] = [
            detection.second and _second(detection.second) for detection in result.detections
        ]
    return fields


def _second(answer: SecondAnswer) -> dict[str, Any]:
    if answer.missing is not None:
        return {"missing": answer.missing}
    return {
        "classes": [entry.class_index for entry in answer.classes],
        "labels": [entry.label for entry in answer.classes],
    }


class Adapter:
    """Carries out commands with one client after another."""

    def __init__(self) -> None:
        self._client: AsyncClient | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self, command: dict[str, Any]) -> None:
        """Open a session, without waiting for it."""
        options = dict(command["options"])
        if isinstance(options.get("track"), dict):
            options["track"] = Tracking(**options["track"])
        if isinstance(options.get("then"), dict):
            options["then"] = SecondModel(**options["then"])
        self._client = AsyncClient(command["url"], **options)
        self._tasks = [
            asyncio.create_task(self._enter(self._client)),
            asyncio.create_task(self._watch(self._client)),
        ]

    async def offer(self, command: dict[str, Any]) -> None:
        """Offer a frame."""
        assert self._client is not None
        name = command["frame"]
        try:
            future = self._client.offer(base64.b64decode(command["data"]))
        except Refused as refused:
            report(frame=name, outcome="error", code=refused.code)
        else:
            future.add_done_callback(lambda done: report_outcome(name, done.result()))

    async def configure(self, command: dict[str, Any]) -> None:
        """Change options."""
        assert self._client is not None
        self._client.configure(**command["options"])

    async def close(self, command: dict[str, Any]) -> None:
        """End the session."""
        assert self._client is not None
        await self._client.__aexit__(None, None, None)
        await asyncio.sleep(0)  # the last outcomes are reported
        for task in self._tasks:
            task.cancel()
        report(closed=True)

    @staticmethod
    async def _enter(client: AsyncClient) -> None:
        try:
            await client.__aenter__()
        except Refused:
            report(state="refused")
        except ClientError:
            pass  # closed before there was a session

    @staticmethod
    async def _watch(client: AsyncClient) -> None:
        """Report each change of state."""
        last = "waiting"
        while True:
            state = STATES.get(client.state, "waiting")
            if state != last and client.state != "closed":
                report(state=state)
                last = state
            await asyncio.sleep(POLL_S)


async def main() -> None:
    """Carry out each command until the input ends."""
    adapter = Adapter()
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        command = json.loads(line)
        await getattr(adapter, command["command"])(command)


if __name__ == "__main__":
    asyncio.run(main())
