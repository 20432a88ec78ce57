"""The mail duty: sends mails that are due over SMTP, retries them, and parks those that fail.

A mail is claimed by moving its due time a minute ahead, so a mailer that dies loses none; no row
is locked during an SMTP session. A booking never waits for its mail.
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
from booking_rush.booking.mail.message import MailKind, Sender
from booking_rush.circuit_breaker import BreakerState, CircuitBreaker
from booking_rush.postgres import Pool

log = logging.getLogger(__name__)

MAILS_MAX = 20  # claimed at once
CLAIM_S = 60.0  # then a claimed mail is due again, even if its mailer died
BATCH_S = 40.0  # then the rest of a batch is unclaimed
SEND_S = 10.0  # to connect, or to send one mail
BACK_OFF_S = (1.0, 2.0, 4.0, 8.0)  # after the first try, the second, …; after the last it is parked
TRIES_MAX = len(BACK_OFF_S) + 1
STALE_HOURS = 24  # a first try so long after the booking's change is not sent
assert BATCH_S + SEND_S < CLAIM_S, "a mail is not claimed twice while its mailer lives"


@dataclass(frozen=True, slots=True)
class ClaimedMail:
    """A mail claimed for CLAIM_S; `is_stale`: its booking has not changed for a day.

    `asked`: how often an operator asked for it again.
    """

    booking: UUID
    kind: MailKind
    tries: int
    email: str
    language: Language
    is_stale: bool
    asked: int


class MailRejectedError(Exception):
    """A mail that was not sent; `is_permanent`: another try would fail, too."""

    def __init__(self, why: str, *, is_permanent: bool = False) -> None:
        super().__init__(why)
        self.is_permanent = is_permanent


class Mailer:
    """The mailer of one process; `outcomes` counts mails that were sent, later and parked."""

    def __init__(
        self,
        pool: Pool,
        smtp_url: str,
        sender: Sender,
        sign: Sign,
        *,
        clock: Callable[[], float] = time.monotonic,
        breaker: CircuitBreaker | None = None,
    ) -> None:
        self._pool = pool
        self._catalogue = Catalogue(pool)
        self._smtp_url = smtp_url
        self._sender = sender
        self._sign = sign
        self._clock = clock
        self.breaker = breaker or CircuitBreaker()
        self.outcomes = Counter[str]()

    async def run_once(self) -> int:
        """Send mails that are due. Return how many were handled.

        No try is counted while no SMTP session can be opened.

        Raises:
            asyncpg.PostgresError, OSError: Postgres did not answer; call again later.
        """
        if not await self._pool.fetchval(IS_DUE) or not self.breaker.allows(self._clock()):
            return 0
        server = client_of(self._smtp_url)
        try:
            async with asyncio.timeout(SEND_S):
                await server.connect()
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as why:
            self._report_unavailable(why)
            server.close()
            return 0
        try:
            return await self._send_all(server)
        finally:
            await _quit(server)

    def state(self) -> BreakerState:
        """Return the state of the SMTP server's circuit breaker."""
        return self.breaker.state(self._clock())

    async def waiting(self) -> int:
        """Return the number of mails that are neither sent nor parked."""
        count: int = await self._pool.fetchval(
            "SELECT count(*) FROM mails WHERE sent_at IS NULL AND NOT parked"
        )
        return count

    async def _send_all(self, server: aiosmtplib.SMTP) -> int:
        rows = await self._pool.fetch(CLAIM, MAILS_MAX, CLAIM_S, STALE_HOURS)
        claimed = [ClaimedMail(**dict(row)) for row in rows]
        began = time.monotonic()
        if not claimed:
            self.breaker.worked()
        for done, mail in enumerate(claimed):
            if not server.is_connected or time.monotonic() - began > BATCH_S:
                await self._unclaim(claimed[done:])
                return done
            await self._handle(server, mail)
        return len(claimed)

    async def _handle(self, server: aiosmtplib.SMTP, mail: ClaimedMail) -> None:
        """Send one mail, and save the outcome."""
        try:
            message = await self._write(mail)
            await self._send(server, message, mail.email)
        except MailRejectedError as why:
            await self._defer_or_park(mail, str(why), is_permanent=why.is_permanent)
        else:
            await self._pool.execute(MARK_SENT, mail.booking, mail.kind)
            self.outcomes["sent"] += 1

    async def _write(self, mail: ClaimedMail) -> EmailMessage:
        """Return the message of a mail.

        Raises:
            MailRejectedError: it must not be sent any more, or cannot be written.
        """
        if mail.tries > TRIES_MAX:
            raise MailRejectedError("its mailers died", is_permanent=True)
        if mail.tries == 1 and mail.is_stale:
            raise MailRejectedError("too old", is_permanent=True)
        booking = await bookings.get(self._pool, mail.booking)
        if booking.state != mail.kind:
            raise MailRejectedError(f"no longer true: {booking.state}", is_permanent=True)
        event = await self._catalogue.event(booking.event)
        tickets = booking.tickets(self._sign)
        to = Contact(mail.email, mail.language)
        try:
            return await asyncio.to_thread(
                message.write, mail.kind, booking, event, tickets,
                to=to, sender=self._sender, at=datetime.now(UTC), asked=mail.asked,
            )  # fmt: skip
        except Exception as why:
            log.error("cannot be written booking=%s why=%s", mail.booking, type(why).__name__)
            raise MailRejectedError(f"cannot be written: {type(why).__name__}") from None

    async def _send(self, server: aiosmtplib.SMTP, message: EmailMessage, email: str) -> None:
        """Send a message to the SMTP server.

        Raises:
            MailRejectedError: the server rejects it, or does not answer.
        """
        rejected: MailRejectedError | None = None
        try:
            async with asyncio.timeout(SEND_S):
                await server.send_message(
                    message, sender=parseaddr(self._sender.mailbox)[1], recipients=[email]
                )
        except aiosmtplib.SMTPRecipientsRefused as why:
            code = why.recipients[0].code
            rejected = MailRejectedError(f"recipient refused: {code}", is_permanent=code >= 500)
        except aiosmtplib.SMTPSenderRefused as why:
            rejected = MailRejectedError(f"sender refused: {why.code}")
        except aiosmtplib.SMTPResponseException as why:
            rejected = MailRejectedError(f"refused: {why.code}", is_permanent=why.code >= 500)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as why:
            self._report_unavailable(why)
            server.close()
            raise MailRejectedError(f"no answer: {type(why).__name__}") from None
        self.breaker.worked()
        if rejected:
            raise rejected

    async def _defer_or_park(self, mail: ClaimedMail, error: str, *, is_permanent: bool) -> None:
        park = is_permanent or mail.tries >= TRIES_MAX
        wait_s = 0.0 if park else BACK_OFF_S[mail.tries - 1]
        outcome = "parked" if park else "later"
        log.info("%s kind=%s booking=%s why=%s", outcome, mail.kind, mail.booking, error)
        await self._pool.execute(
            DEFER_OR_PARK, mail.booking, mail.kind, mail.tries, wait_s, park, error
        )
        self.outcomes[outcome] += 1

    async def _unclaim(self, claimed: list[ClaimedMail]) -> None:
        """Make untried mails due again at once, without counting a try."""
        keys = [(mail.booking, mail.kind, mail.tries) for mail in claimed]
        await self._pool.executemany(UNCLAIM, keys)

    def _report_unavailable(self, why: Exception) -> None:
        if self.state() == "closed":
            log.warning("the SMTP server does not answer why=%s", type(why).__name__)
        self.breaker.failed(self._clock())


def client_of(url: str) -> aiosmtplib.SMTP:
    """Return a client of `smtp://user:password@host:port` (STARTTLS if offered) or `smtps://…`."""
    parts = urlsplit(url)
    return aiosmtplib.SMTP(
        hostname=parts.hostname,
        port=parts.port,
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        use_tls=parts.scheme == "smtps",
        timeout=SEND_S,
    )


async def _quit(server: aiosmtplib.SMTP) -> None:
    """Close the SMTP session, with a QUIT if the connection is still open."""
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
        greatest(bookings.changed_at, mails.asked_at)
            < now() - make_interval(hours => $3) AS is_stale,
        mails.asked
"""
MARK_SENT = "UPDATE mails SET sent_at = now(), error = '' WHERE booking = $1 AND kind = $2"
# `tries = $3`: another mailer may have claimed the mail since.
DEFER_OR_PARK = """
    UPDATE mails SET due_at = now() + make_interval(secs => $4), parked = $5, error = $6
    WHERE booking = $1 AND kind = $2 AND tries = $3 AND sent_at IS NULL
"""
UNCLAIM = """
    UPDATE mails SET tries = tries - 1, due_at = now()
    WHERE booking = $1 AND kind = $2 AND tries = $3 AND sent_at IS NULL
"""
