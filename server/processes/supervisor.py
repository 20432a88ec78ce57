"""Children: started, watched, started again with back-off, and stopped with everything they began.

A child that dies three times within a minute is not started again: that ends the whole, with
the reason and the last lines of its log. Children end when we do, however we end.
"""

import asyncio
import ctypes
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from booking_rush.tasks import cancel_and_wait

DEATHS_MAX = 3
DEATHS_S = 60.0
BACK_OFF_S = 0.5
STOP_S = 8.0  # then a child is killed; a demo ends within twenty seconds
LOG_BYTES_MAX = 10_000_000
TAIL_LINES = 15
PR_SET_PDEATHSIG = 1


class ChildDiesError(Exception):
    """A child cannot be kept alive; the message has its log's tail."""


@dataclass(slots=True)
class Child:
    """One process that we keep alive; `owner` is the user and group that it runs as."""

    name: str
    argv: list[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    owner: tuple[int, int] | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    cwd: Path | None = None
    ready: Callable[[], Awaitable[bool]] | None = None


class Supervisor:
    """Keeps children alive, in the order in which they were started; `say` shows a line."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self._running: list[tuple[Child, asyncio.subprocess.Process]] = []
        self._watchers: list[asyncio.Task[None]] = []
        self._failure: ChildDiesError | None = None
        self.stopping = asyncio.Event()  # set from outside to stop, or when a child cannot live

    async def start(self, child: Child, *, within_s: float = 30.0) -> None:
        """Start a child, wait until it is ready, and keep it alive from here on.

        Raises:
            ChildDiesError: it ended at once, or was not ready in time.
        """
        process = await self._spawn(child)
        until = time.monotonic() + within_s
        while child.ready is not None and not await child.ready():
            if process.returncode is not None or time.monotonic() > until:
                raise ChildDiesError(_failure_text(child, "did not become ready"))
            await asyncio.sleep(0.05)
        self._report(f"  {child.name:<10} pid {process.pid}")
        self._watchers.append(asyncio.create_task(self._watch(child, process)))

    async def run(self, startup: Coroutine[Any, Any, None]) -> None:
        """Begin, wait until it is time to stop, and stop every child, however it ends.

        Raises:
            ChildDiesError: a child cannot be kept alive.
            whatever the beginning raises.
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
        """Wait until it is time to stop.

        Raises:
            ChildDiesError: a child cannot be kept alive.
        """
        await self.stopping.wait()
        if self._failure is not None:
            raise self._failure

    async def stop(self) -> None:
        """Stop every child, the last one first."""
        await cancel_and_wait(self._watchers)
        duties = [entry for entry in self._running if entry[0].ready is None]
        stores = [entry for entry in self._running if entry[0].ready is not None]
        await asyncio.gather(*(_end(child, process) for child, process in duties))
        for child, process in reversed(stores):
            await _end(child, process)

    async def _spawn(self, child: Child) -> asyncio.subprocess.Process:
        _rotate(child.log)
        with child.log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *child.argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **child.environment},
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


def stop_on_signals(stopping: asyncio.Event) -> None:
    """Let SIGINT, SIGTERM and SIGHUP set an event, from any number of them on."""
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
    """What a child does before it begins: ask the kernel for a signal when its parent dies."""
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


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_BYTES_MAX:
        log.rename(log.with_suffix(".log.1"))
