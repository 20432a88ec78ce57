"""Redis that refuses: one way to provoke each of its refusals, for as long as a block lasts."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from redis.asyncio import Redis
from redis.exceptions import RedisError

from booking_rush.lua.client.connection import connect
from tests.support.servers.stores import Store


class Settings(NamedTuple):
    """Commands after which Redis refuses, and commands after which it works again."""

    refuse: Sequence[tuple[str, ...]]
    work: Sequence[tuple[str, ...]]


SETTINGS = {
    "OOM": Settings(
        refuse=[("CONFIG", "SET", "maxmemory", "1")],
        work=[("CONFIG", "SET", "maxmemory", "0")],
    ),
    "NOREPLICAS": Settings(
        refuse=[("CONFIG", "SET", "min-replicas-to-write", "1")],
        work=[("CONFIG", "SET", "min-replicas-to-write", "0")],
    ),
    "READONLY": Settings(
        refuse=[("REPLICAOF", "127.0.0.1", "1")],  # a replica of a primary that is not there
        work=[("REPLICAOF", "NO", "ONE")],
    ),
}
REFUSALS = (*SETTINGS, "MISCONF", "BUSY", "LOADING")
BUSY_AFTER_MS = 100  # in the place of Redis' five seconds
FOR_EVER = "while true do end"


@asynccontextmanager
async def refusing(
    store: Store, data: Path, code: str, away_s: float = 0.0
) -> AsyncGenerator[None]:
    """Let Redis refuse with this code during the block; LOADING ends by itself after `away_s`."""
    if code == "LOADING":
        await asyncio.to_thread(_restart_slowly, store, data, away_s)
        try:
            yield
        finally:
            await asyncio.to_thread(store.wait_ready)
        return
    provoke = {"MISCONF": _fail_snapshots, "BUSY": _run_for_ever}.get(code)
    async with _set(store, code) if provoke is None else provoke(store, data):
        yield


@asynccontextmanager
async def _set(store: Store, code: str) -> AsyncGenerator[None]:
    async with connect(store.url) as redis:
        for command in SETTINGS[code].refuse:
            await _send(redis, *command)
        try:
            yield
        finally:
            for command in SETTINGS[code].work:
                await _send(redis, *command)


@asynccontextmanager
async def _fail_snapshots(store: Store, data: Path) -> AsyncGenerator[None]:
    """Put a folder where Redis wants to write its snapshot; after that it takes no writes."""
    snapshot = data / "dump.rdb"
    snapshot.mkdir()
    async with connect(store.url) as redis:
        await redis.config_set("save", "3600 1")
        await redis.bgsave()

        while (await redis.info("persistence"))["rdb_last_bgsave_status"] != "err":
            await asyncio.sleep(0.05)
        try:
            yield
        finally:
            await redis.config_set("save", "")
            snapshot.rmdir()


@asynccontextmanager
async def _run_for_ever(store: Store, _data: Path) -> AsyncGenerator[None]:
    async with connect(store.url) as redis, connect(store.url) as other:
        await redis.config_set("lua-time-limit", BUSY_AFTER_MS)
        await other.ping()  # connected: nobody new is let in while the script runs
        script = asyncio.create_task(_send(redis, "EVAL", FOR_EVER, "0"))
        try:
            yield
        finally:
            await _send(other, "SCRIPT", "KILL")
            with suppress(RedisError):
                await script


async def _send(redis: Redis, *command: str) -> None:
    await redis.execute_command(*command)  # type: ignore[no-untyped-call]


def _restart_slowly(store: Store, data: Path, away_s: float) -> None:
    """Restart Redis so that loading its append-only file takes this long."""
    store.stop()
    files = [file for file in data.rglob("*aof*") if file.is_file()]
    commands = sum(file.read_bytes().count(b"\r\n*") for file in files)
    argv = store.child.argv
    store.child.argv = [*argv, "--key-load-delay", str(round(away_s * 1e6 / max(1, commands)))]
    try:
        store.restart()
    finally:
        store.child.argv = argv
