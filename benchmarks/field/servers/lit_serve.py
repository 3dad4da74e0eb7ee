"""LitServe: batches across requests, two workers with the model in process.

``python -m benchmarks.field.servers.lit_serve PORT MODEL_FOLDER``.
"""

# Without `from __future__ import annotations`: LitServe reads the type of a request from the
# annotation itself.
import sys
from collections.abc import Sequence
from typing import Annotated

import litserve
from fastapi import Body

from benchmarks.field.servers import digits


class Digits(litserve.LitAPI):
    """The demo model; a request's body is a JPEG."""

    def __init__(self, folder: str) -> None:
        super().__init__(max_batch_size=digits.MAX_BATCH, batch_timeout=0.005)
        self._folder = folder

    def setup(self, device: str) -> None:
        """Load the model in a worker."""
        self._predict = digits.load(self._folder)

    def decode_request(self, request: Annotated[bytes, Body()]) -> bytes:
        """Return the JPEG."""
        return request

    def batch(self, inputs: Sequence[bytes]) -> list[bytes]:
        """Return a batch, which the model's graph decodes."""
        return list(inputs)

    def predict(self, pictures: Sequence[bytes]) -> list[digits.Answer]:
        """Return the answers of a batch."""
        return self._predict(pictures)

    def unbatch(self, output: list[digits.Answer]) -> list[digits.Answer]:
        """Return an answer per request."""
        return output

    def encode_response(self, output: digits.Answer) -> digits.Answer:
        """Return the answer, which becomes JSON."""
        return output


if __name__ == "__main__":
    litserve.LitServer(
        Digits(sys.argv[2]), accelerator="cpu", workers_per_device=2, fast_queue=True
    ).run(
        host="127.0.0.1",
        port=int(sys.argv[1]),
        num_api_servers=1,
        generate_client_file=False,
        log_level="warning",
    )
