"""Refusals that any wing may raise: a class each, with the code, status and title for clients.

Refusal
├── Recovering      the event's data are being loaded again
├── TryAgain        the outcome is unknown
├── Busy            more is asked than may wait
├── TooManyRequests too many of one kind in a while
├── Invalid         the request says something that cannot be
├── IdempotencyKeyMissing, IdempotencyKeyReused
└── … each wing has more, beside the functions that raise them
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import msgspec

# What msgspec raises of bytes that it cannot read: text that is no UTF-8 is a ValueError of Python.
UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)


class Refusal(Exception):
    """Refusal of a request; each subclass's docstring begins with its title for clients."""

    code: ClassVar[str]
    status: ClassVar[int]
    retry_after_s: int | None = None
    headers: Mapping[str, str] = MappingProxyType({})  # of the answer over HTTP

    def __init__(self, detail: str = "", **extra: Any) -> None:
        super().__init__(detail or type(self).title())
        self.detail = detail or type(self).title()
        self.extra = extra

    @classmethod
    def title(cls) -> str:
        """Return the first line of the docstring, without its full stop."""
        return (cls.__doc__ or cls.__name__).strip().splitlines()[0].rstrip(".")


class Recovering(Refusal):
    """The event is being recovered: nothing was done, come back in a moment."""

    code, status, retry_after_s = "recovering", 503, 1


class TryAgain(Refusal):
    """The outcome is not known yet: ask the same again."""

    code, status, retry_after_s = "try_again", 503, 1


class Busy(Refusal):
    """More is asked just now than we let wait: ask again in a moment."""

    code, status, retry_after_s = "busy", 503, 1


class TooManyRequests(Refusal):
    """Too many attempts: wait before the next one."""

    code, status, retry_after_s = "too_many_requests", 429, 60

    def __init__(
        self,
        detail: str = "",
        *,
        wait_s: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        if wait_s is not None:
            self.retry_after_s = wait_s
        self.headers = headers or {}


class Invalid(Refusal):
    """The request says something that cannot be."""

    code, status = "invalid_request", 400

    def __init__(self, *errors: tuple[str, str]) -> None:
        super().__init__(
            "; ".join(f"{field}: {why}" for field, why in errors),
            errors=[{"field": field, "why": why} for field, why in errors],
        )


class IdempotencyKeyMissing(Refusal):
    """This wants an Idempotency-Key, new for every new wish."""

    code, status = "idempotency_key_missing", 400


class IdempotencyKeyReused(Refusal):
    """That key came with another wish before."""

    code, status = "idempotency_key_reused", 422
