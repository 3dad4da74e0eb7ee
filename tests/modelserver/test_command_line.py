"""The command line, in TensorFlow Serving's syntax."""

from __future__ import annotations

from dataclasses import fields

import pytest

from modelserver.options import command_line
from modelserver.options.flags import GROUP, GROUPS, Options
from modelserver.options.help import usage


def test_the_procfile_line() -> None:
    line = "--port=8500 --rest_api_port=8501 --model_name=digits --model_base_path=models/digits"
    options, given = command_line.parse(line.split())
    assert (options.port, options.rest_api_port) == (8500, 8501)
    assert (options.model_name, options.model_base_path) == ("digits", "models/digits")
    assert command_line.notes(given) == []


def test_defaults_are_the_real_servers() -> None:
    options, _ = command_line.parse([])
    assert options.port == 8500
    assert options.rest_api_port == 0
    assert options.model_name == "default"
    assert options.file_system_poll_wait_seconds == 1
    assert options.max_num_load_retries == 5
    assert options.load_retry_interval_micros == 60_000_000
    assert options.enable_model_warmup
    assert not options.enable_grpc_healthcheck_service
    assert options.saved_model_tags == "serve"


def test_value_after_a_space_and_a_single_dash() -> None:
    options, _ = command_line.parse(["--port", "1", "-model_name=a", "--model_base_path", "--odd"])
    assert (options.port, options.model_name, options.model_base_path) == (1, "a", "--odd")


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("--enable_model_warmup", True),
        ("--enable_model_warmup=false", False),
        ("--enable_model_warmup=0", False),
        ("--enable_model_warmup=TRUE", True),
    ],
)
def test_a_boolean_flag_takes_an_optional_value(argument: str, value: bool) -> None:
    assert command_line.parse([argument])[0].enable_model_warmup is value


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--prot=1"], r"unknown flag --prot; did you mean --port\?"),
        (["--model_basepath=x"], r"did you mean --model_base_path\?"),
        (["--rest-api-port=1"], r"did you mean --rest_api_port\?"),
        (["--zzz"], "unknown flag --zzz; --help=all lists every flag"),
        (["--port=x"], "--port must be an integer, not 'x'"),
        (["--file_system_poll_wait_seconds=nan"], "must be a number, not 'nan'"),
        (["--port"], "--port requires a value"),
        (["models"], "unexpected argument 'models'"),
        (["--"], "unexpected argument '--'"),
        (["--enable_model_warmup=maybe"], "must be true or false"),
        (["--port=70000"], "must be a port from 0 to 65535, not 70000"),
        (["--max_waiting_calls=-1"], "--max_waiting_calls must not be negative"),
    ],
)
def test_an_invalid_line_is_one_clear_error(arguments: list[str], message: str) -> None:
    with pytest.raises(command_line.FlagError, match=message) as caught:
        command_line.parse(arguments)
    assert "\n" not in str(caught.value)


def test_flags_without_effect_say_so_once() -> None:
    _, given = command_line.parse(["--num_tflite_pools=3", "--num_tflite_pools=4", "--port=1"])
    assert len(command_line.notes(given)) == 1
    assert command_line.notes(given)[0].startswith("--num_tflite_pools has no effect: ")


def test_help_fits_on_a_screen_and_shows_examples() -> None:
    lines = usage("python -m modelserver").splitlines()
    assert len(lines) < 35
    assert max(map(len, lines)) <= 80
    examples = [line.split("modelserver ")[1] for line in lines if line.startswith("  python -m")]
    for example in examples:
        command_line.parse(example.split())


def test_the_full_help_names_every_flag() -> None:
    text = usage("python -m modelserver", all_flags=True)
    for flag in fields(Options):
        assert f"--{flag.name}" in text
        assert flag.metadata[GROUP] in GROUPS
