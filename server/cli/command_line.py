"""Command line as every command sees it: the group, settings, arguments and the pool."""

import asyncio
import os
import re
from collections.abc import Awaitable, Callable
from typing import TypeVar

import click

from booking_rush.postgres import Pool, open_pool
from booking_rush.queue.event_registry import EVENT_ID
from booking_rush.server.runtime import settings as settings_
from booking_rush.server.runtime.log_levels import listen_for_levels
from booking_rush.server.runtime.logs import configure
from booking_rush.server.runtime.settings import Settings
from booking_rush.text import OPERATOR_PATTERN

T = TypeVar("T")

EPILOG = """\b
Settings are environment variables with the prefix RUSH_; README and .env.example list them.
Exit codes: 0 done · 1 it failed · 2 wrong usage · 3 a setting is wrong or missing ·
4 a store does not answer · 5 port or data folder in use · 6 a child cannot be kept alive.
"""


def matching(name: str, pattern: re.Pattern[str]) -> Callable[..., str | None]:
    """Return a callback that ends with a usage error where an argument does not fit a pattern."""

    def check(
        _context: click.Context, _parameter: click.Parameter, value: str | None
    ) -> str | None:
        if value is not None and not pattern.match(value):
            raise click.BadParameter(f"{value!r} is no {name}")
        return value

    return check


EVENT = matching("event's id", EVENT_ID)
OPERATOR = matching("name of an operator", re.compile(OPERATOR_PATTERN))


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="booking-rush", message="%(prog)s %(version)s")
def cli() -> None:
    """Booking Rush: a virtual queue and a booking server for what too many people want at once."""


def with_pool(work: Callable[[Pool], Awaitable[T]]) -> T:
    """Run work with a pool of the settings' PostgreSQL. Return its result."""
    settings = read_settings()
    settings.require_stores()

    async def run() -> T:
        async with open_pool(settings.postgres_url, size=2) as pool:
            return await work(pool)

    return asyncio.run(run())


def start_log(duty: str, settings: Settings) -> None:
    """Configure the log of a process by its settings, and let signals change its levels."""
    configure(duty, settings.log_level, settings.log)
    listen_for_levels(settings.log_levels)


def read_settings() -> Settings:
    """Read the settings out of the environment.

    Raises:
        SettingsError: one is wrong or missing.
    """
    return settings_.read(os.environ)
