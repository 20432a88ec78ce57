"""Benchmarks of seats and money: holds in small and great houses, a great event, paid bookings."""

import asyncio
import time
from typing import Any

import httpx
import msgspec
from redis.asyncio import Redis

from booking_rush.lua.client.batcher import Batcher
from booking_rush.lua.client.epoch_gate import EpochGate
from booking_rush.lua.client.program import Program
from booking_rush.lua.events.commands import SectionInventory
from booking_rush.lua.holds.commands import Held, HoldSeats, ReleaseHold
from booking_rush.lua.recovery.commands import (
    CloseEpoch,
    LoadEvent,
    LoadPlaces,
    LoadSections,
    OpenEpoch,
    RecordedPlace,
)
from booking_rush.queue.rules import rules_of
from loadtest.client import Client
from loadtest.client import connect as connect_socket
from loadtest.stage import line, percentiles, staged

CALLERS = 64
FAR_MS = 4_000_000_000_000
BOOKINGS = 600

# What a hold and its release must do at the least: the ceiling of their moves.
BARE = """
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
    """Named holds and their releases through the batcher, in a small and in a great house."""
    small = await _pairs(redis, rows=7, seats=64, epoch=1)
    great = await _pairs(redis, rows=500, seats=100, epoch=2)
    began = time.perf_counter()
    for _ in range(100):
        await redis.eval(BARE, 0, 64)
    bare = 6400 / (time.perf_counter() - began)
    line("holds and releases", pairs_per_second=int(small), bare=int(bare), ratio=small / bare)
    line("the same in 50,000 seats", pairs_per_second=int(great), ratio=great / small)


async def great_house() -> None:
    """A 50,000-seat event by one call: until it is on sale, and what its availability weighs."""
    rows = [{"name": f"R{n}", "seats": 100} for n in range(500)]
    section = {
        "id": "bowl", "show": "evening", "name": "Bowl", "kind": "seated", "rows": rows,
        "price": {"amount": 100, "currency": "EUR"},
    }  # fmt: skip
    body: dict[str, Any] = {
        "id": "great", "name": "Great", "sections": [section],
        "shows": [{"id": "evening", "starts_at": "2030-01-01T19:00:00Z"}],
    }  # fmt: skip
    async with staged() as stage, httpx.AsyncClient(base_url=stage.base, timeout=60) as client:
        await stage.operator(client)
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
    line("50,000 seats", seconds=made_s, kilobytes=len(shown.content) / 1024,
         availability_ms=ours, ratio=ours / floor)  # fmt: skip


async def paid() -> None:
    """Bookings a second from checkout to confirmed, over the practice bank; against holds made."""
    floor = {
        "id": "floor", "show": "evening", "name": "Floor", "kind": "standing",
        "capacity": 100_000, "price": {"amount": 100, "currency": "EUR"},
    }  # fmt: skip
    async with staged() as stage:
        await stage.event("paid", [floor], rate_per_second=10_000, active_max=10_000)
        buyers = await asyncio.gather(*(_buyer(stage.base) for _ in range(BOOKINGS)))
        began = time.perf_counter()
        await asyncio.gather(*(_hold(buyer) for buyer in buyers))
        held = BOOKINGS / (time.perf_counter() - began)
        before, began = stage.cpu_s(), time.perf_counter()
        waits = await asyncio.gather(*(_pay(buyer) for buyer in buyers))
        confirmed = BOOKINGS / (time.perf_counter() - began)
        spent = {f"{n}_us": (s - before[n]) / BOOKINGS * 1e6 for n, s in stage.cpu_s().items()}
        shown = {f"{k}_ms": v for k, v in percentiles(list(waits)).items()}
    line("paid bookings", per_second=int(confirmed), **shown,
         **{n: spent[n] for n in ("serve_us", "record_us", "conduct_us", "bank_us")},
         holds=int(held), ratio=confirmed / held)  # fmt: skip


class Buyer:
    """A socket that was let in, and what it holds."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.hold = ""


async def _buyer(base: str) -> Buyer:
    async with httpx.AsyncClient() as http:
        issued = (await http.post(f"{base}/api/v1/visitors")).json()
    client = await connect_socket(base, "paid", issued["token"])
    client.send(b'{"type":"queue.join","id":"1"}')
    await client.until(b"queue.admitted")
    return Buyer(client)


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


async def _pairs(redis: Redis, *, rows: int, seats: int, epoch: int) -> float:
    """Holds and releases a second, of one seat each."""
    batcher, total = Batcher(Program(redis), await _loaded(redis, rows, seats, epoch)), 10_000

    async def caller(number: int) -> None:
        for at in range(total // CALLERS):
            id_ = f"{number}-{at}"
            seat = f"stalls.R{(number + at) % rows}-{number % seats + 1}"
            wish = HoldSeats(id_, f"v{number}", id_, "p", [seat], "", 0, "place")
            if isinstance(await batcher.do(wish), Held):
                await batcher.do(ReleaseHold(f"v{number}", id_))

    began = time.perf_counter()
    await asyncio.gather(*(caller(number) for number in range(CALLERS)))
    return total / (time.perf_counter() - began)


async def _loaded(redis: Redis, rows: int, seats: int, epoch: int) -> EpochGate:
    """An open event with a seated section, and callers who are let in; no Postgres behind it."""
    program, gate = Program(redis), EpochGate("demo")
    run_id, _ = await program.epochs(["demo"])
    stamp = f"{epoch}:{run_id}"
    await program.ask("demo", f"{epoch - 1}:{run_id}", CloseEpoch(epoch - 1))
    rules = rules_of({}).numbers()
    given = {"main": CALLERS}
    await program.ask("demo", stamp, LoadEvent(1, "open", rules, given, given, {}))
    text = [(f"R{n}", "." * seats) for n in range(rows)]
    section = SectionInventory("stalls", "seated", 100, "EUR", rows * seats, text)
    await program.ask("demo", stamp, LoadSections([section]))
    people = [RecordedPlace(f"v{n}", n + 1, 1, "admitted", 1, 1, FAR_MS) for n in range(CALLERS)]
    await program.ask("demo", stamp, LoadPlaces(people, []))
    await program.ask("demo", stamp, OpenEpoch())
    gate.compare(epoch, stamp, run_id)
    return gate
