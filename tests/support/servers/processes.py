"""Real processes of the product, and modules of its pages: a test kills, pauses, calls them."""

import json
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from booking_rush.server.runtime.settings import Settings
from tests.support.servers.warm_command import Command, ForkedProcess, Start, run_warm

TAIL = 1500  # characters
# For clients of plain HTTP: each of httpx's own reads all authorities of the web.
NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
PROGRAMS = {"PATH": "/usr/bin:/bin"}
T = TypeVar("T")


def wait_for(
    process: "subprocess.Popen[Any]",
    condition: Callable[[], T | None],
    describe: Callable[[], str],
    *,
    within_s: float = 30.0,
) -> T:
    """Wait until a condition is true. Return its value.

    Raises:
        AssertionError: the process has ended or is late; with what `describe` returns.
    """
    until = time.monotonic() + within_s
    while not (found := condition()):
        assert process.poll() is None, describe()
        assert time.monotonic() < until, describe()
        time.sleep(0.02)
    return found


class Process:
    """One `booking-rush …` in the background, with its log.

    It is forked from a process that has imported the product; another module imports for itself.
    """

    def __init__(
        self,
        name: str,
        arguments: list[str],
        environment: dict[str, str],
        log: Path,
        module: str = "booking_rush.server",
    ) -> None:
        self._process: ForkedProcess | subprocess.Popen[bytes]
        self.name = name
        self.log = log
        self._module = module
        self._arguments = arguments
        self._environment = environment
        self.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def start(self) -> None:
        environment = {**os.environ, **self._environment}
        if self._module == "booking_rush.server":
            streams = ("/dev/null", str(self.log), str(self.log))
            self._process = ForkedProcess(Start(self._arguments, environment, streams))
            return
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self._module, *self._arguments],
                env=environment,
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        """Send SIGKILL, and wait until it has ended."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def pause(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def stop(self, within_s: float = 30) -> int:
        """Send SIGTERM, and wait. Return the exit code."""
        self.resume()
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(within_s)

    def is_running(self) -> bool:
        return self._process.poll() is None


def log_tails(logs: Mapping[str, Path]) -> str:
    """Return the last 1500 characters of each log, for the message of a failure."""
    return "".join(
        f"\n--- {name}\n{log.read_text(errors='replace')[-TAIL:]}" for name, log in logs.items()
    )


def environment_of(settings: Settings) -> dict[str, str]:
    """Return settings as environment variables."""
    fields: dict[str, object] = msgspec.to_builtins(settings)
    return {f"RUSH_{name.upper()}": str(value) for name, value in fields.items() if value != ""}


def run(
    *arguments: str, settings: Settings | None = None, text: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run one `booking-rush …` to its end, with this text as its input.

    It has no other environment than is given here.
    """
    given = environment_of(settings) if settings else {}
    return _run(Command([*arguments], {**PROGRAMS, **given, **environment}, text))


def run_in(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one `booking-rush …` to its end in a folder, with this environment alone."""
    return _run(Command([*arguments], {**PROGRAMS, **environment}, "", str(folder)))


def called_in_node(module: str, function: str, *arguments: Any) -> Any:
    """Call a function of a page's module, named below `static/`, in Node. Return its value."""
    path = Path(__file__).parents[3] / "static" / module
    given = ",".join(map(json.dumps, arguments))
    script = (
        f"import {{ {function} }} from {json.dumps(str(path))};"
        f"console.log(JSON.stringify({function}({given})));"
    )
    done = subprocess.run(
        ["node", "--input-type=module", "-e", script],
        check=True,
        capture_output=True,
        timeout=30,
    )
    return json.loads(done.stdout)


def _run(command: Command) -> subprocess.CompletedProcess[str]:
    done = run_warm(command)
    return subprocess.CompletedProcess(command.arguments, done.code, done.out, done.err)


@contextmanager
def running(settings: Settings, folder: Path, **duties: str) -> Generator[dict[str, Process]]:
    """Start processes by name, `name="serve --shared"`; all are killed when the block ends.

    Arguments that begin with `-m module` run that module in place of `booking_rush.server`.
    """
    environment = environment_of(settings)
    processes: dict[str, Process] = {}
    try:
        for name, command in duties.items():
            arguments = command.split()
            module = "booking_rush.server"
            if arguments[0] == "-m":
                _, module, *arguments = arguments
            log = folder / f"{name}.log"
            processes[name] = Process(name, arguments, environment, log, module)
        yield processes
    finally:
        for process in processes.values():
            process.resume()
            process.kill()
