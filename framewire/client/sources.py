"""Where pictures come from: folders, and cameras, videos and RTSP streams by PyAV.

Each is an iterable for ``outcomes`` and ``results``. ``live`` tells whether pictures that the
client cannot send in time are to be skipped.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from framewire.client.errors import MissingExtra, SourceError

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
_USER = re.compile(r"^(\w+://)[^/?#]*@")


class Folder:
    """The pictures of a folder as paths, sorted by name. Not live."""

    live = False

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)

    def __iter__(self) -> Iterator[Path]:
        """Raise :class:`SourceError` if the folder has no pictures."""
        try:
            paths = sorted(path for path in self._path.iterdir() if path.suffix.lower() in SUFFIXES)
        except OSError as error:
            raise SourceError(f"cannot read {self._path}: {error.strerror}") from None
        if not paths:
            raise SourceError(f"{self._path} has no JPEG, PNG or WebP files")
        yield from paths


class Video:
    """The frames of anything that FFmpeg reads, as PIL images in RGB. Needs the extra ``av``.

    ``location`` is a file, a device or a URL, ``format`` the name of FFmpeg's demuxer if that
    cannot be detected, and ``options`` are FFmpeg's.
    """

    def __init__(
        self,
        location: str | os.PathLike[str],
        *,
        live: bool,
        format: str | None = None,
        options: Mapping[str, str] | None = None,
    ) -> None:
        self.live = live
        self._location = os.fspath(location)
        self._shown = _USER.sub(r"\1", self._location)  # messages end up in logs
        self._format = format
        self._options = dict(options or {})
        _pyav()  # an extra that is missing is reported here, and not in another thread

    def __iter__(self) -> Iterator[Image.Image]:
        """Raise :class:`SourceError` if the video cannot be opened or decoded."""
        av = _pyav()
        try:
            with av.open(self._location, format=self._format, options=self._options) as container:
                if not container.streams.video:
                    raise SourceError(f"{self._shown} has no video")
                for frame in container.decode(video=0):
                    yield frame.to_image()
        except (av.FFmpegError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise SourceError(f"cannot read {self._shown}: {reason}") from None


def video(path: str | os.PathLike[str]) -> Video:
    """Return every frame of a video file, as fast as they are answered."""
    return Video(path, live=False)


def camera(
    device: str | int = 0, *, size: tuple[int, int] | None = None, frames_per_s: int | None = None
) -> Video:
    """Return the live pictures of a webcam: a number, or a device such as ``/dev/video0``.

    ``size`` is width and height in pixels; it and the rate must be among those that the camera
    offers. None: the camera's default. Uses Video4Linux.
    """
    options = {}
    if size is not None:
        options["video_size"] = f"{size[0]}x{size[1]}"
    if frames_per_s is not None:
        options["framerate"] = str(frames_per_s)
    location = f"/dev/video{device}" if isinstance(device, int) else device
    return Video(location, live=True, format="v4l2", options=options)


def rtsp(url: str, *, options: Mapping[str, str] | None = None) -> Video:
    """Return the live pictures of an RTSP stream, over TCP.

    A stream that sends nothing for 10 s ends with :class:`SourceError`. ``options`` are FFmpeg's,
    and override these.
    """
    defaults = {"rtsp_transport": "tcp", "timeout": "10000000"}  # in microseconds
    return Video(url, live=True, options={**defaults, **(options or {})})


def _pyav() -> Any:
    try:
        import av
    except ImportError:
        raise MissingExtra(
            "cameras, videos and RTSP need PyAV; run: pip install 'framewire[av]'"
        ) from None
    return av
