"""The mail duty with a real SMTP server: texts, retries, and a server that fails."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import jwt
import pytest

from booking_rush.booking.holds import bookings
from booking_rush.booking.holds.contacts import Contact, save
from booking_rush.booking.mail.included import included_in
from booking_rush.booking.mail.locales import forms_of, money
from booking_rush.postgres import Pool
from tests.browser.pages import stalls
from tests.mail.mails import SENDER, confirmed, mail_row, mailer_of, name_a_sender, sent, text_of
from tests.support.clients import code_of
from tests.support.servers.smtp_server import SmtpServer
from tests.support.world import ADA, World, held

# Texts


@pytest.mark.parametrize(
    ("language", "subject", "words"),
    [
        (
            "en",
            "Your tickets for An Evening",
            ["Stalls, row A, seat 1", "Wednesday 1 May 2030 at 19:00 UTC"],
        ),
        (
            "th",
            "บัตรเข้าชม An Evening",
            ["Stalls แถว A ที่นั่ง 1", "วันพุธที่ 1 พฤษภาคม 2573 เวลา 19:00 UTC"],
        ),
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
    wanted = [*words, booking["reference"], "€130.00", "https://rush.example/events/demo"]
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


async def test_standing_places_are_numbered_after_seats(
    world: World, smtp_server: SmtpServer
) -> None:
    await world.event()
    floor: dict[str, Any] = {"section": "floor", "quantity": 2}
    visitor, hold = await held(world, seats=["stalls.A-1"], standing=floor)
    await visitor.check_out(hold, email=ADA)

    [mail] = await sent(mailer_of(world, smtp_server), smtp_server)

    assert "row A, seat 1; 2 × Floor" in text_of(mail)
    assert "Ticket 3: Floor, place 2" in text_of(mail)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Total:     €130.00\n           includes fee €6.00, VAT €9.10\n"),
        ("th", "ยอดรวม: €130.00\nรวมในราคาแล้ว: fee €6.00, VAT €9.10\n"),
    ],
)
async def test_a_confirmation_says_what_the_total_includes(
    world: World, smtp_server: SmtpServer, language: str, said: str
) -> None:
    fees = [{"name": "fee", "amount": 300}, {"name": "VAT", "amount": 455}]
    await world.event(sections=[stalls(includes=fees)])
    await confirmed(world, language=language)

    [mail] = await sent(mailer_of(world, smtp_server), smtp_server)

    assert said in text_of(mail).replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("language", "said"), [("en", "Name:      Ada {x} King\n"), ("th", "ชื่อ: Ada {x} King\n")]
)
async def test_a_confirmation_is_in_the_buyers_name(
    world: World, smtp_server: SmtpServer, language: str, said: str
) -> None:
    await world.event()
    _, booking = await confirmed(world, language=language, name="Ada {x} King")

    [mail] = await sent(mailer_of(world, smtp_server), smtp_server)

    assert f"\n{said}" in text_of(mail).replace("\r\n", "\n")
    for ticket in booking["tickets"]:
        assert "Ada" not in str(jwt.decode(ticket["code"], options={"verify_signature": False}))


@pytest.mark.parametrize(
    ("language", "named", "said"),
    [
        ("en", {"name": "House rules {x}"}, "By paying you accepted: House rules {x}\n"),
        ("en", {}, "By paying you accepted: terms of An Evening\n"),
        ("th", {}, "เมื่อชำระเงิน คุณได้ยอมรับ: ข้อกำหนดของ An Evening\n"),
    ],
)
async def test_a_confirmation_names_the_terms(
    world: World, smtp_server: SmtpServer, language: str, named: dict[str, str], said: str
) -> None:
    await world.event(terms={"url": "https://else.example/terms", **named})
    await confirmed(world, language=language)

    [mail] = await sent(mailer_of(world, smtp_server), smtp_server)

    text = text_of(mail).replace("\r\n", "\n")
    assert f"\n\n{said}https://else.example/terms\n\n" in text


async def test_places_with_and_without_a_seat_include_their_own(world: World) -> None:
    fees = [{"name": "fee", "amount": 300}, {"name": "VAT", "amount": 455}]
    event = await world.event(sections=[stalls(includes=fees[:1]), stalls(id="box", includes=fees)])
    _, json = await confirmed(world)
    booking = await bookings.get(world.services.pool, UUID(json["id"]))
    mixed = replace(booking, section="box", quantity=5)

    assert included_in(booking, event) == {"fee": 600}
    assert included_in(mixed, event) == {"fee": 1500, "VAT": 1365}


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
    await world.event(rules={"hold_seconds": 100})
    _, hold = await held(world)
    await save(world.services.pool, UUID(hold), Contact(ADA, "en"))  # as a declined card leaves it
    await world.set_on(101)

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
    [
        (123450, "EUR", "€1,234.50"),
        (500, "JPY", "JP¥500"),
        (1005, "KWD", "KWD\N{NO-BREAK SPACE}1.005"),
        (0, "EUR", "Free"),
    ],
)
def test_money_has_as_many_digits_as_its_currency(amount: int, currency: str, text: str) -> None:
    assert money(amount, currency, forms_of("en")) == text
