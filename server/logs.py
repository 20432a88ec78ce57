"""Logs: one line an event on standard error, `time level duty message key=value …`, no secrets."""

import logging
import sys
import time

QUIET = ("uvicorn.access", "asyncio", "websockets", "aiohttp")


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


def configure(duty: str, level: str) -> None:
    """Log to standard error from here on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(duty))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    # A pool says with a trace, for each connection, what our loops say in one line.
    logging.getLogger("asyncpg.pool").setLevel(logging.CRITICAL)
    logging.getLogger("uvicorn.error").setLevel(max(root.level, logging.WARNING))
