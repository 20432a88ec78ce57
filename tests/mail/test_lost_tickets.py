"""Lost tickets: a link that needs no cookie, and a mail for who names reference and address."""

import dataclasses
import time
from uuid import UUID

import httpx
import pytest

from booking_rush.booking.mail.lost_tickets import PAUSE_MINUTES, letters_of
from booking_rush.booking.mail.mailer import Mailer
from booking_rush.booking.mail.ticket_links import TicketLinks
from booking_rush.errors import Invalid
from booking_rush.postgres import Pool
from booking_rush.server.auth.visitor_tokens import LIFE_S, RENEWED_AFTER_S
from tests.mail.mails import SENDER, confirmed, name_a_sender, sent
from tests.support.clients import PATIENCE_S, code_of, until
from tests.support.servers.smtp_server import SmtpServer
from tests.support.world import ADA, World, held

FIND = "/api/v1/bookings/find"
BOOKING = UUID("018f4e7a-0000-7000-8000-000000000001")


def test_a_link_is_read_by_who_has_the_key_alone() -> None:
    links = TicketLinks("one key")
    link = links.path_of(BOOKING).removeprefix("/tickets/")

    assert links.read(link) == BOOKING
    assert TicketLinks("another").read(link) is None
    for wrong in ("", link[:-1], link + "A", "B" + link[1:], link.upper(), "é" * 43):
        assert links.read(wrong) is None


@pytest.mark.parametrize("text", ["ABCDE-FGHIJ", " abcdefghij ", "abcde fghij", "A8CDE-FGH1J"])
def test_a_reference_is_read_as_people_write_it(text: str) -> None:
    assert letters_of(text) == "ABCDEFGHIJ"


@pytest.mark.parametrize("text", ["ABCDE", "ABCDE-FGHI!", "ABCDE-FGHIJK", "A" * 64])
def test_what_is_no_reference_is_refused_by_name(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        letters_of(text)
    assert refused.value.extra["errors"][0]["field"] == "reference"


async def test_a_link_shows_the_tickets_without_a_cookie_until_they_are_void(world: World) -> None:
    await world.event(name="<An> Evening", venue={"name": "Old Hall", "address": "Quay 1"})
    buyer, hold = await held(world)
    await buyer.check_out(hold)
    booking = await buyer.booked(hold, "confirmed")
    url = (await buyer.http.get(f"/api/v1/bookings/{hold}/link")).json()["url"]
    stranger = await world.visitor()
    assert (await stranger.http.get(f"/api/v1/bookings/{hold}/link")).status_code == 404

    async with httpx.AsyncClient(base_url=world.clients.base, timeout=PATIENCE_S) as http:
        page, code = await http.get(url), await http.get(f"{url}/2.svg")
        own = await buyer.http.get(f"/api/v1/bookings/{hold}/tickets/{hold}-2/qr.svg")
        assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
        assert (page.headers["referrer-policy"], page.headers["x-robots-tag"]) == (
            "no-referrer",
            "noindex",
        )
        for text in ("&lt;An&gt; Evening", "Old Hall, Quay 1", "Wednesday 1 May 2030 at 19:00 UTC",
                     "Stalls, row A, seat 2", booking["reference"], "Booked"):  # fmt: skip
            assert text in page.text
        assert (code.headers["content-type"], code.content) == ("image/svg+xml", own.content)
        for missing in (f"{url}/3.svg", f"{url}/x.svg", f"{url[:-2]}AA", f"{url[:-2]}AA/1.svg"):
            assert (await http.get(missing)).status_code == 404

        await buyer.http.post(f"/api/v1/bookings/{hold}/cancel")
        await buyer.booked(hold, "refunded")
        page = await http.get(url, headers={"Accept-Language": "th"})
        assert 'data-testid="ticket"' not in page.text
        assert "คืนเงินแล้ว" in page.text
        assert (await http.get(f"{url}/2.svg")).status_code == 404


async def asks(world: World, reference: str, email: str) -> httpx.Response:
    """Ask as somebody without a cookie, and wait until all that follows is done."""
    async with httpx.AsyncClient(base_url=world.clients.base, timeout=PATIENCE_S) as http:
        answer = await http.post(FIND, json={"reference": reference, "email": email})
    await until(lambda: world.services.background.is_idle)
    return answer


async def test_the_mailbox_alone_tells_whether_there_is_a_booking(
    world: World, pool: Pool, smtp_server: SmtpServer
) -> None:
    name_a_sender(world)
    await world.event()
    _, booking = await confirmed(world)
    links = world.services.ticket_links
    sender = dataclasses.replace(SENDER, links=links)
    mailer = Mailer(pool, smtp_server.url, sender, world.services.signer.ticket)
    await sent(mailer, smtp_server, 1)

    reference = booking["reference"]
    asked = [
        await asks(world, reference, "eve@example.org"),
        await asks(world, "AAAAA-AAAAA", ADA),
        await asks(world, reference.lower().replace("-", ""), ADA.upper()),
    ]
    assert {(answer.status_code, answer.content) for answer in asked} == {
        (202, b'{"status":"asked"}')
    }
    mails = await sent(mailer, smtp_server, 2)
    assert reference in str(mails[1]["Subject"])
    link = f"https://rush.example{links.path_of(UUID(booking['id']))}"
    body = mails[1].get_body()
    assert body is not None
    assert link in body.get_content()
    assert await pool.fetchval("SELECT sum(asked) FROM mails") == 1

    # Once more within the pause: nothing. After it: another mail.
    await asks(world, reference, ADA)
    assert await pool.fetchval("SELECT sum(asked) FROM mails") == 1
    await pool.execute(f"UPDATE mails SET asked_at = now() - interval '{PAUSE_MINUTES + 1} min'")
    await asks(world, reference, ADA)
    assert await pool.fetchval("SELECT sum(asked) FROM mails") == 2


async def test_who_cannot_be_answered_is_told_so(world: World) -> None:
    answer = await asks(world, "AAAAA-AAAAA", ADA)
    assert (answer.status_code, code_of(answer)) == (409, "no_mail")
    for reference, email in (("nothing", ADA), ("AAAAA-AAAAA", "no address")):
        answer = await asks(world, reference, email)
        assert (answer.status_code, code_of(answer)) == (400, "invalid_request")


async def test_a_visitor_who_comes_back_is_kept_for_another_life(world: World) -> None:
    tokens = world.services.tokens
    old = tokens.issue(now=time.time() - RENEWED_AFTER_S - 60)
    for token, is_renewed in ((old.token, True), (tokens.issue().token, False)):
        cookies = {"rush_visitor": token}
        async with httpx.AsyncClient(
            base_url=world.clients.base, cookies=cookies, timeout=PATIENCE_S
        ) as http:
            answer = await http.get("/api/v1/bookings")
        assert ("set-cookie" in answer.headers) is is_renewed
    renewed = tokens.renewed(old.token)
    assert tokens.read(renewed) == old.visitor
    assert tokens.renewed(tokens.issue(now=time.time() - LIFE_S - 1).token) == ""
    assert tokens.renewed("nothing") == ""
