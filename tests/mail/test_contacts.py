"""Contacts of bookings: accepted addresses, access, and the settings of the mail duty."""

import pytest
from msgspec import UNSET

from booking_rush.booking.holds.contacts import Contact, contact_of
from booking_rush.errors import Invalid
from booking_rush.postgres import Pool
from booking_rush.server.embedded.demo import duties_of
from booking_rush.server.runtime.settings import Settings, SettingsError, read
from tests.mail.mails import name_a_sender
from tests.support.clients import Frame, code_of
from tests.support.world import ADA, World, held


@pytest.mark.parametrize(
    "email",
    [
        "", "ada", "ada@", "@example.org", "a@b@c", "a da@example.org",
        "ada@example.org\r\nBcc: x@y", "ada@example.org\n", "a,eve@example.org",
        "<ada@example.org>", "a\x00@example.org", "a\u2028@example.org", f"{'a' * 251}@b.c",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_by_name(email: str) -> None:
    with pytest.raises(Invalid) as refused:
        contact_of(email, "en")
    assert refused.value.extra["errors"][0]["field"] == "email"


@pytest.mark.parametrize("email", ["o'hara+rush@mail.example.org", f"{'a' * 250}@b.c"])
def test_what_is_an_address_is_taken_and_not_told(email: str) -> None:
    contact = contact_of(email, "th")
    assert contact == Contact(email, "th")
    assert email not in repr(contact)


async def test_a_second_header_is_refused_before_anything_is_paid(world: World, pool: Pool) -> None:
    await world.event()
    visitor, hold = await held(world)
    answer = await visitor.check_out(hold, email="ada@example.org\r\nBcc: eve@example.org")
    assert (answer.status_code, code_of(answer)) == (400, "invalid_request")
    assert "email" in answer.text
    assert await pool.fetchval("SELECT count(*) FROM contacts") == 0
    assert (await visitor.check_out(hold)).status_code == 202


async def test_a_language_that_we_do_not_write_is_refused(world: World) -> None:
    await world.event()
    visitor, hold = await held(world)
    answer = await visitor.check_out(hold, email=ADA, language="de")
    assert answer.status_code == 400
    assert "language" in answer.text


async def test_nobody_says_where_the_mail_of_another_goes(world: World, pool: Pool) -> None:
    await world.event()
    visitor, hold = await held(world)
    eve = await world.visitor()
    assert (await eve.check_out(hold, email="eve@example.org")).status_code == 404
    assert await pool.fetchval("SELECT count(*) FROM contacts") == 0
    await visitor.check_out(hold, email=ADA)
    assert (await eve.check_out(hold, email="eve@example.org")).status_code == 404
    assert await pool.fetchval("SELECT email FROM contacts") == ADA


async def test_the_socket_takes_an_address_too(world: World, pool: Pool) -> None:
    await world.event()
    visitor, hold = await held(world)
    async with visitor.socket() as socket:
        asked = {"hold": hold, "payment_method": "ok"}
        refused = await socket.ask("hold.checkout", **asked, email="nobody")
        assert refused["problem"]["code"] == "invalid_request"
        taken = await socket.ask("hold.checkout", **asked, email=ADA, language="th")
        assert taken["type"] == "booking.updated"
        assert ADA not in str(socket.frames)
    row = await pool.fetchrow("SELECT email, language FROM contacts")
    assert row is not None
    assert tuple(row) == (ADA, "th")


@pytest.mark.parametrize(
    "name",
    [
        "", " ", "\u200b", "\u0301", "a\nb", "a\x00b", "a\x85b", "a\u2028b", "\u202eadA",
        "a\u2066b", "x" * 81,
    ],
)  # fmt: skip
async def test_what_is_no_name_is_refused_by_name(world: World, pool: Pool, name: str) -> None:
    await world.event()
    visitor, hold = await held(world)

    answer = await visitor.check_out(hold, name=name)

    assert (answer.status_code, code_of(answer)) == (400, "invalid_request")
    assert answer.json()["errors"][0]["field"] == "name"
    assert await pool.fetchval("SELECT count(*) FROM contacts") == 0


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("  Ada \u3000 King ", "Ada King"),
        ("Zoe\u0308", "Zo\u00eb"),
        ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"),
        (
            "\u0e2a\u0e21\u0e0a\u0e32\u0e22 \u0e43\u0e08\u0e14\u0e35",
            "\u0e2a\u0e21\u0e0a\u0e32\u0e22 \u0e43\u0e08\u0e14\u0e35",
        ),
        (
            "\U0001f468\u200d\U0001f469\u200d\U0001f467",
            "\U0001f468\u200d\U0001f469\u200d\U0001f467",
        ),
        ("\u062f\u0639\u0627\u0621", "\u062f\u0639\u0627\u0621"),
        ("\u5b57" * 80, "\u5b57" * 80),
    ],
)
def test_a_name_is_taken_as_it_is_written_and_not_told(given: str, kept: str) -> None:
    contact = contact_of(UNSET, "en", given)
    assert contact == Contact("", "en", kept)
    assert kept not in repr(contact)


async def test_a_name_alone_is_kept_and_mails_nothing(world: World, pool: Pool) -> None:
    await world.event()
    visitor, hold = await held(world)
    await visitor.check_out(hold, name="Ada King")
    booking = await visitor.booked(hold, "confirmed")

    assert booking["name"] == "Ada King"
    assert await pool.fetchval("SELECT email IS NULL FROM contacts")
    assert await pool.fetchval("SELECT count(*) FROM mails") == 0
    name_a_sender(world)
    again = await (await world.operator()).post(f"/api/v1/admin/bookings/{hold}/mail")
    assert code_of(again) == "no_mail"


async def test_a_later_checkout_replaces_only_what_it_names(world: World, pool: Pool) -> None:
    await world.event()
    visitor, hold = await held(world)
    for contact in ({"email": ADA, "name": "Ada"}, {"name": "Ada King"}, {"email": f"x{ADA}"}, {}):
        await visitor.check_out(hold, "declined", **contact)
    row = await pool.fetchrow("SELECT email, name FROM contacts")
    assert row is not None
    assert tuple(row) == (f"x{ADA}", "Ada King")


async def test_the_socket_takes_a_name_too(world: World) -> None:
    await world.event()
    visitor, hold = await held(world)
    async with visitor.socket() as socket:
        asked = {"hold": hold, "payment_method": "ok"}
        refused = await socket.ask("hold.checkout", **asked, name="\u202eadA")
        taken = await socket.ask("hold.checkout", **asked, name="Ada King")
    assert refused["problem"]["errors"][0]["field"] == "name"
    assert taken["booking"]["name"] == "Ada King"


# Settings


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"RUSH_SMTP_URL": "smtp://localhost"}, "RUSH_MAIL_FROM"),
        ({"RUSH_SMTP_URL": "http://u:hush@x", "RUSH_MAIL_FROM": "a@b"}, "RUSH_SMTP_URL"),
        ({"RUSH_SMTP_URL": "smtp://u:hush@x:y", "RUSH_MAIL_FROM": "a@b"}, "RUSH_SMTP_URL"),
        ({"RUSH_SMTP_URL": "smtp://x", "RUSH_MAIL_FROM": "a@b\r\nX: y"}, "RUSH_MAIL_FROM"),
        ({"RUSH_PUBLIC_URL": "rush.example"}, "RUSH_PUBLIC_URL"),
    ],
)
def test_wrong_settings_are_named_and_keep_their_secret(given: Frame, named: str) -> None:
    with pytest.raises(SettingsError, match=named) as refused:
        read(given)
    assert "hush" not in str(refused.value)


def test_the_demo_sends_mail_where_there_is_a_server() -> None:
    assert "mail" not in duties_of(Settings())
    assert "mail" in duties_of(Settings(smtp_url="smtp://localhost", mail_from="a@b"))
