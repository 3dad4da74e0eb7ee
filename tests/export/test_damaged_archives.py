"""Keras files that were damaged, or that another program wrote: one line, whatever is wrong."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import h5py
import pytest

from export.errors import SourceError
from export.sources.formats import Format, format_of
from export.sources.keras_archive import read_archive
from export.sources.location import locate
from export.sources.unsupported import error_for


def archive(path: Path, metadata: Any, config: Any = None) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("metadata.json", json.dumps(metadata))
        file.writestr("config.json", json.dumps(config or {"class_name": "Functional"}))
        file.writestr("model.weights.h5", b"")
    return path


def damaged(path: Path, at: int, value: bytes) -> Path:
    data = bytearray(path.read_bytes())
    data[at : at + len(value)] = value
    path.write_bytes(data)
    return path


SOUND = {"keras_version": "3.1.0", "note": "a" * 200}


def test_a_damaged_entry(tmp_path: Path) -> None:
    path = damaged(archive(tmp_path / "a.keras", SOUND), 48, b"\xff" * 8)
    with pytest.raises(SourceError, match=r"cannot load .*a\.keras: "):
        read_archive(path)


@pytest.mark.parametrize("metadata", [[], "3.1.0", None])
def test_metadata_of_another_form(tmp_path: Path, metadata: Any) -> None:
    with pytest.raises(SourceError, match=r"cannot load .*a\.keras: "):
        read_archive(archive(tmp_path / "a.keras", metadata))


@pytest.mark.parametrize(
    ("flags", "at"),
    [
        pytest.param(b"\x01", 6, id="encrypted"),
        pytest.param(b"\x63", 8, id="an unknown compression"),
    ],
)
def test_entries_that_python_cannot_unpack(tmp_path: Path, flags: bytes, at: int) -> None:
    path = archive(tmp_path / "a.keras", SOUND)
    directory = path.read_bytes().index(b"PK\x01\x02")
    path = damaged(damaged(path, at, flags), directory + at + 2, flags)
    with pytest.raises(SourceError, match=r"cannot load .*a\.keras: "):
        read_archive(path)


def test_a_directory_of_an_unknown_version(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.keras", SOUND)
    path = damaged(path, path.read_bytes().index(b"PK\x01\x02") + 6, b"\xff\xff")
    assert format_of(path) == Format.UNKNOWN
    assert "is damaged or not one" in str(error_for(path, Format.UNKNOWN))


def test_a_folder_or_an_archive_of_a_folder(tmp_path: Path) -> None:
    """As some programs unpack and pack files."""
    with zipfile.ZipFile(archive(tmp_path / "a.keras", SOUND)) as file:
        file.extractall(tmp_path / "unpacked")
    again = f"python -m zipfile -c model.keras {tmp_path}/unpacked/*"
    with pytest.raises(SourceError, match="is an unpacked Keras archive") as caught:
        locate(tmp_path / "unpacked")
    assert again in str(caught.value)
    packed = tmp_path / "packed.keras"
    with zipfile.ZipFile(packed, "w") as file:
        for entry in (tmp_path / "unpacked").iterdir():
            file.write(entry, f"unpacked/{entry.name}")
    with pytest.raises(SourceError, match=r"python -m zipfile -c model\.keras FOLDER/unpacked/\*"):
        read_archive(packed)


@pytest.mark.parametrize(
    ("version", "is_keras2"),
    [("2.11.0", True), ("3.0.0.dev2023", False), ("v3.1", False), ("nightly", True), ("", True)],
)
def test_versions_of_keras(tmp_path: Path, version: str, is_keras2: bool) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = version
    assert read_archive(path).is_keras2 == is_keras2
