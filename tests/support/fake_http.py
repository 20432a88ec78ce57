"""Stand-ins for who carries questions: nobody at all, and answers that are written by hand."""

from collections.abc import Awaitable, Callable

from booking_rush.booking.payments.http_client import HttpClient, HttpRequest, HttpResponse


class Nobody:
    """Who reads webhooks asks nobody."""

    async def ask(self, question: HttpRequest) -> HttpResponse:
        raise AssertionError(question)


class Hand:
    """Answers that are written by hand."""

    def __init__(self, answer: Callable[[HttpRequest], Awaitable[HttpResponse]]) -> None:
        self._answer = answer

    async def ask(self, question: HttpRequest) -> HttpResponse:
        return await self._answer(question)


class Counting:
    """Remembers every question, also one that never finds a connection."""

    def __init__(self, behind: HttpClient, asked: list[HttpRequest]) -> None:
        self._behind = behind
        self._asked = asked

    async def ask(self, question: HttpRequest) -> HttpResponse:
        self._asked.append(question)
        return await self._behind.ask(question)
