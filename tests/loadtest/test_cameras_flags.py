"""The flags of ``loadtest cameras`` and ``capacity``: what they take, and what they say if not."""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import pytest
from PIL import Image

from loadtest import __main__ as program
from loadtest.cameras import capacity, command, files, flags, objective, outputs, source, target
from loadtest.cameras.profile import Profile
from loadtest.cameras.progress import Display
from loadtest.cameras.target import Unusable
from loadtest.cameras.worker import Progress
from loadtest.stack import ROOT, Stack

PAGE = (ROOT / "docs" / "loadtest.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"\xfft", "not UTF-8 text"), (b" \n", "it is empty"), (None, "No such file")],
)
def test_a_file_without_a_token(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "token.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Unusable, match=words):
        flags._token(f"@{path}")


@pytest.mark.parametrize("text", ["a\nb", "a\r\nX: y", "网关"])
def test_what_is_no_token(text: str) -> None:
    with pytest.raises(Unusable, match="a token is one line of ASCII"):
        flags._token(text)


@pytest.mark.parametrize(
    "arguments",
    ["churn --seconds nan", "churn --sessions 0", "ratios --rounds 0", "swaps --rate -1"],
)
def test_amounts_that_measure_nothing(arguments: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        program._parser("loadtest").parse_args(arguments.split())
    assert " is not a positive " in capsys.readouterr().err


@pytest.mark.parametrize("name", ["cameras", "capacity"])
@pytest.mark.parametrize("numbers", ["--seconds 0.01", "--seconds 30 --rate 0.01"])
def test_a_load_too_short_for_a_frame(
    name: str,
    numbers: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It is refused before anything is connected."""
    monkeypatch.setattr(program, "tolerate_closed_output", lambda prog: None)
    assert program.run([name, "ws://127.0.0.1:1/ws", *numbers.split()], "loadtest") == 2
    assert "is too short: with --rate" in capsys.readouterr().err


def test_a_token_from_an_editor_of_windows(tmp_path: Path) -> None:
    path = tmp_path / "token.txt"
    path.write_text("abc.def\r\n", encoding="utf-8-sig")
    assert flags._token(f"@{path}") == "abc.def"


def test_results_that_cannot_be_written() -> None:
    def full(path: Path, results: object) -> None:
        raise OSError(28, "No space left on device")

    kept: list[object] = []
    with pytest.raises(Unusable, match=r"cannot write a\.json: No space left on device"):
        files.save(
            (Path("a.json"), full, None),
            (None, full, None),
            (Path("a.csv"), lambda path, results: kept.append(results), "rows"),
        )
    assert kept == ["rows"]


@pytest.mark.parametrize(
    ("name", "words"),
    [("", "needs a name"), (".", "it is a folder"), ("no/a.json", "there is no folder no")],
)
def test_files_that_cannot_be_written(
    name: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        program._parser("loadtest").parse_args(["cameras", "ws://127.0.0.1:1", f"--json={name}"])
    assert words in capsys.readouterr().err


def test_two_results_in_one_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    same = [f"--json={tmp_path}/report", f"--html={tmp_path}/./report"]
    options = program._parser("loadtest").parse_args(["cameras", "ws://127.0.0.1:1", *same])
    assert command.guarded(command.run, options, "loadtest") == 2
    assert "--json and --html name the same file" in capsys.readouterr().err
    free = ["--json=/dev/null", "--html=/dev/null", f"--csv={tmp_path}/report"]
    options = program._parser("loadtest").parse_args(["cameras", "ws://127.0.0.1:1", *free])
    outputs.check(options)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("ws://localhost:8888/ws", "ws://localhost:8888/ws"),
        ("http://localhost:8888/", "ws://localhost:8888/ws"),
        ("localhost:8888", "ws://localhost:8888/ws"),
        ("wss://example.org", "wss://example.org:443/ws"),
        ("https://[::1]/other", "wss://[::1]:443/other"),
        ("wss://example.org/a b?key=1", "wss://example.org:443/a%20b?key=1"),
    ],
)
def test_a_url_may_be_short(url: str, expected: str) -> None:
    assert target.parse(url).url == expected


@pytest.mark.parametrize(
    "url", ["ftp://example.org", "ws://", "ws://host:port/ws", "ws://host:0/ws"]
)
def test_what_is_no_url(url: str) -> None:
    with pytest.raises(Unusable):
        target.parse(url)


@pytest.mark.parametrize(
    ("flag", "words"),
    [
        ("--seconds=0", "not a positive number"),
        ("--sizes=99999x99999", "16 to 8192 pixels a side"),
        ("--sizes=640x480,8x8", "16 to 8192 pixels a side"),
        ("--objective=p95_ms=fast", "such as p95_ms=200"),
        ("--objective=p95_ms=nan", "a number from 0 on, not nan"),
        ("--objective=p95_ms=inf", "a number from 0 on, not inf"),
        ("--objective=p95_ms=-5", "a number from 0 on, not -5"),
        ("--objective=answered=99", "answered needs a number from 0 to 1, not 99"),
        ("--sessions=100001", "more than 100000"),
        ("--rate=1e9", "1e9 is not between 0.001 and 100000"),
        ("--seconds=inf", "inf is not between 0.001 and 1000000000"),
        ("--seconds=0.0001", "not between 0.001"),
    ],
)
def test_loads_that_cannot_be_run(
    flag: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        program._parser("loadtest").parse_args(["cameras", "ws://127.0.0.1:1/ws", flag])
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("size", [(16, 16), (1000, 16), (640, 480)])
def test_scenes_have_the_size_that_was_asked_for(size: tuple[int, int]) -> None:
    for picture in source.rendered([size]):
        assert Image.open(io.BytesIO(picture.data)).size == size


def test_large_scenes_take_a_while_and_say_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(source, "MANY_PIXELS", 12 * 64 * 64 - 1)
    source.rendered([(64, 64), (64, 64)])
    assert capsys.readouterr().out == "rendering 12 pictures, 0 megapixels\n"


def test_a_misspelt_objective() -> None:
    with pytest.raises(ValueError, match=r"no objective 'anwsered'; did you mean answered\?"):
        objective.parse("p95_ms=200,anwsered=0.9")
    with pytest.raises(ValueError, match="answered needs a number"):
        objective.parse("answered=most")


@pytest.mark.parametrize("module", [command, capacity])
def test_the_page_lists_every_flag(module: object) -> None:
    parser = argparse.ArgumentParser()
    module.add(parser.add_subparsers())  # type: ignore[attr-defined]
    [group] = [action for action in parser._actions if action.choices]
    [one] = group.choices.values()  # type: ignore[union-attr]
    flags = {flag for action in one._actions for flag in action.option_strings}
    missing = [flag for flag in flags - {"-h", "--help"} if f"`{flag}" not in PAGE]
    assert missing == []


def test_progress_on_a_terminal_that_cannot_move_its_cursor(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes any output for a terminal then
    monkeypatch.setenv("TERM", "dumb")
    with Display(Profile(2, 5.0, 10.0)) as display:
        display(6.0, Progress(2, 60, {"result": 60}))
    assert capsys.readouterr().out == "   6 s  measuring: 2 cameras, 60 answered, 0 not\n"


def test_a_folder_for_recordings_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(**where: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with pytest.raises(SystemExit):
        program._parser("loadtest").parse_args(["cameras", "ws://x", f"--record={tmp_path}"])
    assert f"cannot write {tmp_path}: Permission denied" in capsys.readouterr().err


def test_a_search_that_reaches_its_most_says_so(
    patient_stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--most=1", "--rate=5", "--seconds=0.3", "--ramp=0", "--warm-up=0.2"]
    flags += ["--max-lag-ms=60000", "--objective=max_ms=60000"]
    options = program._parser("loadtest").parse_args(["capacity", patient_stack.url, *flags])
    assert command.guarded(capacity.run, options, "loadtest") == 0
    *_, last = capsys.readouterr().out.splitlines()
    assert last == "1 camera or more within max_ms=60000; no more were tried: see --most"
