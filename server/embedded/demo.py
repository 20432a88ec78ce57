"""The demo: every duty and its stores in one process tree, from nothing to `ready`."""

import asyncio
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from shlex import quote
from typing import Any, NamedTuple

import msgspec

from booking_rush.migrations.migrate import migrate
from booking_rush.postgres import open_pool
from booking_rush.queue.keys import keyring
from booking_rush.server.auth.operators import Operators
from booking_rush.server.embedded.data_lock import locked
from booking_rush.server.embedded.demo_event import seed
from booking_rush.server.embedded.kafka_broker import kafka_locked, start_kafka
from booking_rush.server.embedded.prometheus import prometheus_child
from booking_rush.server.embedded.secret_files import private_folder, save_secret, saved_secret
from booking_rush.server.embedded.stores import postgres_child, redis_child
from booking_rush.server.processes.duty_settings import environment_of
from booking_rush.server.processes.supervisor import (
    Child,
    ChildDiesError,
    Supervisor,
    stop_on_signals,
)
from booking_rush.server.runtime.ports import free_port, listen, url_of
from booking_rush.server.runtime.settings import PREFIX, Settings

READY_S = 30.0  # for `/readyz` to answer 200 after the last start
KAFKA_SECURITY = ("kafka_security", "kafka_ca", "kafka_certificate", "kafka_user", "kafka_password")
PLAIN = {name: getattr(Settings(), name) for name in KAFKA_SECURITY}  # for a broker of our own
OF_COMMANDS = ("redis_url", "postgres_url", "secret_key", "bind", "bank_url", "kafka_bootstrap")
DUTIES = ("record", "tend", "bank", "conduct", "reconcile")


class DemoOptions(NamedTuple):
    """The parts of a demo that not everybody wants.

    `kafka`: a broker of its own; `monitor`: an installed Prometheus scrapes it; `crowd`: so many
    clients come and buy.
    """

    kafka: bool = False
    monitor: bool = False
    crowd: int = 0


NOTHING_MORE = DemoOptions()


async def demo(
    settings: Settings, report: Callable[[str], None], options: DemoOptions = NOTHING_MORE
) -> None:
    """Run the demo until SIGINT, SIGTERM or SIGHUP. `report` gets each line for the user.

    Raises:
        PortBusyError, DataInUseError, StoreMissingError, ChildDiesError: it cannot run.
    """
    listen(settings, alone=True).close()
    data = Path(settings.data).resolve()
    with ExitStack() as stack:
        stack.enter_context(locked(data, owner="the demo"))
        if options.kafka:
            stack.enter_context(kafka_locked(data))
        run = stack.enter_context(run_folder())
        supervisor = Supervisor(report)
        stop_on_signals(supervisor.stopping)
        report(f"Booking Rush, data in {settings.data}")
        scraping = (
            prometheus_child(settings.bind, data / "prometheus", data / "logs")
            if options.monitor
            else None
        )
        startup = _start(settings, data, run, supervisor, report, scraping, options)
        await supervisor.run(startup)
    report("stopped")


def duties_of(settings: Settings) -> list[str]:
    """Return the duties to run; `relay` only with a Kafka, `mail` only with an SMTP server."""
    relay = ["relay"] if settings.kafka_bootstrap else []
    mail = ["mail"] if settings.smtp_url else []
    return [*DUTIES, *relay, *mail]


async def _start(
    settings: Settings,
    data: Path,
    run: Path,
    supervisor: Supervisor,
    report: Callable[[str], None],
    scraping: tuple[Child, str] | None,
    options: DemoOptions,
) -> None:
    logs = private_folder(data / "logs")
    settings = await _start_stores(settings, data, run, logs, supervisor)
    if options.kafka:
        bootstrap = await start_kafka(supervisor, data, report)
        settings = msgspec.structs.replace(settings, kafka_bootstrap=bootstrap, **PLAIN)
    password = await _prepare(settings, data, report, options.crowd)
    settings = _with_ports(settings, run)
    commands = _save_settings(data / "commands.env", settings)
    for duty in duties_of(settings):
        await supervisor.start(_duty(duty, ["work", duty], logs, settings))
    for number in range(1, settings.workers + 1):
        name = f"serve-{number}" if settings.workers > 1 else "serve"
        await supervisor.start(_duty(name, ["serve", "--shared"], logs, settings))
    await _wait_ready(settings)
    await _wait_loaded(settings)
    if options.crowd:
        await supervisor.start(_duty("crowd", ["crowd", str(options.crowd)], logs, settings))
    base = url_of(settings.address)
    report("ready")
    report(f"  visitors   {base}/events/demo")
    report(f"  operators  {base}/admin   admin / {password}")
    report(f"  API        {base}/api/v1/events")
    program = quote(str(Path(sys.executable).with_name("booking-rush")))
    report(f"  commands   . {commands}; {program} --help")
    if settings.kafka_bootstrap:
        report(f"  kafka      {settings.kafka_bootstrap}")
    if scraping is not None:
        await supervisor.start(scraping[0])
        report(f"  prometheus {scraping[1]}")


async def _start_stores(
    settings: Settings, data: Path, run: Path, logs: Path, supervisor: Supervisor
) -> Settings:
    """Start the stores that the settings do not name. Return settings that name them."""
    redis_url, postgres_url = settings.redis_url, settings.postgres_url
    if not redis_url:
        child, redis_url = redis_child(data / "redis", run, logs)
        await supervisor.start(child)
    if not postgres_url:
        child, postgres_url = await postgres_child(data / "postgres", run, logs)
        await supervisor.start(child)
    secret_key = settings.secret_key or saved_secret(data / "secret-key")
    return msgspec.structs.replace(
        settings, redis_url=redis_url, postgres_url=postgres_url, secret_key=secret_key
    )


async def _prepare(
    settings: Settings, data: Path, report: Callable[[str], None], crowd: int
) -> str:
    """Apply migrations, and create keys, operator and event where they are missing.

    Return the operator's password, as far as the data folder or the settings know it.
    """
    async with open_pool(settings.postgres_url, size=2, statement_ms=60_000) as pool:
        async with pool.acquire() as connection:
            applied = await migrate(connection)
        report(f"  migrations {len(applied)} applied")
        await keyring.load(pool, settings.secret_key)
        password_file = data / "admin-password"
        password = settings.admin_password or (
            password_file.read_text() if password_file.exists() else secrets.token_urlsafe(9)
        )
        if await Operators(pool).ensure("admin", "admin", password):
            save_secret(password_file, password)
        elif password_file.exists():
            password = password_file.read_text()
        seeded = await seed(pool, crowd=crowd)
        report(f"  event      demo {'seeded and opened' if seeded else 'is there'}")
    return password


def _with_ports(settings: Settings, run: Path) -> Settings:
    """Return settings with a port for the practice bank and a folder for everybody's metrics."""
    metrics = run / "metrics"
    metrics.mkdir(mode=0o700, exist_ok=True)
    bank = f"127.0.0.1:{free_port()}"
    return msgspec.structs.replace(
        settings, metrics_dir=str(metrics), bank_bind=bank, bank_url=f"http://{bank}"
    )


def _save_settings(path: Path, settings: Settings) -> str:
    """Write what commands beside the demo want to a file for a shell. Return its quoted path."""
    values: dict[str, Any] = msgspec.to_builtins(settings)
    lines = (f"export {PREFIX}{name.upper()}={quote(str(values[name]))}\n" for name in OF_COMMANDS)
    save_secret(path, "".join(lines))
    return quote(str(path))


def _duty(name: str, arguments: list[str], logs: Path, settings: Settings) -> Child:
    argv = [sys.executable, "-m", "booking_rush.server", *arguments]
    duty = arguments[1] if arguments[0] == "work" else arguments[0]
    environment = environment_of(duty, settings, os.environ)
    return Child(name, argv, logs / f"{name}.log", environment)


async def _wait_ready(settings: Settings) -> None:
    """Wait until `/readyz` answers 200.

    Raises:
        ChildDiesError: it did not within READY_S.
    """
    try:
        async with asyncio.timeout(READY_S):
            while not await _is_ready(*settings.address):
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise ChildDiesError(f"/readyz did not answer 200 within {READY_S:g} s") from None


async def _wait_loaded(settings: Settings) -> None:
    """Wait until the event is in Redis, for READY_S at most: who is first need not wait."""
    with suppress(TimeoutError, OSError):
        async with asyncio.timeout(READY_S):
            while b'"recovering"' in await _get(*settings.address, "/api/v1/events/demo"):
                await asyncio.sleep(0.05)


async def _is_ready(host: str, port: int) -> bool:
    try:
        return b" 200 " in (await _get(host, port, "/readyz")).partition(b"\r\n")[0]
    except OSError:
        return False


async def _get(host: str, port: int, path: str) -> bytes:
    """Return the whole answer to a GET, head and body."""
    reader, writer = await asyncio.open_connection(host, port)
    head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    try:
        writer.write(head.encode())
        return await reader.read()
    finally:
        writer.close()


@contextmanager
def run_folder() -> Generator[Path]:
    """Yield a temporary folder with a short path: a Unix socket's may have 107 characters."""
    folder = Path(tempfile.mkdtemp(prefix="rush-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
