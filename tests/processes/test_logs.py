"""Logs: one line a record, and no flood from a library that retries."""

import logging
import sys

from booking_rush.server.runtime.logs import REMEMBERED_MAX, REPEATS_S, LineFormatter, RepeatFilter

AWAY = "Unable connect to node with id %s: %s"


def record(name: str, message: str, *arguments: object, trace: bool = False) -> logging.LogRecord:
    found: logging.LogRecord
    try:
        raise ConnectionError("refused")
    except ConnectionError:
        info = sys.exc_info() if trace else None
        found = logging.LogRecord(name, logging.ERROR, "", 0, message, arguments, info)
    return found


def test_what_a_library_says_again_and_again_is_heard_once_in_a_while() -> None:
    now = [100.0]
    repeats = RepeatFilter(lambda: now[0])
    passed = [repeats.filter(record("aiokafka", AWAY, node, "refused")) for node in range(50)]
    assert passed == [True] + [False] * 49
    assert repeats.filter(record("aiokafka", "something else"))
    assert repeats.filter(record("aiohttp", AWAY, 1, "refused"))
    now[0] += REPEATS_S
    assert repeats.filter(record("aiokafka", AWAY, 1, "refused"))


def test_what_we_say_and_what_comes_with_a_trace_is_always_heard() -> None:
    repeats = RepeatFilter(lambda: 0.0)
    for _ in range(3):
        assert repeats.filter(record("booking_rush.server.loops", "failed loop=%s", "relay"))
        assert repeats.filter(record("asyncio", "Task exception was never retrieved", trace=True))


def test_a_library_that_never_says_the_same_fills_no_memory() -> None:
    repeats = RepeatFilter(lambda: 0.0)
    assert all(repeats.filter(record("asyncio", f"task {n}")) for n in range(REMEMBERED_MAX * 2))
    assert repeats.filter(record("asyncio", "task 0"))


def test_what_a_visitor_sent_begins_no_line_of_its_own() -> None:
    line = LineFormatter("serve").format(record("booking_rush.server", "said %s", "a\nb\rc"))
    assert line.count("\n") == 0
    assert line.endswith("error   serve said a\\nb\\rc")
