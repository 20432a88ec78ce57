"""The mail duty with a real SMTP server: texts, retries, and a server that fails."""

import asyncio
from collections.abc import AsyncGenerator
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import jwt
import msgspec
import pytest

from booking_rush.booking.holds.contacts import Contact, save
from booking_rush.booking.mail import mailer as mailers
from booking_rush.booking.mail.mailer import Mailer
from booking_rush.booking.mail.message import Sender, money
from booking_rush.postgres import Pool
from tests.support.clients import Frame, Visitor, code_of, until
from tests.support.servers.smtp_server import SmtpServer, serve_smtp
from tests.support.world import ADA, World, held

SENDER = Sender("tickets@rush.example", "https://rush.example")


@pytest.fixture
async def smtp_server() -> AsyncGenerator[SmtpServer]:
    async with serve_smtp(SmtpServer()) as smtp_server:
        yield smtp_server


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the back-off to a hundredth: tests count tries, not seconds."""
    monkeypatch.setattr(mailers, "BACK_OFF_S", (0.01, 0.02, 0.04, 0.08))


def mailer_of(world: World, smtp_server: SmtpServer) -> Mailer:
    return Mailer(world.services.pool, smtp_server.url, SENDER, world.services.signer.ticket)


def name_a_sender(world: World) -> None:
    settings = world.services.settings
    world.services.settings = msgspec.structs.replace(settings, mail_from=SENDER.mailbox)


async def confirmed(world: World, email: str = ADA, **contact: Any) -> tuple[Visitor, Frame]:
    """Return a visitor with a confirmed booking, and its JSON."""
    visitor, hold = await held(world)
    answer = await visitor.check_out(hold, email=email, **contact)
    assert answer.status_code == 202, answer.text
    return visitor, await visitor.booked(hold, "confirmed")


async def sent(mailer: Mailer, smtp_server: SmtpServer, count: int = 1) -> list[EmailMessage]:
    """Run a mailer until the server has received so many mails. Return all of them."""

    async def are_there() -> bool:
        await mailer.run_once()
        return len(smtp_server.mails) >= count

    await until(are_there)
    return smtp_server.mails


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


async def mail_row(pool: Pool) -> Any:
    return await pool.fetchrow("SELECT * FROM mails")


# Texts


@pytest.mark.parametrize(
    ("language", "subject", "words"),
    [
        ("en", "Your tickets for An Evening", ["Stalls, row A, seat 1", "1 May 2030, 19:00 UTC"]),
        ("th", "บัตรเข้าชม An Evening", ["Stalls แถว A ที่นั่ง 1", "1 พฤษภาคม 2573 เวลา 19:00 น. (UTC)"]),
    ],
)
async def test_a_confirmation_comes_once_with_its_tickets(
    world: World, smtp_server: SmtpServer, language: str, subject: str, words: list[str]
) -> None:
    await world.event()
    _, booking = await confirmed(world, language=language)
    mailer = mailer_of(world, smtp_server)

    [mail] = await sent(mailer, smtp_server)

    assert await mailer.run_once() == 0
    assert await mailer.waiting() == 0
    assert smtp_server.recipients == [[ADA]]
    assert (mail["To"], mail["From"]) == (ADA, SENDER.mailbox)
    assert mail["Message-ID"] == f"<{booking['id']}.confirmed@rush.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"] is not None
    assert mail["Subject"].startswith(subject)
    text = text_of(mail)
    codes = [ticket["code"] for ticket in booking["tickets"]]
    wanted = [*words, booking["reference"], "130.00 EUR", "https://rush.example/events/demo"]
    assert [word for word in [*wanted, *codes] if word not in text] == []
    pictures = [part.get_content() for part in mail.iter_attachments()]
    assert len(pictures) == 2
    assert all(picture.startswith(b"\x89PNG") for picture in pictures)
    claims = jwt.decode(codes[0], options={"verify_signature": False})
    assert claims["reference"] == booking["reference"]


async def test_a_mail_is_sent_again_for_an_operator_as_a_mail_of_its_own(
    world: World, smtp_server: SmtpServer
) -> None:
    name_a_sender(world)
    await world.event()
    _, booking = await confirmed(world)
    mailer, operator = mailer_of(world, smtp_server), await world.operator()
    again = f"/api/v1/admin/bookings/{booking['id']}/mail"
    assert (await operator.post(again)).status_code == 202, "it is on its way already"
    await sent(mailer, smtp_server)
    await world.services.pool.execute("UPDATE bookings SET changed_at = now() - interval '3 days'")

    answer = await operator.post(again)
    first, second = await sent(mailer, smtp_server, 2)

    assert (answer.status_code, answer.content) == (202, b"")
    assert first["Subject"] == second["Subject"]
    assert second["Message-ID"] == f"<{booking['id']}.confirmed.1@rush.example>"
    [entry] = [
        entry
        for entry in (await operator.get("/api/v1/admin/audit")).json()["entries"]
        if entry["what"] == "mail"
    ][:1]
    assert entry["detail"] == {"booking": booking["id"]}


async def test_no_mail_is_sent_again_where_none_can_be(world: World) -> None:
    await world.event()
    visitor, hold = await held(world)
    await visitor.check_out(hold)
    await visitor.booked(hold, "confirmed")
    again, operator = f"/api/v1/admin/bookings/{hold}/mail", await world.operator()

    without_server = await operator.post(again)
    name_a_sender(world)
    without_address = await operator.post(again)

    for refused in (without_server, without_address):
        assert (refused.status_code, code_of(refused)) == (409, "no_mail")


async def test_places_without_numbers_are_counted(world: World, smtp_server: SmtpServer) -> None:
    await world.event()
    visitor, hold = await held(world, section="floor", quantity=3)
    await visitor.check_out(hold, email=ADA)

    [mail] = await sent(mailer_of(world, smtp_server), smtp_server)

    assert "3 × Floor" in text_of(mail)
    assert "Ticket 3: Floor, place 3" in text_of(mail)
    assert len(list(mail.iter_attachments())) == 3


async def test_a_refund_is_told(world: World, smtp_server: SmtpServer) -> None:
    await world.event()
    visitor, booking = await confirmed(world)
    mailer = mailer_of(world, smtp_server)
    await sent(mailer, smtp_server)
    await visitor.http.post(f"/api/v1/bookings/{booking['id']}/cancel")

    mails = await sent(mailer, smtp_server, 2)

    assert mails[1]["Message-ID"] == f"<{booking['id']}.refunded@rush.example>"
    assert "refunded" in text_of(mails[1])
    assert list(mails[1].iter_attachments()) == []


async def test_an_expiry_is_told(world: World, smtp_server: SmtpServer) -> None:
    await world.event(rules={"hold_seconds": 2})
    _, hold = await held(world)
    await save(world.services.pool, UUID(hold), Contact(ADA, "en"))  # as a declined card leaves it

    [mail] = await sent(mailer_of(world, smtp_server), smtp_server)

    assert mail["Subject"].startswith("Your booking for An Evening has expired")


async def test_what_is_no_longer_true_is_not_told(
    world: World, smtp_server: SmtpServer, pool: Pool
) -> None:
    await world.event()
    visitor, booking = await confirmed(world)
    await visitor.http.post(f"/api/v1/bookings/{booking['id']}/cancel")
    await visitor.booked(booking["id"], "refunded")

    [mail] = await sent(mailer_of(world, smtp_server), smtp_server)

    assert ".refunded@" in mail["Message-ID"]
    error = await pool.fetchval("SELECT error FROM mails WHERE kind = 'confirmed' AND parked")
    assert error == "no longer true: refunded"


async def test_news_of_yesterday_is_not_told(
    world: World, smtp_server: SmtpServer, pool: Pool
) -> None:
    await world.event()
    await confirmed(world)
    await pool.execute("UPDATE bookings SET changed_at = now() - interval '25 hours'")

    await mailer_of(world, smtp_server).run_once()

    row = await mail_row(pool)
    assert (row["parked"], row["error"], smtp_server.tries) == (True, "too old", 0)


async def test_who_gives_no_address_gets_no_mail(world: World, pool: Pool) -> None:
    await world.event()
    visitor, hold = await held(world)
    await visitor.check_out(hold, language="th")
    await visitor.booked(hold, "confirmed")
    assert await pool.fetchval("SELECT count(*) FROM mails") == 0


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [(123450, "EUR", "1,234.50 EUR"), (500, "JPY", "500 JPY"), (1005, "KWD", "1.005 KWD")],
)
def test_money_has_as_many_digits_as_its_currency(amount: int, currency: str, text: str) -> None:
    assert money(amount, currency) == text


# Failures


async def test_a_server_that_is_busy_four_times_takes_it_in_the_end(
    world: World, smtp_server: SmtpServer, pool: Pool
) -> None:
    await world.event()
    await confirmed(world)
    smtp_server.answers = ["451 later"] * 4

    await sent(mailer := mailer_of(world, smtp_server), smtp_server)

    assert smtp_server.tries == 5
    row = await mail_row(pool)
    assert (row["tries"], row["parked"]) == (5, False)
    assert mailer.outcomes == {"later": 4, "sent": 1}


async def test_after_five_tries_it_is_parked_and_the_booking_stands(
    world: World, smtp_server: SmtpServer, pool: Pool
) -> None:
    await world.event()
    visitor, booking = await confirmed(world)
    smtp_server.answers = ["451 later"] * 9
    mailer = mailer_of(world, smtp_server)

    async def is_parked() -> bool:
        await mailer.run_once()
        return bool((await mail_row(pool))["parked"])

    await until(is_parked)

    assert await mailer.run_once() == 0
    assert (smtp_server.tries, (await mail_row(pool))["error"]) == (5, "refused: 451")
    assert await visitor.booking(booking["id"]) == booking


async def test_a_recipient_who_is_not_there_is_parked_at_once(
    world: World, smtp_server: SmtpServer, pool: Pool
) -> None:
    await world.event()
    await confirmed(world)
    smtp_server.recipient_answers = ["550 no such user"]

    await mailer_of(world, smtp_server).run_once()

    row = await mail_row(pool)
    assert (row["parked"], row["tries"], row["error"]) == (True, 1, "recipient refused: 550")


async def test_while_the_server_is_away_a_mail_waits_and_no_try_is_spent(
    world: World, pool: Pool
) -> None:
    await world.event()
    await confirmed(world)
    smtp_server, now = SmtpServer(), 0.0
    async with serve_smtp(smtp_server):
        pass
    mailer = Mailer(pool, smtp_server.url, SENDER, world.services.signer.ticket, clock=lambda: now)
    for _ in range(7):
        assert await mailer.run_once() == 0
    assert mailer.breaker.state(now) == "open"
    assert (await mail_row(pool))["tries"] == 0

    async with serve_smtp(smtp_server, smtp_server.port):
        assert await mailer.run_once() == 0
        now = 60.0
        assert await mailer.run_once() == 1

    assert mailer.breaker.state(now) == "closed"
    assert len(smtp_server.mails) == 1


async def test_two_mailers_at_once_send_each_mail_once(
    world: World, smtp_server: SmtpServer
) -> None:
    await world.event()
    for number in range(6):
        await confirmed_at_the_floor(world, f"buyer{number}@example.org")
    one, other = mailer_of(world, smtp_server), mailer_of(world, smtp_server)

    async def all_sent() -> bool:
        await asyncio.gather(one.run_once(), other.run_once())
        return await one.waiting() == 0

    await until(all_sent)

    assert len(smtp_server.mails) == 6
    assert len({mail["Message-ID"] for mail in smtp_server.mails}) == 6


async def confirmed_at_the_floor(world: World, email: str) -> None:
    visitor, hold = await held(world, section="floor", quantity=1)
    await visitor.check_out(hold, email=email)
    await visitor.booked(hold, "confirmed")


async def test_a_mailer_that_dies_before_its_mark_sends_the_same_mail_again(
    world: World, smtp_server: SmtpServer, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.event()
    await confirmed(world)
    with monkeypatch.context() as patch:
        patch.setattr(mailers, "MARK_SENT", "SELECT 1/0, $1::uuid, $2::text")
        with pytest.raises(Exception, match="division by zero"):
            await mailer_of(world, smtp_server).run_once()
    assert await mailer_of(world, smtp_server).run_once() == 0, "it is claimed for a while"
    await pool.execute("UPDATE mails SET due_at = now()")

    mails = await sent(mailer_of(world, smtp_server), smtp_server, 2)

    assert mails[0]["Message-ID"] == mails[1]["Message-ID"]


async def test_an_address_is_in_no_log(
    world: World, smtp_server: SmtpServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="booking_rush")
    await world.event()
    smtp_server.answers = ["554 ada@example.org is not wanted"]
    await confirmed(world)
    await mailer_of(world, smtp_server).run_once()
    assert ADA not in caplog.text
