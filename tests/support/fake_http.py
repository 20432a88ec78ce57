"""HTTP clients for tests: an unused one, one with hand-written responses, a recorder."""

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs, parse_qsl, urlsplit

from booking_rush.booking.payments.http_client import (
    HttpClient,
    HttpRequest,
    HttpResponse,
)


class UnusedHttp:
    """A client that fails the test: reading a webhook sends no request."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        raise AssertionError(request)


class HandWrittenHttp:
    """A client that returns the responses of a function."""

    def __init__(self, answer: Callable[[HttpRequest], Awaitable[HttpResponse]]) -> None:
        self._answer = answer

    async def send(self, request: HttpRequest) -> HttpResponse:
        return await self._answer(request)


class RecordingHttp:
    """A client that appends every request to `sent`, even one that finds no connection."""

    def __init__(self, http: HttpClient, sent: list[HttpRequest]) -> None:
        self._http = http
        self._sent = sent

    async def send(self, request: HttpRequest) -> HttpResponse:
        self._sent.append(request)
        return await self._http.send(request)


def form_of(request: HttpRequest) -> dict[str, str]:
    return {name: value for name, [value] in parse_qs((request.body or b"").decode()).items()}


def path_of(request: HttpRequest) -> str:
    return urlsplit(request.url).path


def query_of(request: HttpRequest) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(request.url).query))
