"""Supervisor of child processes: starts them, restarts them with back-off, and stops them.

A child that dies three times within a minute is not restarted: the supervisor stops, with the
reason and the last lines of the child's log. On Linux the kernel ends children when we die.
"""

import asyncio
import contextlib
import ctypes
import os
import shutil
import signal
import stat
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from booking_rush.tasks import cancel_and_wait

DEATHS_MAX = 3
DEATHS_S = 60.0
BACK_OFF_S = 0.5
STOP_S = 8.0  # for a child to end before it is killed; a demo ends within twenty seconds
LOG_BYTES_MAX = 10_000_000
LOG_CHECK_S = 1.0
TAIL_LINES = 15
PR_SET_PDEATHSIG = 1
# All that a child gets of our environment by itself: programs, libraries, texts, certificates.
INHERITED = (
    "PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "PYTHONPATH",
    "SSL_CERT_FILE", "SSL_CERT_DIR",
)  # fmt: skip
APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND
PRIVATE = 0o077  # umask: what a child writes is for its own user alone


class ChildDiesError(Exception):
    """A child cannot be kept alive; the message holds the end of its log."""


@dataclass(slots=True)
class Child:
    """A process to keep alive. `owner` is the user and group id that it runs as.

    `environment` is all that it is given besides INHERITED.

    A child with `ready` is a store, which others need: it is waited for, and stopped last.
    """

    name: str
    argv: list[str]
    log: Path
    environment: dict[str, str] = field(default_factory=dict[str, str])
    owner: tuple[int, int] | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    cwd: Path | None = None
    ready: Callable[[], Awaitable[bool]] | None = None


class Supervisor:
    """Keeps children alive; `report` gets a line for each start and each death."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self._running: list[tuple[Child, asyncio.subprocess.Process]] = []
        self._watchers: list[asyncio.Task[None]] = []
        self._failure: ChildDiesError | None = None
        self._rotation: asyncio.Task[None] | None = None
        self.stopping = asyncio.Event()  # set by signals, or when a child cannot be kept alive

    async def start(self, child: Child, *, within_s: float = 30.0) -> None:
        """Start a child, wait until it is ready, and keep it alive from then on.

        Raises:
            ChildDiesError: it ended before it was ready, or was not ready within `within_s`.
        """
        if self._rotation is None:
            self._rotation = asyncio.create_task(self._rotate_logs())
        process = await self._spawn(child)
        until = time.monotonic() + within_s
        while child.ready is not None and not await child.ready():
            if process.returncode is not None or time.monotonic() > until:
                raise ChildDiesError(_failure_text(child, "did not become ready"))
            await asyncio.sleep(0.05)
        self._report(f"  {child.name:<10} pid {process.pid}")
        self._watchers.append(asyncio.create_task(self._watch(child, process)))

    async def run(self, startup: Coroutine[Any, Any, None]) -> None:
        """Run `startup`, wait until `stopping` is set, and stop every child in any case.

        Raises:
            ChildDiesError: a child cannot be kept alive.
            what `startup` raises, which stops the supervisor, too.
        """
        starting = asyncio.create_task(startup)
        starting.add_done_callback(lambda task: self.stopping.set() if _failed(task) else None)
        try:
            await self.wait()
        finally:
            self._report("stopping")
            starting.cancel()
            await asyncio.wait([starting])
            await self.stop()
        if _failed(starting):
            starting.result()

    async def wait(self) -> None:
        """Wait until `stopping` is set.

        Raises:
            ChildDiesError: a child cannot be kept alive.
        """
        await self.stopping.wait()
        if self._failure is not None:
            raise self._failure

    async def stop(self) -> None:
        """Stop all duties together, then the stores, the last one first."""
        await cancel_and_wait([*self._watchers, *([self._rotation] if self._rotation else [])])
        duties = [entry for entry in self._running if entry[0].ready is None]
        stores = [entry for entry in self._running if entry[0].ready is not None]
        await asyncio.gather(*(_end(child, process) for child, process in duties))
        for child, process in reversed(stores):
            await _end(child, process)

    async def _spawn(self, child: Child) -> asyncio.subprocess.Process:
        rotate(child.log)
        with os.fdopen(os.open(child.log, APPEND, 0o600), "ab") as log:
            process = await asyncio.create_subprocess_exec(
                *child.argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={name: os.environ[name] for name in INHERITED if name in os.environ}
                | child.environment,
                umask=PRIVATE,
                cwd=child.cwd,
                start_new_session=True,
                preexec_fn=_die_with_parent(child.stop_signal),
                user=child.owner and child.owner[0],
                group=child.owner and child.owner[1],
                extra_groups=child.owner and [],
            )
        self._running = [entry for entry in self._running if entry[0] is not child]
        self._running.append((child, process))
        return process

    async def _watch(self, child: Child, process: asyncio.subprocess.Process) -> None:
        deaths: deque[float] = deque(maxlen=DEATHS_MAX)
        while True:
            code = await process.wait()
            deaths.append(time.monotonic())
            if len(deaths) == DEATHS_MAX and deaths[-1] - deaths[0] < DEATHS_S:
                what = f"died {DEATHS_MAX} times within a minute ({_exit_text(code)})"
                self._failure = ChildDiesError(_failure_text(child, what))
                self.stopping.set()
                return
            pause_s = BACK_OFF_S * 2 ** (len(deaths) - 1)
            self._report(f"  {child.name} died ({_exit_text(code)}), starts again in {pause_s:g} s")
            await asyncio.sleep(pause_s)
            process = await self._spawn(child)
            self._report(f"  {child.name:<10} pid {process.pid}")

    async def _rotate_logs(self) -> None:
        """Rotate the children's logs by their size, for as long as the children run."""
        while True:
            await asyncio.sleep(LOG_CHECK_S)
            for child, _ in list(self._running):
                await asyncio.to_thread(rotate, child.log)


def stop_on_signals(stopping: asyncio.Event) -> None:
    """Set this event on SIGINT, SIGTERM and SIGHUP, instead of ending the process."""
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(name, stopping.set)


def _failed(task: asyncio.Task[None]) -> bool:
    return not task.cancelled() and task.exception() is not None


async def _end(child: Child, process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    try:
        process.send_signal(child.stop_signal)
        async with asyncio.timeout(STOP_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
    except ProcessLookupError:
        await process.wait()


def _die_with_parent(stop_signal: signal.Signals) -> Callable[[], None] | None:
    """Return a function for a child to call before exec, so that it gets a signal when we die.

    Only Linux offers that (prctl, PR_SET_PDEATHSIG); None elsewhere.
    """
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(PR_SET_PDEATHSIG, int(stop_signal))


def _exit_text(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit {code}"


def _failure_text(child: Child, failure: str) -> str:
    lines = child.log.read_text(errors="replace").splitlines() if child.log.exists() else []
    tail = "\n".join(f"    {line}" for line in lines[-TAIL_LINES:])
    return f"{child.name} {failure}; the end of {child.log}:\n{tail}"


def rotate(log: Path) -> None:
    """Move what is in a log to `.log.1`, in place of what was there, when it has grown too large.

    The child has the file open for appending: it is copied and emptied, and the child goes on at
    its new end. Lines that come in between are lost. A device or a link is left alone.
    """
    with contextlib.suppress(OSError):
        found = log.lstat()
        if stat.S_ISREG(found.st_mode) and found.st_size > LOG_BYTES_MAX:
            shutil.copy2(log, log.with_suffix(".log.1"))
            os.truncate(log, 0)
