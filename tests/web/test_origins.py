"""Origins: two are the same by scheme, host and port (RFC 6454); and hosts: ours are served."""

import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking_rush.server.runtime.settings import Settings, SettingsError, read
from booking_rush.server.web.origins import (
    Origin,
    hosts_of,
    is_host_served,
    is_origin_allowed,
    parse_origin,
)
from tests.support.clients import code_of
from tests.support.world import World

ALLOWED = frozenset({Origin("https", "shop.example", 443)})


@pytest.mark.parametrize(
    ("header", "scheme", "host"),
    [
        (None, "http", "rush.example"),
        ("https://rush.example", "https", "rush.example"),
        ("https://rush.example", "https", "rush.example:443"),
        ("https://rush.example:443", "https", "rush.example"),
        ("HTTPS://Rush.Example", "https", "rush.example"),
        ("https://rush.example", "wss", "RUSH.example"),
        ("http://127.0.0.1:8000", "http", "127.0.0.1:8000"),
        ("http://[::1]:8000", "ws", "[::1]:8000"),
        ("https://shop.example", "https", "rush.example"),
        ("https://shop.example:443", "http", "rush.example"),
    ],
)
def test_no_origin_our_own_and_the_allowed_are_let_in(
    header: str | None, scheme: str, host: str
) -> None:
    assert is_origin_allowed(header, scheme, host, ALLOWED)


@pytest.mark.parametrize(
    "header",
    [
        "null", "", "rush.example", "//rush.example", "http://rush.example",
        "https://rush.example:8443", "https://rush.example.evil", "https://evil.rush.example",
        "https://rush.example/", "https://rush.example https://evil.example", "file://",
        "https://user@rush.example", "https://rush.example:0",
        "https://rush.example:99999", "https://", "https://shop.example.evil",
    ],
)  # fmt: skip
def test_any_other_is_refused(header: str) -> None:
    assert not is_origin_allowed(header, "https", "rush.example", ALLOWED)


def test_a_request_without_a_host_has_no_origin_of_its_own() -> None:
    assert not is_origin_allowed("https://rush.example", "https", "", ALLOWED)


@given(st.text(max_size=40))
def test_whatever_a_header_says_is_parsed_or_no_origin(text: str) -> None:
    origin = parse_origin(text)

    assert (
        origin is None or parse_origin(f"{origin.scheme}://{origin.host}:{origin.port}") == origin
    )


BEHIND: dict[str, Any] = {"bind": "0.0.0.0:8000", "public_url": "https://Rush.example:8443/"}


def scope_of(path: str = "/", arrived_at: str = "10.1.2.3") -> dict[str, Any]:
    return {"path": path, "server": (arrived_at, 8000)}


@pytest.mark.parametrize(
    "host",
    [
        "rush.example", "rush.example:8443", "RUSH.example.", "rush.example:443", "localhost:8000",
        "127.0.0.1:8000", "[::1]:8000", "10.1.2.3:8000", "www.rush.example", "",
    ],
)  # fmt: skip
def test_our_own_names_and_the_address_of_arrival_are_served(host: str) -> None:
    settings = Settings(**BEHIND, allowed_hosts="www.rush.example, inner")
    assert is_host_served(host, scope_of(), hosts_of(settings))


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "rush.example.evil.example", "evilrush.example", "rush.example:x",
        "inner.x", "10.1.2.4", "[::2]", "127.0.0.1.evil.example", "localhost.evil.example", "*",
        "rush",
    ],
)  # fmt: skip
def test_other_names_are_not(host: str) -> None:
    settings = Settings(**BEHIND, allowed_hosts="www.rush.example, inner")
    assert not is_host_served(host, scope_of(), hosts_of(settings))


@pytest.mark.parametrize(
    ("path", "is_served"),
    [
        ("/healthz", True),
        ("/readyz", True),
        ("/metrics", True),
        ("/api/v1/payments/bank/webhook", True),
        ("/api/v1/events", False),
        ("/ws/events/demo", False),
        ("/admin", False),
    ],
)
def test_machines_may_use_names_of_their_own(path: str, is_served: bool) -> None:
    """A kubelet, Prometheus and the practice bank ask by the names that a cluster gives us."""
    assert is_host_served("booking-rush", scope_of(path), hosts_of(Settings(**BEHIND))) is is_served


def test_an_ipv6_address_of_arrival_is_served() -> None:
    scope = scope_of(arrived_at="2001:db8::7")
    assert is_host_served("[2001:DB8::7]:8000", scope, hosts_of(Settings(**BEHIND)))


@pytest.mark.parametrize(
    ("settings", "is_any"),
    [
        (Settings(), False),
        (Settings(bind="[::1]:8000"), False),
        (Settings(bind="0.0.0.0:8000"), True),
        (Settings(trusted_proxies="127.0.0.1"), True),
        (Settings(trusted_proxies="127.0.0.1", public_url="https://rush.example"), False),
        (Settings(bind="0.0.0.0:8000", allowed_hosts="rush.example"), False),
        (Settings(public_url="https://rush.example", allowed_hosts="*"), True),
    ],
)
def test_without_a_name_of_ours_any_is_served_but_on_this_machine(
    settings: Settings, is_any: bool
) -> None:
    assert is_host_served("evil.example", scope_of(), hosts_of(settings)) is is_any


@pytest.mark.parametrize("hosts", ["https://rush.example", "a b", "*, rush.example", "rush/x", ","])
def test_what_is_no_host_is_refused_at_start(hosts: str) -> None:
    with pytest.raises(SettingsError, match="RUSH_ALLOWED_HOSTS="):
        read({"RUSH_ALLOWED_HOSTS": hosts})


async def test_a_name_that_was_led_here_is_refused_before_anything_is_done(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """The browser takes the page of such a name for ours: its Origin is that of its Host."""
    http = await world.clients.http()
    led = {"Host": "evil.example:8000", "Origin": "http://evil.example:8000"}

    with caplog.at_level(logging.WARNING):
        answer = await http.post("/api/v1/visitors", headers=led)

    assert (answer.status_code, code_of(answer)) == (421, "host_refused")
    assert "set-cookie" not in answer.headers
    [said] = [line for line in caplog.messages if "evil.example:8000" in line]
    assert "RUSH_ALLOWED_HOSTS" in said
    assert (await http.get("/healthz", headers={"Host": "evil.example"})).status_code == 200
