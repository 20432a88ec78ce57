"""Filter of log records that drops repeats, and counts them."""

import logging
import time
from collections.abc import Callable, Hashable

REMEMBERED_MAX = 1000  # kinds of records; then all are forgotten
REPEATS_S = 30.0  # in which each kind has its share, and no more
OURS_MAX = 100  # records of a kind of our own, which count their failures themselves


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
