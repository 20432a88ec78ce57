"""The archive: an event that ended is unloaded, still answered, and comes back when needed."""

from typing import Any

import httpx
from redis.asyncio import Redis

from booking_rush.booking.catalogue.archive import Archive
from booking_rush.booking.messaging import outbox
from booking_rush.postgres import Pool
from tests.support.clients import Frame, code_of, until
from tests.support.store_agreement import is_quiet
from tests.support.world import World

PAY = {"payment_method": "ok"}


async def test_an_event_that_ended_is_archived_and_still_answered(
    world: World, pool: Pool, redis: Redis
) -> None:
    await world.event()
    ada = await world.visitor()
    booking = await ada.buys(seats=["stalls.A-1"])
    await until(lambda: is_quiet(pool))
    archive = Archive(pool, redis, "tests")
    assert await archive.archive(after_s=0.0) == [], "it is open"
    admin = await world.operator()
    assert (await admin.post("/api/v1/admin/events/demo/close")).status_code == 200
    assert await archive.archive() == [], "it was closed just now"

    async def is_archived() -> bool:
        return await archive.archive(after_s=0.0) == ["demo"]

    await until(is_archived)

    async def is_unloaded() -> bool:  # once the recorder has let go of it
        return await archive.unload(after_s=2.0) == 1

    await until(is_unloaded)

    async def is_closed() -> bool:
        late = await (await world.visitor()).http.post("/api/v1/events/demo/queue")
        return (late.status_code, code_of(late)) == (409, "line_closed")

    await until(is_closed)
    left: Any = await redis.keys("{demo}:*")
    assert left == []
    assert (await ada.http.get("/api/v1/events/demo")).status_code == 200
    assert (await ada.http.get("/api/v1/events/demo/chart")).status_code == 200
    found = await ada.http.get(f"/api/v1/bookings/{booking}")
    assert found.json()["booking"]["state"] == "confirmed"


async def test_an_archived_event_answers_as_one_that_is_closed(
    world: World, pool: Pool, redis: Redis
) -> None:
    await world.event()
    ada = await world.visitor()
    booking = await ada.buys(seats=["stalls.A-1"])
    admin = await world.operator()
    before = (await admin.get("/api/v1/admin/events/demo/stats")).json()["stats"]
    assert before["wait_seconds"]["p50"] is not None
    assert (await admin.post("/api/v1/admin/events/demo/close")).status_code == 200
    await until(lambda: is_quiet(pool))
    await pool.execute("UPDATE events SET archived_at = now()")
    registry = world.services.rooms.events
    await registry.refresh()
    await world.recorder.renew_once()
    await redis.flushall()

    token = {"Idempotency-Key": "k", "Booking-Pass": "x"}
    seats = {"seats": ["stalls.A-2"]}
    calls: list[tuple[httpx.AsyncClient, str, str, Frame, int, str]] = [
        (ada.http, "POST", "queue", {}, 409, "line_closed"),
        (ada.http, "GET", "queue", {}, 404, "not_in_line"),
        (ada.http, "DELETE", "queue", {}, 204, ""),
        (ada.http, "POST", "holds", seats, 403, "pass_invalid"),
        (ada.http, "GET", f"holds/{booking}", {}, 404, "unknown_hold"),
        (ada.http, "POST", f"holds/{booking}/extend", {}, 404, "unknown_hold"),
        (ada.http, "DELETE", f"holds/{booking}", {}, 404, "unknown_hold"),
        (ada.http, "POST", f"holds/{booking}/checkout", PAY, 404, "unknown_hold"),
        (admin, "POST", "open", {}, 409, "wrong_state"),
        (admin, "POST", "close", {}, 409, "wrong_state"),
        (admin, "POST", f"visitors/{ada.id}/admit", {"reason": "why"}, 404, "not_in_line"),
        (admin, "DELETE", f"visitors/{ada.id}", {}, 404, "not_in_line"),
    ]
    for client, method, path, body, status, code in calls:
        base = "/api/v1/admin/events/demo" if client is admin else "/api/v1/events/demo"
        answer = await client.request(method, f"{base}/{path}", headers=token, json=body or None)
        found = code_of(answer) if answer.status_code >= 400 else ""
        assert (answer.status_code, found) == (status, code), (method, path)

    shown = (await ada.http.get("/api/v1/events/demo")).json()["event"]
    assert shown["state"] == "closed"
    [listed] = (await admin.get("/api/v1/admin/events")).json()["events"]
    assert listed["state"] == "closed"
    sections = (await ada.http.get("/api/v1/events/demo/availability")).json()["sections"]
    assert sections["stalls"]["rows"]["A"] == "s........."
    stats = (await admin.get("/api/v1/admin/events/demo/stats")).json()["stats"]
    counted = {name: stats[name] for name in ("state", "sold", "free", "joined", "admitted")}
    assert counted == {"state": "closed", "sold": 1, "free": 71, "joined": 1, "admitted": 1}
    assert stats["wait_seconds"] == before["wait_seconds"]
    compared = await admin.post("/api/v1/admin/events/demo/reconcile")
    assert compared.json() == {"differences": []}

    async with ada.socket() as socket:
        assert socket.frames[0]["room"]["state"] == "closed"
        for kind, members, code in (
            ("queue.join", {}, "line_closed"),
            ("queue.claim", {}, "not_in_line"),
            ("hold.create", {"key": "k", **seats}, "pass_required"),
            ("hold.extend", {"hold": booking}, "unknown_hold"),
            ("hold.release", {"hold": booking}, "unknown_hold"),
            ("hold.checkout", {"hold": booking, **PAY}, "unknown_hold"),
            ("seats.watch", {"section": "attic"}, "unknown_section"),
        ):
            refused = await socket.ask(kind, **members)
            assert refused["problem"]["code"] == code, kind
        assert (await socket.ask("queue.leave"))["type"] == "queue.left"
        watched = await socket.ask("seats.watch", section="stalls")
        assert watched["sections"] == {"stalls": sections["stalls"]}


async def test_an_event_comes_back_for_an_order(world: World, pool: Pool, redis: Redis) -> None:
    await world.event()
    ada = await world.visitor()
    await ada.buys(seats=["stalls.A-1"])
    await until(lambda: is_quiet(pool))
    await pool.execute("UPDATE events SET archived_at = now(), state = 'closed'")
    archive = Archive(pool, redis, "tests")
    assert await archive.bring_back() == []
    [row] = await pool.fetch("SELECT id, step FROM bookings")
    async with pool.acquire() as connection:
        order = outbox.order(row["id"], "demo", "mark_sold", 1, row["step"])
        await outbox.enqueue(connection, [order._replace(tries=0)])
        await connection.execute("UPDATE outbox SET due_at = now() + interval '1 h', tries = 1")
    assert await archive.bring_back() == ["demo"]
    assert await pool.fetchval("SELECT archived_at IS NULL FROM events")


async def test_an_operator_archives_an_event_whose_closing_stays(world: World, pool: Pool) -> None:
    await world.event()
    ada = await world.visitor()
    await ada.buys(seats=["stalls.A-1"])
    await until(lambda: is_quiet(pool))
    admin = await world.operator()
    path = "/api/v1/admin/events/demo"
    early = await admin.post(f"{path}/archive")
    assert (early.status_code, code_of(early)) == (409, "not_archivable")
    opened = (await admin.get(path)).json()["event"]["state_since"]
    closed = (await admin.post(f"{path}/close")).json()["event"]
    assert closed["state_since"] > opened

    async def is_recorded() -> bool:
        return bool(await pool.fetchval("SELECT closing FROM recorded"))

    await until(is_recorded)
    undoable = await admin.post(f"{path}/archive")
    assert (undoable.status_code, code_of(undoable)) == (409, "not_archivable")
    await pool.execute("UPDATE recorded SET closing = false")

    async def has_only_its_undo() -> bool:  # as long as the recorder has not marked it
        answer = await admin.post(f"{path}/archive")
        assert answer.status_code == 409
        return "recorded" not in answer.json()["detail"]

    await until(has_only_its_undo)
    await pool.execute("UPDATE events SET closed_at = closed_at - interval '1 h'")

    async def is_archived() -> bool:
        answer = await admin.post(f"{path}/archive")
        return "archived_at" in answer.json().get("event", {})

    await until(is_archived)
    again = await admin.post(f"{path}/archive")
    assert (again.status_code, code_of(again)) == (409, "not_archivable")
    [entry, *_] = (await admin.get("/api/v1/admin/audit")).json()["entries"]
    assert (entry["what"], entry["event"]) == ("archive", "demo")
