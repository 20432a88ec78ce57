"""Undo: an act of the last ten minutes is taken back, with every number and pass as before."""

from typing import Any

import httpx
import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from booking_rush.booking.catalogue.timed_rules import put_back_due
from booking_rush.booking.recording.event_scheduler import EventScheduler
from booking_rush.postgres import Pool
from booking_rush.server.admin import undo as undo_routes
from tests.support.clients import code_of, until
from tests.support.world import World, held

A = "/api/v1/admin/events/demo"


async def last_entry(operator: httpx.AsyncClient) -> dict[str, Any]:
    entries = (await operator.get("/api/v1/admin/audit")).json()["entries"]
    found: dict[str, Any] = entries[0]
    return found


async def undo_last(operator: httpx.AsyncClient) -> httpx.Response:
    entry = await last_entry(operator)
    return await operator.post(f"{A}/undo", json={"entry": entry["id"]})


async def test_a_close_is_undone_with_every_number_pass_and_hold(world: World) -> None:
    await world.event(rules={"active_max": 1})
    operator = await world.operator()
    ada, hold = await held(world)
    bob, cyd = await world.visitor(), await world.visitor()
    numbers = [(await bob.join())["number"], (await cyd.join())["number"]]
    before = (await ada.place()).json()

    assert (await operator.post(f"{A}/close")).status_code == 200
    assert (await bob.place()).status_code == 404
    answer = await undo_last(operator)

    assert answer.status_code == 200, answer.text
    assert answer.json()["event"]["state"] == "open"
    after = (await ada.place()).json()
    assert after["place"]["number"] == before["place"]["number"]
    assert after["expires_at"] >= before["expires_at"]
    again = [(await visitor.place()).json()["place"]["number"] for visitor in (bob, cyd)]
    assert again == numbers
    found = await ada.http.get(f"/api/v1/events/demo/holds/{hold}")
    assert found.json()["hold"]["state"] == "held"
    assert code_of(await operator.post(f"{A}/undo", json={"entry": 10**9})) == "not_undoable"


async def test_a_reopened_event_admits_though_its_ticks_rested(world: World) -> None:
    await world.event(rules={"active_max": 1})
    operator, ada, bob = await world.operator(), await world.visitor(), await world.visitor()
    await ada.join()
    await ada.admitted()
    await bob.join()
    await operator.post(f"{A}/close")
    assert await until(lambda: "demo" in world.tend.resting)

    assert (await undo_last(operator)).status_code == 200
    await operator.delete(f"{A}/visitors/{ada.id}")

    assert await bob.admitted()


async def test_an_undone_close_is_loaded_by_the_recorder_where_redis_was_away(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.event(rules={"active_max": 0})
    operator, ada = await world.operator(), await world.visitor()
    number = (await ada.join())["number"]
    await operator.post(f"{A}/close")

    async def away(*_: object, **__: object) -> None:
        raise RedisConnectionError("a test says so")

    with monkeypatch.context() as patch:
        patch.setattr(undo_routes, "_load_again", away)
        patch.setattr(undo_routes, "push_change", away)
        answer = await undo_last(operator)

    async def place() -> bool:
        return (await ada.place()).status_code == 200

    assert (answer.status_code, answer.json()["event"]["state"]) == (200, "recovering")
    assert await until(place)
    assert (await ada.place()).json()["place"]["number"] == number


async def test_an_undone_close_of_a_stopped_sale_brings_the_stop_back(world: World) -> None:
    await world.event()
    operator, ada = await world.operator(), await world.visitor()
    await ada.join()
    await operator.post(f"{A}/stop", json={"reason": "rain"})
    await operator.post(f"{A}/close")

    assert (await undo_last(operator)).status_code == 200

    event = (await ada.http.get("/api/v1/events/demo")).json()["event"]
    assert (event["state"], event["stopped"]["reason"]) == ("open", "rain")
    assert code_of(await operator.post(f"{A}/stop")) == "wrong_state"
    assert (await operator.post(f"{A}/continue")).status_code == 200


@pytest.mark.parametrize("entry", [-1, 2**63, 10**30, "1", 1.5, None])
async def test_an_entry_that_cannot_be_is_refused(world: World, entry: object) -> None:
    await world.event()
    operator = await world.operator()

    refused = await operator.post(f"{A}/undo", json={"entry": entry})

    assert (refused.status_code, code_of(refused)) == (400, "invalid_request")


async def test_an_act_is_undone_once_and_only_within_ten_minutes(world: World, pool: Pool) -> None:
    await world.event()
    operator = await world.operator()
    await operator.post(f"{A}/drain")
    drained = await last_entry(operator)

    undone = await operator.post(f"{A}/undo", json={"entry": drained["id"]})
    again = await operator.post(f"{A}/undo", json={"entry": drained["id"]})
    await operator.post(f"{A}/drain")
    await pool.execute("ALTER TABLE audit DISABLE RULE audit_is_not_changed")
    await pool.execute("UPDATE audit SET at = at - interval '11 minutes'")
    late = await undo_last(operator)

    assert drained["undoable"]
    assert undone.json()["event"]["state"] == "open"
    assert [code_of(again), code_of(late)] == ["not_undoable", "not_undoable"]
    assert not (await last_entry(operator))["undoable"]


async def test_rules_are_undone_unless_they_were_changed_since(world: World) -> None:
    await world.event()
    operator = await world.operator()
    await operator.patch(f"{A}/rules", json={"rate_per_second": 7})
    first = await last_entry(operator)

    undone = await undo_last(operator)
    await operator.patch(f"{A}/rules", json={"rate_per_second": 8})
    second = await last_entry(operator)
    await operator.patch(f"{A}/rules", json={"rate_per_second": 9})
    refused = await operator.post(f"{A}/undo", json={"entry": second["id"]})

    assert undone.json()["event"]["rules"]["rate_per_second"] == 500
    assert first["what"] == "rules"
    assert code_of(refused) == "not_undoable"


@pytest.mark.parametrize("is_undone", [False, True])
async def test_rules_go_back_when_others_were_changed_since(
    world: World, pool: Pool, is_undone: bool
) -> None:
    await world.event()
    operator = await world.operator()
    timed = {"rate_per_second": 7, "pass_seconds": 20}
    await operator.patch(f"{A}/rules?for=600", json=timed)
    await operator.patch(f"{A}/rules", json={"pass_seconds": 30, "hold_seconds": 99})
    if is_undone:
        await undo_last(operator)

    await pool.execute("UPDATE timed_rules SET until = now()")

    assert await put_back_due(pool) == ["demo"]
    rules = (await operator.get(A)).json()["event"]["rules"]
    assert rules["rate_per_second"] == 500
    assert rules["pass_seconds"] == (300 if is_undone else 30)
    assert (await last_entry(operator))["detail"].keys() == (
        timed.keys() if is_undone else {"rate_per_second"}
    )


async def test_rules_set_for_a_time_end_with_their_undo(world: World, pool: Pool) -> None:
    await world.event()
    operator = await world.operator()
    await operator.patch(f"{A}/rules?for=600", json={"rate_per_second": 7})
    first = await last_entry(operator)
    await operator.patch(f"{A}/rules?for=600", json={"rate_per_second": 9})

    again = (await undo_last(operator)).json()["event"]
    undone = await operator.post(f"{A}/undo", json={"entry": first["id"]})

    assert again["rules"]["rate_per_second"] == 7
    assert again["timed_rules"]["before"] == {"rate_per_second": 500}
    assert undone.json()["event"]["rules"]["rate_per_second"] == 500
    assert "timed_rules" not in undone.json()["event"]


@pytest.mark.parametrize("is_timed", [False, True])
async def test_a_change_of_lanes_goes_back(world: World, pool: Pool, is_timed: bool) -> None:
    await world.event()
    operator = await world.operator()
    await operator.patch(f"{A}/rules{'?for=600' if is_timed else ''}", json={"lanes": {"vip": 5}})

    await pool.execute("UPDATE timed_rules SET until = now()")
    if is_timed:
        assert await put_back_due(pool) == ["demo"]
    else:
        assert (await undo_last(operator)).status_code == 200

    assert (await operator.get(A)).json()["event"]["rules"]["lanes"] == {"main": 1}


async def test_the_order_by_which_people_joined_does_not_go_back(world: World, pool: Pool) -> None:
    await world.event(state="scheduled")
    operator = await world.operator()
    await operator.patch(f"{A}/rules?for=600", json={"fairness": "windows"})
    changed = await last_entry(operator)
    await operator.post(f"{A}/open")

    refused = await operator.post(f"{A}/undo", json={"entry": changed["id"]})
    await pool.execute("UPDATE timed_rules SET until = now()")
    gone_back = await put_back_due(pool)

    assert (refused.status_code, code_of(refused), gone_back) == (409, "not_undoable", [])
    assert (await operator.get(A)).json()["event"]["rules"]["fairness"] == "windows"


@pytest.mark.parametrize("is_admitted", [True, False])
async def test_a_removed_visitor_is_put_back_where_they_were(
    world: World, is_admitted: bool
) -> None:
    await world.event(rules={} if is_admitted else {"active_max": 0})
    operator, ada = await world.operator(), await world.visitor()
    number = (await ada.join())["number"]
    token = await ada.admitted() if is_admitted else ""
    bob = await world.visitor()
    if not is_admitted:
        await bob.join()

    assert (await operator.delete(f"{A}/visitors/{ada.id}")).status_code == 204
    assert (await ada.place()).status_code == 404
    assert (await undo_last(operator)).status_code == 200
    place = (await ada.place()).json()

    assert place["place"]["number"] == number
    assert place["place"]["state"] == ("admitted" if is_admitted else "late")
    if is_admitted:
        assert (await ada.hold("one", token, section="floor", quantity=1)).status_code == 201


async def test_a_removed_hold_is_given_back_where_its_seats_are_free(world: World) -> None:
    await world.event()
    operator = await world.operator()
    ada, _ = await held(world)
    await operator.delete(f"{A}/visitors/{ada.id}")
    seats = (await ada.http.get("/api/v1/events/demo/availability")).json()["sections"]

    await undo_last(operator)

    assert seats["stalls"]["rows"]["A"].startswith("..")
    taken = (await ada.http.get("/api/v1/events/demo/availability")).json()["sections"]
    assert taken["stalls"]["rows"]["A"].startswith("hh")


async def test_who_waits_behind_is_put_back_into_the_line(world: World) -> None:
    await world.event(rules={"active_max": 0})
    operator = await world.operator()
    first, second, third = [await world.visitor() for _ in range(3)]
    for visitor in (first, second, third):
        await visitor.join()

    await operator.delete(f"{A}/visitors/{second.id}")
    await undo_last(operator)

    place = (await second.place()).json()["place"]
    assert (place["state"], place["ahead"]) == ("waiting", 1)
    assert (await third.place()).json()["place"]["ahead"] == 2


async def test_who_joined_again_is_not_put_back(world: World) -> None:
    await world.event(rules={"active_max": 0})
    operator, ada = await world.operator(), await world.visitor()
    await ada.join()
    await operator.delete(f"{A}/visitors/{ada.id}")
    removed = await last_entry(operator)
    number = (await ada.join())["number"]

    answer = await operator.post(f"{A}/undo", json={"entry": removed["id"]})

    assert (answer.status_code, code_of(answer)) == (409, "not_undoable")
    assert (await ada.place()).json()["place"]["number"] == number


# Rules for a time


async def test_rules_go_back_by_themselves_unless_they_are_kept(world: World, pool: Pool) -> None:
    await world.event()
    operator = await world.operator()

    set_for = await operator.patch(f"{A}/rules?for=600", json={"rate_per_second": 7})
    await operator.patch(f"{A}/rules?for=600", json={"rate_per_second": 9, "active_max": 3})
    timed = (await operator.get(A)).json()["event"]["timed_rules"]
    await pool.execute("UPDATE timed_rules SET until = now()")
    services = world.services
    scheduler = EventScheduler(pool, services.redis, services.rooms.events)
    await scheduler.run_once()

    assert set_for.json()["rules"]["rate_per_second"] == 7
    assert timed["before"] == {"rate_per_second": 500, "active_max": 5000}
    event = (await operator.get(A)).json()["event"]
    assert (event["rules"]["rate_per_second"], event["rules"]["active_max"]) == (500, 5000)
    assert "timed_rules" not in event
    entry = await last_entry(operator)
    assert (entry["who"], entry["what"]) == ("clock", "rules")
    batcher = services.rooms.batcher("demo")
    room = await services.rooms.room("demo")
    assert await until(lambda: room.row.version >= 4 and batcher.gate.is_open)


async def test_rules_that_are_kept_stay(world: World, pool: Pool) -> None:
    await world.event()
    operator = await world.operator()
    await operator.patch(f"{A}/rules?for=600", json={"rate_per_second": 7})

    kept = await operator.post(f"{A}/rules/keep")

    assert kept.json()["rules"]["rate_per_second"] == 7
    assert await put_back_due(pool) == []
    assert code_of(await operator.post(f"{A}/rules/keep")) == "nothing_to_keep"


@pytest.mark.parametrize(
    "seconds", ["0", "-1", "x", "86401", "0864001", f"000001{'9' * 20}", f"000001{'9' * 400}", ""]
)
async def test_a_time_that_cannot_be_is_refused(world: World, seconds: str) -> None:
    await world.event()
    operator = await world.operator()

    answer = await operator.patch(f"{A}/rules?for={seconds}", json={"rate_per_second": 7})

    assert code_of(answer) == "invalid_request"
    assert (await operator.get(A)).json()["event"]["rules"]["rate_per_second"] == 500
