"""Several serve processes on one address, under one supervisor."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from booking_rush.server.processes.duty_settings import environment_of
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
    environment = environment_of("serve", settings, os.environ)
    argv = [sys.executable, "-m", "booking_rush.server", "serve", "--shared"]
    try:
        for number in range(1, settings.workers + 1):
            child = Child(f"serve-{number}", argv, Path("/dev/stderr"), environment)
            await supervisor.start(child)
        await supervisor.wait()
    finally:
        await supervisor.stop()
