"""The mail duty with a server that fails, is away, or dies beside it."""

import asyncio

import pytest

from booking_rush.booking.mail import mailer as mailers
from booking_rush.booking.mail.mailer import Mailer
from booking_rush.postgres import Pool
from tests.mail.mails import SENDER, confirmed, mail_row, mailer_of, sent
from tests.support.clients import until
from tests.support.servers.smtp_server import SmtpServer, serve_smtp
from tests.support.world import ADA, World, held


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
