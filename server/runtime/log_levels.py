"""Log levels at run time: SIGUSR1 reads them from a file, or switches our own debug records."""

import logging
import re
import signal
from pathlib import Path

OURS = "booking_rush"
LINE = re.compile(r"([\w.]+)\s*[=\s]\s*(debug|info|warning|error)\Z", re.IGNORECASE)

log = logging.getLogger(__name__)


def listen_for_levels(file: str) -> None:
    """Change levels at SIGUSR1 from now on; `file` is RUSH_LOG_LEVELS."""
    changed: set[str] = set()

    def change(*_: object) -> None:
        nonlocal changed
        levels = _read(file) if file else ({} if changed else {OURS: "debug"})
        for name in changed - set(levels):
            logging.getLogger(name).setLevel(logging.NOTSET)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level.upper())
        changed = set(levels)
        shown = " ".join(f"{name}={level}" for name, level in levels.items())
        log.warning("levels %s", shown or "as they were at the start")

    signal.signal(signal.SIGUSR1, change)


def _read(file: str) -> dict[str, str]:
    """Return the level of each logger that a file names, `server.rooms debug` a line.

    A line that cannot be read is logged and changes nothing, and so does a file that is away.
    """
    try:
        lines = Path(file).read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        log.error("levels not read why=%s", error)
        return {}
    levels: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        text = line.partition("#")[0].strip()
        if found := LINE.match(text):
            name = found[1]
            is_ours = name.split(".")[0] in ("server", "booking", "queue", "lua")
            levels[f"{OURS}.{name}" if is_ours else name] = found[2].lower()
        elif text:
            log.error("line not read number=%d: want LOGGER LEVEL, as server.rooms debug", number)
    return levels
