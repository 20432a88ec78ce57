"""An open event in a Redis without Postgres, for benchmarks of moves."""

from collections.abc import Mapping, Sequence
from typing import Any

from redis.asyncio import Redis

from booking_rush.lua.client.epoch_gate import EpochGate
from booking_rush.lua.client.program import Program
from booking_rush.lua.events.commands import SectionInventory
from booking_rush.lua.recovery.commands import (
    CloseEpoch,
    LoadEvent,
    LoadPlaces,
    LoadSections,
    OpenEpoch,
    RecordedPlace,
)
from booking_rush.queue.rules import rules_of

EVENT = "demo"
PAGE = 5_000  # places of one command


async def load_event(
    redis: Redis,
    *,
    epoch: int = 1,
    sections: Sequence[SectionInventory] = (),
    places: Sequence[RecordedPlace] = (),
    rules: Mapping[str, Any] | None = None,
) -> EpochGate:
    """Load an event with these sections and places, the admitted first. Return its open gate."""
    program, gate = Program(redis), EpochGate(EVENT)
    [(run_id, _)] = await program.epochs([EVENT])
    stamp = f"{epoch}:{run_id}"
    await program.ask(EVENT, f"{epoch - 1}:{run_id}", CloseEpoch(epoch - 1))
    numbers = {"main": len(places)}
    head = {"main": sum(place.state == "admitted" for place in places)}
    known = rules_of({"proof_bits_max": 0, "churn_max": 0, **(rules or {})}).numbers()
    await program.ask(EVENT, stamp, LoadEvent(1, "open", known, numbers, head, {}))
    await program.ask(EVENT, stamp, LoadSections(list(sections)))
    for at in range(0, len(places), PAGE):
        await program.ask(EVENT, stamp, LoadPlaces(list(places[at : at + PAGE])))
    await program.ask(EVENT, stamp, OpenEpoch())
    gate.compare(epoch, stamp, run_id)
    return gate
