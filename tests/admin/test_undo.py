"""Undo: an act of the last ten minutes is taken back, with every number and pass as before."""

from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from booking_rush.postgres import Pool
from booking_rush.queue.line import Line
from booking_rush.server.admin import undo as undo_routes
from tests.admin.undoing import A, is_told_as_refused, last_entry, undo_last
from tests.support.clients import code_of, until
from tests.support.world import World, held


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


async def test_a_hold_is_given_back_whatever_keys_its_visitor_has_used(world: World) -> None:
    await world.event()
    operator, ada = await world.operator(), await world.visitor()
    token = await ada.admitted()
    await operator.post(f"{A}/broadcast", json={"text": "an entry of the audit"})
    removal = (await last_entry(operator))["id"] + 1
    assert (await ada.hold(f"undo {removal}", token, seats=["stalls.A-1"])).status_code == 201
    await operator.delete(f"{A}/visitors/{ada.id}")
    assert (await last_entry(operator))["id"] == removal

    await undo_last(operator)

    taken = (await ada.http.get("/api/v1/events/demo/availability")).json()["sections"]
    assert taken["stalls"]["rows"]["A"].startswith("h")


async def test_a_hold_that_is_given_back_is_told(world: World) -> None:
    await world.event()
    operator = await world.operator()
    ada, hold = await held(world)
    async with ada.socket() as socket:
        await operator.delete(f"{A}/visitors/{ada.id}")
        assert (await socket.until("hold.expired"))["hold"] == hold

        await undo_last(operator)

        again = (await socket.until("hold.created"))["hold"]
        assert [seat["id"] for seat in again["seats"]] == ["stalls.A-1", "stalls.A-2"]
        answer = await ada.http.get(f"/api/v1/events/demo/holds/{again['id']}")
        assert answer.json()["hold"] == again


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


async def test_an_undo_of_a_removal_that_redis_did_not_take_is_repeated(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.event(rules={"active_max": 0})
    operator, ada = await world.operator(), await world.visitor()
    number = (await ada.join())["number"]
    await operator.delete(f"{A}/visitors/{ada.id}")
    removed = await last_entry(operator)
    put_back = Line.put_back

    async def unheard(line: Line, place: list[Any], *, by: str) -> bool:
        await put_back(line, place, by=by)
        raise RedisConnectionError("the answer is lost")

    with monkeypatch.context() as patch:
        patch.setattr(Line, "put_back", unheard)
        failed = await operator.post(f"{A}/undo", json={"entry": removed["id"]})
    repeated = await operator.post(f"{A}/undo", json={"entry": removed["id"]})

    assert (failed.status_code, code_of(failed)) == (503, "try_again")
    assert repeated.status_code == 200
    assert (await ada.place()).json()["place"]["number"] == number


async def test_a_removal_from_the_lobby_is_told_as_not_undoable(world: World) -> None:
    await world.event(rules={"fairness": "lottery"}, state="scheduled")
    operator, ada = await world.operator(), await world.visitor()
    await ada.join()

    assert (await operator.delete(f"{A}/visitors/{ada.id}")).status_code == 204

    entry = await last_entry(operator)
    assert (entry["what"], entry["undoable"]) == ("remove", False)
    assert code_of(await undo_last(operator)) == "not_undoable"


async def test_who_joined_again_is_not_put_back(world: World) -> None:
    await world.event(rules={"active_max": 0})
    operator, ada = await world.operator(), await world.visitor()
    await ada.join()
    await operator.delete(f"{A}/visitors/{ada.id}")
    removed = await last_entry(operator)
    number = (await ada.join())["number"]

    assert await until(lambda: is_told_as_refused(operator, removed["id"]))
    answer = await operator.post(f"{A}/undo", json={"entry": removed["id"]})

    assert (answer.status_code, code_of(answer)) == (409, "not_undoable")
    assert (await last_entry(operator))["what"] == "remove"
    assert (await ada.place()).json()["place"]["number"] == number


async def test_an_act_that_another_has_overtaken_is_told_as_not_undoable(world: World) -> None:
    await world.event(rules={"active_max": 0})
    operator, ada = await world.operator(), await world.visitor()
    await ada.join()
    entries = list[int]()
    for act in ("drain", "remove", "close"):
        if act == "remove":
            await operator.delete(f"{A}/visitors/{ada.id}")
        else:
            assert (await operator.post(f"{A}/{act}")).status_code == 200
        entries.append((await last_entry(operator))["id"])

    drained, removed, closed = entries
    for overtaken in (drained, removed):
        assert await is_told_as_refused(operator, overtaken)
        refused = await operator.post(f"{A}/undo", json={"entry": overtaken})
        assert code_of(refused) == "not_undoable"
    assert not await is_told_as_refused(operator, closed)
    assert (await operator.post(f"{A}/undo", json={"entry": closed})).status_code == 200
    assert await is_told_as_refused(operator, closed)
    for free_again in (removed, drained):
        assert not await is_told_as_refused(operator, free_again)
        undone = await operator.post(f"{A}/undo", json={"entry": free_again})
        assert undone.status_code == 200
