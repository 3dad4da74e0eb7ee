"""A version's number is taken, on a filesystem where no lock can be held.

A reservation is a file `.reserved-N` in the model's folder, made so that only one publisher can
make it. It says when its publisher was last seen alive; who lives renews it every minute. One that
was not renewed for ten minutes is a dead publisher's, and whoever comes next clears up after it.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from types import TracebackType
from typing import Any

from export.errors import PublishError
from export.publishing.location import Location

PREFIX = ".reserved-"
RENEW_S = 60.0
STALE_S = 600.0


class Reservation:
    """A number that is this publisher's for the length of a `with` block."""

    def __init__(self, target: Location, number: int) -> None:
        self.number = number
        self.token = secrets.token_hex(8)
        self._fs = target.fs
        self._path = f"{target.path}/{PREFIX}{number}"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._renew, daemon=True, name="reservation")

    def take(self) -> bool:
        """Makes the file; False if another publisher has it."""
        wanted = self._contents()
        try:
            with self._fs.open(self._path, "xb") as file:
                file.write(wanted)
        except FileExistsError:
            return False
        except (NotImplementedError, ValueError):  # a driver that cannot create exclusively
            try:
                self._fs.pipe_file(self._path, wanted, mode="create")
            except FileExistsError:
                return False
        return self.is_ours()

    def is_ours(self) -> bool:
        """Whether nobody has cleared it away or taken it over."""
        found = holder(self._fs, self._path)
        return found is not None and found[0] == self.token

    def check(self) -> None:
        """Raises PublishError if it is no longer ours."""
        if not self.is_ours():
            raise PublishError(
                f"another publisher took version {self.number}, since this one stood still for "
                f"{STALE_S:.0f} s; nothing was published"
            )

    def __enter__(self) -> Reservation:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()
        self.give_back()

    def give_back(self) -> None:
        """Removes the file, so that the number is anybody's again."""
        if self.is_ours():
            self._fs.rm_file(self._path)

    def _renew(self) -> None:
        while not self._ended.wait(RENEW_S):
            try:
                if not self.is_ours():
                    return
                self._fs.pipe_file(self._path, self._contents())
            except Exception:  # a driver's own; the next renewal may succeed
                continue

    def _contents(self) -> bytes:
        return json.dumps({"token": self.token, "alive_at": time.time()}).encode()


def held(target: Location, names: list[str]) -> dict[int, bool]:
    """The reserved numbers among the names in a model's folder, and whether each one lives."""
    found = {}
    for name in names:
        number = name.removeprefix(PREFIX)
        if name != number and number.isdecimal():
            said = holder(target.fs, f"{target.path}/{name}")
            # One that cannot be read is being written now, or was given back.
            found[int(number)] = said is None or time.time() - said[1] < STALE_S
    return found


def holder(fs: Any, path: str) -> tuple[str, float] | None:
    """Token and last sign of life (seconds since 1970) of a reservation; None: there is none."""
    try:
        fields = json.loads(fs.cat_file(path))
        return str(fields["token"]), float(fields["alive_at"])
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return None
