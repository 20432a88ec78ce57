"""Several serve processes on one address, under one supervisor."""

import sys
from collections.abc import Callable
from pathlib import Path

from booking_rush.server.processes.supervisor import Child, Supervisor, stop_on_signals
from booking_rush.server.runtime.ports import listen
from booking_rush.server.runtime.settings import Settings


async def run_workers(settings: Settings, report: Callable[[str], None]) -> None:
    """Run RUSH_WORKERS serve processes until a signal; `report` gets a line for each start.

    Raises:
        PortBusyError: another program listens on RUSH_BIND.
        ChildDiesError: one of them cannot be kept alive.
    """
    listen(settings, alone=True).close()
    supervisor = Supervisor(report)
    stop_on_signals(supervisor.stopping)
    argv = [sys.executable, "-m", "booking_rush.server", "serve", "--shared"]
    try:
        for number in range(1, settings.workers + 1):
            await supervisor.start(Child(f"serve-{number}", argv, Path("/dev/stderr")))
        await supervisor.wait()
    finally:
        await supervisor.stop()
