"""Benchmarks of seats and money: holds in small and large events, a large event, paid bookings."""

import asyncio
import time
from contextlib import nullcontext
from typing import Any

import httpx
import msgspec
from redis.asyncio import Redis

from booking_rush.lua.client.batcher import Batcher
from booking_rush.lua.client.program import Program
from booking_rush.lua.events.commands import SectionInventory
from booking_rush.lua.holds.commands import Held, HoldSeats, ReleaseHold
from booking_rush.lua.recovery.commands import RecordedPlace
from booking_rush.tracing import spans
from loadtest.client import Client, admitted
from loadtest.environment import FLOOR, percentiles, running_demo
from loadtest.loaded_event import load_event
from loadtest.reporting import report

CALLERS = 64
NEVER_MS = 4_000_000_000_000
BOOKINGS = 600

# The writes of a hold and its release without their checks: the ceiling of the moves.
HOLD_BASELINE = """
for i = 1, tonumber(ARGV[1]) do
  local id = "h" .. i
  for turn = 1, 2 do
    redis.call("HSET", "{bare}:rows", "A", string.rep(".", 100))
    redis.call("HINCRBY", "{bare}:free", "stalls", 1)
    redis.call("HINCRBY", "{bare}:version", "stalls", 1)
    redis.call("SET", "{bare}:hold:" .. id, string.rep("x", 300))
    redis.call("ZADD", "{bare}:holds", i, id)
    redis.call("XADD", "{bare}:outbox", "*", "kind", "booking", "body", string.rep("x", 300))
    redis.call("HINCRBY", "{bare}:taken", id, 1)
  end
end
"""


async def holds(redis: Redis) -> None:
    """Measure holds of named seats and their releases, in a small and in a large event."""
    small = await pairs_per_second(redis, rows=7, seats=64, epoch=1)
    large = await pairs_per_second(redis, rows=500, seats=100, epoch=2)
    began = time.perf_counter()
    for _ in range(100):
        await redis.eval(HOLD_BASELINE, 0, 64)
    baseline = 6400 / (time.perf_counter() - began)
    report(
        "holds and releases",
        pairs_per_second=int(small),
        baseline=int(baseline),
        ratio=small / baseline,
    )
    report("the same in 50,000 seats", pairs_per_second=int(large), ratio=large / small)


async def large_event() -> None:
    """Measure a 50,000-seat event: until it is on sale, and the size and time of availability."""
    rows = [{"name": f"R{n}", "seats": 100} for n in range(500)]
    section = {
        "id": "bowl", "show": "evening", "name": "Bowl", "kind": "seated", "rows": rows,
        "price": {"amount": 100, "currency": "EUR"},
    }  # fmt: skip
    body: dict[str, Any] = {
        "id": "great", "name": "Great", "sections": [section],
        "shows": [{"id": "evening", "starts_at": "2030-01-01T19:00:00Z"}],
    }  # fmt: skip
    async with running_demo() as demo, httpx.AsyncClient(base_url=demo.base, timeout=60) as client:
        await demo.operator(client)
        began = time.perf_counter()
        (await client.post("/api/v1/admin/events", json=body)).raise_for_status()
        (await client.post("/api/v1/admin/events/great/open")).raise_for_status()
        made_s = time.perf_counter() - began
        shown, times = await client.get("/api/v1/events/great/availability"), list[float]()
        for _ in range(50):
            began = time.perf_counter()
            await client.get("/api/v1/events/great/availability")
            times.append(time.perf_counter() - began)
        pings: list[float] = []
        for _ in range(50):
            began = time.perf_counter()
            await client.get("/api/v1/events/great")
            pings.append(time.perf_counter() - began)
    ours, floor = percentiles(times)["p50"], percentiles(pings)["p50"]
    report("50,000 seats", seconds=made_s, kilobytes=len(shown.content) / 1024,
           availability_ms=ours, ratio=ours / floor)  # fmt: skip


async def paid() -> None:
    """Measure bookings a second from checkout to confirmed, against holds on the same sockets."""
    async with running_demo() as demo:
        await demo.event("paid", [FLOOR], rate_per_second=10_000, active_max=10_000)
        buyers = await asyncio.gather(*(_buyer(demo.base) for _ in range(BOOKINGS)))
        began = time.perf_counter()
        await asyncio.gather(*(_hold(buyer) for buyer in buyers))
        held = BOOKINGS / (time.perf_counter() - began)
        before, began = demo.cpu_s(), time.perf_counter()
        waits = await asyncio.gather(*(_pay(buyer) for buyer in buyers))
        confirmed = BOOKINGS / (time.perf_counter() - began)
        spent = {f"{n}_us": (s - before[n]) / BOOKINGS * 1e6 for n, s in demo.cpu_s().items()}
        shown = {f"{k}_ms": v for k, v in percentiles(list(waits)).items()}
    report("paid bookings", per_second=int(confirmed), **shown,
           **{n: spent[n] for n in ("serve_us", "record_us", "conduct_us", "bank_us")},
           holds=int(held), ratio=confirmed / held)  # fmt: skip


class Buyer:
    """An admitted visitor's socket and hold."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.hold = ""


async def _buyer(base: str) -> Buyer:
    return Buyer(await admitted(base, "paid"))


async def _hold(buyer: Buyer) -> None:
    buyer.client.send(b'{"type":"hold.create","id":"2","key":"k","section":"floor","quantity":2}')
    frame = msgspec.json.decode(await buyer.client.until(b"hold.created"))
    buyer.hold = frame["hold"]["id"]


async def _pay(buyer: Buyer) -> float:
    began = time.perf_counter()
    frame = {"type": "hold.checkout", "id": "3", "hold": buyer.hold, "payment_method": "ok"}
    buyer.client.send(msgspec.json.encode(frame))
    while b'"state":"confirmed"' not in await buyer.client.until(b"booking.updated"):
        pass
    buyer.client.transport.close()
    return time.perf_counter() - began


async def pairs_per_second(
    redis: Redis, *, rows: int, seats: int, epoch: int, is_traced: bool = False
) -> float:
    """Return holds a second of one seat each, each with its release; of a trace each, if traced."""
    section, places = _house(rows, seats)
    gate = await load_event(redis, epoch=epoch, sections=[section], places=places)
    batcher, total = Batcher(Program(redis), gate), 10_000

    async def caller(number: int) -> None:
        for at in range(total // CALLERS):
            id_ = f"{number}-{at}"
            seat = f"stalls.R{(number + at) % rows}-{number % seats + 1}"
            command = HoldSeats(id_, f"v{number}", id_, "p", [seat], "", 0, "place")
            with spans.served("pair", "") if is_traced else nullcontext():
                if isinstance(await batcher.do(command), Held):
                    await batcher.do(ReleaseHold(f"v{number}", id_))

    began = time.perf_counter()
    await asyncio.gather(*(caller(number) for number in range(CALLERS)))
    return total / (time.perf_counter() - began)


def _house(rows: int, seats: int) -> tuple[SectionInventory, list[RecordedPlace]]:
    """Return a seated section, and callers who are admitted."""
    text = [(f"R{n}", "." * seats) for n in range(rows)]
    section = SectionInventory("stalls", "seated", 100, "EUR", rows * seats, text)
    places = [RecordedPlace(f"v{n}", n + 1, 1, "admitted", 1, 1, NEVER_MS) for n in range(CALLERS)]
    return section, places
