"""Commands of the night: load an event again, compare the stores, send a dead message."""

import asyncio
import os
from uuid import UUID

import click

from booking_rush.booking.messaging import dead_letters
from booking_rush.booking.recording.recorder import Recorder
from booking_rush.lua.client.connection import connect
from booking_rush.lua.client.program import Program
from booking_rush.postgres import Pool, open_pool
from booking_rush.server.cli.command_line import EVENT, cli, read_settings, with_pool
from booking_rush.server.processes.duties import reconcile_once as run_reconcile


@cli.command()
@click.argument("event", callback=EVENT)
def rebuild(event: str) -> None:
    """Load one event into Redis again from Postgres, as after a loss; every place is kept."""
    settings = read_settings()
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
    settings = read_settings()
    settings.require_stores()
    settings.require_payments()
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

    click.echo("\n".join(with_pool(run) or ["nothing is dead"]))
