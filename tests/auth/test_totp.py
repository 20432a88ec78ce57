"""Codes by time as RFC 6238 has them: its vectors, the drift of clocks, and what a phone reads."""

from urllib.parse import parse_qs, urlsplit

import pytest

from booking_rush.server.auth import totp

SECRET = b"12345678901234567890"

# RFC 6238, appendix B: the times and codes of SHA-1.
VECTORS = [
    (59, "94287082"),
    (1111111109, "07081804"),
    (1111111111, "14050471"),
    (1234567890, "89005924"),
    (2000000000, "69279037"),
    (20000000000, "65353130"),
]


@pytest.mark.parametrize(("now_s", "code"), VECTORS)
def test_the_vectors_of_the_rfc(now_s: int, code: str) -> None:
    assert totp.code_of(SECRET, totp.step_of(now_s), digits=8) == code
    assert totp.code_of(SECRET, totp.step_of(now_s)) == code[2:]


def test_a_clock_may_be_one_step_early_or_late() -> None:
    code = totp.code_of(SECRET, 100)
    found = [totp.matching_step(SECRET, code, step * 30.0) for step in (98, 99, 100, 101, 102)]

    assert found == [None, 100, 100, 100, None]


@pytest.mark.parametrize("code", ["", "12345", "1234567", "١٢٣٤٥٦", "abcdef"])
def test_what_is_no_code_is_of_no_step(code: str) -> None:
    assert totp.matching_step(SECRET, code, 3000.0) is None


def test_an_app_reads_the_secret_and_whose_it_is() -> None:
    uri = urlsplit(totp.uri_of(SECRET, "Ada Lovelace@tickets.example"))

    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert uri.path == "/Booking%20Rush:Ada%20Lovelace@tickets.example"
    assert parse_qs(uri.query) == {
        "secret": ["GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"], "issuer": ["Booking Rush"],
        "algorithm": ["SHA1"], "digits": ["6"], "period": ["30"],
    }  # fmt: skip
