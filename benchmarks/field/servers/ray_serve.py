"""Ray Serve: ``serve.batch``, two replicas with the model in process.

``python -m benchmarks.field.servers.ray_serve PORT MODEL_FOLDER``.
"""

from __future__ import annotations

import signal
import sys

import ray
from ray import serve
from starlette.requests import Request

from benchmarks.field.servers import digits


@serve.deployment(num_replicas=2, max_ongoing_requests=64, ray_actor_options={"num_cpus": 0})
class Digits:
    """The demo model; a request's body is a JPEG."""

    def __init__(self, folder: str) -> None:
        self._predict = digits.load(folder)

    @serve.batch(max_batch_size=digits.MAX_BATCH, batch_wait_timeout_s=0.01)
    async def predict(self, pictures: list[bytes]) -> list[digits.Answer]:
        """Return the answers of a batch."""
        return self._predict(pictures)

    async def __call__(self, request: Request) -> digits.Answer:
        """Answer a request."""
        answer: digits.Answer = await self.predict(await request.body())
        return answer


if __name__ == "__main__":
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="warning")
    serve.start(http_options={"host": "127.0.0.1", "port": int(sys.argv[1])})
    serve.run(
        Digits.bind(sys.argv[2]),  # type: ignore[attr-defined]
        name="digits",
        route_prefix="/predict",
    )
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    serve.shutdown()
    ray.shutdown()
