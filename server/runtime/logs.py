"""Logs: one line a record on standard error, as text or JSON; no secrets and no addresses.

A record has its time, level, duty, event and fields, and within a request its trace and the digest
of its visitor. The fields are those that its format names, `event key=%s …`.
"""

import hashlib
import logging
import re
import sys
import time
from contextvars import ContextVar
from typing import Any, Final, Literal

import orjson

from booking_rush.server.runtime.repeat_filter import RepeatFilter
from booking_rush.tracing import spans
from booking_rush.tracing.spans import trace_id_of

QUIETED = ("uvicorn.access", "asyncio", "websockets", "aiohttp", "aiokafka")
DIRECTIVE = re.compile(r"(?: (\w+)=)?%[-.\d]*[a-z]")
# Passwords in URLs, and mail addresses.
PRIVATE = re.compile(r"(?<=://)[^\s/@]+(?=@)|[\w.+-]+@[\w-]+\.[\w.-]+")

TRACE: Final[ContextVar[str]] = ContextVar("trace", default="")
VISITOR: Final[ContextVar[str]] = ContextVar("visitor", default="")

Format = Literal["text", "json"]


def digest_of(visitor: str) -> str:
    """Return eight hexadecimal digits by which a visitor's records are found, and nobody is."""
    return hashlib.sha256(visitor.encode()).hexdigest()[:8]


def context() -> dict[str, str]:
    """Return trace and visitor's digest of the request that is being served, if one is.

    In other duties the trace is that of the span in which something is logged.
    """
    trace = TRACE.get() or trace_id_of(spans.current())
    found = {"trace": trace} if trace else {}
    if VISITOR.get():
        found["visitor"] = digest_of(VISITOR.get())
    return found


class LineFormatter(logging.Formatter):
    """Formatter that escapes line breaks, so that input of visitors cannot forge a log line."""

    def __init__(self, duty: str) -> None:
        super().__init__()
        self._duty = duty

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of one record, and the trace of its exception below it."""
        head = f"{_time_of(record)} {record.levelname.lower():<7} {self._duty}"
        text = record.getMessage().replace("\r", "\\r").replace("\n", "\\n")
        for name, value in context().items():
            if f" {name}=" not in text:
                text += f" {name}={value}"
        if dropped := getattr(record, "dropped", 0):
            text += f" dropped={dropped}"
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        return f"{head} {PRIVATE.sub('…', text)}"


class JsonFormatter(logging.Formatter):
    """Formatter of one JSON object a line; the exception is in it."""

    def __init__(self, duty: str) -> None:
        super().__init__()
        self._duty = duty

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of one record."""
        event, fields = _parsed(record)
        entry: dict[str, Any] = {
            "time": _time_of(record),
            "level": record.levelname.lower(),
            "event": event,
            "duty": self._duty,
            "logger": record.name.removeprefix("booking_rush."),
            **context(),
        }
        # A field of the record never replaces one of the line: an event's id is not its name.
        entry |= {name if name not in entry else f"{name}_": value for name, value in fields}
        entry["message"] = record.getMessage()
        if dropped := getattr(record, "dropped", 0):
            entry["dropped"] = dropped
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        redacted = {
            name: PRIVATE.sub("…", value) if isinstance(value, str) else value
            for name, value in entry.items()
        }
        return orjson.dumps(redacted).decode()


def _time_of(record: logging.LogRecord) -> str:
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    return f"{at}.{int(record.msecs):03d}Z"


def _parsed(record: logging.LogRecord) -> tuple[str, list[tuple[str, Any]]]:
    """Return the event of a record, the words before its first field, and its fields."""
    template, arguments = str(record.msg), record.args
    if not isinstance(arguments, tuple):
        return record.getMessage(), []
    found = list(DIRECTIVE.finditer(template))
    named = [(one, value) for one, value in zip(found, arguments, strict=False) if one[1]]
    fields = [
        (one[1], value if isinstance(value, int | float) else str(value)) for one, value in named
    ]
    if not named:
        return record.getMessage(), fields
    event = template[: named[0][0].start()]
    count = found.index(named[0][0])
    return event % arguments[:count], fields


def configure(duty: str, level: str, format_: Format = "text") -> None:
    """Log to standard error from now on, under the name of this duty."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(duty) if format_ == "json" else LineFormatter(duty))
    handler.addFilter(RepeatFilter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in QUIETED:
        logging.getLogger(name).setLevel(logging.WARNING)
    # The pool logs a trace for each lost connection, where our loops log one line.
    logging.getLogger("asyncpg.pool").setLevel(logging.CRITICAL)
    logging.getLogger("uvicorn.error").setLevel(max(root.level, logging.WARNING))
