"""A journal of any length is verified as it is read: the places that live are remembered."""

import tracemalloc
from collections.abc import Callable, Iterator, Sequence

import pytest

from booking_rush.booking.history.entries import Act, Entry, Head, chain, rule_act
from booking_rush.booking.history.in_force import in_force_act
from booking_rush.booking.history.verification import Verification
from booking_rush.lua.line.changes import InForce
from tests.history.verifiers import program_under_docs

SHORT, LONG = 1_000, 4_000  # visitors, of some three entries each
NOON = 1_800_000_000_000


def acts_of(visitors: int) -> Iterator[Act]:
    """Yield a sale of two a second: one of five visitors buys, and twenty wait meanwhile."""
    yield rule_act({"rate_per_second": 10, "active_max": 1000, "lanes": {"main": 1}}, by="ada")
    found = InForce(1000, {"main": 1}, 0, 10, 10, "open", anew=True)
    yield in_force_act(found, NOON)
    yield Act("number", "v_first", "press", 1, at_ms=NOON)  # waits in a lane of its own for ever
    for n in range(1, visitors + 1):
        at_ms = NOON + n * 100
        yield Act("number", f"v_{n}", "main", n, at_ms=at_ms)
        if n % 5:
            yield Act("left", f"v_{n}", "main", n, at_ms=at_ms)
        elif n > 100:
            yield Act("admitted", f"v_{n - 100}", "main", n - 100, at_ms=at_ms)
            yield Act("purchased", f"v_{n - 100}", "main", n - 100, at_ms=at_ms)
        yield Act("number", f"w_{n}", "press", n + 1, at_ms=at_ms)
        yield Act("left", f"w_{n}", "press", n + 1, at_ms=at_ms)


def entries_of(visitors: int) -> Iterator[Entry]:
    head = Head()
    for act in acts_of(visitors):
        [(entry, _)] = chain("gala", [act], head)
        head = Head(entry.n, entry.hash)
        yield entry


def verify(entries: Sequence[Entry]) -> None:
    verification = Verification()
    for entry in entries:
        verification.follow(entry)


def verify_by_program(entries: Sequence[Entry]) -> None:
    program_under_docs()["verify"](entry.members() for entry in entries)


def peak_of(work: Callable[[Sequence[Entry]], None], entries: Sequence[Entry]) -> int:
    """Return the most bytes that it needs at once, beside the entries."""
    tracemalloc.start()
    try:
        work(entries)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("work", [verify, verify_by_program])
def test_what_is_remembered_does_not_grow_with_the_journal(
    work: Callable[[Sequence[Entry]], None],
) -> None:
    short, long = list(entries_of(SHORT)), list(entries_of(LONG))
    work(short)  # what is made once is made

    assert peak_of(work, long) < 1.5 * peak_of(work, short)
