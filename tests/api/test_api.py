"""HTTP for visitors as the contract defines it: answers, codes, and refusals of bad input."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from booking_rush.postgres import Pool
from booking_rush.queue.passes import RECEIPT, verify
from booking_rush.server.auth.visitor_tokens import LIFE_S, VisitorTokens
from tests.support.clients import code_of, until
from tests.support.outages import slow_welcomes
from tests.support.world import SECRET, World

# Authentication and origins


async def test_a_visitor_is_somebody_new_for_thirty_days(world: World) -> None:
    client = await world.clients.http()

    first, second = [await client.post("/api/v1/visitors") for _ in range(2)]

    assert first.status_code == 201
    assert set(first.json()) == {"visitor", "token", "expires_at"}
    assert first.json()["visitor"].startswith("v_")
    assert first.json()["visitor"] != second.json()["visitor"]
    cookie = first.headers["set-cookie"]
    assert cookie.startswith("rush_visitor=")
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.lower()
    assert f"max-age={LIFE_S}" in cookie.lower()


async def test_over_tls_the_cookie_is_of_this_host_alone(world: World) -> None:
    from starlette.requests import HTTPConnection

    from booking_rush.server.web.authentication import visitor_cookie

    scope: dict[str, Any] = {"type": "http", "scheme": "https", "headers": []}
    assert visitor_cookie(HTTPConnection(scope)) == "__Host-rush_visitor"


async def test_the_token_wins_over_the_cookie(world: World) -> None:
    await world.event(state="paused")
    ada, bob = await world.visitor(), await world.visitor()
    await ada.join()
    client = await world.clients.http(Cookie=f"rush_visitor={ada.token}")

    as_ada = await client.get("/api/v1/events/demo/queue")
    as_bob = await client.get(
        "/api/v1/events/demo/queue", headers={"Authorization": f"Bearer {bob.token}"}
    )
    as_nobody = await client.get(
        "/api/v1/events/demo/queue", headers={"Authorization": "Bearer nobody"}
    )

    assert as_ada.status_code == 200
    assert code_of(as_bob) == "not_in_line"
    assert code_of(as_nobody) == "not_authenticated"


def test_a_token_ends_after_thirty_days_and_is_of_its_secret() -> None:
    tokens = VisitorTokens(SECRET)
    old = tokens.issue(now=datetime.now(UTC).timestamp() - LIFE_S - 1)
    good = tokens.issue()

    assert tokens.read(good.token) == good.visitor
    for token in (
        old.token,
        VisitorTokens(SECRET + "!").issue().token,
        "",
        "a.b.c",
        good.token + "x",
    ):
        with pytest.raises(Exception, match="Say who you are"):
            tokens.read(token)


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "bearer x", "é", "Bearer \xff"])
async def test_a_bad_authorization_header_is_401(header: str, world: World) -> None:
    await world.event()
    client = await world.clients.http()

    answer = await client.get(
        "/api/v1/events/demo/queue", headers={b"Authorization": header.encode("latin-1")}
    )

    assert answer.status_code == 401
    assert code_of(answer) == "not_authenticated"


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", "", "http://127.0.0.1"])
async def test_another_origin_is_refused(origin: str, world: World) -> None:
    visitor = await world.visitor()

    answer = await visitor.http.get("/api/v1/events", headers={"Origin": origin})

    assert answer.status_code == 403
    assert code_of(answer) == "origin_refused"


async def test_our_own_origin_and_none_are_let_in(world: World) -> None:
    client = await world.clients.http()

    assert (await client.get("/api/v1/events")).status_code == 200
    own = await client.get("/api/v1/events", headers={"Origin": world.clients.base})
    assert own.status_code == 200


async def test_a_page_behind_an_unknown_proxy_gets_its_modules_and_may_not_write(
    world: World,
) -> None:
    """A browser sends an Origin with a module; that of TLS in front is none that we know."""
    page = await (await world.clients.http()).get("/admin")
    [module] = re.findall(r'<script type="module" src="([^"]+)"', page.text)
    client = await world.clients.http(Origin="https://tickets.example")

    assert (await client.get(module)).status_code == 200
    assert code_of(await client.post("/api/v1/visitors")) == "origin_refused"


async def test_published_keys_are_for_every_origin(world: World) -> None:
    client = await world.clients.http()

    answer = await client.get("/.well-known/jwks.json", headers={"Origin": "https://gate.example"})

    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    [key] = answer.json()["keys"]
    assert (key["kty"], key["crv"], key["alg"]) == ("OKP", "Ed25519", "EdDSA")
    assert "d" not in key


# Events


async def test_an_event_is_shown_with_its_shows_sections_and_limits(world: World) -> None:
    await world.event(opens_at="2030-01-01T09:00:00+01:00", state="scheduled")
    client = await world.clients.http()

    listed = (await client.get("/api/v1/events")).json()["events"]
    event = (await client.get("/api/v1/events/demo")).json()["event"]

    assert listed == [event]
    assert event["state"] == "scheduled"
    assert event["opens_at"] == "2030-01-01T08:00:00.000Z"
    assert event["shows"] == [
        {"id": "evening", "starts_at": "2030-05-01T19:00:00.000Z", "time_zone": "UTC"}
    ]
    assert event["sections"][0] == {
        "id": "stalls",
        "show": "evening",
        "name": "Stalls",
        "kind": "seated",
        "price": {"amount": 6500, "currency": "EUR"},
    }
    assert event["limits"]["tickets_per_visitor_max"] == 10
    assert "rules" not in event


async def test_a_chart_is_cacheable_and_centred(world: World) -> None:
    await world.event()
    client = await world.clients.http()

    chart = await client.get("/api/v1/events/demo/chart")
    again = await client.get(
        "/api/v1/events/demo/chart", headers={"If-None-Match": chart.headers["etag"]}
    )

    assert again.status_code == 304
    assert again.content == b""
    stalls, floor = chart.json()["sections"]
    assert [row["name"] for row in stalls["rows"]] == ["A", "B"]
    assert stalls["rows"][0]["seats"][0] == {"number": 1, "x": -4.5, "y": 0, "kind": "standard"}
    assert stalls["rows"][1]["seats"][11]["x"] == 5.5
    assert floor["capacity"] == 50
    assert "rows" not in floor


async def test_lists_are_paged(world: World) -> None:
    for name in ("one", "two", "three"):
        await world.event(name)
    client = await world.clients.http()

    first = (await client.get("/api/v1/events?limit=2")).json()["events"]
    rest = (await client.get(f"/api/v1/events?limit=2&after={first[-1]['id']}")).json()["events"]

    assert {event["id"] for event in first + rest} == {"one", "two", "three"}
    assert (len(first), len(rest)) == (2, 1)
    for limit in ("0", "1001", "-1", "two", "1.5", "", "٣", "9" * 30):
        answer = await client.get("/api/v1/events", params={"limit": limit})
        assert code_of(answer) == "invalid_request"


# Places in a line


async def test_the_walk_over_http(world: World) -> None:
    await world.event(rules={"rate_per_second": 100})
    visitor = await world.visitor()
    queue = "/api/v1/events/demo/queue"

    joined = await visitor.http.post(queue)
    again = await visitor.http.post(queue)
    admitted = await until(lambda: _admitted(visitor.http))
    left = await visitor.http.delete(queue)
    gone = await visitor.http.get(queue)

    assert (joined.status_code, again.status_code) == (201, 200)
    place = joined.json()["place"]
    assert set(place) == {
        "number", "lane", "ahead", "waiting", "state", "eta_seconds", "odds", "receipt",
    }  # fmt: skip
    assert (place["number"], place["lane"], place["state"]) == (1, "main", "waiting")
    assert again.json()["place"]["receipt"] == place["receipt"]
    assert admitted["place"]["state"] == "admitted"
    jwks = (await visitor.http.get("/.well-known/jwks.json")).json()
    assert verify(admitted["pass"], jwks, event="demo", visitor=visitor.id)["number"] == 1
    assert admitted["claim_by"] < admitted["expires_at"]
    assert left.status_code == 204
    assert code_of(gone) == "not_in_line"


async def _admitted(client: httpx.AsyncClient) -> dict[str, Any] | None:
    body: dict[str, Any] = (await client.get("/api/v1/events/demo/queue")).json()
    return body if "pass" in body else None


async def test_leaving_is_idempotent(world: World) -> None:
    await world.event()
    visitor = await world.visitor()

    for _ in range(2):
        assert (await visitor.http.delete("/api/v1/events/demo/queue")).status_code == 204


async def test_polling_is_being_heard_of(world: World) -> None:
    await world.event(rules={"rate_per_second": 100, "claim_seconds": 60})
    polling, silent = await world.visitor(), await world.visitor()
    room = await world.services.rooms.room("demo")

    async def are(**counts: int) -> bool:
        stats = await world.services.rooms.stats(room)
        return all(getattr(stats, name) == count for name, count in counts.items())

    await polling.join()
    await silent.join()
    await until(lambda: are(active=2))
    assert await _admitted(polling.http)
    await world.set_on(61)

    await until(lambda: are(active=1, late=1))
    assert await _admitted(polling.http)


async def test_a_receipt_is_signed_and_is_no_pass(world: World) -> None:
    import jwt

    await world.event(state="paused")
    visitor = await world.visitor()
    receipt = (await visitor.join())["receipt"]
    jwks = (await visitor.http.get("/.well-known/jwks.json")).json()

    claims = jwt.decode(receipt, jwt.PyJWK(jwks["keys"][0]), algorithms=["EdDSA"])

    assert jwt.get_unverified_header(receipt)["typ"] == RECEIPT
    assert {"event", "visitor", "lane", "number", "at"} <= set(claims)
    assert (claims["event"], claims["visitor"], claims["number"]) == ("demo", visitor.id, 1)
    with pytest.raises(ValueError, match="no pass"):
        verify(receipt, jwks, event="demo")


@pytest.mark.parametrize(
    ("state", "status", "code"),
    [("draining", 409, "line_closed"), ("closed", 409, "line_closed")],
)
async def test_a_line_that_takes_nobody_says_so(
    state: str, status: int, code: str, world: World
) -> None:
    await world.event(state=state)
    visitor = await world.visitor()

    answer = await visitor.http.post("/api/v1/events/demo/queue")

    assert answer.status_code == status
    assert code_of(answer) == code


async def test_a_full_line_says_when_to_try_again(world: World) -> None:
    await world.event(state="paused", rules={"waiting_max": 1})
    first, second = await world.visitor(), await world.visitor()
    await first.join()

    answer = await second.http.post("/api/v1/events/demo/queue")

    assert answer.status_code == 503
    assert code_of(answer) == "line_full"


async def test_while_an_event_is_recovered_everything_about_it_says_so(
    world: World, pool: Pool, redis: Redis
) -> None:
    await world.event(state="paused")
    visitor = await world.visitor()
    gate = world.services.rooms.batcher("demo").gate
    async with slow_welcomes(pool):  # nor is it loaded meanwhile
        await redis.flushall()
        answers = [await visitor.http.post("/api/v1/events/demo/queue") for _ in range(3)]

    for answer in answers:
        assert answer.status_code == 503
        assert code_of(answer) == "recovering"
    await until(lambda: gate.is_open)
    assert (await visitor.http.post("/api/v1/events/demo/queue")).status_code == 201


async def test_an_event_opens_and_closes_by_the_clock(world: World) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    await world.event(
        state="scheduled",
        opens_at=later.isoformat(),
        closes_at=(later + timedelta(hours=1)).isoformat(),
        rules={"rate_per_second": 100},
    )
    from booking_rush.booking.recording.event_scheduler import EventScheduler
    from booking_rush.server.runtime.loops import forever
    from booking_rush.tasks import cancel_and_wait

    scheduler = EventScheduler(
        world.services.pool, world.services.redis, world.services.rooms.events
    )
    task = asyncio.create_task(forever("calendar", scheduler.run_once, idle_s=0.05))
    visitor = await world.visitor()
    try:
        async with visitor.socket() as socket:
            joined = await socket.ask("queue.join")
            assert joined["place"]["state"] == "lobby"
            assert socket.frames[0]["room"]["opens_at"]
            for time, state in (("opens_at", "open"), ("closes_at", "closed")):
                await world.services.pool.execute(f"UPDATE events SET {time} = now()")
                await socket.until("room.state", state=state)
                if state == "open":
                    await socket.until("queue.admitted")
    finally:
        await cancel_and_wait([task])
