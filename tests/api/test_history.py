"""The journal over HTTP: everybody reads an event's, a visitor the own history with its reasons."""

import hashlib
import json
from typing import Any

import jwt

from booking_rush.booking.history.entries import digest_of
from tests.support.clients import code_of, until
from tests.support.world import World, held


async def read(world: World, **query: Any) -> dict[str, Any]:
    anybody = await world.clients.http()
    answer = await anybody.get("/api/v1/events/demo/journal", params=query)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


async def entered(world: World, *whats: str) -> list[dict[str, Any]]:
    """Wait until entries of these kinds are in the journal. Return all about places."""

    async def found() -> list[dict[str, Any]]:
        entries = [one for one in (await read(world))["entries"] if one["who"]]
        return entries if {one["what"] for one in entries} >= set(whats) else []

    entries: list[dict[str, Any]] = await until(found)
    return entries


async def test_anybody_reads_the_chain_and_recomputes_it(world: World) -> None:
    await world.event()
    visitor, _ = await held(world)
    await entered(world, "number", "admitted")
    page = await read(world)

    before = ""
    for entry in page["entries"]:
        members = {name: value for name, value in entry.items() if name != "hash"}
        text = json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        before = hashlib.sha256((before + text).encode()).hexdigest()
        assert entry["hash"] == before
    assert page["head"]["hash"] == before
    assert page["next"] is None
    numbers = [one for one in page["entries"] if one["what"] == "number"]
    assert numbers[0]["who"] == digest_of("demo", visitor.id)
    assert visitor.id not in json.dumps(page)


async def test_pages_follow_one_another(world: World) -> None:
    await world.event(state="paused")
    await (await world.visitor()).join()
    whole = await read(world)

    found: list[dict[str, Any]] = []
    after = 0
    while after is not None:
        page = await read(world, limit=1, after=after)
        assert len(page["entries"]) == 1
        found += page["entries"]
        after = page["next"]

    assert found[: len(whole["entries"])] == whole["entries"]


async def test_the_head_is_signed_by_a_published_key(world: World) -> None:
    await world.event()
    head = (await read(world))["head"]
    keys = (await (await world.clients.http()).get("/.well-known/jwks.json")).json()["keys"]

    kid = jwt.get_unverified_header(head["signature"])["kid"]
    [key] = [jwt.PyJWK(key) for key in keys if key["kid"] == kid]
    claims = jwt.decode(head["signature"], key, algorithms=["EdDSA"], audience="demo")

    assert {name: claims[name] for name in ("n", "hash", "at")} == {
        name: head[name] for name in ("n", "hash", "at")
    }


async def test_who_connects_is_told_the_head_that_the_journal_has(world: World) -> None:
    await world.event(state="paused")
    visitor = await world.visitor()
    await visitor.join()
    [number] = await entered(world, "number")

    async def told() -> dict[str, Any] | None:
        async with visitor.socket() as socket:
            head: dict[str, Any] = socket.frames[0]["room"].get("journal") or {"n": 0}
            return head if head["n"] >= number["n"] else None

    head = await until(told)

    [entry] = (await read(world, after=head["n"] - 1, limit=1))["entries"]
    assert (entry["n"], entry["hash"]) == (head["n"], head["hash"])


async def test_a_receipt_names_its_entry(world: World) -> None:
    await world.event()
    visitor = await world.visitor()
    await visitor.join()
    receipt = (await visitor.place()).json()["place"]["receipt"]
    claims = jwt.decode(receipt, options={"verify_signature": False})

    [entry] = (await read(world, after=claims["n"] - 1, limit=1))["entries"]
    assert (entry["what"], entry["number"]) == ("number", claims["number"])
    assert entry["who"] == digest_of("demo", visitor.id)


async def test_one_reads_why_one_waited(world: World) -> None:
    await world.event(state="scheduled")
    visitor, other = await world.visitor(), await world.visitor()
    await visitor.join()
    await other.join()
    operator = await world.operator()
    path = f"/api/v1/admin/events/demo/visitors/{visitor.id}"
    let_in = await operator.post(f"{path}/admit", json={"reason": "a wheelchair"})
    assert let_in.status_code == 200, let_in.text
    assert (await operator.delete(path)).status_code == 204
    await entered(world, "removed")

    own = (await visitor.http.get("/api/v1/events/demo/queue/history")).json()["entries"]
    shown = (await operator.get(f"{path}/history")).json()["entries"]

    assert own == shown
    of_place = [one for one in own if one["who"]]
    assert [one["what"] for one in of_place] == ["number", "admitted", "removed"]
    assert of_place[1]["because"] == "Admitted out of turn by admin: a wheelchair"
    assert of_place[2]["because"] == "Removed by admin."
    assert all(one["who"] == digest_of("demo", visitor.id) for one in of_place)


async def test_odd_questions_are_refused(world: World) -> None:
    await world.event()
    anybody = await world.clients.http()
    journal = "/api/v1/events/demo/journal"

    odd = await anybody.get(journal, params={"after": "x"})
    assert (odd.status_code, code_of(odd)) == (400, "invalid_request")
    many = await anybody.get(journal, params={"limit": "1001"})
    assert (many.status_code, code_of(many)) == (400, "invalid_request")
    unknown = await anybody.get("/api/v1/events/nothing/journal")
    assert (unknown.status_code, code_of(unknown)) == (404, "unknown_event")
    nobody = await anybody.get("/api/v1/events/demo/queue/history")
    assert (nobody.status_code, code_of(nobody)) == (401, "not_authenticated")
    assert (await read(world, after=10_000))["entries"] == []
