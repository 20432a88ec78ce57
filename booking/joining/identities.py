"""Identities that others have checked: tokens asked of a service, and subjects in PostgreSQL."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec

from booking_rush.booking.payments.http_client import (
    HttpClient,
    HttpRequest,
    HttpResponse,
    NoResponseError,
    Timeouts,
)
from booking_rush.errors import UNREADABLE, TryAgain
from booking_rush.postgres import Pool
from booking_rush.queue.join_checks.identity import (
    IdentityRequired,
    IdentityRule,
    IdentityUsed,
    digest_of,
    key_of,
    subject_of,
)

T = TypeVar("T")

TIMEOUTS = Timeouts(total_s=5.0, connect_s=2.0)
KEYS_S = 300.0  # so long a set of keys is used
RELOAD_S = 5.0  # sooner than that an unknown key reloads nothing


class _Verdict(msgspec.Struct, frozen=True):
    """Answer of a service in the manner of Turnstile's siteverify."""

    success: bool = False


class _Keys(msgspec.Struct, frozen=True):
    """A JWK Set (RFC 7517)."""

    keys: list[dict[str, Any]]


class Identities:
    """The checks of one process; `url`, `secret` and `jwks` are the settings of their names."""

    def __init__(
        self,
        pool: Pool,
        http: HttpClient,
        *,
        url: str = "",
        secret: str = "",
        jwks: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pool = pool
        self._http = http
        self._url = url
        self._secret = secret
        self._jwks = jwks
        self._clock = clock
        self._keys: list[dict[str, Any]] = []
        self._loaded_at = -KEYS_S

    async def check(
        self, rule: IdentityRule, event: str, visitor: str, identity: str, address: str
    ) -> None:
        """Check the identity that came with a join, by the event's rule.

        Raises:
            IdentityRequired: there is none, or it is not good.
            IdentityUsed: it is another visitor's in this event.
            TryAgain: who could tell does not answer.
        """
        if rule == "none":
            return
        if not identity:
            raise IdentityRequired
        if rule == "token":
            await self._check_token(identity, address)
        else:
            await self._take_subject(event, visitor, await self._subject(identity, event))

    async def _check_token(self, token: str, address: str) -> None:
        if not self._url:
            raise IdentityRequired("this server has no RUSH_IDENTITY_URL to check a token with")
        form = {"secret": self._secret, "response": token, "remoteip": address}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode(form).encode()
        answer = await self._send(HttpRequest("POST", self._url, headers, body, TIMEOUTS))
        if not _decoded(answer, _Verdict).success:
            raise IdentityRequired("the token is not good any more")

    async def _subject(self, statement: str, event: str) -> str:
        """Return the subject of a statement, whose key may be newer than the ones known here."""
        if not self._jwks:
            raise IdentityRequired("this server has no RUSH_IDENTITY_JWKS to verify with")
        age_s = self._clock() - self._loaded_at
        if age_s >= KEYS_S:
            await self._load_keys()
        key = key_of(statement, self._keys)
        if key is None and RELOAD_S <= age_s < KEYS_S:
            await self._load_keys()
            key = key_of(statement, self._keys)
        if key is None:
            raise IdentityRequired("no published key signed this statement")
        return subject_of(statement, key, event)

    async def _load_keys(self) -> None:
        if self._jwks.startswith(("http://", "https://")):
            answer = await self._send(HttpRequest("GET", self._jwks, {}, None, TIMEOUTS))
        else:
            answer = HttpResponse(200, Path(self._jwks).read_bytes())
        self._keys = _decoded(answer, _Keys).keys
        self._loaded_at = self._clock()

    async def _send(self, request: HttpRequest) -> HttpResponse:
        try:
            return await self._http.send(request)
        except NoResponseError as why:
            raise TryAgain(f"the identity service does not answer: {why}") from None

    async def _take_subject(self, event: str, visitor: str, subject: str) -> None:
        """Give a subject to the visitor who is the first to come with it, for good."""
        owner = await self._pool.fetchval(
            """
            WITH taken AS (
                INSERT INTO subjects (event, subject, visitor) VALUES ($1, $2, $3)
                ON CONFLICT DO NOTHING RETURNING visitor
            )
            SELECT visitor FROM taken
            UNION ALL SELECT visitor FROM subjects WHERE event = $1 AND subject = $2 LIMIT 1
            """,
            event,
            digest_of(event, subject),
            visitor,
        )
        if owner is None:  # another visitor's was committed while this statement ran
            raise TryAgain
        if owner != visitor:
            raise IdentityUsed


def _decoded(answer: HttpResponse, type_: type[T]) -> T:
    try:
        if answer.status < 500:
            return msgspec.json.decode(answer.body, type=type_)
    except UNREADABLE:
        pass
    raise TryAgain(f"the identity service answered {answer.status} with nothing that we read")
