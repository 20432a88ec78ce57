"""HTTP client for other services: a request gets its response within its timeouts, or none.

aiohttp never sends a POST twice. It is used instead of httpx because a request costs a tenth of
the processor time.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple, Protocol
from urllib.request import getproxies

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector

from booking_rush.tracing import spans


class NoResponseError(Exception):
    """No HTTP response in time; the service may have received the request."""


class Timeouts(NamedTuple):
    """Limits of one request: in all, and until a connection is open."""

    total_s: float
    connect_s: float


class HttpRequest(NamedTuple):
    """A request; its path and query are percent-encoded already."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    timeouts: Timeouts


class HttpResponse(NamedTuple):
    """A response of any status; redirects are not followed."""

    status: int
    body: bytes

    @property
    def is_success(self) -> bool:
        """Return whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def is_client_error(self) -> bool:
        """Return whether the status is 4xx."""
        return 400 <= self.status < 500


class HttpClient(Protocol):
    """A client that sends requests to other services."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request once, and return its response.

        Raises:
            NoResponseError: the service may have received the request, or not.
        """
        ...


class AiohttpClient:
    """An `HttpClient` with keep-alive connections and without cookies."""

    def __init__(self, session: ClientSession) -> None:
        self._session = session

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request once, and return its response.

        Raises:
            NoResponseError: the service may have received the request, or not.
        """
        with spans.span(request.method, spans.current(), "client") as context:
            headers = {**request.headers, "traceparent": context} if context else request.headers
            return await self._send(request, headers)

    async def _send(self, request: HttpRequest, headers: Mapping[str, str]) -> HttpResponse:
        total_s, connect_s = request.timeouts
        try:
            async with self._session.request(
                request.method,
                request.url,
                data=request.body,
                headers=headers,
                timeout=ClientTimeout(total=total_s, sock_connect=connect_s),
                allow_redirects=False,
            ) as response:
                return HttpResponse(response.status, await response.read())
        except TimeoutError as error:
            raise NoResponseError(f"no answer within {total_s:g} s") from error
        except (ClientError, OSError) as error:
            raise NoResponseError(f"{type(error).__name__}: {error}") from error


@asynccontextmanager
async def open_http(*, connections: int) -> AsyncGenerator[AiohttpClient]:
    """Open a client with at most so many connections, through the environment's proxy if any."""
    async with ClientSession(
        connector=TCPConnector(limit=connections),
        cookie_jar=DummyCookieJar(),
        trust_env=bool(getproxies()),
    ) as session:
        yield AiohttpClient(session)
