"""Logs: one line a record on standard error, `time level duty message key=value …`, no secrets."""

import logging
import sys
import time
from collections.abc import Callable, Hashable

QUIETED = ("uvicorn.access", "asyncio", "websockets", "aiohttp", "aiokafka")
REMEMBERED_MAX = 1000  # kinds of records; then all are forgotten
REPEATS_S = 30.0  # in which each kind has its share, and no more
OURS_MAX = 100  # records of a kind of our own, which count their failures themselves


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
        if dropped := getattr(record, "dropped", 0):
            text += f" dropped={dropped}"
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        return f"{head} {text}"


class RepeatFilter(logging.Filter):
    """Filter that drops repeats, as of a broker that is unavailable, or of input that breaks us.

    In 30 s one record of a library's message passes, one with a trace from the same place in the
    code, and a hundred of a message of our own. The next one that passes says how many were
    dropped.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._windows: dict[Hashable, tuple[float, int]] = {}  # when each began, and its records

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to log a record."""
        is_ours = record.name.startswith("booking_rush.") and not record.exc_info
        share = OURS_MAX if is_ours else 1
        kind, now = _kind_of(record), self._clock()
        began, count = self._windows.get(kind, (now, 0))
        if now - began >= REPEATS_S:
            record.dropped = max(0, count - share)
            began, count = now, 0
        if kind not in self._windows and len(self._windows) >= REMEMBERED_MAX:
            self._windows.clear()
        self._windows[kind] = (began, count + 1)
        return count < share


def _kind_of(record: logging.LogRecord) -> Hashable:
    """Return what repeats of a record share: logger and format, and the place that raised."""
    error = record.exc_info[1] if record.exc_info else None
    trace = error.__traceback__ if error else None
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = (trace.tb_frame.f_code.co_filename, trace.tb_lineno) if trace else None
    return record.name, str(record.msg), type(error), place


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
