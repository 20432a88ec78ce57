"""Logs: one line an event on standard error, `time level duty message key=value …`, no secrets."""

import logging
import sys
import time
from collections.abc import Callable

QUIETED = ("uvicorn.access", "asyncio", "websockets", "aiohttp", "aiokafka")
REMEMBERED_MAX = 1000
REPEATS_S = 30.0  # so long a library that says the same again is not heard


class LineFormatter(logging.Formatter):
    """Everything in one line: what a visitor sent cannot begin a line of its own."""

    def __init__(self, duty: str) -> None:
        super().__init__()
        self._duty = duty

    def format(self, record: logging.LogRecord) -> str:
        """The line of one record."""
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        head = f"{at}.{int(record.msecs):03d}Z {record.levelname.lower():<7} {self._duty}"
        text = record.getMessage().replace("\r", "\\r").replace("\n", "\\n")
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        return f"{head} {text}"


class RepeatFilter(logging.Filter):
    """What a library says again and again is heard once in a while: a broker is away, say.

    Our own loops say themselves how often they failed; and what comes with a trace is heard.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._logged_at: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is to be heard; the same is who says it and how, not of whom."""
        if record.exc_info or record.name.startswith("booking_rush."):
            return True
        if len(self._logged_at) >= REMEMBERED_MAX:
            self._logged_at.clear()
        same, now = (record.name, str(record.msg)), self._clock()
        is_new = now - self._logged_at.get(same, -REPEATS_S) >= REPEATS_S
        if is_new:
            self._logged_at[same] = now
        return is_new


def configure(duty: str, level: str) -> None:
    """Log to standard error from here on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(duty))
    handler.addFilter(RepeatFilter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in QUIETED:
        logging.getLogger(name).setLevel(logging.WARNING)
    # A pool says with a trace, for each connection, what our loops say in one line.
    logging.getLogger("asyncpg.pool").setLevel(logging.CRITICAL)
    logging.getLogger("uvicorn.error").setLevel(max(root.level, logging.WARNING))
