"""Benchmarks of a sale's ends: checkouts at a given rate, and refusals when all is sold."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import msgspec

from loadtest.client import JOIN, PING, Client, admitted, timed
from loadtest.environment import FLOOR, percentiles, running_demo
from loadtest.reporting import report
from loadtest.visitors import act_for, sockets

RATES = {100: 500, 1_000: 3_000}  # checkouts a second, and how many in all
REFUSED, SECONDS = 64, 5.0


async def checkouts() -> None:
    """Measure from a checkout until it is answered, at rates that do not wait for answers."""
    for rate, count in RATES.items():
        async with running_demo(RUSH_WORKERS="2") as demo:
            await demo.event("sale", [FLOOR], rate_per_second=10_000, active_max=10_000)
            buyers = await sockets(demo.base, "sale", count)
            holds = await asyncio.gather(*map(_held, buyers))
            waits, began = list[float](), time.perf_counter()

            async def check_out(at: int, buyer: Client, hold: str) -> None:
                due = began + at / rate  # noqa: B023  awaited in this turn of the loop
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                frame = {"type": "hold.checkout", "id": "3", "hold": hold, "payment_method": "ok"}
                await timed(buyer, msgspec.json.encode(frame), b"booking.updated")
                waits.append(time.perf_counter() - due)  # noqa: B023  likewise

            await asyncio.gather(
                *(check_out(*one) for one in zip(range(count), buyers, holds, strict=True))
            )
            took = time.perf_counter() - began
        report(f"checkouts, {rate:,} a second", per_second=int(count / took),
               **{f"{k}_ms": v for k, v in percentiles(waits).items()},
               ratio=count / took / rate)  # fmt: skip


async def refusals() -> None:
    """Measure refusals a second when all is sold, against pings on the same sockets."""
    async with running_demo(RUSH_WORKERS="2") as demo:
        await demo.event("gone", [FLOOR | {"capacity": 1}], rate_per_second=10_000,
                         active_max=10_000)  # fmt: skip
        await _held(first := await admitted(demo.base, "gone"))
        clients = await asyncio.gather(*(admitted(demo.base, "gone") for _ in range(REFUSED)))
        wish = b'{"type":"hold.create","id":"2","key":"k","section":"floor","quantity":1}'
        refused = await act_for(SECONDS, clients, _asks(wish, b"error"))
        pings = await act_for(SECONDS, clients, _asks(PING, b"pong"))
        first.transport.close()
    report("refusals, sold out", per_second=int(len(refused) / SECONDS),
           **{f"{k}_ms": v for k, v in percentiles(refused).items()},
           pings=int(len(pings) / SECONDS), ratio=len(refused) / len(pings))  # fmt: skip


async def _held(client: Client) -> str:
    """Join, wait for the turn, and hold a place. Return the hold's id."""
    client.send(JOIN)
    await client.until(b"queue.admitted")
    client.send(b'{"type":"hold.create","id":"2","key":"h","section":"floor","quantity":1}')
    hold: str = msgspec.json.decode(await client.until(b"hold.created"))["hold"]["id"]
    return hold


def _asks(frame: bytes, answer: bytes) -> Callable[[Client, list[float]], Awaitable[None]]:
    """Return the act of sending a command and waiting for its answer."""

    async def ask(client: Client, waits: list[float]) -> None:
        waits.append(await timed(client, frame, answer))

    return ask
