"""Behind haproxy or nginx with TLS: pages, POSTs, streams and sockets, by two settings alone."""

import logging
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, NamedTuple, cast

import httpx
import pytest
from redis.asyncio import Redis
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from booking_rush.postgres import Pool
from booking_rush.server.protocol.frames import SUBPROTOCOL
from booking_rush.server.runtime.ports import free_port
from booking_rush.server.runtime.settings import SettingsError, read
from tests.edge.nginx import nginx
from tests.support.clients import PASSWORD, PATIENCE_S, Socket, code_of
from tests.support.servers.haproxy import Edge, haproxy
from tests.support.servers.processes import run
from tests.support.world import World, open_world, settings_for

LOGIN = {"username": "admin", "password": "a wrong one"}


class Site(NamedTuple):
    """A server behind its proxy, and a client that has a browser's headers."""

    world: World
    edge: Edge
    browser: httpx.AsyncClient

    def socket(self, origin: str = "") -> Any:
        """Open a socket as the page does, with the browser's cookies."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.browser.cookies.items())
        return connect(
            f"{self.edge.url.replace('https', 'wss')}/ws/events/demo",
            ssl=self.edge.trust,
            origin=cast("Any", origin or self.edge.url),
            additional_headers={"Cookie": cookies},
            subprotocols=[SUBPROTOCOL],  # type: ignore[list-item]
            open_timeout=PATIENCE_S,
        )


@pytest.fixture(params=[haproxy, nginx], ids=["haproxy", "nginx"])
async def site(
    request: pytest.FixtureRequest,
    redis: Redis,
    pool: Pool,
    redis_url: str,
    postgres_url: str,
    folder: Path,
) -> AsyncGenerator[Site]:
    edge = Edge(folder, free_port())
    settings = settings_for(
        redis_url, postgres_url, public_url=edge.url, trusted_proxies="127.0.0.0/8"
    )
    async with (
        open_world(redis, pool, settings) as world,
        request.param(edge, world.clients.base.removeprefix("http://")),
        httpx.AsyncClient(
            base_url=edge.url,
            verify=edge.trust,
            timeout=PATIENCE_S,
            headers={"Origin": edge.url},
        ) as browser,
    ):
        yield Site(world, edge, browser)


async def test_pages_posts_sockets_and_streams_work(site: Site) -> None:
    await site.world.event(rules={"rate_per_second": 100})

    page = await site.browser.get("/events/demo")
    issued = await site.browser.post("/api/v1/visitors")
    async with site.socket() as connection:
        socket = Socket(connection)
        await socket.until("welcome")
        assert (await socket.ask("queue.join"))["type"] == "queue.joined"
    async with site.browser.stream("GET", "/api/v1/events/demo/queue/stream") as stream:
        first = await anext(aiter(stream.aiter_lines()))

    assert page.status_code == 200
    assert page.headers["strict-transport-security"] == "max-age=63072000"
    assert issued.headers["set-cookie"].startswith("__Host-rush_visitor=")
    assert first.startswith(("event: ", "id: ", ":", "retry: "))


async def test_pages_of_others_are_refused_and_the_log_says_what_to_set(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    await site.browser.post("/api/v1/visitors")
    with caplog.at_level(logging.WARNING):
        answer = await site.browser.post(
            "/api/v1/visitors", headers={"Origin": "https://evil.example"}
        )
        with pytest.raises(InvalidStatus) as refused:
            async with site.socket(origin="https://evil.example"):
                raise AssertionError("the socket of another page is open")

    assert code_of(answer) == "origin_refused"
    assert refused.value.response.status_code == 403
    [first, *_] = [line for line in caplog.messages if line.startswith("refused origin")]
    assert "evil.example" in first
    assert "RUSH_PUBLIC_URL" in first


async def test_a_client_that_names_addresses_is_not_believed(site: Site, pool: Pool) -> None:
    lies = {"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9"}
    async with httpx.AsyncClient(
        base_url=site.edge.url, verify=site.edge.trust, headers=lies
    ) as client:
        answers = [await client.post("/api/v1/admin/login", json=LOGIN) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [401, 401]
    noted = await pool.fetch("SELECT * FROM audit")
    assert noted
    assert "203.0.113.9" not in str([dict(row) for row in noted])


async def test_metrics_are_not_shown_to_browsers(site: Site) -> None:
    assert (await site.browser.get("/metrics")).status_code == 404
    assert (await site.browser.get("/readyz")).status_code == 404


async def test_the_public_url_says_https_without_a_trusted_proxy(
    redis: Redis, pool: Pool, redis_url: str, postgres_url: str
) -> None:
    """A proxy whose address is unknown still serves pages; all visitors have its address."""
    settings = settings_for(redis_url, postgres_url, public_url="https://rush.example/")
    async with open_world(redis, pool, settings, duties=False) as world:
        http = await world.clients.http(**{"X-Forwarded-Proto": "http"})
        issued = await http.post("/api/v1/visitors", headers={"Origin": "https://rush.example"})
        login = {"username": "admin", "password": PASSWORD}
        session = await http.post("/api/v1/admin/login", json=login)

    assert issued.headers["set-cookie"].startswith("__Host-rush_visitor=")
    assert issued.headers["strict-transport-security"]
    assert "secure" in session.headers["set-cookie"].lower()


@pytest.mark.parametrize("url", ["rush.example", "ftp://rush.example", "https://a@rush.example"])
def test_a_public_url_that_no_browser_could_use_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="RUSH_PUBLIC_URL="):
        read({"RUSH_PUBLIC_URL": url})


@pytest.mark.parametrize(
    ("environment", "is_warned"),
    [
        ({"RUSH_BIND": "0.0.0.0:8000"}, True),
        ({"RUSH_BIND": "[::]:8000"}, True),
        ({"RUSH_BIND": "0.0.0.0:8000", "RUSH_PUBLIC_URL": "https://rush.example"}, False),
        ({"RUSH_BIND": "0.0.0.0:8000", "RUSH_TRUSTED_PROXIES": "10.0.0.0/8"}, False),
        ({"RUSH_BIND": "127.0.0.1:8000"}, False),
        ({}, False),
    ],
)
def test_who_listens_to_the_world_without_an_address_is_warned(
    environment: dict[str, str], is_warned: bool
) -> None:
    assert bool(read(environment).edge_warnings()) is is_warned


def test_the_start_says_it_in_one_line() -> None:
    done = run(
        "serve",
        RUSH_BIND="0.0.0.0:0",
        RUSH_REDIS_URL="redis://127.0.0.1:1",
        RUSH_POSTGRES_URL="postgresql://127.0.0.1:1/nobody",
        RUSH_SECRET_KEY="a secret of the tests, which nobody keeps",
    )

    [line] = [line for line in done.stderr.splitlines() if "RUSH_PUBLIC_URL" in line]
    assert " warning serve RUSH_PUBLIC_URL is not set" in line.replace("  ", " ")
