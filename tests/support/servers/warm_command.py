"""Process that has imported the command line, and forks for each command that a test runs."""

import atexit
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import NoReturn

import msgspec

TIMEOUT_S = 60  # of a command, which SIGALRM ends then


class Command(msgspec.Struct):
    """Command to run: its arguments, its whole environment, and its standard input."""

    arguments: list[str]
    environment: dict[str, str]
    text: str


class Done(msgspec.Struct):
    """Exit code of a command, and what it has written."""

    code: int
    out: str
    err: str


@lru_cache
def warm_command() -> "subprocess.Popen[bytes]":
    """Return the process of this test run, which ends with it."""
    process = subprocess.Popen(
        [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    atexit.register(process.communicate)  # its input ends, and it does
    return process


def run_warm(command: Command) -> Done:
    """Run a command to its end in a process of its own, without importing everything again."""
    process = warm_command()
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(msgspec.json.encode(command) + b"\n")
    process.stdin.flush()
    return msgspec.json.decode(process.stdout.readline(), type=Done)


def _serve() -> None:
    import_module("booking_rush.server.cli.main")
    for line in sys.stdin.buffer:
        command = msgspec.json.decode(line, type=Command)
        with tempfile.TemporaryDirectory(prefix="rush-") as folder:
            code = _run(command, Path(folder))
            out, err = ((Path(folder) / name).read_text() for name in ("out", "err"))
        sys.stdout.buffer.write(msgspec.json.encode(Done(code, out, err)) + b"\n")
        sys.stdout.buffer.flush()


def _run(command: Command, folder: Path) -> int:
    (folder / "in").write_text(command.text)
    pid = os.fork()
    if not pid:
        _become(command, folder)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _become(command: Command, folder: Path) -> NoReturn:
    """Carry out a command in a process that was forked for it."""
    code = 1
    try:
        for stream, name, flags in ((0, "in", os.O_RDONLY), (1, "out", WRITE), (2, "err", WRITE)):
            os.dup2(os.open(folder / name, flags, 0o600), stream)
        sys.stdin = open(0, closefd=False)  # noqa: SIM115  as long as the process lives
        os.environ.clear()
        os.environ.update(command.environment)
        sys.argv[1:] = command.arguments
        signal.alarm(TIMEOUT_S)
        code = _exit_code()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _exit_code() -> int:
    from booking_rush.server.cli.main import main

    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC

if __name__ == "__main__":
    _serve()
