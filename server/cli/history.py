"""Commands that check an order: export the journal of an event, and verify it."""

import re
import sys
import urllib.request
from collections.abc import AsyncGenerator, Iterable
from typing import Any

import click
import msgspec

from booking_rush.booking.history import journal as journals
from booking_rush.booking.history import signed_heads
from booking_rush.booking.history.draw_check import numbers_of, numbers_told
from booking_rush.booking.history.entries import Entry, Head
from booking_rush.booking.history.verification import NotFollowingError, Verification
from booking_rush.postgres import Pool
from booking_rush.queue.event_registry import UnknownEvent
from booking_rush.queue.keys import keyring
from booking_rush.queue.passes import verify_journal_head
from booking_rush.server.cli.command_line import EVENT, cli, matching, with_pool
from booking_rush.server.exits import FAILED

PAGE = 1000
ADDRESS = matching("address of a server", re.compile(r"https?://"))
URL_S = 30.0


@cli.command()
@click.argument("event", callback=EVENT)
@click.option("--export", is_flag=True, help="Write every entry, a line of JSON each.")
def journal(event: str, export: bool) -> None:
    """Show the head of an event's journal, or write the whole journal to standard output."""

    async def run(pool: Pool) -> None:
        await _check_event(pool, event)
        if not export:
            head = await journals.head(pool, event)
            click.echo(f"{event} has {head.n} entries, the last with the hash {head.hash or '-'}")
            return
        async for page in _pages(pool, event):
            if page.begins.n and page.entries[:1] and page.entries[0].n == page.begins.n + 1:
                click.echo(msgspec.json.encode({"begins": page.begins._asdict()}))
            for entry in page.entries:
                click.echo(msgspec.json.encode(entry))

    with_pool(run)


@cli.command()
@click.argument("event", callback=EVENT)
@click.option(
    "--url",
    callback=ADDRESS,
    help="Read the journal where it is published, such as https://example.org.",
)
def verify(event: str, url: str | None) -> None:
    """Recompute an event's journal: chain, numbers, draws, admissions and signed heads.

    Admissions are held against rates, bounds, lanes and stops as they were in force. The first row
    that does not follow from the others is told, with exit code 1.
    """
    try:
        done = _verify_url(url, event) if url else with_pool(lambda pool: _verify(pool, event))
    except (NotFollowingError, ValueError) as error:
        click.echo(f"{event} does not follow: {error}")
        sys.exit(FAILED)
    click.echo(f"{event}: {done.head.n} entries follow, up to {done.head.hash}")
    click.echo(f"{event}: {done.admissions.coverage()}")


async def _verify(pool: Pool, event: str) -> Verification:
    """Verify the journal in PostgreSQL. Return how it was.

    Raises:
        NotFollowingError, ValueError: an entry does not follow, or a head is not signed by us.
    """
    await _check_event(pool, event)
    keys = await keyring.all_jwks(pool)
    signed = _signed_of(await signed_heads.signatures(pool, event), keys, event)
    draw = await numbers_of(pool, event)
    verification = Verification(signed=signed, number_of=draw)
    head = Head()
    async for page in _pages(pool, event):
        if page.begins.n and not verification.head.n:
            verification = Verification(page.begins, signed, draw)
        for entry in page.entries:
            verification.follow(entry)
        head = page.head
    return _ended(verification, head)


def _verify_url(url: str, event: str) -> Verification:
    """Verify the journal at an address. Return how it was.

    Raises:
        NotFollowingError, ValueError: an entry does not follow, or the head is not signed.
        OSError: there is no such journal, or nobody answers.
    """
    base = f"{url.rstrip('/')}/api/v1/events/{event}/journal?limit={PAGE}"
    keys = _fetch(f"{url.rstrip('/')}/.well-known/jwks.json")
    page = _fetch(f"{base}&after=0")
    begins = page.get("begins", {"n": 0, "hash": ""})
    draw = numbers_told(_fetch(f"{url.rstrip('/')}/api/v1/events/{event}")["event"])
    verification = Verification(Head(begins["n"], begins["hash"]), number_of=draw)
    while True:
        for entry in msgspec.convert(page["entries"], list[Entry]):
            verification.follow(entry)
        if page["next"] is None:
            break
        page = _fetch(f"{base}&after={page['next']}")
    claims = verify_journal_head(page["head"]["signature"], keys, event=event)
    return _ended(verification, Head(claims["n"], claims["hash"]))


def _ended(verification: Verification, head: Head) -> Verification:
    """Compare the last entry with the head of the chain. Return the verification.

    Raises:
        NotFollowingError: they differ: the last rows were removed.
    """
    if verification.head[:2] != head[:2]:
        n = verification.head.n
        raise NotFollowingError(f"entry {n} is the last, and the head of the chain is {head.n}")
    return verification


def _signed_of(signatures: Iterable[str], keys: dict[str, Any], event: str) -> dict[int, str]:
    """Return the hashes that were signed, by their n.

    Raises:
        ValueError: a head was not signed by one of these keys.
    """
    claims = [verify_journal_head(one, keys, event=event) for one in signatures]
    return {one["n"]: one["hash"] for one in claims}


async def _pages(pool: Pool, event: str) -> AsyncGenerator[journals.Journal]:
    """Yield the journal up to its present head, page by page; at least one page."""
    after = 0
    while True:
        page = await journals.read(pool, event, after=after, limit=PAGE)
        yield page
        if not page.entries or page.entries[-1].n >= page.head.n:
            return
        after = page.entries[-1].n


async def _check_event(pool: Pool, event: str) -> None:
    if not await pool.fetchval("SELECT 1 FROM events WHERE id = $1", event):
        raise UnknownEvent(f"there is no event {event!r}")


def _fetch(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=URL_S) as answer:  # noqa: S310  see ADDRESS
        return msgspec.json.decode(answer.read())
