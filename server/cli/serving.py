"""Commands that run duties, migrate the stores, and examine them."""

import asyncio
import sys

import click
import uvloop

from booking_rush.booking.kafka.topics import create_missing
from booking_rush.migrations.migrate import migrate as apply_migrations
from booking_rush.postgres import open_pool
from booking_rush.queue.keys import keyring
from booking_rush.server.auth.operators import Operators
from booking_rush.server.cli.command_line import cli, read_settings, start_log
from booking_rush.server.doctor.examination import examine
from booking_rush.server.exits import FAILED
from booking_rush.server.processes.duties import DUTIES
from booking_rush.server.processes.duties import work as run_work
from booking_rush.server.processes.duty_settings import SETTINGS_OF, needs_secret
from booking_rush.server.processes.multiprocess import run_workers
from booking_rush.server.processes.serve import serve as run_server
from booking_rush.server.runtime.ports import listen


@cli.command()
@click.option("--shared", is_flag=True, hidden=True, help="Share the address with other processes.")
def serve(shared: bool) -> None:
    """Serve pages, HTTP and sockets on RUSH_BIND, with RUSH_WORKERS processes."""
    settings = read_settings()
    settings.require_stores()
    settings.require_payments()
    start_log("serve", settings)
    if settings.workers > 1 and not shared:
        asyncio.run(run_workers(settings, lambda line: click.echo(line)))
    else:
        run_server(settings, listen(settings, alone=not shared))


@cli.command()
@click.argument("duties", nargs=-1, required=True, type=click.Choice(sorted(DUTIES)))
def work(duties: tuple[str, ...]) -> None:
    """Run duties in one process: tend, record, relay, conduct, reconcile, mail, bank."""
    settings = read_settings()
    settings.require_stores(secret=any(needs_secret(duty, settings) for duty in duties))
    if any("stripe_key" in SETTINGS_OF[duty] for duty in duties):
        settings.require_payments()
    start_log("+".join(duties), settings)
    # Under uvloop a broker that dies ends aiokafka's own tasks for good (aiokafka#1038).
    run = asyncio.run if settings.kafka_bootstrap else uvloop.run
    run(run_work(settings, duties))


@cli.command()
def doctor() -> None:
    """Examine settings, stores, brokers, proxy, clocks and limits: a line each, with what to do."""
    findings = asyncio.run(examine(read_settings()))
    click.echo("\n".join(finding.line() for finding in findings))
    if any(finding.level == "wrong" for finding in findings):
        sys.exit(FAILED)


@cli.command()
def migrate() -> None:
    """Bring database and topics up to date; create the first keys and the operator `admin`."""
    settings = read_settings()
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
