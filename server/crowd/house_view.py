"""The house as a crowd sees it: free seats and places of an event, read over HTTP each second."""

import asyncio
from typing import Any

import orjson

from booking_rush.booking.payments.http_client import (
    HttpClient,
    HttpRequest,
    NoResponseError,
    Timeouts,
)
from booking_rush.server.crowd.behaviour import FreeRow

EVERY_S = 1.0
TIMEOUTS = Timeouts(total_s=30.0, connect_s=10.0)


class HouseView:
    """Rows and standing places of one event, as they were at the last look.

    One view serves a whole crowd: a thousand eyes of one process need no thousand copies.
    """

    def __init__(self, http: HttpClient, base: str, event: str) -> None:
        self._http = http
        self._url = f"{base}/api/v1/events/{event}/availability"
        self.rows: list[FreeRow] = []
        self.standing: list[tuple[str, int]] = []
        self.sold_share = 0.0

    async def run(self) -> None:
        """Look at the house each second, until cancelled."""
        while True:
            try:
                answer = await self._http.send(HttpRequest("GET", self._url, {}, None, TIMEOUTS))
                if answer.is_success:
                    self._show(orjson.loads(answer.body)["sections"])
            except NoResponseError:
                pass  # the server is away for a moment
            await asyncio.sleep(EVERY_S)

    def _show(self, sections: dict[str, Any]) -> None:
        self.rows = [
            FreeRow(section, name, depth, seats)
            for section, found in sections.items()
            for depth, (name, seats) in enumerate(found.get("rows", {}).items())
        ]
        self.standing = [
            (section, found["free"]) for section, found in sections.items() if "rows" not in found
        ]
        for_sale = sum(len(row.seats) - row.seats.count("x") for row in self.rows)
        sold = sum(row.seats.count("s") for row in self.rows)
        self.sold_share = sold / for_sale if for_sale else 0.0
