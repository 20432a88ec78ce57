"""Sessions of operators: one's own are listed and ended, and an admin's list has everybody's."""

import httpx

from booking_rush.server.auth.operators import Operators
from tests.support.clients import PASSWORD, code_of
from tests.support.world import World

SESSIONS = "/api/v1/admin/sessions"


async def logged_in(world: World, name: str = "admin") -> httpx.AsyncClient:
    """Log an operator in by password, on a browser of their own."""
    client = await world.clients.http()
    answer = await client.post("/api/v1/admin/login", json={"username": name, "password": PASSWORD})
    assert answer.status_code == 200
    client.headers["X-CSRF-Token"] = answer.json()["csrf"]
    return client


async def sessions_of(client: httpx.AsyncClient) -> list[dict[str, object]]:
    found: list[dict[str, object]] = (await client.get(SESSIONS)).json()["sessions"]
    return found


async def test_an_admin_sees_every_session_and_ends_one(behind_proxy: World) -> None:
    await Operators(behind_proxy.services.pool).ensure("vera", "viewer", PASSWORD)
    admin, vera = await logged_in(behind_proxy), await logged_in(behind_proxy, "vera")

    newest, own = await sessions_of(admin)
    assert [(one["operator"], one["role"], one["current"]) for one in (newest, own)] == [
        ("vera", "viewer", False), ("admin", "admin", True),
    ]  # fmt: skip
    assert newest["address"] == "127.0.0.1"

    ended = await admin.delete(f"{SESSIONS}/{newest['id']}")
    again = await admin.delete(f"{SESSIONS}/{newest['id']}")

    assert ended.status_code == 204
    assert (again.status_code, code_of(again)) == (404, "unknown_session")
    assert (await vera.get(SESSIONS)).status_code == 401
    entries = (await admin.get("/api/v1/admin/audit")).json()["entries"]
    assert (entries[0]["what"], entries[0]["detail"]["operator"]) == ("end_session", "vera")


async def test_others_see_and_end_their_own_sessions_alone(behind_proxy: World) -> None:
    await Operators(behind_proxy.services.pool).ensure("vera", "viewer", PASSWORD)
    admin = await logged_in(behind_proxy)
    here, there = await logged_in(behind_proxy, "vera"), await logged_in(behind_proxy, "vera")
    [of_admin] = [one for one in await sessions_of(admin) if one["operator"] == "admin"]

    seen = await sessions_of(here)
    refused = await here.delete(f"{SESSIONS}/{of_admin['id']}")
    [other] = [one["id"] for one in seen if not one["current"]]
    ended = await here.delete(f"{SESSIONS}/{other}")

    assert {one["operator"] for one in seen} == {"vera"}
    assert (refused.status_code, code_of(refused)) == (404, "unknown_session")
    assert ended.status_code == 204
    assert (await there.get(SESSIONS)).status_code == 401
    assert (await admin.get(SESSIONS)).status_code == 200


async def test_ending_a_session_needs_its_token_against_forgery(behind_proxy: World) -> None:
    admin = await logged_in(behind_proxy)
    [own] = await sessions_of(admin)
    del admin.headers["X-CSRF-Token"]

    refused = await admin.delete(f"{SESSIONS}/{own['id']}")

    assert (refused.status_code, code_of(refused)) == (403, "csrf_failed")
