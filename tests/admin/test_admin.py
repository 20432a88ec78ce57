"""Endpoints of operators: events, rules, stats, visitors, and the journal of every write."""

import asyncio
from typing import Any

import httpx
import orjson
import pytest
from websockets.asyncio.client import connect

from tests.support.clients import PASSWORD, PATIENCE_S, code_of, until
from tests.support.world import World, new_event

ADMIN = "/api/v1/admin"
DEMO = f"{ADMIN}/events/demo"


def body_of(event: str = "demo", **fields: Any) -> dict[str, Any]:
    """Return the body of a request that creates an event."""
    import msgspec

    body: dict[str, Any] = msgspec.to_builtins(new_event(event))
    return {**body, **fields}


# Events


async def test_an_event_is_created_scheduled_and_ready(world: World) -> None:
    operator, visitor = await world.operator(), await world.visitor()

    answer = await operator.post(f"{ADMIN}/events", json=body_of())

    assert answer.status_code == 201
    event = answer.json()["event"]
    assert (event["state"], event["rules"]["rate_per_second"]) == ("scheduled", 500)
    assert (await visitor.join())["state"] == "lobby"


async def test_an_id_is_given_once(world: World) -> None:
    operator = await world.operator()
    await operator.post(f"{ADMIN}/events", json=body_of())

    answer = await operator.post(f"{ADMIN}/events", json=body_of())

    assert answer.status_code == 409
    assert code_of(answer) == "exists"


SECTION = {
    "id": "stalls", "show": "evening", "name": "Stalls", "kind": "seated",
    "rows": [{"name": "A", "seats": 4}], "price": {"amount": 100, "currency": "EUR"},
}  # fmt: skip
WRONG_EVENTS: list[tuple[dict[str, Any], str]] = [
    ({"id": "Demo"}, "id"),
    ({"id": "a" * 65}, "id"),
    ({"id": "demo\n"}, "id"),
    ({"name": ""}, "name"),
    ({"name": "nul\0"}, "name"),
    ({"name": 7}, "name"),
    ({"shows": []}, "shows"),
    ({"shows": [{"id": "evening", "starts_at": "tomorrow"}]}, "starts_at"),
    ({"shows": [{"id": "evening", "starts_at": "2030-05-01T19:00:00"}]}, "starts_at"),
    ({"shows": [{"id": "evening", "starts_at": "0001-01-01T00:00:00+14:00"}]}, "starts_at"),
    ({"shows": [{"id": "e", "starts_at": "2030-05-01T19:00:00Z"}] * 2}, "shows"),
    ({"opens_at": "2030-01-02T00:00:00Z", "closes_at": "2030-01-01T00:00:00Z"}, "closes_at"),
    ({"sections": [{**SECTION, "show": "matinee"}]}, "sections[0].show"),
    ({"sections": [SECTION, SECTION]}, "sections"),
    ({"sections": [{**SECTION, "kind": "flying"}]}, "kind"),
    ({"sections": [{**SECTION, "capacity": 5}]}, "sections[0]"),
    ({"sections": [{**SECTION, "rows": []}]}, "rows"),
    ({"sections": [{**SECTION, "rows": [{"name": "a", "seats": 4}]}]}, "name"),
    ({"sections": [{**SECTION, "rows": [{"name": "A", "seats": 0}]}]}, "seats"),
    ({"sections": [{**SECTION, "rows": [{"name": "A", "seats": 1}] * 2}]}, "rows"),
    ({"sections": [{**SECTION, "closed": ["stalls.A-5"]}]}, "closed"),
    ({"sections": [{**SECTION, "price": {"amount": -1, "currency": "EUR"}}]}, "amount"),
    ({"sections": [{**SECTION, "price": {"amount": 1.5, "currency": "EUR"}}]}, "amount"),
    ({"sections": [{**SECTION, "price": {"amount": 1, "currency": "euro"}}]}, "currency"),
    ({"rules": {"rate_per_second": -1}}, "rules.rate_per_second"),
    ({"rules": {"speed": 1}}, "rules"),
    ({"rules": []}, "rules"),
    ({"state": "open"}, "body"),
]


@pytest.mark.parametrize(("fields", "where"), WRONG_EVENTS)
async def test_an_event_that_cannot_be_is_refused_by_field(
    fields: dict[str, Any], where: str, world: World
) -> None:
    operator = await world.operator()

    answer = await operator.post(f"{ADMIN}/events", json=body_of(**fields))

    assert answer.status_code == 400
    assert code_of(answer) == "invalid_request"
    assert any(where in error["field"] for error in answer.json()["errors"]), answer.json()
    assert (await operator.get(f"{ADMIN}/events")).json()["events"] == []


async def test_a_change_keeps_what_is_not_named(world: World) -> None:
    await world.event(state="scheduled")
    operator = await world.operator()

    answer = await operator.patch(
        DEMO,
        json={
            "name": "Another Evening",
            "opens_at": "2030-01-01T00:00:00Z",
            "sections": [{**SECTION, "id": "balcony"}],
        },
    )

    event = answer.json()["event"]
    assert event["name"] == "Another Evening"
    assert event["opens_at"] == "2030-01-01T00:00:00.000Z"
    assert [section["id"] for section in event["sections"]] == ["stalls", "floor", "balcony"]
    chart = (await operator.get("/api/v1/events/demo/chart")).json()
    assert len(chart["sections"]) == 3


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"shows": []}, "wrong_state"),
        ({"id": "other"}, "wrong_state"),
        ({"rules": {}}, "wrong_state"),
        ({"opens_at": "2031-01-01T00:00:00Z"}, "wrong_state"),
        ({"name": ""}, "invalid_request"),
        ({"color": "red"}, "invalid_request"),
        ({"sections": [SECTION]}, "invalid_request"),
    ],
)
async def test_what_cannot_be_changed_is_refused(
    change: dict[str, Any], code: str, world: World
) -> None:
    await world.event()
    operator = await world.operator()
    before = (await operator.get(DEMO)).json()

    answer = await operator.patch(DEMO, json=change)

    assert answer.status_code == (409 if code == "wrong_state" else 400)
    assert code_of(answer) == code
    assert (await operator.get(DEMO)).json() == before


async def test_the_room_goes_through_its_states(world: World) -> None:
    await world.event(state="scheduled")
    operator = await world.operator()

    for action, state in [
        ("open", "open"),
        ("pause", "paused"),
        ("resume", "open"),
        ("drain", "draining"),
        ("close", "closed"),
    ]:
        answer = await operator.post(f"{DEMO}/{action}")
        assert answer.status_code == 200
        assert answer.json()["event"]["state"] == state
    for action in ("open", "pause", "resume", "drain", "close"):
        answer = await operator.post(f"{DEMO}/{action}")
        assert answer.status_code == 409
        assert code_of(answer) == "wrong_state"


async def test_new_rules_hold_at_once(world: World) -> None:
    """No scheduler runs here that would bring them to Redis later."""
    await world.event(rules={"rate_per_second": 0})
    operator, visitor = await world.operator(), await world.visitor()

    async with visitor.socket() as socket:
        await socket.ask("queue.join")
        answer = await operator.patch(f"{DEMO}/rules", json={"rate_per_second": 50.5})
        await socket.until("queue.admitted")

    assert answer.json()["rules"]["rate_per_second"] == 50.5
    assert answer.json()["rules"]["active_max"] == 5000


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"rate_per_second": "fast"}, "rate_per_second"),
        ({"speed": 1}, "speed"),
        ({"lanes": {"a": 0}}, "lanes[...]"),
    ],
)
async def test_wrong_rules_are_refused_by_field(
    change: dict[str, Any], field: str, world: World
) -> None:
    await world.event()
    operator = await world.operator()

    answer = await operator.patch(f"{DEMO}/rules", json=change)

    assert answer.status_code == 400
    assert code_of(answer) == "invalid_request"
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_a_rule_that_redis_missed_is_brought_to_it(world: World) -> None:
    """The operator's process is killed between its writes to Postgres and to Redis."""
    from booking_rush.booking.recording.event_scheduler import EventScheduler

    await world.event(rules={"rate_per_second": 0})
    visitor = await world.visitor()
    scheduler = EventScheduler(
        world.services.pool, world.services.redis, world.services.rooms.events
    )

    async with visitor.socket() as socket:
        await socket.ask("queue.join")
        await world.catalogue.set_rules("demo", {"rate_per_second": 100}, who="tests")
        await world.services.rooms.events.refresh()
        assert await until(scheduler.run_once) == 1
        await socket.until("queue.admitted")


# Stats, visitors, journal


STATS = {
    "state", "lanes", "waiting", "active", "late", "held", "paying", "sold", "free", "joined",
    "admitted", "money", "rate", "wait_seconds", "outbox_age_seconds", "sockets", "stock",
    "journal", "admission", "calibration", "stopped",
}  # fmt: skip


async def test_figures_over_http_and_over_a_socket(world: World) -> None:
    await world.event(rules={"rate_per_second": 100, "active_max": 1})
    operator = await world.operator()
    first, second = await world.visitor(), await world.visitor()
    cookie = "; ".join(f"{name}={value}" for name, value in operator.cookies.items())
    url = f"{world.clients.socket_url}/ws/admin/events/demo"

    async with (
        first.socket() as socket,
        connect(url, additional_headers={"Cookie": cookie}) as connection,
    ):
        await socket.ask("queue.join")
        await socket.until("queue.admitted")
        await second.join()
        stats = (await operator.get(f"{DEMO}/stats")).json()["stats"]
        async with asyncio.timeout(PATIENCE_S):
            while True:
                frame = orjson.loads(await connection.recv())
                assert frame["type"] == "stats"
                if frame["stats"]["waiting"]:
                    break

    assert set(stats) == set(frame["stats"]) == STATS
    assert (stats["waiting"], stats["active"], stats["joined"], stats["admitted"]) == (1, 1, 2, 1)
    assert (stats["free"], stats["sockets"], stats["state"]) == (72, 1, "open")
    assert set(stats["wait_seconds"]) == {"p50", "p90", "p99"}
    assert stats["wait_seconds"]["p50"] is not None


async def test_hands_on_a_visitor_are_refused_where_there_is_none(world: World) -> None:
    await world.event()
    operator = await world.operator()

    removed = await operator.delete(f"{DEMO}/visitors/v_nobody")
    admitted = await operator.post(f"{DEMO}/visitors/v_nobody/admit", json={"reason": "x"})
    unexplained = await operator.post(f"{DEMO}/visitors/v_nobody/admit", json={})

    assert code_of(removed) == code_of(admitted) == "not_in_line"
    assert code_of(unexplained) == "invalid_request"


async def test_every_write_is_in_the_journal(world: World) -> None:
    operator, visitor = await world.operator(), await world.visitor()
    await operator.post(f"{ADMIN}/events", json=body_of())
    await visitor.join()
    await operator.patch(DEMO, json={"name": "New"})
    for action in ("open", "pause", "resume"):
        await operator.post(f"{DEMO}/{action}", json={"reason": f"to {action}"})
    await operator.patch(f"{DEMO}/rules", json={"active_max": 7})
    body = {"text": "Hello", "level": "info", "audience": "all"}
    await operator.post(f"{DEMO}/broadcast", json=body, headers={"Idempotency-Key": "1"})
    await operator.post(f"{DEMO}/visitors/{visitor.id}/admit", json={"reason": "press"})
    await operator.delete(f"{DEMO}/visitors/{visitor.id}")
    await operator.post(f"{DEMO}/close")

    entries = (await operator.get(f"{ADMIN}/audit")).json()["entries"]
    newest = (await operator.get(f"{ADMIN}/audit?limit=1")).json()["entries"]
    rest = await operator.get(f"{ADMIN}/audit", params={"after": newest[0]["id"]})

    assert [entry["what"] for entry in reversed(entries)] == [
        "login", "create", "change", "open", "pause", "resume", "rules", "broadcast", "admit",
        "remove", "close",
    ]  # fmt: skip
    assert {entry["who"] for entry in entries} == {"admin"}
    assert entries[2]["detail"] == {"visitor": visitor.id, "reason": "press"}
    assert newest == entries[:1]
    assert rest.json()["entries"] == entries[1:]


async def test_the_journal_cannot_be_changed(world: World) -> None:
    await world.event()
    pool = world.services.pool

    await pool.execute("UPDATE audit SET who = 'nobody'")
    await pool.execute("DELETE FROM audit")

    assert await pool.fetchval("SELECT count(*) FROM audit WHERE who = 'tests'") == 2


async def test_no_answer_carries_a_password_or_a_key(world: World) -> None:
    operator = await world.operator()
    await world.services.operators.new_key("robot", "admin")

    answers: list[httpx.Response] = [
        await operator.get(f"{ADMIN}/audit"),
        await operator.get(f"{ADMIN}/me"),
        await operator.get("/metrics"),
    ]

    for answer in answers:
        assert PASSWORD not in answer.text
        assert "rk_" not in answer.text
