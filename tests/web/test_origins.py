"""Origins: two are the same by scheme, host and port, whatever their spelling (RFC 6454)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking_rush.server.web.origins import Origin, is_origin_allowed, parse_origin

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
