"""Folders, and what PyAV reads."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from framewire.client import Folder, MissingExtra, SourceError, camera, rtsp, video
from framewire.client.sources import Video
from loadtest.stack import free_port

av: Any = pytest.importorskip("av")


def film(target: str, pictures: int, **options: Any) -> None:
    """Write a film of gray pictures that get lighter."""
    with av.open(target, "w", **options) as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(pictures):
            image = Image.new("RGB", (64, 48), (20 * number,) * 3)
            container.mux(stream.encode(av.VideoFrame.from_image(image)))
        container.mux(stream.encode())


def test_a_folder_is_sorted_and_has_only_pictures(tmp_path: Path) -> None:
    for name in ("b.PNG", "a.jpg", "c.webp", "d.txt", "e.jpeg"):
        (tmp_path / name).touch()
    assert [path.name for path in Folder(tmp_path)] == ["a.jpg", "b.PNG", "c.webp", "e.jpeg"]
    assert not Folder(tmp_path).live


def test_folders_without_pictures(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="has no JPEG, PNG or WebP files"):
        list(Folder(tmp_path))
    with pytest.raises(SourceError, match=r"cannot read .*nowhere: No such file"):
        list(Folder(tmp_path / "nowhere"))


def test_every_picture_of_a_video(tmp_path: Path) -> None:
    film(str(tmp_path / "film.mp4"), 8)
    pictures = list(video(tmp_path / "film.mp4"))
    assert [picture.size for picture in pictures] == [(64, 48)] * 8
    levels = [picture.convert("L").getpixel((32, 24)) for picture in pictures]
    assert levels == pytest.approx([20 * number for number in range(8)], abs=6)
    assert not video(tmp_path / "film.mp4").live


def test_rtsp() -> None:
    """FFmpeg's own RTSP client sends a stream to its RTSP server, which the source opens."""
    url = f"rtsp://127.0.0.1:{free_port()}/camera"
    source = rtsp(url, options={"rtsp_flags": "listen", "listen_timeout": "20"})
    assert source.live
    pictures: list[Image.Image] = []
    reading = threading.Thread(target=lambda: pictures.extend(source), daemon=True)
    reading.start()
    for _ in range(100):
        try:
            film(url, 5, format="rtsp", options={"rtsp_transport": "tcp"})
            break
        except OSError:  # the server does not listen yet
            reading.join(0.05)
    reading.join(20)
    assert not reading.is_alive()
    assert len(pictures) == 5
    assert pictures[0].size == (64, 48)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (video("missing.mp4"), "cannot read missing.mp4: No such file"),
        (video(__file__), "cannot read .*: Invalid data"),
        (rtsp("rtsp://127.0.0.1:1/"), "cannot read rtsp://127.0.0.1:1/: .*refused"),
        (rtsp("rtsp://me:p@ss@127.0.0.1:1/"), "cannot read rtsp://127.0.0.1:1/: .*refused"),
        (camera("/dev/null"), "cannot read /dev/null: "),
        (camera(250, size=(640, 480), frames_per_s=30), "cannot read /dev/video250: "),
    ],
)
def test_what_cannot_be_read(source: Video, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        list(source)


def test_the_extra_is_named_if_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    for source in (lambda: camera(), lambda: video("a.mp4"), lambda: rtsp("rtsp://host/")):
        with pytest.raises(MissingExtra, match=r"pip install 'framewire\[av\]'"):
            source()
