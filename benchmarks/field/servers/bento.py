"""BentoML: adaptive batches, two workers with the model in process.

``bentoml serve benchmarks.field.servers.bento:Digits``, with the model's folder in the variable
``DIGITS_MODEL``.
"""

from __future__ import annotations

import base64
import os

import bentoml

from benchmarks.field.servers import digits


@bentoml.service(workers=2, traffic={"timeout": 60, "max_concurrency": 10_000})
class Digits:
    """The demo model; a request has JPEGs in base64."""

    def __init__(self) -> None:
        self._predict = digits.load(os.environ["DIGITS_MODEL"])

    @bentoml.api(batchable=True, max_batch_size=digits.MAX_BATCH, max_latency_ms=200)
    def predict(self, pictures: list[str]) -> list[digits.Answer]:
        """Return the answers of a batch."""
        return self._predict([base64.b64decode(picture) for picture in pictures])
