"""Behind a proxy: which of its headers count, and what differs over https."""

import asyncio
import secrets
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from booking_rush.server.processes.serve import config_of
from booking_rush.server.runtime.settings import SettingsError, read
from booking_rush.server.web.uvicorn_http import HttpConnection
from tests.support.clients import PASSWORD, code_of
from tests.support.servers.processes import run
from tests.support.world import World, settings_for

IDLE_S = 60  # after which proxies end an idle connection themselves


@pytest.mark.parametrize(
    "proxies", ["", "*", "127.0.0.1", "10.0.0.0/8, 2001:db8::/32", "::1,192.0.2.7"]
)
def test_addresses_and_networks_are_trusted(proxies: str) -> None:
    assert read({"RUSH_TRUSTED_PROXIES": proxies}).trusted_proxies == proxies


@pytest.mark.parametrize(
    ("proxies", "wrong"),
    [
        ("nginx", "nginx"),
        ("10.0.0.1/8", "10.0.0.1/8"),  # bits beyond the prefix: it would trust nobody
        ("127.0.0.1,", ""),
        ("127.0.0.1, 300.1.1.1", "300.1.1.1"),
        ("127.0.0.1 ::1", "127.0.0.1 ::1"),
        ("127.0.0.1,*", "*"),
    ],
)
def test_what_is_no_address_is_refused(proxies: str, wrong: str) -> None:
    with pytest.raises(SettingsError, match="RUSH_TRUSTED_PROXIES=") as refused:
        read({"RUSH_TRUSTED_PROXIES": proxies})
    assert f"={wrong!r}: neither an address nor a network" in str(refused.value)


def test_it_is_refused_at_start(redis_url: str, postgres_url: str) -> None:
    settings = settings_for(redis_url, postgres_url)

    done = run("serve", settings=settings, RUSH_TRUSTED_PROXIES="my-proxy")

    assert done.returncode == 3
    assert "RUSH_TRUSTED_PROXIES='my-proxy': neither an address nor a network" in done.stderr
    assert "Traceback" not in done.stderr


Lines = list[tuple[str, str]]
PROTO = "X-Forwarded-Proto"


@pytest.mark.parametrize(
    ("lines", "is_https"),
    [
        ([], False),
        ([(PROTO, "https")], True),
        ([(PROTO, "https, http")], True),
        ([(PROTO, "https,http"), (PROTO, "http")], True),
        ([(PROTO, "https"), (PROTO, "http")], True),
        ([(PROTO, "http, https")], False),
        ([(PROTO, "http"), (PROTO, "https")], False),
        ([(PROTO, "gopher, https")], False),
    ],
)
async def test_of_a_list_the_proxy_nearest_to_the_client_says_the_scheme(
    behind_proxy: World, lines: Lines, is_https: bool
) -> None:
    http = await behind_proxy.clients.http()

    answer = await http.post("/api/v1/visitors", headers=httpx.Headers(lines))

    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-rush_visitor=" if is_https else "rush_visitor=")
    assert ("secure" in cookie.lower()) is is_https


async def test_who_is_no_trusted_proxy_says_no_scheme(world: World) -> None:
    answer = await (await world.clients.http()).post("/api/v1/visitors", headers={PROTO: "https"})
    assert answer.headers["set-cookie"].startswith("rush_visitor=")


async def test_over_https_cookies_are_of_this_host_alone(behind_proxy: World) -> None:
    """A `__Host-` cookie is Secure, of the whole site, and of no domain."""
    http = await behind_proxy.clients.http(**{PROTO: "https"})
    body = {"username": "admin", "password": PASSWORD}
    answer = await http.post("/api/v1/admin/login", json=body)
    cookies = answer.headers.get_list("set-cookie")
    http.cookies.clear()

    assert {cookie.partition("=")[0] for cookie in cookies} == {
        "__Host-rush_admin",
        "__Host-rush_device",
    }
    for cookie in cookies:
        fields = [field.strip().lower() for field in cookie.split(";")]
        assert {"secure", "path=/", "httponly"} <= set(fields)
        assert not any(field.startswith("domain") for field in fields)
    session = next(one for one in cookies if one.startswith("__Host-rush_admin")).partition(";")[0]
    named = {"Cookie": session}
    assert (await http.get("/api/v1/admin/audit", headers=named)).status_code == 200
    unnamed = {"Cookie": session.removeprefix("__Host-")}
    assert code_of(await http.get("/api/v1/admin/audit", headers=unnamed)) == "not_authenticated"


async def test_tokens_of_sessions_are_compared_in_constant_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator = await world.operator()
    right, compared = operator.headers["X-CSRF-Token"], list[tuple[bytes, bytes]]()
    compare = secrets.compare_digest

    def counted(sent: bytes, wanted: bytes) -> bool:
        compared.append((sent, wanted))
        return compare(sent, wanted)

    monkeypatch.setattr(secrets, "compare_digest", counted)
    for wrong in ("", right[:-1], right + "x", "x"):
        given = {"X-CSRF-Token": wrong}
        answer = await operator.post("/api/v1/admin/events", json={}, headers=given)
        assert (answer.status_code, code_of(answer)) == (403, "csrf_failed")
    assert [wanted for _, wanted in compared] == [right.encode()] * 4


async def test_an_idle_connection_outlives_the_proxys(world: World) -> None:
    """Else a proxy sends a request into a connection that we are closing, and answers 502."""
    settings = world.services.settings
    address = urlsplit(world.clients.base)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")

    [connection] = [
        one
        for one in world.server.server_state.connections
        if isinstance(one, HttpConnection) and one.client == writer.get_extra_info("sockname")
    ]
    timer: Any = connection.timeout_keep_alive_task
    assert timer.when() - asyncio.get_running_loop().time() > IDLE_S
    assert config_of(settings, None).timeout_keep_alive > IDLE_S
    writer.close()
    await writer.wait_closed()
