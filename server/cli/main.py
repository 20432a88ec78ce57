"""The command line: `booking-rush COMMAND`, to try the demo and to operate a sale."""

import sys

import click

from booking_rush.server.cli import history, people, repairs, serving, trying
from booking_rush.server.cli.command_line import cli
from booking_rush.server.exits import EXITS

__all__ = ["cli", "main"]

# Each adds its commands to `cli`, in this order.
COMMANDS = (trying, serving, repairs, history, people)


def main() -> None:
    """Run a command. An expected error becomes one line and the exit code of its kind."""
    try:
        cli(prog_name="booking-rush")
    except tuple(EXITS) as error:
        code = next(code for kind, code in EXITS.items() if isinstance(error, kind))
        click.echo(f"booking-rush: {error or type(error).__name__}", err=True)
        sys.exit(code)
