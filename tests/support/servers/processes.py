"""Real processes of the house, each of which may be killed, stopped and started again."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from booking_rush.server.runtime.settings import Settings

TAIL = 1500  # characters
T = TypeVar("T")


def wait_for(
    process: "subprocess.Popen[Any]",
    condition: Callable[[], T | None],
    describe: Callable[[], str],
    *,
    within_s: float = 30.0,
) -> T:
    """What a condition comes to when it is true; a process that ends or is late says why."""
    until = time.monotonic() + within_s
    while not (found := condition()):
        assert process.poll() is None, describe()
        assert time.monotonic() < until, describe()
        time.sleep(0.02)
    return found


class Process:
    """One `booking-rush …`, with its log."""

    def __init__(
        self,
        name: str,
        arguments: list[str],
        environment: dict[str, str],
        log: Path,
        module: str = "booking_rush.server",
    ) -> None:
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
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self._module, *self._arguments],
                env={**os.environ, **self._environment},
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        """Kill -9, which nobody can prepare for."""
        self._process.kill()
        self._process.wait()

    def pause(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> int:
        """Ask it to end; its exit code."""
        with contextlib.suppress(ProcessLookupError):
            self.resume()
        self._process.terminate()
        return self._process.wait(30)

    def is_running(self) -> bool:
        return self._process.poll() is None


def log_tails(logs: Mapping[str, Path]) -> str:
    """The end of each log, for whoever looks for the reason."""
    return "".join(
        f"\n--- {name}\n{log.read_text(errors='replace')[-TAIL:]}" for name, log in logs.items()
    )


def environment_of(settings: Settings) -> dict[str, str]:
    """Settings as variables."""
    fields: dict[str, object] = msgspec.to_builtins(settings)
    return {f"RUSH_{name.upper()}": str(value) for name, value in fields.items() if value != ""}


def run(
    *arguments: str, settings: Settings | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """One `booking-rush …` to its end, told nothing else."""
    given = environment_of(settings) if settings else {}
    return subprocess.run(
        [sys.executable, "-m", "booking_rush.server", *arguments],
        env={"PATH": "/usr/bin:/bin", **given, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


@contextmanager
def running(settings: Settings, folder: Path, **duties: str) -> Generator[dict[str, Process]]:
    """Processes by name, `name="serve --shared"`; all are gone when the block ends.

    One whose arguments begin with `-m module` is that module, in the place of the house's own.
    """
    environment = environment_of(settings)
    processes: dict[str, Process] = {}
    try:
        for name, said in duties.items():
            words = said.split()
            module = words[1] if words[0] == "-m" else "booking_rush.server"
            arguments = words[2:] if words[0] == "-m" else words
            log = folder / f"{name}.log"
            processes[name] = Process(name, arguments, environment, log, module)
        yield processes
    finally:
        for process in processes.values():
            if process.is_running():
                with contextlib.suppress(ProcessLookupError):
                    process.resume()
                process.kill()
