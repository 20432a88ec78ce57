"""The serve process: uvicorn on one listening socket, and a drain that spreads reconnects."""

import asyncio
import gc
import logging
import random
import socket
from functools import partial
from types import FrameType
from typing import Any, cast

import uvicorn

from booking_rush.server.app import create_app
from booking_rush.server.composition import open_services
from booking_rush.server.processes.traces import recorded_traces
from booking_rush.server.protocol.frames import FRAME_BYTES_MAX
from booking_rush.server.rooms.fanout import SLICE
from booking_rush.server.runtime.clocks import check_clocks
from booking_rush.server.runtime.settings import Settings
from booking_rush.server.web.handshake import close_for_restart
from booking_rush.server.web.services import Services
from booking_rush.server.web.uvicorn_http import KEEP_ALIVE_S, HttpConnection
from booking_rush.server.web.uvicorn_protocols import Socket

log = logging.getLogger(__name__)

BACKLOG = 4096
PING_S = 20.0  # between keepalive pings, and for their answers


class Server(uvicorn.Server):
    """uvicorn server whose first signal drains the sockets before it exits."""

    services: Services | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Start the drain; a second signal exits at once."""
        if self.services is None or self.services.draining.is_set():
            self.should_exit = self.force_exit = True
            return
        self.services.draining.set()
        asyncio.get_running_loop().call_soon_threadsafe(self._start_drain)

    def _start_drain(self) -> None:
        self._drain_task = asyncio.ensure_future(self._close_sockets())

    async def _close_sockets(self) -> None:
        """Stop listening, then send each socket a time to reconnect and close it, in slices."""
        assert self.services is not None
        for server in self.servers:
            server.close()
        subscribers = [
            subscriber for room in self.services.rooms.every() for subscriber in room.subscribers()
        ]
        drain_s = self.services.settings.drain_seconds if subscribers else 0
        log.info("stops sockets=%d drain_s=%d", len(subscribers), drain_s)
        random.shuffle(subscribers)
        slices = [subscribers[at : at + SLICE] for at in range(0, len(subscribers), SLICE)]
        for slice_ in slices:
            for subscriber in slice_:
                close_for_restart(subscriber, drain_s)
            await asyncio.sleep(drain_s / len(slices))
        self.should_exit = True


async def check_stores(settings: Settings) -> None:
    """Open and close the services once, so that their errors reach the command line.

    In its lifespan uvicorn would catch them and exit with a code of its own.

    Raises:
        RedisUnfitError, PostgresUnfitError: a store's clock is too far from ours.
        what `open_services` raises.
    """
    async with open_services(settings) as services:
        await check_clocks(services.pool, services.redis)


def config_of(settings: Settings, app: Any) -> uvicorn.Config:
    """Return uvicorn's settings; its two protocols and ARCHITECTURE.md give the reasons."""
    sockets = partial(Socket, commands_per_second=settings.commands_per_second)
    return uvicorn.Config(
        app,
        http=HttpConnection,
        ws=cast("type[Socket]", sockets),
        loop="uvloop",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        ws_max_size=FRAME_BYTES_MAX,
        ws_per_message_deflate=False,
        ws_ping_interval=PING_S,
        ws_ping_timeout=PING_S,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies or None,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=5,
    )


def serve(settings: Settings, listener: socket.socket) -> None:
    """Serve until a signal, and return when every socket is closed.

    Raises:
        what `check_stores` raises, before the first connection is accepted.
    """
    for warning in settings.edge_warnings():
        log.warning("%s", warning)
    asyncio.run(check_stores(settings))

    def opened(services: Services) -> None:
        server.services = services
        gc.collect()
        gc.freeze()  # permanent objects need no scan while sockets come and go
        gc.set_threshold(50_000, 20, 50)

    with recorded_traces(settings, "serve"):
        server = Server(config_of(settings, create_app(settings, opened)))
        server.run([listener])
