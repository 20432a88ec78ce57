"""Services asked over HTTP, by one client: a question has an answer within its patience, or none.

aiohttp sends nothing a second time that could do something twice: a POST is sent once. It is asked
instead of httpx because a question costs a tenth of the processor time.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple, Protocol
from urllib.request import getproxies

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector


class NoResponseError(Exception):
    """Nobody answered in time, or nothing that is HTTP; it may have been heard."""


class Timeouts(NamedTuple):
    """How long a question may take: in all, and until there is a connection to send it on."""

    total_s: float
    connect_s: float


class HttpRequest(NamedTuple):
    """A request; its path and query are as they are to be sent."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    patience: Timeouts


class HttpResponse(NamedTuple):
    """A response, whatever it says; redirects are answers like any other."""

    status: int
    body: bytes

    @property
    def is_good(self) -> bool:
        """Whether what was asked is done."""
        return 200 <= self.status < 300

    @property
    def is_refusal(self) -> bool:
        """Whether who asks is wrong."""
        return 400 <= self.status < 500


class HttpClient(Protocol):
    """Who carries questions to services."""

    async def ask(self, question: HttpRequest) -> HttpResponse:
        """Ask once.

        Raises:
            NoAnswerError: it may have been heard, and may not.
        """
        ...


class AiohttpClient:
    """Questions over kept connections; keeps no cookies."""

    def __init__(self, session: ClientSession) -> None:
        self._session = session

    async def ask(self, question: HttpRequest) -> HttpResponse:
        """Ask once.

        Raises:
            NoAnswerError: it may have been heard, and may not.
        """
        total_s, connect_s = question.patience
        try:
            async with self._session.request(
                question.method,
                question.url,
                data=question.body,
                headers=question.headers,
                timeout=ClientTimeout(total=total_s, sock_connect=connect_s),
                allow_redirects=False,
            ) as answer:
                return HttpResponse(answer.status, await answer.read())
        except TimeoutError as error:
            raise NoResponseError(f"no answer within {total_s:g} s") from error
        except (ClientError, OSError) as error:
            raise NoResponseError(f"{type(error).__name__}: {error}") from error


@asynccontextmanager
async def open_http(*, connections: int) -> AsyncGenerator[AiohttpClient]:
    """A client with so many connections at the most; a proxy is asked where one is set."""
    async with ClientSession(
        connector=TCPConnector(limit=connections),
        cookie_jar=DummyCookieJar(),
        trust_env=bool(getproxies()),
    ) as session:
        yield AiohttpClient(session)
