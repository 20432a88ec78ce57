"""Benchmark of live seats: thousands watch while seats are held and given back."""

import asyncio
import time
from typing import Any

import msgspec

from loadtest.client import PING, Client, admitted, timed
from loadtest.environment import percentiles, running_demo
from loadtest.reporting import report
from loadtest.visitors import sockets

WATCHERS, DRIVERS = 5_000, 50
SAMPLED = 200  # watchers whose frames are read; the others only receive them
CHANGES_PER_SECOND, SECONDS = 500, 6.0
BOWL = {
    "id": "bowl", "show": "evening", "name": "Bowl", "kind": "seated",
    "rows": [{"name": f"R{n}", "seats": 40} for n in range(DRIVERS)],
    "price": {"amount": 100, "currency": "EUR"},
}  # fmt: skip


async def seat_deltas() -> None:
    """Measure from a hold's command until its seat is shown as held, against the driver's ping."""
    async with running_demo(RUSH_WORKERS="2") as demo:
        await demo.event("seats", [BOWL], rate_per_second=10_000, active_max=1_000)
        drivers = [await admitted(demo.base, "seats") for _ in range(DRIVERS)]
        watchers = await sockets(demo.base, "seats", WATCHERS)
        for watcher in watchers:
            watcher.send(b'{"type":"seats.watch","id":"1"}')
        await asyncio.gather(*(watcher.until(b"seats.snapshot") for watcher in watchers))
        pings = [await timed(driver, PING, b"pong") for driver in drivers]
        sent, delays = dict[str, float](), list[float]()
        for watcher in watchers:
            watcher.listener = lambda frame: None
        for watcher in watchers[:: WATCHERS // SAMPLED]:
            watcher.listener = lambda frame: _note(frame, sent, delays)
        before = demo.cpu_s()
        turns = await asyncio.gather(
            *(_change(driver, row, sent) for row, driver in enumerate(drivers))
        )
        spent = {n: s - before[n] for n, s in demo.cpu_s().items() if n.startswith("serve")}
        await asyncio.sleep(1)
    report("seats to 5,000 watchers", changes_per_second=int(2 * sum(turns) / SECONDS),
           **{f"{k}_ms": v for k, v in percentiles(delays).items()},
           ping_ms=percentiles(pings)["p50"], cores=sum(spent.values()) / SECONDS,
           ratio=percentiles(delays)["p50"] / percentiles(pings)["p50"])  # fmt: skip


def _note(frame: bytes, sent: dict[str, float], delays: list[float]) -> None:
    """Add the delay of each seat that a delta shows as held."""
    if not frame.startswith(b'{"type":"seats.delta"'):
        return
    changes: list[list[str]] = msgspec.json.decode(frame)["changes"]
    now = time.perf_counter()
    delays.extend(now - sent[seat] for seat, state in changes if state == "held" and seat in sent)


async def _change(driver: Client, row: int, sent: dict[str, float]) -> int:
    """Hold one seat after another and give it back, so many a second. Return how many."""
    pause, turns, began = 2 * DRIVERS / CHANGES_PER_SECOND, 0, time.perf_counter()
    while time.perf_counter() - began < SECONDS:
        turns += 1
        seat = f"bowl.R{row}-{turns % 40 + 1}"
        wish: dict[str, Any] = {"type": "hold.create", "id": "2", "key": f"k{turns}"}
        sent[seat] = time.perf_counter()
        driver.send(msgspec.json.encode(wish | {"seats": [seat]}))
        hold = msgspec.json.decode(await driver.until(b"hold.created"))["hold"]["id"]
        await asyncio.sleep(pause / 2)
        driver.send(msgspec.json.encode({"type": "hold.release", "id": "3", "hold": hold}))
        await driver.until(b"hold.released")
        await asyncio.sleep(max(0.0, began + turns * pause - time.perf_counter()))
    return turns
