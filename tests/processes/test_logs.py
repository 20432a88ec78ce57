"""Logs: one line a record, and no flood from a library that retries."""

import logging
import sys
from pathlib import Path

from booking_rush.server.processes.supervisor import LOG_BYTES_MAX, rotate
from booking_rush.server.runtime.logs import (
    OURS_MAX,
    REMEMBERED_MAX,
    REPEATS_S,
    LineFormatter,
    RepeatFilter,
)

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


def test_a_trace_from_the_same_place_is_heard_once_in_a_while_with_a_count() -> None:
    now = [100.0]
    repeats = RepeatFilter(lambda: now[0])
    for name in ("asyncio", "booking_rush.server.loops"):
        passed = [repeats.filter(record(name, "it broke %s", n, trace=True)) for n in range(5)]
        assert passed == [True] + [False] * 4
    try:
        raise ConnectionError("elsewhere")
    except ConnectionError:
        info = sys.exc_info()
    other = logging.LogRecord("asyncio", logging.ERROR, "", 0, "it broke %s", (1,), info)
    assert repeats.filter(other)
    now[0] += REPEATS_S
    again = record("asyncio", "it broke %s", 6, trace=True)
    assert repeats.filter(again)
    assert "it broke 6 dropped=4\nTraceback" in LineFormatter("serve").format(again)


def test_what_we_say_ourselves_passes_up_to_a_bound() -> None:
    repeats = RepeatFilter(lambda: 0.0)
    records = [record("booking_rush.server.loops", "failed loop=%s", n) for n in range(1000)]
    assert sum(map(repeats.filter, records)) == OURS_MAX


def test_a_log_is_rotated_while_it_is_written(folder: Path) -> None:
    log = folder / "serve.log"
    with log.open("ab", buffering=0) as child:
        child.write(b"x" * (LOG_BYTES_MAX + 1))
        rotate(log)
        child.write(b"on it goes")
        rotate(log)
    assert log.read_bytes() == b"on it goes"
    assert log.with_suffix(".log.1").stat().st_size == LOG_BYTES_MAX + 1
    link = folder / "link.log"
    link.symlink_to(log.with_suffix(".log.1"))
    rotate(link)
    assert link.stat().st_size == LOG_BYTES_MAX + 1


def test_a_library_that_never_says_the_same_fills_no_memory() -> None:
    repeats = RepeatFilter(lambda: 0.0)
    assert all(repeats.filter(record("asyncio", f"task {n}")) for n in range(REMEMBERED_MAX * 2))
    assert repeats.filter(record("asyncio", "task 0"))


def test_what_a_visitor_sent_begins_no_line_of_its_own() -> None:
    line = LineFormatter("serve").format(record("booking_rush.server", "said %s", "a\nb\rc"))
    assert line.count("\n") == 0
    assert line.endswith("error   serve said a\\nb\\rc")
