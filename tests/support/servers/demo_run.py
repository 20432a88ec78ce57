"""Runs of the demo from a fresh clone: what it prints, its processes, and how it ends."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil

from booking_rush.server.runtime.ports import free_port
from tests.support.servers.processes import NO_AUTHORITIES, wait_for

T = TypeVar("T")
ROOT = Path(__file__).parents[3]
READY_S = 180.0
ANSWER_S = 30.0  # of one request, on a machine that stands still at times
STOP_S = 20.0  # the contract: the demo ends within twenty seconds


class Demo:
    """One run of the demo, by `make demo` in a clone or by the module."""

    def __init__(
        self, folder: Path, *arguments: str, user: int | None = None, **environment: str
    ) -> None:
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.out = folder / f"demo-{self.port}.out"
        self.folder = folder
        argv = list(arguments) or [sys.executable, "-m", "booking_rush.server", "demo"]
        argv = [part.replace("PORT=0", f"PORT={self.port}") for part in argv]
        with self.out.open("wb") as out:
            self.process = subprocess.Popen(
                argv,
                cwd=folder,
                stdout=out,
                stderr=subprocess.STDOUT,
                user=user,
                group=user,
                extra_groups=None if user is None else [],
                env={**_environment(), "RUSH_BIND": f"127.0.0.1:{self.port}", **environment},
            )

    @property
    def output(self) -> str:
        return self.out.read_text()

    @property
    def password(self) -> str:
        found = re.search(r"admin / (\S+)", self.output)
        assert found, self.output
        return found[1]

    def children(self) -> list[str]:
        """Return the names of the children that were printed."""
        return re.findall(r"^  (\S+) +pid \d+$", self.output, re.MULTILINE)

    def pid_of(self, name: str) -> int:
        """Return the pid that was printed last for a child."""
        return int(re.findall(rf"^  {name} +pid (\d+)$", self.output, re.MULTILINE)[-1])

    def wait_ready(self) -> None:
        self.wait_for_output("\nready\n")
        assert self.ask("GET", "/readyz").status_code == 200

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send one request. Return its answer."""
        options = {"timeout": ANSWER_S, "verify": NO_AUTHORITIES, **options}
        return httpx.request(method, f"{self.base}{path}", **options)

    def wait_for_output(self, text: str, within_s: float = READY_S) -> None:
        self.wait_until(lambda: text in self.output, within_s)

    def wait_restarted(self, name: str, died: int) -> None:
        """Wait until a child runs under another pid than that which died."""
        self.wait_until(lambda: self.pid_of(name) != died)

    def wait_until(self, condition: Callable[[], T | None], within_s: float = READY_S) -> T:
        """Wait until a condition is true. Return its value.

        Raises:
            AssertionError: the demo has ended or is late; with what it printed.
        """
        return wait_for(self.process, condition, lambda: self.output, within_s=within_s)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Signal it, and wait as long as the contract allows. Return its exit code."""
        self.process.send_signal(how)
        return self.process.wait(STOP_S)

    def leftover_processes(self) -> list[str]:
        """Return the command lines of processes that still run in the demo's folder."""
        left: list[str] = []
        for process in psutil.process_iter(["cmdline", "cwd", "pid"]):
            words = " ".join([*(process.info["cmdline"] or []), process.info["cwd"] or ""])
            if str(self.folder) in words and process.info["pid"] != os.getpid():
                left.append(words)
        return left

    def kill(self) -> None:
        """Kill the demo and its children, unless it has ended."""
        if self.process.poll() is None:
            for child in psutil.Process(self.process.pid).children(recursive=True):
                child.kill()
            self.process.kill()
            self.process.wait()


def tracked() -> list[str]:
    """Return the names of the files that git tracks, or would: neither deleted nor ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    names = listed.stdout.decode().split("\0")
    return [name for name in names if name and os.path.lexists(ROOT / name)]


def clone(into: Path) -> Path:
    """Copy the files that git tracks or would add, as a fresh clone has them."""
    for name in tracked():
        target = into / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target, follow_symlinks=False)
    return into


def _environment() -> dict[str, str]:
    """Return our environment without settings, and without variables of a make that runs us."""
    hidden = ("RUSH_", "MAKE", "MFLAGS")
    return {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
