"""Access of operators: login, sessions, API keys, CSRF, roles."""

import pytest
from websockets.asyncio.client import connect

from booking_rush.server.admin import stats
from booking_rush.server.app import ROUTES
from booking_rush.server.auth.login_limits import TRIES_MAX
from booking_rush.server.protocol import frames
from tests.support.clients import PASSWORD, Socket, code_of
from tests.support.world import World

ADMIN = "/api/v1/admin"
DEMO = f"{ADMIN}/events/demo"


async def test_a_login_gives_a_cookie_and_a_csrf_token(world: World) -> None:
    client = await world.clients.http()

    answer = await client.post(f"{ADMIN}/login", json={"username": "admin", "password": PASSWORD})

    assert answer.status_code == 200
    assert answer.json()["csrf"]
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("rush_admin=")
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


@pytest.mark.parametrize(
    ("username", "password"), [("admin", "wrong"), ("nobody", PASSWORD), ("", ""), ("admin", "")]
)
async def test_a_wrong_login_is_401(username: str, password: str, world: World) -> None:
    client = await world.clients.http()

    answer = await client.post(f"{ADMIN}/login", json={"username": username, "password": password})

    assert answer.status_code == 401
    assert code_of(answer) == "not_authenticated"
    assert "set-cookie" not in answer.headers


async def test_a_guesser_is_slowed_down(world: World) -> None:
    client = await world.clients.http()
    wrong = {"username": "admin", "password": "guess"}
    for _ in range(TRIES_MAX):
        assert (await client.post(f"{ADMIN}/login", json=wrong)).status_code == 401

    answer = await client.post(f"{ADMIN}/login", json={"username": "admin", "password": PASSWORD})

    assert answer.status_code == 429
    assert code_of(answer) == "too_many_requests"


async def test_a_write_of_a_browser_wants_its_csrf_token(world: World) -> None:
    await world.event()
    operator = await world.operator()
    del operator.headers["X-CSRF-Token"]

    without = await operator.post(f"{DEMO}/pause")
    wrong = await operator.post(f"{DEMO}/pause", headers={"X-CSRF-Token": "x"})
    read = await operator.get(DEMO)

    assert code_of(without) == code_of(wrong) == "csrf_failed"
    assert read.status_code == 200
    assert read.json()["event"]["state"] == "open"


async def test_a_logged_out_session_is_over(world: World) -> None:
    operator = await world.operator()
    cookies = dict(operator.cookies)

    assert (await operator.post(f"{ADMIN}/logout")).status_code == 204
    operator.cookies.update(cookies)
    assert code_of(await operator.get(f"{ADMIN}/me")) == "not_authenticated"


async def test_an_api_key_needs_no_csrf_token(world: World) -> None:
    await world.event()
    key = await world.services.operators.new_key("robot", "operator")
    client = await world.clients.http(Authorization=f"Bearer {key}")

    assert (await client.post(f"{DEMO}/pause")).status_code == 200
    replaced = await world.services.operators.new_key("robot", "operator")
    assert code_of(await client.get(DEMO)) == "not_authenticated"
    assert replaced != key


# What each role may do with what is its own: the request's body or name is refused, not the role.
OF_ONES_OWN = {
    "/sessions/{session}": "unknown_session",
    "/me/password": "unsupported_media_type",
    "/me/second-factor": "second_factor_refused",  # the viewer of the test has a key alone
    "/me/second-factor/in-force": "unsupported_media_type",
    "/me/second-factor/off": "unsupported_media_type",
}


async def test_every_admin_route_wants_its_role(world: World) -> None:
    """A viewer reads all but tickets' codes and accounts, and writes what is their own alone."""
    await world.event()
    visitor = await world.visitor()
    nobody = await world.clients.http()
    exempt = (f"{ADMIN}/login", f"{ADMIN}/logout")
    viewer = await world.clients.http(
        Authorization=f"Bearer {await world.services.operators.new_key('eye', 'viewer')}"
    )
    for route in ROUTES:
        path = getattr(route, "path", "")
        if not path.startswith(ADMIN) or path in exempt:
            continue
        where = path.replace("{event}", "demo").replace("{visitor}", "v_x")
        for method in getattr(route, "methods", None) or ():
            for client in (nobody, visitor.http):
                answer = await client.request(method, where)
                assert answer.status_code == 401, (method, where)
            answer = await viewer.request(method, where)
            reads = method in ("GET", "HEAD") and not path.endswith(("/tickets", "/operators"))
            assert (answer.status_code == 200) is reads, (method, where)
            refused = OF_ONES_OWN.get(path.removeprefix(ADMIN), "forbidden")
            assert reads or method == "HEAD" or code_of(answer) == refused


async def test_a_visitors_token_opens_no_operators_socket(world: World) -> None:
    await world.event()
    visitor = await world.visitor()
    url = f"{world.clients.socket_url}/ws/admin/events/demo"

    for headers in ({"Authorization": f"Bearer {visitor.token}"}, {}):
        async with connect(url, additional_headers=headers) as connection:
            assert await Socket(connection).closed() == frames.NOT_AUTHENTICATED


@pytest.mark.parametrize("how", ["session", "key"])
async def test_an_operators_socket_ends_with_what_opened_it(
    how: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stats, "SESSION_S", 0.1)
    await world.event()
    operators, operator = world.services.operators, await world.operator()
    if how == "session":
        headers = {"Cookie": f"rush_admin={operator.cookies['rush_admin']}"}
    else:
        headers = {"Authorization": f"Bearer {await operators.new_key('eye', 'viewer')}"}
    url = f"{world.clients.socket_url}/ws/admin/events/demo"

    async with connect(url, additional_headers=headers) as connection:
        socket = Socket(connection)
        await socket.until("stats")
        await socket.until("stats")  # it outlives looks that find its session
        if how == "session":
            assert (await operator.post(f"{ADMIN}/logout")).status_code == 204
        else:
            await operators.new_key("eye", "viewer")
        assert await socket.closed() == frames.NOT_AUTHENTICATED
