"""Examination of everything that a sale stands on, part by part; none keeps the others back."""

import resource
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, cast

import asyncpg

from booking_rush.lua.client.connection import connect
from booking_rush.postgres import Dsn, open_pool
from booking_rush.server.doctor.edge_check import check_edge
from booking_rush.server.doctor.finding import Finding
from booking_rush.server.doctor.kafka_checks import check_kafka
from booking_rush.server.doctor.postgres_checks import check_postgres
from booking_rush.server.doctor.redis_checks import check_redis
from booking_rush.server.runtime.clocks import CLOCK_APART_S_MAX, compare_clocks
from booking_rush.server.runtime.setting_checks import why_weak_password
from booking_rush.server.runtime.settings import ADMIN, Settings, SettingsError

FILES_MIN = 10_000  # a socket of a visitor takes one
CONNECT_S = 5.0


async def examine(settings: Settings) -> list[Finding]:
    """Return what was found, in the order in which a sale needs it."""
    parts: dict[str, Callable[[], Awaitable[list[Finding]]]] = {
        "settings": partial(_settings, settings),
        "redis": partial(_redis, settings.redis_url),
        "postgres": partial(_postgres, settings),
        "clocks": partial(_clocks, settings),
        "kafka": partial(_kafka, settings),
        "proxy": partial(check_edge, settings),
        "files": _files,
    }
    return [finding for name, part in parts.items() for finding in await _guarded(name, part)]


async def _guarded(name: str, part: Callable[[], Awaitable[list[Finding]]]) -> list[Finding]:
    """Return what a part finds; an error of any kind is its finding."""
    try:
        return await part()
    except Exception as error:
        text = str(error).splitlines()[0] if str(error) else type(error).__name__
        return [Finding("wrong", name, f"cannot be asked: {text}")]


async def _settings(settings: Settings) -> list[Finding]:
    try:
        settings.require_stores()
        settings.require_payments()
    except SettingsError as error:
        return [Finding("wrong", "settings", line) for line in str(error).splitlines()]
    password = settings.admin_password
    if password and (why := why_weak_password(password, ADMIN)):
        return [Finding("look", "settings", f"RUSH_ADMIN_PASSWORD should be {why}")]
    return [Finding("ok", "settings", "all that is needed is set")]


async def _redis(url: str) -> list[Finding]:
    if not url:
        return []
    async with connect(url) as redis:
        return await check_redis(redis)


async def _postgres(settings: Settings) -> list[Finding]:
    if not settings.postgres_url:
        return []
    dsn = Dsn.of(settings.postgres_url)
    arguments = {"statement_cache_size": 0} if dsn.is_pooled else {}
    connection = await cast("Any", asyncpg).connect(dsn.url, timeout=CONNECT_S, **arguments)
    try:
        return await check_postgres(connection, settings.workers, is_pooled=dsn.is_pooled)
    finally:
        await connection.close(timeout=CONNECT_S)


async def _clocks(settings: Settings) -> list[Finding]:
    if not settings.redis_url or not settings.postgres_url:
        return []
    async with (
        open_pool(settings.postgres_url, size=1) as pool,
        connect(settings.redis_url) as redis,
    ):
        apart = await compare_clocks(pool, redis)
    return [
        Finding("ok", "clocks", f"{store}'s is {ahead_s:+.3f} s from ours")
        if abs(ahead_s) <= CLOCK_APART_S_MAX
        else Finding("wrong", "clocks", f"{store}'s is {ahead_s:+.1f} s from ours: set both by NTP")
        for store, ahead_s in apart.items()
    ]


async def _kafka(settings: Settings) -> list[Finding]:
    if not settings.kafka_bootstrap:
        return []
    return await check_kafka(settings.kafka_cluster())


async def _files() -> list[Finding]:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= FILES_MIN:
        return [Finding("ok", "files", f"{soft} open files a process")]
    text = f"{soft} open files a process, and a socket takes one: ulimit -n {FILES_MIN} or more"
    return [Finding("look", "files", text)]
