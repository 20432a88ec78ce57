"""Logs: one line a record on standard error, `time level duty message key=value …`, no secrets."""

import logging
import sys
import time
from collections.abc import Callable

QUIETED = ("uvicorn.access", "asyncio", "websockets", "aiohttp", "aiokafka")
REMEMBERED_MAX = 1000  # messages of libraries; then all are forgotten
REPEATS_S = 30.0  # between two records of the same message of a library


class LineFormatter(logging.Formatter):
    """Formatter that escapes line breaks, so that input of visitors cannot forge a log line."""

    def __init__(self, duty: str) -> None:
        super().__init__()
        self._duty = duty

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of one record, and the trace of its exception below it."""
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        head = f"{at}.{int(record.msecs):03d}Z {record.levelname.lower():<7} {self._duty}"
        text = record.getMessage().replace("\r", "\\r").replace("\n", "\\n")
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        return f"{head} {text}"


class RepeatFilter(logging.Filter):
    """Filter that drops repeats of a library's message, as of a broker that is unavailable.

    Our own records pass, because loops count their failures themselves; so do all with a trace.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._logged_at: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to log a record. A repeat has the same logger and the same format."""
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
    """Log to standard error from now on, under the name of this duty."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(duty))
    handler.addFilter(RepeatFilter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in QUIETED:
        logging.getLogger(name).setLevel(logging.WARNING)
    # The pool logs a trace for each lost connection, where our loops log one line.
    logging.getLogger("asyncpg.pool").setLevel(logging.CRITICAL)
    logging.getLogger("uvicorn.error").setLevel(max(root.level, logging.WARNING))
