"""The crops of one frame, and what a second model says about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from server.core.answers import Answer, Detections, SecondAnswers, Unanswered
from server.core.cascade.regions import placed, regions
from server.core.cascade.sizes import MAX_BYTES, size_of
from server.core.errors import AnswerTooLarge
from server.core.messages import Error, Frame, Outcome, Result
from server.core.model import Then
from server.core.pictures import UPRIGHT

# Why a crop has no answer if there was not enough capacity.
_NO_CAPACITY = {"expired", "overloaded", "superseded"}


class Crops:
    """The crops of ``frame``: one for each of the best ``count`` boxes in ``detections``.

    The caller must: cut ``regions`` out of the frame, send ``frames``, and pass each one's outcome
    to ``resolve``, or end those without one with ``fail``. Once nothing is ``left``, ``answer``
    has all of them. Answers that would exceed ``MAX_BYTES`` together are left out as they arrive.
    """

    def __init__(self, frame: Frame, detections: Detections, count: int, then: Then) -> None:
        self._detections = detections
        self._then = then
        self._size = frame.upright_size
        self._version: int | None = None
        self._answers: list[Answer | Unanswered | None] = [None] * len(detections.boxes)
        self._room = MAX_BYTES
        self.regions = regions(detections.boxes[:count], self._size)
        self.left = set(range(count))
        self.outcomes: Counter[str] = Counter()  # by reason; a result has none

    @property
    def incomplete(self) -> bool:
        """Whether there was no capacity for some of them."""
        return not _NO_CAPACITY.isdisjoint(self.outcomes)

    @property
    def pixels(self) -> int:
        """How many pixels they have together."""
        return sum(width * height for width, height in (region.size for region in self.regions))

    def frames(self, pictures: Sequence[bytes], picture_format: str) -> list[Frame]:
        """Return them as frames, whose ids are the numbers of their boxes."""
        return [
            Frame(number, picture_format, data, width, height, None, UPRIGHT, width * height)
            for number, (data, (width, height)) in enumerate(
                zip(pictures, (region.size for region in self.regions), strict=True)
            )
        ]

    def resolve(self, number: int, outcome: Outcome) -> None:
        """Take in the outcome of a crop."""
        if not isinstance(outcome, Result):
            self._miss(number, outcome.code if isinstance(outcome, Error) else outcome.reason)
            return
        answer = outcome.answer.limited(self._then.min_score, self._then.max_results)
        size = size_of(answer)
        if size > self._room:
            self._miss(number, AnswerTooLarge.code)
            return
        self._room -= size
        self._answers[number] = placed(answer, self.regions[number], self._size)
        self._version = max(self._version or 0, outcome.model_version)
        self._settle(number, "")

    def fail(self, reason: str) -> None:
        """End those that have no outcome yet."""
        for number in list(self.left):
            self._miss(number, reason)

    def answer(self, labels: Sequence[str]) -> Detections:
        """Return the boxes with what the second model, which has these ``labels``, says of each."""
        answers = SecondAnswers(self._version, self._answers, labels)
        return self._detections._replace(then=answers)

    def _miss(self, number: int, reason: str) -> None:
        self._answers[number] = Unanswered(reason)
        self._settle(number, reason)

    def _settle(self, number: int, reason: str) -> None:
        self.left.remove(number)
        self.outcomes[reason] += 1
