"""Commands about keys, operators, and what is stored of a person."""

import sys

import click

from booking_rush.booking.holds import personal_data
from booking_rush.queue.keys import keyring
from booking_rush.server.auth.accounts import Accounts
from booking_rush.server.auth.operators import Role
from booking_rush.server.cli.command_line import OPERATOR, cli, read_settings, with_pool
from booking_rush.server.runtime.setting_checks import why_weak_password
from booking_rush.server.runtime.settings import SettingsError


@cli.command("rotate-keys")
def rotate_keys() -> None:
    """Sign passes and receipts with a new key from now on; the last key still verifies."""
    secret = read_settings().secret_key
    click.echo(f"signs with {with_pool(lambda pool: keyring.rotate(pool, secret))}")


@cli.command("export-person")
@click.argument("person", metavar="ID|EMAIL")
def export_person(person: str) -> None:
    """Print as JSON what is stored of a person, named by a visitor's id or an address."""
    click.echo(with_pool(lambda pool: personal_data.export(pool, person)))


@cli.command("erase-person")
@click.argument("person", metavar="ID|EMAIL")
def erase_person(person: str) -> None:
    """Erase a person whose sales are over; bookings and payments stay, without the person."""
    click.echo(with_pool(lambda pool: personal_data.erase(pool, person)))


ACTIONS = ["list", "add", "remove", "password", "role", "second-factor"]
ROLES = click.Choice(["viewer", "operator", "admin"])


@cli.command()
@click.argument("action", type=click.Choice(ACTIONS))
@click.argument("name", required=False, callback=OPERATOR)
@click.option("--role", type=ROLES, help="Of add and role.")
@click.option("--off", is_flag=True, help="Of second-factor, for a phone that is lost.")
def operator(action: str, name: str | None, role: Role | None, off: bool) -> None:
    """Manage who may operate: list; add, remove, password, role, second-factor with a NAME.

    A password is asked for, or read as the first line of standard input.
    """
    is_whole = (name is None) == (action == "list") and off == (action == "second-factor")
    if not is_whole or (role is None) == (action in ("add", "role")):
        raise click.UsageError(f"operator {action} needs other arguments: see --help")
    password = _read_password(name) if name and action in ("add", "password") else ""

    async def run(accounts: Accounts) -> str:
        if name is None:
            return "\n".join(account.line() for account in await accounts.every())
        if action == "add" and role is not None:
            await accounts.add(name, role, password)
        elif action == "role" and role is not None:
            await accounts.set_role(name, role)
        elif action == "password":
            await accounts.set_password(name, password)
        elif action == "second-factor":
            await accounts.end_second_factor(name)
        else:
            await accounts.remove(name)
        return f"{name}: {action} done"

    click.echo(with_pool(lambda pool: run(Accounts(pool))))


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

    click.echo(with_pool(lambda pool: run(Accounts(pool))))


def _read_password(name: str) -> str:
    """Read a new password of an operator.

    It is typed twice at a terminal, else it is the first line of standard input.

    Raises:
        SettingsError: it can be guessed.
    """
    if sys.stdin.isatty():
        password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\n")
    if why := why_weak_password(password, name):
        raise SettingsError(f"this wants {why}")
    return password
