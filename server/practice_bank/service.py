"""The practice bank as a service: its HTTP server and its loop, opened and closed together."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext

import uvicorn

from booking_rush.booking.payments.http_client import open_http
from booking_rush.postgres import Pool
from booking_rush.server.practice_bank.api import create_bank
from booking_rush.server.practice_bank.bank import IN_FLIGHT_MAX, Bank
from booking_rush.server.practice_bank.ledger import LATE_S, SLOW_S, Ledger
from booking_rush.server.runtime.loops import forever
from booking_rush.server.runtime.ports import PortBusyError, listen
from booking_rush.server.runtime.settings import Settings
from booking_rush.tasks import cancel_and_wait
from booking_rush.tracing import spans
from booking_rush.tracing.middleware import TraceMiddleware

BACKLOG = 1024


@asynccontextmanager
async def open_bank(
    pool: Pool,
    *,
    bind: str,
    webhook_url: str,
    secrets: Sequence[str],
    slow_s: float = SLOW_S,
    late_s: float = LATE_S,
) -> AsyncGenerator[str]:
    """Run the bank while the block lasts, and yield its base URL.

    `slow_s` and `late_s` are the seconds after which those methods capture.

    Raises:
        PortBusyError: another process listens on `bind` already.
    """
    listener = listen(Settings(bind=bind), alone=True)
    try:
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise PortBusyError(f"cannot listen on {bind}: {error.strerror}") from error
    host, port = listener.getsockname()[:2]
    ledger = Ledger(pool, slow_s=slow_s, late_s=late_s)
    async with open_http(connections=IN_FLIGHT_MAX) as http:
        bank = Bank(ledger, http, webhook_url, secrets=secrets)
        server = _Server(config_of(bank))
        serving = asyncio.create_task(server.serve([listener]))
        loop = asyncio.create_task(forever("bank", bank.run_once, idle_s=0))
        try:
            yield f"http://{f'[{host}]' if ':' in host else host}:{port}"
        finally:
            server.should_exit = True
            await serving
            await cancel_and_wait([loop])
            await bank.close()


def config_of(bank: Bank) -> uvicorn.Config:
    """Return uvicorn's settings for a server beside a duty's loop: no logs, no lifespan."""
    app = create_bank(bank)
    return uvicorn.Config(
        TraceMiddleware(app) if spans.is_on() else app,
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=1,
    )


class _Server(uvicorn.Server):
    """uvicorn without signal handlers: the duty's process has its own."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()
