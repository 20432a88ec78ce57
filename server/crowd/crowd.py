"""A crowd of clients on real sockets, which come, buy or not, leave, and return as new visitors."""

import asyncio
import logging
import random

import orjson
from websockets.exceptions import WebSocketException

from booking_rush.booking.payments.http_client import (
    HttpClient,
    HttpRequest,
    HttpResponse,
    NoResponseError,
    open_http,
)
from booking_rush.queue.event_registry import UnknownEvent
from booking_rush.server.crowd.behaviour import ABSENCE_S, REGRET_S, draw_plan, gives_back
from booking_rush.server.crowd.house_view import TIMEOUTS, HouseView
from booking_rush.server.crowd.visit import Visit
from booking_rush.server.crowd.visitor_socket import RefusedError, open_socket

log = logging.getLogger(__name__)

SIZE_MAX = 5000
CONNECTIONS = 8  # for HTTP, of the whole crowd
ARRIVAL_S = 20.0  # over which the first visitors come
ARRIVALS_PER_SECOND = (5.0, 100.0)  # at the least and at the most
RECONNECT_S = (0.5, 5.0)


class Crowd:
    """Clients of one event, so many at a time; each visits, is away for a while, and returns."""

    def __init__(self, http: HttpClient, base: str, event: str, size: int) -> None:
        self._http = http
        self._base = base
        self._event = event
        self._size = size
        self._house = HouseView(http, base, event)

    async def run(self) -> None:
        """Come one after the other, and go on until cancelled."""
        slowest, fastest = ARRIVALS_PER_SECOND
        pause_s = 1 / min(max(self._size / ARRIVAL_S, slowest), fastest)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._house.run())
            for number in range(self._size):
                tasks.create_task(self._return_for_ever(random.Random(number)))  # noqa: S311
                await asyncio.sleep(pause_s)

    async def _return_for_ever(self, rng: random.Random) -> None:
        while True:
            try:
                await self._visit(rng)
            except (RefusedError, NoResponseError) as error:
                log.debug("ends a visit: %s", error)
            await asyncio.sleep(rng.uniform(*ABSENCE_S))

    async def _visit(self, rng: random.Random) -> None:
        """Visit as a new visitor; where a socket ends, go on with another."""
        answer = await self._post("/api/v1/visitors", {})
        token: str = orjson.loads(answer.body)["token"]
        visit = Visit(draw_plan(rng), self._house, rng)
        while True:
            try:
                async with open_socket(self._base, self._event, token) as socket:
                    booking = await visit.go_on(socket)
                break
            except (OSError, WebSocketException, TimeoutError) as error:
                log.debug("reconnects: %s", error)
            await asyncio.sleep(rng.uniform(*RECONNECT_S))
        if booking is not None and gives_back(rng, self._house.sold_share):
            await asyncio.sleep(rng.uniform(*REGRET_S))
            headers = {"Authorization": f"Bearer {token}"}
            await self._post(f"/api/v1/bookings/{booking}/cancel", headers)

    async def _post(self, path: str, headers: dict[str, str]) -> HttpResponse:
        return await self._http.send(
            HttpRequest("POST", self._base + path, headers, None, TIMEOUTS)
        )


async def run_crowd(base: str, event: str, size: int) -> None:
    """Send a crowd of so many clients to an event of the server at `base`, until cancelled.

    Raises:
        UnknownEvent: the server knows no such event.
        ConnectionError: no server answers there.
    """
    async with open_http(connections=CONNECTIONS) as http:
        url = f"{base}/api/v1/events/{event}"
        try:
            answer = await http.send(HttpRequest("GET", url, {}, None, TIMEOUTS))
        except NoResponseError as error:
            raise ConnectionError(f"no server answers at {base}: {error}") from error
        if answer.is_client_error:
            raise UnknownEvent(f"the server has no event {event}")
        log.info("comes size=%d event=%s", size, event)
        await Crowd(http, base, event, size).run()
