"""Reads that everybody shares: availability, events and charts cost the stores a bounded amount."""

import asyncio
import time
from typing import Any

import pytest
from starlette.datastructures import Headers

from booking_rush.lua.client import pubsub
from booking_rush.lua.commands import Command
from booking_rush.lua.events.commands import ReadSeats
from booking_rush.lua.line import commands as line
from booking_rush.server.app import V1
from booking_rush.server.rooms import availability
from booking_rush.server.rooms.availability import READ_EVERY_S
from booking_rush.server.web.responses import has_current
from tests.support.world import World, held


@pytest.mark.parametrize(
    ("given", "fresh"),
    [
        ('"a"', True),
        ('W/"a"', True),
        ('"x", W/"a"', True),
        ('"x,y","a"', True),
        ("*", True),
        (" * ", True),
        ("", False),
        ("a", False),
        ('"A"', False),
        ('"xa"', False),
        ('"x", "b"', False),
        ('"x, \\"a\\""', False),
    ],
)
def test_tags_are_compared_weakly(given: str, fresh: bool) -> None:
    assert has_current(Headers({"if-none-match": given}), '"a"') is fresh


def test_a_header_on_two_lines_is_one_list() -> None:
    lines = Headers(raw=[(b"if-none-match", b'"x"'), (b"if-none-match", b'W/"a"')])
    assert has_current(lines, '"a"')


async def test_a_chart_is_not_sent_again_behind_a_compressing_proxy(world: World) -> None:
    await world.event()
    visitor = await world.visitor()
    path = f"{V1}/events/demo/chart"
    tag = (await visitor.http.get(path)).headers["etag"]

    for given in (tag, f"W/{tag}", f'"x", W/{tag}', "*"):
        answer = await visitor.http.get(path, headers={"If-None-Match": given})
        assert (answer.status_code, answer.content) == (304, b"")


async def test_redis_is_read_ten_times_a_second_however_many_ask(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.event()
    batcher = world.services.rooms.batcher("demo")
    room = await world.services.rooms.room("demo")
    reads: list[Any] = []
    do = batcher.do

    def counted(command: object) -> object:
        reads.append(command)
        return do(command)  # type: ignore[arg-type]

    monkeypatch.setattr(batcher, "do", counted)
    began = time.monotonic()
    bodies: set[bytes] = set()
    for _ in range(3):
        bodies.update(await asyncio.gather(*(room.availability.body() for _ in range(200))))
    passed = time.monotonic() - began

    assert len(bodies) == 1
    assert all(isinstance(command, ReadSeats) for command in reads)
    assert len(reads) <= passed / READ_EVERY_S + 1


async def test_who_asks_again_is_answered_from_memory_until_a_seat_changes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The window is made an hour, so that only a change can end it."""
    await world.event()
    monkeypatch.setattr(availability, "READ_EVERY_S", 3600.0)
    room = await world.services.rooms.room("demo")
    now = await room.availability.body()
    for _ in range(50):
        assert await asyncio.wait_for(room.availability.body(), 60) is now

    batcher = world.services.rooms.batcher("demo")
    batcher.do(line.LeaveLine("nobody", "left"))
    waiting = asyncio.create_task(room.availability.body())
    await asyncio.sleep(0)
    assert not waiting.done()
    waiting.cancel()


@pytest.mark.parametrize("change", ["news", "lost news", "shut gate"])
async def test_no_answer_of_memory_is_older_than_what_is_known(
    world: World, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    await world.event()
    monkeypatch.setattr(availability, "READ_EVERY_S", 3600.0)
    room = await world.services.rooms.room("demo")
    await room.availability.body()
    match change:
        case "news":
            room.apply(pubsub.Seats(0, "floor", 0, 1, [], 5))
        case "lost news":
            room.invalidate()
        case _:
            world.services.rooms.batcher("demo").gate.shut()
    waiting = asyncio.create_task(room.availability.body())
    await asyncio.sleep(0)
    assert not waiting.done()
    waiting.cancel()


async def test_watching_one_section_reads_that_one_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.event()
    batcher, reads = world.services.rooms.batcher("demo"), list[list[str]]()
    do = batcher.do

    def counted(command: Command[Any]) -> object:
        if isinstance(command, ReadSeats):
            reads.append(command.sections)
        return do(command)

    monkeypatch.setattr(batcher, "do", counted)
    async with (await world.visitor()).socket() as socket:
        refused = await socket.ask("seats.watch", section="attic")
        one = await socket.ask("seats.watch", section="floor")
        every = await socket.ask("seats.watch")

    assert refused["problem"]["code"] == "unknown_section"
    assert (list(one["sections"]), set(every["sections"])) == (["floor"], {"floor", "stalls"})
    assert reads == [["attic"], ["floor"], []]


async def test_ones_own_hold_is_in_the_next_answer(world: World) -> None:
    await world.event()
    http = (await world.visitor()).http
    path = f"{V1}/events/demo/availability"
    assert (await http.get(path)).json()["sections"]["stalls"]["rows"]["A"].startswith("..")

    await held(world)

    assert (await http.get(path)).json()["sections"]["stalls"]["rows"]["A"].startswith("hh")


async def test_events_are_read_once_a_version(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.event("one")
    await world.event("two")
    operator = await world.operator()
    cache = world.services.events
    read: list[str] = []
    some = world.services.catalogue.some

    async def counted(events: list[str]) -> object:
        read.extend(events)
        return await some(events)

    monkeypatch.setattr(cache, "_catalogue", type("Counted", (), {"some": staticmethod(counted)}))
    for _ in range(5):
        listed = (await operator.get(f"{V1}/events")).json()["events"]
        assert [event["id"] for event in listed] == ["one", "two"]
        assert (await operator.get(f"{V1}/events/one")).json()["event"] == listed[0]
    [second] = (await operator.get(f"{V1}/events?limit=1&after=one")).json()["events"]
    assert second["id"] == "two"
    assert sorted(read) == ["one", "two"]

    await operator.patch(f"{V1}/admin/events/one", json={"name": "Changed"})
    assert (await operator.get(f"{V1}/events/one")).json()["event"]["name"] == "Changed"
    assert sorted(read) == ["one", "one", "two"]


@pytest.mark.parametrize("path", [f"{V1}/events", f"{V1}/events/demo"])
async def test_events_are_asked_for_by_their_tag_until_a_version_changes_it(
    world: World, path: str
) -> None:
    await world.event()
    operator = await world.operator()
    first = await operator.get(path)
    kept = {"If-None-Match": first.headers["etag"]}
    again = await operator.get(path, headers=kept)

    await operator.patch(f"{V1}/admin/events/demo", json={"name": "Changed"})
    changed = await operator.get(path, headers=kept)

    assert first.headers["cache-control"] == "public, no-cache"
    assert (again.status_code, again.content) == (304, b"")
    assert changed.status_code == 200
    assert b"Changed" in changed.content
    assert changed.headers["etag"] != first.headers["etag"]


async def test_what_is_one_visitors_own_is_stored_by_nobody(world: World) -> None:
    await world.event()
    visitor, hold = await held(world)
    for path in (
        "/bookings", f"/bookings/{hold}", "/events/demo/queue", f"/events/demo/holds/{hold}",
        "/events/demo/availability", "/events/demo/queue/history", f"/bookings/{hold}/link",
    ):  # fmt: skip
        answer = await visitor.http.get(f"{V1}{path}")
        assert answer.headers["cache-control"] == "no-store", path
