"""The mail duty: each mail that is due is sent, again until it is taken, and parked in the end.

A mail is claimed by moving the time at which it is due again, so a mailer that dies loses none;
nothing is locked while a server is talked to. A booking never waits for its mail.
"""

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import parseaddr
from urllib.parse import unquote, urlsplit
from uuid import UUID

import aiosmtplib

from booking_rush.booking.catalogue.catalogue import Catalogue
from booking_rush.booking.holds import bookings
from booking_rush.booking.holds.bookings import Sign
from booking_rush.booking.holds.contacts import Contact, Language
from booking_rush.booking.mail import message
from booking_rush.booking.mail.message import Kind, Sender
from booking_rush.circuit_breaker import BreakerState, CircuitBreaker
from booking_rush.postgres import Pool

log = logging.getLogger(__name__)

MAILS_MAX = 20  # claimed at once
CLAIM_S = 60.0  # then a mail is due again, whatever became of its mailer
BATCH_S = 40.0  # then the rest of a batch is given back
SEND_S = 10.0  # one mail, all told
BACK_OFF_S = (1.0, 2.0, 4.0, 8.0)  # after the first try, the second, …; after the last it is parked
TRIES_MAX = len(BACK_OFF_S) + 1
OLD_HOURS = 24  # news of yesterday are no news
assert BATCH_S + SEND_S < CLAIM_S, "a mail is not claimed twice while its mailer lives"


@dataclass(frozen=True, slots=True)
class ClaimedMail:
    """A mail that is ours for a while, and whether its booking has not changed for a day."""

    booking: UUID
    kind: Kind
    tries: int
    email: str
    language: Language
    is_old: bool


class MailRejectedError(Exception):
    """The server does not take this mail; `for_good`: it never will."""

    def __init__(self, why: str, *, for_good: bool = False) -> None:
        super().__init__(why)
        self.for_good = for_good


class Mailer:
    """Sends what is due; `outcomes` counts what became of it: sent, later, parked."""

    def __init__(
        self,
        pool: Pool,
        smtp_url: str,
        head: Sender,
        sign: Sign,
        *,
        clock: Callable[[], float] = time.monotonic,
        breaker: CircuitBreaker | None = None,
    ) -> None:
        self._pool = pool
        self._catalogue = Catalogue(pool)
        self._smtp_url = smtp_url
        self._head = head
        self._sign = sign
        self._clock = clock
        self.breaker = breaker or CircuitBreaker()
        self.outcomes = Counter[str]()

    async def run_once(self) -> int:
        """Send what is due, if there is a server; how many mails were taken up.

        No try is spent while the server cannot be spoken to.

        Raises:
            asyncpg.PostgresError, OSError: Postgres did not answer; ask again.
        """
        if not await self._pool.fetchval(IS_DUE) or not self.breaker.allows(self._clock()):
            return 0
        server = client_of(self._smtp_url)
        try:
            async with asyncio.timeout(SEND_S):
                await server.connect()
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as why:
            self._is_away(why)
            server.close()
            return 0
        try:
            return await self._send_all(server)
        finally:
            await _leave(server)

    def state(self) -> BreakerState:
        """How the breaker stands."""
        return self.breaker.state(self._clock())

    async def waiting(self) -> int:
        """How many mails are not sent, and not given up."""
        count: int = await self._pool.fetchval(
            "SELECT count(*) FROM mails WHERE sent_at IS NULL AND NOT parked"
        )
        return count

    async def _send_all(self, server: aiosmtplib.SMTP) -> int:
        rows = await self._pool.fetch(CLAIM, MAILS_MAX, CLAIM_S, OLD_HOURS)
        claimed = [ClaimedMail(**dict(row)) for row in rows]
        began = time.monotonic()
        if not claimed:
            self.breaker.worked()
        for done, one in enumerate(claimed):
            if not server.is_connected or time.monotonic() - began > BATCH_S:
                await self._give_back(claimed[done:])
                return done
            await self._handle(server, one)
        return len(claimed)

    async def _handle(self, server: aiosmtplib.SMTP, one: ClaimedMail) -> None:
        """Send one mail, and write down what became of it."""
        try:
            message = await self._write(one)
            await self._send(server, message, one.email)
        except MailRejectedError as why:
            await self._put_off(one, str(why), for_good=why.for_good)
        else:
            await self._pool.execute(SENT, one.booking, one.kind)
            self.outcomes["sent"] += 1

    async def _write(self, one: ClaimedMail) -> EmailMessage:
        """The mail.

        Raises:
            Refused: it should not be sent, or cannot be written.
        """
        if one.tries > TRIES_MAX:
            raise MailRejectedError("its mailers died", for_good=True)
        if one.tries == 1 and one.is_old:
            raise MailRejectedError("too old", for_good=True)
        booking = await bookings.get(self._pool, one.booking)
        if booking.state != one.kind:
            raise MailRejectedError(f"no longer true: {booking.state}", for_good=True)
        event = await self._catalogue.event(booking.event)
        tickets = booking.tickets(self._sign)
        to = Contact(one.email, one.language)
        try:
            return await asyncio.to_thread(
                message.write, one.kind, booking, event, tickets,
                to=to, head=self._head, at=datetime.now(UTC),
            )  # fmt: skip
        except Exception as why:
            log.error("cannot be written booking=%s why=%s", one.booking, type(why).__name__)
            raise MailRejectedError(f"cannot be written: {type(why).__name__}") from None

    async def _send(self, server: aiosmtplib.SMTP, message: EmailMessage, email: str) -> None:
        """Hand a mail over.

        Raises:
            Refused: the server does not take it, or does not answer.
        """
        refused: MailRejectedError | None = None
        try:
            async with asyncio.timeout(SEND_S):
                await server.send_message(
                    message, sender=parseaddr(self._head.sender)[1], recipients=[email]
                )
        except aiosmtplib.SMTPRecipientsRefused as why:
            code = why.recipients[0].code
            refused = MailRejectedError(f"recipient refused: {code}", for_good=code >= 500)
        except aiosmtplib.SMTPSenderRefused as why:
            refused = MailRejectedError(f"sender refused: {why.code}")
        except aiosmtplib.SMTPResponseException as why:
            refused = MailRejectedError(f"refused: {why.code}", for_good=why.code >= 500)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as why:
            self._is_away(why)
            server.close()
            raise MailRejectedError(f"no answer: {type(why).__name__}") from None
        self.breaker.worked()
        if refused:
            raise refused

    async def _put_off(self, one: ClaimedMail, error: str, *, for_good: bool = False) -> None:
        for_good = for_good or one.tries >= TRIES_MAX
        wait_s = 0.0 if for_good else BACK_OFF_S[one.tries - 1]
        outcome = "parked" if for_good else "later"
        log.info("%s kind=%s booking=%s why=%s", outcome, one.kind, one.booking, error)
        await self._pool.execute(PUT_OFF, one.booking, one.kind, one.tries, wait_s, for_good, error)
        self.outcomes[outcome] += 1

    async def _give_back(self, claimed: list[ClaimedMail]) -> None:
        """What was not tried is due again at once, with the tries that it had."""
        keys = [(one.booking, one.kind, one.tries) for one in claimed]
        await self._pool.executemany(GIVE_BACK, keys)

    def _is_away(self, why: Exception) -> None:
        if self.state() == "closed":
            log.warning("the SMTP server does not answer why=%s", type(why).__name__)
        self.breaker.failed(self._clock())


def client_of(url: str) -> aiosmtplib.SMTP:
    """A client of `smtp://user:password@host:port` (TLS where it is offered) or `smtps://…`."""
    parts = urlsplit(url)
    return aiosmtplib.SMTP(
        hostname=parts.hostname,
        port=parts.port,
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        use_tls=parts.scheme == "smtps",
        timeout=SEND_S,
    )


async def _leave(server: aiosmtplib.SMTP) -> None:
    """Say goodbye, where somebody is listening."""
    with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
        if server.is_connected:
            await server.quit(timeout=1)
    server.close()


IS_DUE = """
    SELECT EXISTS (SELECT 1 FROM mails WHERE sent_at IS NULL AND NOT parked AND due_at <= now())
"""
CLAIM = """
    UPDATE mails SET tries = tries + 1, due_at = now() + make_interval(secs => $2)
    FROM (SELECT booking, kind FROM mails
          WHERE sent_at IS NULL AND NOT parked AND due_at <= now()
          ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED) AS due, contacts, bookings
    WHERE mails.booking = due.booking AND mails.kind = due.kind
      AND contacts.booking = due.booking AND bookings.id = due.booking
    RETURNING mails.booking, mails.kind, mails.tries, contacts.email, contacts.language,
        bookings.changed_at < now() - make_interval(hours => $3) AS is_old
"""
SENT = "UPDATE mails SET sent_at = now(), error = '' WHERE booking = $1 AND kind = $2"
# What another mailer has claimed since is no longer ours to put off.
PUT_OFF = """
    UPDATE mails SET due_at = now() + make_interval(secs => $4), parked = $5, error = $6
    WHERE booking = $1 AND kind = $2 AND tries = $3 AND sent_at IS NULL
"""
GIVE_BACK = """
    UPDATE mails SET tries = tries - 1, due_at = now()
    WHERE booking = $1 AND kind = $2 AND tries = $3 AND sent_at IS NULL
"""
