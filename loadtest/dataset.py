"""The documents' data set: 45 sections, 900,000 places, 10,000 visitors who go through once.

`make dataset` puts it on sale on a server of its own, sells, checks the stores, and says what it
took; `make dataset ARGS="--json"` prints the event for `POST /api/v1/admin/events` and ends.
"""

import asyncio
import sys
import time
from itertools import cycle
from typing import Any

import httpx
import msgspec

from booking_rush.booking.catalogue.events import NewEvent
from loadtest.client import JOIN, Client
from loadtest.environment import percentiles
from loadtest.reporting import report
from loadtest.shapes.run import Running, check, running_sale
from loadtest.visitors import connect_all, tokens

EVENT = "stadium"
SEATED, STANDING = 40, 5  # sections
ROWS, ROW_SEATS = 200, 100  # of a seated section; a standing one has as many places
PLACES = (SEATED + STANDING) * ROWS * ROW_SEATS
VISITORS, AT_ONCE = 10_000, 400  # of whom so many are inside at once
TICKETS = 2
PATIENCE_S = 120.0


def stadium() -> dict[str, Any]:
    """Return the event as JSON members: prices fall from the front sections to the back."""
    return {
        "id": EVENT,
        "name": "A Stadium",
        "shows": [{"id": "evening", "starts_at": "2030-05-01T19:00:00Z"}],
        "sections": [*map(_section, range(SEATED + STANDING))],
        "rules": {
            "rate_per_second": 500,
            "active_max": AT_ONCE,
            "claim_seconds": 600,
            "proof_bits_max": 0,
            "churn_max": 0,
        },
    }


def _section(number: int) -> dict[str, Any]:
    about = {
        "id": f"s{number + 1}",
        "show": "evening",
        "name": f"Section {number + 1}",
        "price": {"amount": 15_000 - 250 * number, "currency": "EUR"},
    }
    if number >= SEATED:
        return about | {"kind": "standing", "capacity": ROWS * ROW_SEATS}
    rows = [{"name": f"R{row + 1}", "seats": ROW_SEATS} for row in range(ROWS)]
    return about | {"kind": "seated", "rows": rows}


async def sell() -> list[str]:
    """Put the stadium on sale, and let every visitor buy. Return what is wrong afterwards."""
    began = time.perf_counter()
    async with running_sale(msgspec.convert(stadium(), NewEvent)) as running:
        report("on sale", places=PLACES, seconds=time.perf_counter() - began)
        await _look(running.base)
        waits, began = list[float](), time.perf_counter()
        turns, sections = asyncio.Semaphore(AT_ONCE), cycle(range(1, SEATED + STANDING + 1))
        given = tokens(VISITORS)
        await asyncio.gather(
            *(_visit(running, token, next(sections), turns, waits) for token in given)
        )
        took = time.perf_counter() - began
        report("sold through", visitors=VISITORS, per_second=int(VISITORS / took),
               **{f"{k}_ms": v for k, v in percentiles(waits).items()})  # fmt: skip
        return await check(running, PLACES)


async def _look(base: str) -> None:
    """Measure what the house takes to be looked at."""
    async with httpx.AsyncClient(base_url=base, timeout=PATIENCE_S) as client:
        for name, path in {
            "chart, compact": f"/api/v1/events/{EVENT}/chart?form=compact",
            "availability": f"/api/v1/events/{EVENT}/availability",
        }.items():
            began = time.perf_counter()
            async with client.stream("GET", path) as answer:
                size = sum([len(part) async for part in answer.aiter_raw()])
            assert answer.status_code == 200, answer.status_code
            report(name, kilobytes=size // 1024, seconds=time.perf_counter() - began)


async def _visit(
    running: Running, token: str, section: int, turns: asyncio.Semaphore, waits: list[float]
) -> None:
    """Go from the line to the ticket."""
    async with turns:
        [client] = await connect_all(running.base, EVENT, [token])
        began = time.perf_counter()
        async with asyncio.timeout(PATIENCE_S):
            await _buy(client, section)
        waits.append(time.perf_counter() - began)
        client.transport.abort()


async def _buy(client: Client, section: int) -> None:
    client.send(JOIN)
    await client.until(b"queue.admitted")
    wish = {"type": "hold.create", "id": "2", "key": "k", "section": f"s{section}"}
    client.send(msgspec.json.encode({**wish, "quantity": TICKETS}))
    hold = msgspec.json.decode(await client.until(b"hold.created"))["hold"]["id"]
    pay = {"type": "hold.checkout", "id": "3", "hold": hold, "payment_method": "ok"}
    client.send(msgspec.json.encode(pay))
    while b'"state":"confirmed"' not in await client.until(b"booking.updated"):
        pass


def main(arguments: list[str]) -> None:
    """Sell the data set, or print it."""
    if arguments == ["--json"]:
        print(msgspec.json.encode(stadium()).decode())
        return
    if arguments:
        sys.exit('dataset: make dataset, or make dataset ARGS="--json"')
    wrong = asyncio.run(sell())
    for one in wrong[:20]:
        print(f"dataset: {one}", file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
