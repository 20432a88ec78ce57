"""The command line: `booking-rush COMMAND`, to try the demo and to operate a sale."""

import asyncio
import os
import re
import sys
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

import click
import uvloop

from booking_rush.booking.holds import personal_data
from booking_rush.booking.kafka.topics import create_missing
from booking_rush.booking.messaging import dead_letters
from booking_rush.booking.recording.recorder import Recorder
from booking_rush.lua.client.connection import connect
from booking_rush.lua.client.program import Program
from booking_rush.migrations.migrate import migrate as apply_migrations
from booking_rush.postgres import Pool, open_pool
from booking_rush.queue import keyring
from booking_rush.queue.event_registry import EVENT_ID
from booking_rush.server.auth.accounts import Accounts
from booking_rush.server.auth.operators import Operators, Role
from booking_rush.server.crowd.crowd import SIZE_MAX, run_crowd
from booking_rush.server.doctor.examination import examine
from booking_rush.server.embedded.demo import DemoOptions
from booking_rush.server.embedded.demo import demo as run_demo
from booking_rush.server.embedded.demo_event import seed as seed_event
from booking_rush.server.embedded.kafka_broker import run_kafka
from booking_rush.server.exits import EXITS, FAILED
from booking_rush.server.processes.duties import DUTIES
from booking_rush.server.processes.duties import reconcile_once as run_reconcile
from booking_rush.server.processes.duties import work as run_work
from booking_rush.server.processes.duty_settings import needs_secret
from booking_rush.server.processes.multiprocess import run_workers
from booking_rush.server.processes.serve import serve as run_server
from booking_rush.server.runtime import settings as settings_
from booking_rush.server.runtime.log_levels import listen_for_levels
from booking_rush.server.runtime.logs import configure
from booking_rush.server.runtime.ports import listen, url_of
from booking_rush.server.runtime.settings import (
    PASSWORD_CHARACTERS_MIN,
    Settings,
    SettingsError,
    is_weak,
)

T = TypeVar("T")

EPILOG = """\b
Settings are environment variables with the prefix RUSH_; README and .env.example list them.
Exit codes: 0 done · 1 it failed · 2 wrong usage · 3 a setting is wrong or missing ·
4 a store does not answer · 5 port or data folder in use · 6 a child cannot be kept alive.
"""


def _of(name: str, pattern: re.Pattern[str]) -> Callable[..., str | None]:
    """Return a callback that ends with a usage error where an argument does not fit a pattern."""

    def check(
        _context: click.Context, _parameter: click.Parameter, value: str | None
    ) -> str | None:
        if value is not None and not pattern.match(value):
            raise click.BadParameter(f"{value!r} is no {name}")
        return value

    return check


EVENT = _of("event's id", EVENT_ID)
OPERATOR = _of("name of an operator", re.compile(r"[^\W_][\w.@ -]{0,63}\Z"))


CROWD = click.IntRange(1, SIZE_MAX)


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="booking-rush", message="%(prog)s %(version)s")
def cli() -> None:
    """Booking Rush: a virtual queue and a booking server for what too many people want at once."""


@cli.command()
@click.option(
    "--kafka", "with_kafka", is_flag=True, help="Run a Kafka of its own, too; it needs Java 17."
)
@click.option("--monitor", is_flag=True, help="Run an installed Prometheus beside it.")
@click.option("--crowd", "size", type=CROWD, help="Send so many clients, which wait and buy.")
def demo(with_kafka: bool, monitor: bool, size: int | None) -> None:
    """Try it: run everything with its own Redis and Postgres, and one event on sale."""
    options = DemoOptions(kafka=with_kafka, monitor=monitor, crowd=size or 0)
    asyncio.run(run_demo(_settings(), lambda line: click.echo(line), options))


@cli.command()
@click.argument("size", type=CROWD)
@click.argument("event", callback=EVENT, default="demo")
def crowd(size: int, event: str) -> None:
    """Send a crowd of so many clients to an event at RUSH_BIND, as the demo does, until Ctrl-C."""
    settings = _settings()
    _log("crowd", settings)
    uvloop.run(run_crowd(url_of(settings.address), event, size))


@cli.command()
@click.option("--port", type=click.IntRange(1, 65535), default=9092, show_default=True)
def kafka(port: int) -> None:
    """Run a Kafka of one node on 127.0.0.1, to try things out; it needs Java 17 and Maven."""
    asyncio.run(run_kafka(_settings(), port, lambda line: click.echo(line)))


@cli.command()
@click.option("--shared", is_flag=True, hidden=True, help="Share the address with other processes.")
def serve(shared: bool) -> None:
    """Serve pages, HTTP and sockets on RUSH_BIND, with RUSH_WORKERS processes."""
    settings = _settings()
    settings.require_stores()
    _log("serve", settings)
    if settings.workers > 1 and not shared:
        asyncio.run(run_workers(settings, lambda line: click.echo(line)))
    else:
        run_server(settings, listen(settings, alone=not shared))


@cli.command()
@click.argument("duties", nargs=-1, required=True, type=click.Choice(sorted(DUTIES)))
def work(duties: tuple[str, ...]) -> None:
    """Run duties in one process: tend, record, relay, conduct, reconcile, mail, bank."""
    settings = _settings()
    settings.require_stores(secret=any(needs_secret(duty, settings) for duty in duties))
    _log("+".join(duties), settings)
    # Under uvloop a broker that dies ends aiokafka's own tasks for good (aiokafka#1038).
    run = asyncio.run if settings.kafka_bootstrap else uvloop.run
    run(run_work(settings, duties))


@cli.command()
def doctor() -> None:
    """Examine settings, stores, brokers, proxy, clocks and limits: a line each, with what to do."""
    findings = asyncio.run(examine(_settings()))
    click.echo("\n".join(finding.line() for finding in findings))
    if any(finding.level == "wrong" for finding in findings):
        sys.exit(FAILED)


@cli.command()
def migrate() -> None:
    """Bring database and topics up to date; create the first keys and the operator `admin`."""
    settings = _settings()
    settings.require_stores()

    async def run() -> None:
        async with open_pool(settings.postgres_url, size=2, statement_ms=600_000) as pool:
            async with pool.acquire() as connection:
                applied = await apply_migrations(connection)
            click.echo("\n".join([*applied, f"{len(applied)} applied"]))
            await keyring.load(pool, settings.secret_key)
            if settings.admin_password:
                made = await Operators(pool).ensure("admin", "admin", settings.admin_password)
                click.echo("operator admin made" if made else "operator admin is there")
        if settings.kafka_bootstrap:
            topics = await create_missing(settings.kafka_cluster())
            click.echo("\n".join([*topics, f"{len(topics)} topics made"]))

    asyncio.run(run())


@cli.command()
@click.argument("event", callback=EVENT, default="demo")
def seed(event: str) -> None:
    """Put the demo's event on sale under an id, and open it."""
    is_new = _with_pool(lambda pool: seed_event(pool, event))
    click.echo(f"{event} {'made and opened' if is_new else 'is there already'}")


@cli.command()
@click.argument("event", callback=EVENT)
def rebuild(event: str) -> None:
    """Load one event into Redis again from Postgres, as after a loss; every place is kept."""
    settings = _settings()
    settings.require_stores()

    async def run() -> int:
        async with (
            open_pool(settings.postgres_url, size=2) as pool,
            connect(settings.redis_url) as redis,
        ):
            program, holder = Program(redis), f"rebuild/{os.getpid()}"
            recorder = Recorder(pool, redis, program, holder=holder, provider=settings.payments)
            return await recorder.rebuild(event)

    click.echo(f"{event} is back in epoch {asyncio.run(run())}")


@cli.command()
@click.argument("event", callback=EVENT, required=False)
@click.option("--dry-run", is_flag=True, help="Show the differences only.")
def reconcile(event: str | None, dry_run: bool) -> None:
    """Compare Redis, Postgres and the bank for one event or all; repair differences."""
    settings = _settings()
    settings.require_stores()
    found = asyncio.run(run_reconcile(settings, event, mend=not dry_run))
    for difference in found:
        click.echo(" ".join(f"{name}={value}" for name, value in difference.members().items()))
    click.echo(f"{len(found)} differences" + ("" if dry_run or not found else ", ordered again"))


@cli.command("dead")
@click.argument("action", type=click.Choice(["list", "show", "replay"]))
@click.argument("id", required=False, type=click.UUID)
def dead(action: str, id: UUID | None) -> None:  # noqa: A002  as the usage text names it
    """Show messages that could not be handled (list, show ID); send one again (replay ID)."""
    if (id is None) != (action == "list"):
        raise click.UsageError(f"dead {action} {'needs the ID of one' if id is None else 'only'}")

    async def run(pool: Pool) -> list[str]:
        if id is None:
            return [dead_letters.summary(letter) for letter in await dead_letters.list_(pool)]
        if action == "show":
            return [*dead_letters.details(await dead_letters.get(pool, id))]
        await dead_letters.replay(pool, id)
        return [f"{id} is sent again"]

    click.echo("\n".join(_with_pool(run) or ["nothing is dead"]))


@cli.command("rotate-keys")
def rotate_keys() -> None:
    """Sign passes and receipts with a new key from now on; the last key still verifies."""
    secret = _settings().secret_key
    click.echo(f"signs with {_with_pool(lambda pool: keyring.rotate(pool, secret))}")


@cli.command("export-person")
@click.argument("person", metavar="ID|EMAIL")
def export_person(person: str) -> None:
    """Print as JSON what is stored of a person, named by a visitor's id or an address."""
    click.echo(_with_pool(lambda pool: personal_data.export(pool, person)))


@cli.command("erase-person")
@click.argument("person", metavar="ID|EMAIL")
def erase_person(person: str) -> None:
    """Erase a person whose sales are over; bookings and payments stay, without the person."""
    click.echo(_with_pool(lambda pool: personal_data.erase(pool, person)))


ROLES = click.Choice(["viewer", "operator", "admin"])


@cli.command()
@click.argument("action", type=click.Choice(["list", "add", "remove", "password", "role"]))
@click.argument("name", required=False, callback=OPERATOR)
@click.option("--role", type=ROLES, help="Of add and role.")
def operator(action: str, name: str | None, role: Role | None) -> None:
    """Manage who may operate: list; add, remove, password, role with a NAME.

    A password is asked for, or read as the first line of standard input.
    """
    if (name is None) != (action == "list") or (role is None) == (action in ("add", "role")):
        raise click.UsageError(f"operator {action} needs other arguments: see --help")
    password = _read_password() if action in ("add", "password") else ""

    async def run(accounts: Accounts) -> str:
        if name is None:
            return "\n".join(account.line() for account in await accounts.every())
        if action == "add" and role is not None:
            await accounts.add(name, role, password)
        elif action == "role" and role is not None:
            await accounts.set_role(name, role)
        elif action == "password":
            await accounts.set_password(name, password)
        else:
            await accounts.remove(name)
        return f"{name}: {action} done"

    click.echo(_with_pool(lambda pool: run(Accounts(pool))))


@cli.command()
@click.argument("name", metavar="NAME | list | revoke NAME", callback=OPERATOR)
@click.argument("revoked", required=False, metavar="", callback=OPERATOR)
@click.option("--role", type=ROLES, help="Else the role stays, that of a new one is operator.")
@click.option("--force", is_flag=True, help="Though the operator logs in with a password.")
def key(name: str, revoked: str | None, role: Role | None, force: bool) -> None:
    """Give an operator a new API key, for programs; list who has one, or revoke one."""
    if (revoked is None) == (name == "revoke"):
        raise click.UsageError("key NAME, key list, or key revoke NAME")

    async def run(accounts: Accounts) -> str:
        if name == "list":
            return "\n".join(one.line() for one in await accounts.every() if one.has_key)
        if revoked is not None:
            await accounts.revoke_key(revoked)
            return f"{revoked}: revoke done"
        return await accounts.give_key(name, role, force=force)

    click.echo(_with_pool(lambda pool: run(Accounts(pool))))


def _with_pool(work: Callable[[Pool], Awaitable[T]]) -> T:
    settings = _settings()
    settings.require_stores()

    async def run() -> T:
        async with open_pool(settings.postgres_url, size=2) as pool:
            return await work(pool)

    return asyncio.run(run())


def _read_password() -> str:
    """Read a new password: typed twice at a terminal, else the first line of standard input.

    Raises:
        SettingsError: it can be guessed.
    """
    if sys.stdin.isatty():
        password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\n")
    if is_weak(password, PASSWORD_CHARACTERS_MIN):
        raise SettingsError(
            f"a password has {PASSWORD_CHARACTERS_MIN} characters, not all the same"
        )
    return password


def main() -> None:
    """Run a command. An expected error becomes one line and the exit code of its kind."""
    try:
        cli(prog_name="booking-rush")
    except tuple(EXITS) as error:
        code = next(code for kind, code in EXITS.items() if isinstance(error, kind))
        click.echo(f"booking-rush: {error or type(error).__name__}", err=True)
        sys.exit(code)


def _log(duty: str, settings: Settings) -> None:
    configure(duty, settings.log_level, settings.log)
    listen_for_levels(settings.log_levels)


def _settings() -> Settings:
    return settings_.read(os.environ)
