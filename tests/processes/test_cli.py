"""The command line: help texts, output and exit codes of every command."""

import re
import tomllib
from pathlib import Path
from uuid import UUID

import pytest

from booking_rush.booking import audit
from booking_rush.booking.messaging import dead_letters
from booking_rush.postgres import Pool
from booking_rush.queue.keys import keyring
from booking_rush.server.auth import totp
from booking_rush.server.auth.login_limits import Origin
from booking_rush.server.auth.operators import Operators
from booking_rush.server.cli.main import cli
from booking_rush.server.protocol.problems import NotAuthenticated
from booking_rush.server.runtime.settings import Settings
from tests.support.clients import Phone
from tests.support.servers.processes import run
from tests.support.world import SECRET, settings_for

ROOT = Path(__file__).parents[2]


@pytest.fixture
def settings(redis_url: str, postgres_url: str) -> Settings:
    return settings_for(redis_url, postgres_url, admin_password="correct horse")


def test_help_lists_every_command_with_a_sentence() -> None:
    done = run("--help")

    assert done.returncode == 0
    for name, command in cli.commands.items():
        assert re.search(rf"^  {name} +[A-Z]", done.stdout, re.MULTILINE), name
        help_text = run(name, "--help")
        assert help_text.returncode == 0
        assert (command.help or "").split(".")[0].split("\n")[0][:40] in help_text.stdout
    assert "Exit codes" in done.stdout


def test_its_version_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert run("--version").stdout == f"booking-rush {project['version']}\n"


@pytest.mark.parametrize(
    "arguments",
    [("nonsense",), ("work",), ("work", "nap"), ("rebuild",), ("key", "a", "--role", "x")],
)
def test_a_wrong_call_is_2(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)

    assert done.returncode == 2
    assert "Usage" in done.stderr


@pytest.mark.parametrize("command", [("serve",), ("work", "tend"), ("migrate",), ("seed",)])
def test_without_settings_each_says_which_are_missing(command: tuple[str, ...]) -> None:
    done = run(*command)

    assert done.returncode == 3
    for name in ("RUSH_REDIS_URL", "RUSH_POSTGRES_URL", "RUSH_SECRET_KEY"):
        assert name in done.stderr
    assert "Traceback" not in done.stderr


def test_a_short_secret_is_refused(settings: Settings) -> None:
    done = run("serve", settings=settings, RUSH_SECRET_KEY="short")

    assert done.returncode == 3
    assert "RUSH_SECRET_KEY" in done.stderr


@pytest.mark.parametrize(
    ("name", "weak"),
    [
        ("RUSH_SECRET_KEY", "a" * 64),
        ("RUSH_SECRET_KEY", "of thirty-one characters, as is"),
        ("RUSH_ADMIN_PASSWORD", "a"),
        ("RUSH_ADMIN_PASSWORD", "sevench"),
        ("RUSH_ADMIN_PASSWORD", "aaaaaaaaaaaa"),
    ],
)
@pytest.mark.parametrize("command", ["demo", "migrate", "serve"])
def test_a_secret_that_can_be_guessed_is_refused(
    command: str, name: str, weak: str, settings: Settings
) -> None:
    done = run(command, settings=settings, **{name: weak})

    assert done.returncode == 3
    [line] = done.stderr.splitlines()
    assert name in line
    assert weak not in line or weak == "a"


def test_a_duty_that_needs_no_secret_starts_without_one(settings: Settings) -> None:
    for duty in ("tend", "record"):
        done = run(
            "work", duty, settings=settings, RUSH_SECRET_KEY="",
            RUSH_POSTGRES_URL="postgresql://x@/x?host=/nowhere",
        )  # fmt: skip
        assert done.returncode == 4, duty  # it came as far as the store
    for duty in ("relay", "mail", "bank", "conduct", "reconcile"):
        assert run("work", duty, settings=settings, RUSH_SECRET_KEY="").returncode == 3, duty


@pytest.mark.parametrize("command", [("serve",), ("work", "record"), ("migrate",)])
def test_a_store_that_is_away_is_4(command: tuple[str, ...], settings: Settings) -> None:
    done = run(*command, settings=settings, RUSH_POSTGRES_URL="postgresql://x@/x?host=/nowhere")

    assert done.returncode == 4
    assert "Traceback" not in done.stderr


async def test_another_secret_is_refused_before_anybody_is_served(
    settings: Settings, pool: Pool
) -> None:
    await keyring.load(pool, SECRET)

    done = run(
        "migrate", settings=settings, RUSH_SECRET_KEY="another secret of the same length or so"
    )

    assert done.returncode == 3
    assert "RUSH_SECRET_KEY does not open" in done.stderr


def test_migrating_and_seeding_twice_changes_nothing(settings: Settings) -> None:
    assert "operator admin made" in run("migrate", settings=settings).stdout
    assert "operator admin is there" in run("migrate", settings=settings).stdout
    assert run("seed", settings=settings).stdout == "demo made and opened\n"
    assert run("seed", settings=settings).stdout == "demo is there already\n"


def test_rebuilding_what_is_not_there_is_said(settings: Settings) -> None:
    done = run("rebuild", "nothing", settings=settings)

    assert done.returncode == 1
    assert done.stderr == "booking-rush: there is no event 'nothing'\n"


def test_books_that_are_empty_agree(settings: Settings) -> None:
    done = run("reconcile", "--dry-run", settings=settings)
    assert (done.returncode, done.stdout) == (0, "0 differences\n")
    unknown = run("reconcile", "nothing", settings=settings)
    assert (unknown.returncode, unknown.stderr) == (
        1,
        "booking-rush: there is no event 'nothing'\n",
    )


async def test_keys_rotate_and_the_last_still_verifies(settings: Settings, pool: Pool) -> None:
    before = await keyring.load(pool, SECRET)
    kids = [run("rotate-keys", settings=settings).stdout.split()[-1] for _ in range(2)]

    after = await keyring.load(pool, SECRET)

    assert [key["kid"] for key in after.jwks()["keys"]] == list(reversed(kids))
    assert before.jwks()["keys"][0]["kid"] not in kids


def test_a_key_is_shown_once(settings: Settings) -> None:
    done = run("key", "robot", "--role", "viewer", settings=settings)

    assert done.stdout.startswith("rk_")


async def test_operators_are_added_listed_changed_and_removed(
    settings: Settings, pool: Pool
) -> None:
    def operator(*arguments: str, password: str = "") -> str:
        done = run("operator", *arguments, settings=settings, text=password)
        assert done.returncode == 0, done.stderr
        return done.stdout

    operators = Operators(pool)
    operator("add", "ada", "--role", "operator", password="first password\n")
    cookie = (await operators.log_in("ada", "first password", Origin())).cookie
    assert operator("list").startswith("ada operator password sessions=1 since=")
    operator("role", "ada", "--role", "viewer")
    assert (await operators.by_cookie(cookie)).role == "viewer"

    operator("password", "ada", password="second password\n")
    with pytest.raises(NotAuthenticated):
        await operators.by_cookie(cookie)
    cookie = (await operators.log_in("ada", "second password", Origin())).cookie
    operator("remove", "ada")
    with pytest.raises(NotAuthenticated):
        await operators.by_cookie(cookie)
    assert operator("list") == "\n"
    found = await audit.entries(pool, limit=100, before=None)
    assert [entry["what"] for entry in reversed(found) if entry["who"] == "command line"] == [
        "operator_added", "operator_role", "operator_password", "operator_removed",
    ]  # fmt: skip
    assert "password" not in str([entry["detail"] for entry in found])


async def test_a_lost_phone_is_taken_off(settings: Settings, pool: Pool) -> None:
    operators = Operators(pool, settings.secret_key)
    await operators.ensure("ada", "admin", "correct horse")
    phone = Phone(totp.text_of(await operators.second_factors.begin("ada")))
    await operators.second_factors.put_in_force("ada", phone.code())
    listed = run("operator", "list", settings=settings).stdout
    assert listed.startswith("ada admin password second-factor since=")

    off = ("operator", "second-factor", "ada", "--off")
    assert run("operator", "second-factor", "ada", settings=settings).returncode == 2
    assert run("operator", "remove", "ada", "--off", settings=settings).returncode == 2
    assert run(*off, settings=settings).stdout == "ada: second-factor done\n"

    assert (await operators.log_in("ada", "correct horse", Origin())).operator.role == "admin"
    again = run(*off, settings=settings)
    assert (again.returncode, "no second factor" in again.stderr) == (1, True)
    found = await audit.entries(pool, limit=100, before=None)
    assert ("command line", "second_factor_off") in [(one["who"], one["what"]) for one in found]


def test_what_cannot_be_done_to_an_operator_is_said(settings: Settings) -> None:
    assert run("operator", "add", "ada", "--role", "viewer", settings=settings).returncode == 3
    for name in ("nobody", "admin"):
        for action in ("remove", "password", "role"):
            role = ("--role", "viewer") if action == "role" else ()
            done = run("operator", action, name, *role, settings=settings, text="a long password\n")
            assert (done.returncode, "no operator" in done.stderr) == (1, True), done
    for wrong in (["add", "ada"], ["list", "ada"], ["role", "ada"], ["remove"]):
        assert run("operator", *wrong, settings=settings).returncode == 2


async def test_the_last_admin_stays_one(settings: Settings, pool: Pool) -> None:
    """No other account could let anybody in again."""
    operators = Operators(pool)
    await operators.ensure("ada", "admin", "correct horse")
    await operators.ensure("bob", "operator", "correct horse")
    ending: list[tuple[str, ...]] = [
        ("operator", "remove", "ada"),
        ("operator", "role", "ada", "--role", "operator"),
        ("key", "ada", "--role", "viewer", "--force"),
    ]

    for command in ending:
        done = run(*command, settings=settings)
        assert done.returncode == 1, command
        assert done.stderr == ("booking-rush: The last admin stays one: make another admin first\n")
    assert (await operators.log_in("ada", "correct horse", Origin())).operator.role == "admin"

    robot = run("key", "robot", "--role", "admin", settings=settings).stdout.strip()
    assert run("operator", "remove", "ada", settings=settings).returncode == 0
    assert run("key", "revoke", "robot", settings=settings).returncode == 1
    assert (await operators.by_key(robot)).role == "admin"
    assert run("operator", "role", "bob", "--role", "admin", settings=settings).returncode == 0
    assert run("key", "revoke", "robot", settings=settings).returncode == 0


async def test_a_key_keeps_the_role_and_is_revoked(settings: Settings, pool: Pool) -> None:
    operators = Operators(pool)
    await operators.ensure("admin", "admin", "correct horse")

    def key(*arguments: str) -> str:
        done = run("key", *arguments, settings=settings)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    first = key("robot", "--role", "admin")
    second = key("robot")
    assert (await operators.by_key(second)).role == "admin"
    with pytest.raises(NotAuthenticated):
        await operators.by_key(first)
    assert (await operators.by_key(key("other"))).role == "operator"
    assert [line.split()[0] for line in key("list").splitlines()] == ["other", "robot"]

    refused = run("key", "admin", settings=settings)
    assert (refused.returncode, "--force" in refused.stderr) == (1, True)
    assert (await operators.by_key(key("admin", "--force"))).role == "admin"

    key("revoke", "robot")
    with pytest.raises(NotAuthenticated):
        await operators.by_key(second)
    assert run("key", "revoke", "robot", settings=settings).returncode == 1
    for wrong in (["revoke"], ["list", "x"]):
        assert run("key", *wrong, settings=settings).returncode == 2
    found = await audit.entries(pool, limit=100, before=None)
    assert [entry["what"] for entry in reversed(found)] == ["key_given"] * 4 + ["key_revoked"]


async def test_the_dead_are_listed_shown_and_sent_again(settings: Settings, pool: Pool) -> None:
    assert run("dead", "list", settings=settings).stdout == "nothing is dead\n"
    poison = dead_letters.DeadLetter(
        UUID(int=7), "rush.orders", "a key", b"\xff{", "unreadable", "no JSON", 5
    )
    await dead_letters.save(pool, [poison])

    listed = run("dead", "list", settings=settings).stdout
    assert listed.startswith(f"{poison.id} ")
    assert listed.endswith("Z rush.orders unreadable: no JSON\n")
    shown = run("dead", "show", str(poison.id), settings=settings).stdout
    assert "value: \\xff{\n" in shown
    assert "tries: 5\n" in shown
    for id_, why in ((poison.id, "it is not in the outbox"), (UUID(int=8), "nothing dead has")):
        done = run("dead", "replay", str(id_), settings=settings)
        assert (done.returncode, why in done.stderr) == (1, True), done
    for wrong in (["show"], ["replay"], ["list", str(poison.id)], ["show", "x"]):
        assert run("dead", *wrong, settings=settings).returncode == 2


@pytest.mark.parametrize("command", ["export-person", "erase-person"])
def test_a_person_of_whom_there_is_nothing_is_1(settings: Settings, command: str) -> None:
    done = run(command, "nobody@example.org", settings=settings)

    assert (done.returncode, done.stdout) == (1, "")
    assert "no booking and no place belongs to nobody@example.org" in done.stderr
