"""Logs: one line a record, and no flood from a library that retries."""

import contextvars
import logging
import signal
import sys
from collections.abc import Generator
from pathlib import Path

import orjson
import pytest

from booking_rush.server.processes.supervisor import LOG_BYTES_MAX, rotate
from booking_rush.server.runtime.log_levels import listen_for_levels
from booking_rush.server.runtime.logs import (
    TRACE,
    VISITOR,
    JsonFormatter,
    LineFormatter,
    digest_of,
)
from booking_rush.server.runtime.repeat_filter import (
    OURS_MAX,
    REMEMBERED_MAX,
    REPEATS_S,
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


JSON = JsonFormatter("serve")


def parsed(record: logging.LogRecord) -> dict[str, object]:
    found: dict[str, object] = orjson.loads(JSON.format(record))
    return found


def test_a_json_line_has_the_event_and_its_fields() -> None:
    away = record("booking_rush.server.loops", "failed loop=%s times=%d why=%s: %s", "a", 3, "b", 4)
    entry = parsed(away)

    assert entry["event"] == "failed"
    assert (entry["loop"], entry["times"], entry["why"]) == ("a", 3, "b")
    assert entry["message"] == "failed loop=a times=3 why=b: 4"
    assert (entry["level"], entry["duty"], entry["logger"]) == ("error", "serve", "server.loops")
    assert str(entry["time"]).endswith("Z")


@pytest.mark.parametrize(
    ("message", "arguments", "event"),
    [
        ("works", (), "works"),
        ("100 % of it", (), "100 % of it"),
        ("%s kind=%s", ("sent", "refund"), "sent"),
        ("differs %s", ("a lot",), "differs a lot"),
        ("used=%.0f%% of maxmemory", (81.3,), "used=81% of maxmemory"),
    ],
)
def test_an_event_is_the_words_before_the_fields(
    message: str, arguments: tuple[object, ...], event: str
) -> None:
    assert parsed(record("booking_rush.x", message, *arguments))["event"] == event


def test_a_field_replaces_nothing_that_every_line_has() -> None:
    entry = parsed(record("booking_rush.x", "ended event=%s level=%s", "demo", "x"))

    assert (entry["event"], entry["event_"]) == ("ended", "demo")
    assert entry["level"] == "error"


def test_an_exception_is_inside_the_line() -> None:
    line = JSON.format(record("booking_rush.x", "broke", trace=True))

    assert "\n" not in line
    assert "ConnectionError: refused" in orjson.loads(line)["exception"]


@pytest.mark.parametrize("formatter", [JSON, LineFormatter("serve")])
@pytest.mark.parametrize(
    "secret", ["ada@example.org", "redis://me:hunter2@cache:6379/0", "postgresql://hunter2@db/x"]
)
def test_neither_passwords_nor_mail_addresses_are_logged(
    formatter: logging.Formatter, secret: str
) -> None:
    line = formatter.format(record("booking_rush.x", "failed why=%s", secret, trace=True))

    assert "hunter2" not in line
    assert "ada@" not in line


@pytest.mark.parametrize("formatter", [JSON, LineFormatter("serve")])
def test_lines_of_a_request_have_its_trace_and_a_digest_of_its_visitor(
    formatter: logging.Formatter,
) -> None:
    def logged() -> str:
        TRACE.set("0af7651916cd43dd8448eb211c80319c")
        VISITOR.set("01JVISITOR")
        return formatter.format(record("booking_rush.x", "failed why=%s", "x"))

    line = contextvars.copy_context().run(logged)

    assert "0af7651916cd43dd8448eb211c80319c" in line
    assert digest_of("01JVISITOR") in line
    assert "01JVISITOR" not in line
    assert "trace" not in formatter.format(record("booking_rush.x", "failed"))


@pytest.fixture
def levels() -> Generator[None]:
    """Levels and the signal's handler as they were, afterwards."""
    handler, before = signal.getsignal(signal.SIGUSR1), logging.getLogger("booking_rush").level
    yield
    signal.signal(signal.SIGUSR1, handler)
    logging.getLogger("booking_rush").setLevel(before)
    logging.getLogger("booking_rush.server.rooms").setLevel(logging.NOTSET)


@pytest.mark.usefixtures("levels")
def test_a_signal_switches_debug_records_on_and_off() -> None:
    ours = logging.getLogger("booking_rush")
    listen_for_levels("")

    signal.raise_signal(signal.SIGUSR1)
    assert ours.level == logging.DEBUG
    signal.raise_signal(signal.SIGUSR1)
    assert ours.level == logging.NOTSET


@pytest.mark.usefixtures("levels")
def test_a_signal_reads_the_levels_of_loggers_from_a_file(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file, rooms = folder / "levels", logging.getLogger("booking_rush.server.rooms")
    listen_for_levels(str(file))

    signal.raise_signal(signal.SIGUSR1)
    assert "levels not read" in caplog.text
    file.write_text("# look closer\nserver.rooms debug\nwhat is this\n")
    signal.raise_signal(signal.SIGUSR1)
    assert rooms.level == logging.DEBUG
    assert "line not read number=3" in caplog.text
    file.write_text("")
    signal.raise_signal(signal.SIGUSR1)
    assert rooms.level == logging.NOTSET
