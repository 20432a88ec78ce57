"""Commands that try the product out: demo, its crowd, a Kafka, an event on sale."""

import asyncio

import click
import uvloop

from booking_rush.server.cli.command_line import EVENT, cli, read_settings, start_log, with_pool
from booking_rush.server.crowd.crowd import SIZE_MAX, run_crowd
from booking_rush.server.embedded.demo import DemoOptions
from booking_rush.server.embedded.demo import demo as run_demo
from booking_rush.server.embedded.demo_event import seed as seed_event
from booking_rush.server.embedded.kafka_broker import run_kafka
from booking_rush.server.runtime.ports import url_of

CROWD = click.IntRange(1, SIZE_MAX)


@cli.command()
@click.option(
    "--kafka", "with_kafka", is_flag=True, help="Run a Kafka of its own, too; it needs Java 17."
)
@click.option("--monitor", is_flag=True, help="Run an installed Prometheus beside it.")
@click.option("--crowd", "size", type=CROWD, help="Send so many clients, which wait and buy.")
def demo(with_kafka: bool, monitor: bool, size: int | None) -> None:
    """Try it: run everything with its own Redis and Postgres, and one event on sale."""
    options = DemoOptions(kafka=with_kafka, monitor=monitor, crowd=size or 0)
    settings = read_settings()
    settings.require_payments()
    asyncio.run(run_demo(settings, lambda line: click.echo(line), options))


@cli.command()
@click.argument("size", type=CROWD)
@click.argument("event", callback=EVENT, default="demo")
def crowd(size: int, event: str) -> None:
    """Send a crowd of so many clients to an event at RUSH_BIND, as the demo does, until Ctrl-C."""
    settings = read_settings()
    start_log("crowd", settings)
    uvloop.run(run_crowd(url_of(settings.address), event, size))


@cli.command()
@click.option("--port", type=click.IntRange(1, 65535), default=9092, show_default=True)
def kafka(port: int) -> None:
    """Run a Kafka of one node on 127.0.0.1, to try things out; it needs Java 17 and Maven."""
    asyncio.run(run_kafka(read_settings(), port, lambda line: click.echo(line)))


@cli.command()
@click.argument("event", callback=EVENT, default="demo")
def seed(event: str) -> None:
    """Put the demo's event on sale under an id, and open it."""
    is_new = with_pool(lambda pool: seed_event(pool, event))
    click.echo(f"{event} {'made and opened' if is_new else 'is there already'}")
