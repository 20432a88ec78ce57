"""Mails of a world: a mailer, a confirmed booking, and what the server received."""

from email.message import EmailMessage
from typing import Any

import msgspec

from booking_rush.booking.mail.mailer import Mailer
from booking_rush.booking.mail.message import Sender
from booking_rush.postgres import Pool
from tests.support.clients import Frame, Visitor, until
from tests.support.servers.smtp_server import SmtpServer
from tests.support.world import ADA, World, held

SENDER = Sender("tickets@rush.example", "https://rush.example")


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
