"""Process that has imported the command line, and forks for each command that a test runs."""

import atexit
import gc
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import NoReturn

import msgspec

TIMEOUT_S = 60  # of a command that runs to its end, which SIGALRM ends then
WRITE = os.O_WRONLY | os.O_CREAT


class Start(msgspec.Struct, tag=True):
    """Command to start: its arguments, its whole environment, its streams' files, its folder."""

    arguments: list[str]
    environment: dict[str, str]
    streams: tuple[str, str, str]
    folder: str = "."
    timeout_s: int = 0  # 0: it may run for ever


class Reap(msgspec.Struct, tag=True):
    """Question for the exit code of a process that has ended."""

    pid: int


class Command(msgspec.Struct):
    """Command to run to its end: its arguments, its whole environment, its input, its folder."""

    arguments: list[str]
    environment: dict[str, str]
    text: str
    folder: str = "."


class Done(msgspec.Struct):
    """Exit code of a command, and what it has written."""

    code: int
    out: str
    err: str


class ForkedProcess:
    """Command that was started in a process of its own, without importing everything again."""

    def __init__(self, start: Start) -> None:
        self.pid = _ask(start)
        self._end = os.pidfd_open(self.pid)
        self._code: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, or None while it runs."""
        if self._code is None and self._has_ended(0):
            self._reap()
        return self._code

    def wait(self, timeout_s: float | None = None) -> int:
        """Wait for its end. Return the exit code, negative for a signal as `subprocess` has it.

        Raises:
            TimeoutError: it runs still.
        """
        if self._code is None:
            if not self._has_ended(timeout_s):
                raise TimeoutError(f"process {self.pid} did not end within {timeout_s} s")
            self._reap()
        assert self._code is not None
        return self._code

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def _has_ended(self, timeout_s: float | None) -> bool:
        end = select.poll()  # any number of files may be open: `select.select` knows 1,024
        end.register(self._end, select.POLLIN)
        return bool(end.poll(None if timeout_s is None else timeout_s * 1000))

    def _reap(self) -> None:
        self._code = _ask(Reap(self.pid))
        os.close(self._end)


def run_warm(command: Command) -> Done:
    """Run a command to its end in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="rush-") as folder:
        read, out, err = (Path(folder, name) for name in ("in", "out", "err"))
        read.write_text(command.text)
        streams = str(read), str(out), str(err)
        start = Start(command.arguments, command.environment, streams, command.folder, TIMEOUT_S)
        code = ForkedProcess(start).wait()
        return Done(code, out.read_text(), err.read_text())


_asking = threading.Lock()


def _ask(what: Start | Reap) -> int:
    """Send one question. Return the number that answers it."""
    with _asking:
        process = _warm_process()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(msgspec.json.encode(what) + b"\n")
        process.stdin.flush()
        return int(process.stdout.readline())


@lru_cache
def _warm_process() -> "subprocess.Popen[bytes]":
    """Return the process of this test run, which ends with it."""
    process = subprocess.Popen(
        [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    atexit.register(process.communicate)  # its input ends, and it does
    return process


def _serve() -> None:
    import_module("booking_rush.server.cli.main")
    gc.freeze()  # what is shared stays shared
    questions = msgspec.json.Decoder(Start | Reap)
    for line in sys.stdin.buffer:
        question = questions.decode(line)
        answer = _start(question) if isinstance(question, Start) else _code_of(question.pid)
        sys.stdout.buffer.write(b"%d\n" % answer)
        sys.stdout.buffer.flush()


def _start(start: Start) -> int:
    pid = os.fork()
    if not pid:
        _become(start)
    return pid


def _code_of(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _become(start: Start) -> NoReturn:
    """Carry out a command in a process that was forked for it."""
    code = 1
    try:
        for stream, path in enumerate(start.streams):
            flags = WRITE | os.O_APPEND if stream else os.O_RDONLY
            os.dup2(os.open(path, flags, 0o600), stream)
        sys.stdin = open(0, closefd=False)  # noqa: SIM115  as long as the process lives
        os.chdir(start.folder)
        os.environ.clear()
        os.environ.update(start.environment)
        sys.argv[1:] = start.arguments
        signal.alarm(start.timeout_s)
        code = _exit_code()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def _exit_code() -> int:
    from booking_rush.server.cli.main import main

    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


if __name__ == "__main__":
    _serve()
