"""Benchmarks: each row prints a ratio to a ceiling or a peer that the same run measures.

make bench                                 all rows, up to 15 minutes; results as JSON and SVG
make bench ARGS="sockets moves"            some rows
make bench ARGS="against REV [rows]"       each row by turns with another commit: A B A B
"""

import asyncio
import sys
import time
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

import uvloop
from redis.asyncio import Redis

from loadtest import against, reporting
from loadtest.environment import Stores
from loadtest.pages.page_loads import page_loads
from loadtest.pages.seat_map import seat_map
from loadtest.rows import checkouts, crowds, holds, line, requests, saga, sockets, watchers
from loadtest.rows.closing import closing
from loadtest.rows.costs import costs
from loadtest.rows.fairness import flood
from loadtest.rows.quiet_events import quiet_events
from loadtest.rows.traces import traces


class Row(NamedTuple):
    """A row: how it is run, and whether it needs no more of the product than its contract.

    Such a row measures the server of another commit with the client of this one.
    """

    run: Callable[[], None]
    by_contract: bool
    what: str


async def in_redis(benchmark: Callable[[Redis], Coroutine[Any, Any, None]]) -> None:
    """Run a benchmark on a Redis of its own."""
    async with Stores() as (redis, _):
        await benchmark(redis)


def on_uvloop(benchmark: Coroutine[Any, Any, None]) -> None:
    """Run a benchmark of the server on uvloop, where the client costs least."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(benchmark)


def _served(benchmark: Callable[[], Coroutine[Any, Any, None]], what: str) -> Row:
    return Row(lambda: on_uvloop(benchmark()), True, what)


def _within(benchmark: Callable[[], Coroutine[Any, Any, None]], what: str) -> Row:
    # Children are started by asyncio's own loop: uvloop cannot give one another user.
    return Row(lambda: asyncio.run(benchmark()), False, what)


ROWS: dict[str, Row] = {
    "moves": _within(line.moves, "joins in Redis, against its bare calls"),
    "costs": _within(costs, "calls, bytes and time of Redis for each move, and for ticks"),
    "flood": _within(flood, "a flood of 50 address blocks beside 5,000 people: whom it defers"),
    "holds": _within(lambda: in_redis(holds.holds), "holds in Redis, against its bare calls"),
    "sockets": _served(sockets.holds_of_sockets, "hold and release, 64 and 400 sockets"),
    "http": _served(requests.holds_over_http, "the same over HTTP"),
    "crowd": _served(line.crowd_joins, "joins over sockets, each told when committed"),
    "joins": _served(requests.joins_over_http, "joins over HTTP, each told when committed"),
    "lone": Row(
        lambda: on_uvloop(line.lone_join(asyncio.run(line.commit_s()))),
        True,
        "a lone join, against a ping and a commit",
    ),
    "reconnects": _served(crowds.reconnects, "10,000 connect at once"),
    "waiting": _served(crowds.waiting_crowd, "10,000 wait: memory, one frame to all, admissions"),
    "seats": _served(watchers.seat_deltas, "500 changes a second, 5,000 watch"),
    "house": _served(holds.large_event, "an event of 50,000 seats"),
    "pages": _served(page_loads, "an event's page until Join, first load and reload"),
    "map": _within(seat_map, "a map of 50,000 seats in Chromium, against an empty page"),
    "refusals": _served(checkouts.refusals, "refusals when all is sold"),
    "checkouts": _served(checkouts.checkouts, "checkouts at 100 and 1,000 a second"),
    "paid": _served(holds.paid, "from checkout to ticket, over sockets"),
    "record": _within(saga.record, "bookings recorded, against bare statements"),
    "saga": _within(saga.saga, "from the bank's word to sold, outbox table"),
    "kafka": _within(saga.saga_over_kafka, "the same over Kafka"),
    "bank": _within(saga.bank, "the same with the bank over HTTP"),
    "journal": _within(line.journal, "500 joins committed, against the same without a journal"),
    "recovery": _within(line.recovery, "Redis emptied with 50,000 waiting"),
    "closing": _within(closing, "1,000,000 places end, are recovered and archived"),
    "traces": _within(lambda: in_redis(traces), "holds traced and not, against the same untraced"),
    "quiet": _within(quiet_events, "1,000 events known, 20 of them selling"),
}


def chosen_rows(names: list[str]) -> list[str]:
    """Return the names of rows, of all where none is given.

    Raises:
        SystemExit: there is no such row.
    """
    if unknown := [name for name in names if name not in ROWS]:
        known = "\n".join(f"  {name:<11} {row.what}" for name, row in ROWS.items())
        sys.exit(f"bench: no row {', '.join(unknown)}; there are\n{known}")
    return names or list(ROWS)


def main(arguments: list[str]) -> None:
    """Run rows, or compare them with another commit."""
    if arguments[:1] == ["against"]:
        if len(arguments) < 2:
            sys.exit("bench: against which commit? make bench ARGS='against REV [rows]'")
        rows = {name: ROWS[name].by_contract for name in chosen_rows(arguments[2:])}
        against.compare(arguments[1], rows)
        return
    names = chosen_rows(arguments)
    for at, name in enumerate(names, 1):
        print(f"[{at}/{len(names)}] {name}: {ROWS[name].what}", file=sys.stderr, flush=True)
        began = time.perf_counter()
        with reporting.row(name):
            ROWS[name].run()
        print(f"    {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    if not arguments:
        reporting.save()


if __name__ == "__main__":
    main(sys.argv[1:])
