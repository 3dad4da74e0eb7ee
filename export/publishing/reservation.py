"""Reserve a version number on a filesystem without locks.

A reservation is a file ``.reserved-N`` in the model's directory that only one publisher can
create. It records when the publisher was last alive; live publishers renew it every minute. If it
has not been renewed for ten minutes, its publisher is considered dead and the next publisher
cleans up.
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
    """A version number that belongs to this publisher for the duration of a ``with`` block."""

    def __init__(self, target: Location, number: int) -> None:
        self.number = number
        self.token = secrets.token_hex(8)
        self._fs = target.fs
        self._path = f"{target.path}/{PREFIX}{number}"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._renew, daemon=True, name="reservation")

    def acquire(self) -> bool:
        """Create the file. Return False if another publisher holds the number."""
        contents = self._contents()
        try:
            with self._fs.open(self._path, "xb") as file:
                file.write(contents)
        except FileExistsError:
            return False
        except (NotImplementedError, ValueError):  # the driver cannot open a file exclusively
            try:
                self._fs.pipe_file(self._path, contents, mode="create")
            except FileExistsError:
                return False
        return self.is_ours()

    def is_ours(self) -> bool:
        """Return whether no other publisher has removed or taken over the reservation."""
        current = read_holder(self._fs, self._path)
        return current is not None and current[0] == self.token

    def check(self) -> None:
        """Raise ``PublishError`` if the reservation was lost."""
        if not self.is_ours():
            raise PublishError(
                f"another publisher took over version {self.number} because this one stalled for "
                f"more than {STALE_S:.0f} s; nothing was published"
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
        self.release()

    def release(self) -> None:
        """Remove the file, so that the number is free again."""
        if self.is_ours():
            self._fs.rm_file(self._path)

    def _renew(self) -> None:
        while not self._ended.wait(RENEW_S):
            try:
                if not self.is_ours():
                    return
                self._fs.pipe_file(self._path, self._contents())
            except Exception:  # drivers raise their own; the next renewal may succeed
                continue

    def _contents(self) -> bytes:
        return json.dumps({"token": self.token, "alive_at": time.time()}).encode()


def list_reservations(target: Location, names: list[str]) -> dict[int, bool]:
    """Return the reserved numbers among the entries of a model's directory, and which are alive."""
    alive = {}
    for name in names:
        number = name.removeprefix(PREFIX)
        if name != number and number.isdecimal():
            holder = read_holder(target.fs, f"{target.path}/{name}")
            # An unreadable one is just being written or removed.
            alive[int(number)] = holder is None or time.time() - holder[1] < STALE_S
    return alive


def read_holder(fs: Any, path: str) -> tuple[str, float] | None:
    """Return a reservation's token and last sign of life (Unix seconds), or None."""
    try:
        fields = json.loads(fs.cat_file(path))
        return str(fields["token"]), float(fields["alive_at"])
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return None
