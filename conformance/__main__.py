"""``python -m conformance -- PROGRAM [ARGUMENT ...]``: check a client, case by case."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence

from conformance.kit import Case, load
from conformance.playing import Player
from conformance.program import Program
from conformance.stage import Stage, Violation


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit status: 1 if the client is at fault in some case."""
    parser = argparse.ArgumentParser(
        prog="python -m conformance",
        description="Check a client against Framewire's protocol; docs/conformance.md says how.",
    )
    parser.add_argument("--case", action="append", metavar="NAME", help="play this case only")
    parser.add_argument("--list", action="store_true", help="list the cases and their rules")
    parser.add_argument("program", nargs="*", help="the client's program and its arguments")
    options = parser.parse_args(arguments)
    cases = [case for case in load().cases if case.name in (options.case or [case.name])]
    if len(cases) < len(set(options.case or ())):
        parser.error("unknown case; --list shows all of them")
    if options.list:
        print("\n".join(f"{case.name:<24} {case.rule}" for case in cases))
        return 0
    if not options.program:
        parser.error("name the client's program")
    try:
        return asyncio.run(_check(options.program, cases))
    except OSError as error:
        parser.error(f"cannot run {options.program[0]}: {error.strerror}")


async def _check(command: Sequence[str], cases: Sequence[Case]) -> int:
    failures = 0
    program = await Program.start(command)
    for case in cases:
        problem = await _play(program, case)
        print(f"{'FAIL' if problem else 'pass'}  {case.name}", flush=True)
        if problem:
            failures += 1
            print(f"      {case.rule}\n      {problem}", flush=True)
            await program.stop()  # it may be in any state
            program = await Program.start(command)
    await program.stop()
    print(f"{len(cases) - failures} passed, {failures} failed")
    return 1 if failures else 0


async def _play(program: Program, case: Case) -> str | None:
    """Play a case. Returns what the client did wrong, if anything."""
    stage = Stage()
    try:
        await Player(load(), stage, program).play(case)
    except Violation as violation:
        return str(violation)
    finally:
        await stage.close()
    return None


if __name__ == "__main__":
    sys.exit(main())
