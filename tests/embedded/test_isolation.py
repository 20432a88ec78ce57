"""The demo's isolation: what other users of the machine, and its own children, may know."""

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import psutil
import pytest

from booking_rush.server.processes.duties import DUTIES
from booking_rush.server.processes.duty_settings import SETTINGS_OF, SUPERVISORS, environment_of
from booking_rush.server.processes.supervisor import INHERITED
from booking_rush.server.runtime.settings import Settings, read
from tests.support.servers.demo_run import Demo

SECRETS: dict[str, Any] = {
    "RUSH_SECRET_KEY": "a canary of thirty-two characters",
    "RUSH_ADMIN_PASSWORD": "canary of the operator",
    "RUSH_STRIPE_KEY": "sk_test_canary",
    "RUSH_STRIPE_WEBHOOK_SECRETS": "whsec_canary",
    "RUSH_SMTP_URL": "smtp://u:canary@127.0.0.1:1",
}
USERS_OF = {
    "RUSH_SECRET_KEY": {"serve", "conduct", "mail"},
    "RUSH_ADMIN_PASSWORD": set[str](),
    "RUSH_STRIPE_KEY": {"serve", "conduct", "reconcile"},
    "RUSH_STRIPE_WEBHOOK_SECRETS": {"serve", "conduct", "reconcile"},
    "RUSH_SMTP_URL": {"mail"},
}


def test_each_child_is_given_the_settings_that_it_uses_and_no_more(
    folder: Path, demos: list[Demo]
) -> None:
    demo = Demo(folder, **SECRETS, RUSH_MAIL_FROM="a@b", OTHER_SECRET="canary")
    demos.append(demo)
    demo.wait_ready()

    for process in psutil.Process(demo.process.pid).children():
        [name] = [n for n in demo.children() if demo.pid_of(n) == process.pid]
        for one in (process, *process.children(recursive=True)):
            given = one.environ()
            for secret, users in USERS_OF.items():
                assert (secret in given) == (name in users), (secret, name)
            assert "OTHER_SECRET" not in given, name
            if name in ("redis", "postgres"):
                assert set(given) <= set(INHERITED), name
    assert demo.stop() == 0


def test_every_setting_is_some_duties() -> None:
    given = set[str]().union(*SETTINGS_OF.values())

    assert set(SETTINGS_OF) == {*DUTIES, "serve", "crowd"}
    assert given | SUPERVISORS == {field.name for field in msgspec.structs.fields(Settings)}


def test_other_users_reach_no_store_and_read_no_data(folder: Path, demos: list[Demo]) -> None:
    """Tried with the data of a former version, too, which let everybody in."""
    data = folder / ".booking-rush"
    for _ in range(2):
        demo = Demo(folder)
        demos.append(demo)
        demo.wait_ready()
        url = psutil.Process(demo.pid_of("tend")).environ()["RUSH_POSTGRES_URL"]
        sockets = Path(url.partition("?host=")[2])

        for path in (sockets, sockets / ".s.PGSQL.5432", *data.iterdir()):
            assert path.stat().st_mode & 0o066 == 0 or path.name == "lock", path
        for path in (*(data / "logs").iterdir(), *(data / "redis").rglob("*")):
            assert path.stat().st_mode & 0o077 == 0, path
        with pytest.raises(asyncpg.InvalidPasswordError):
            asyncio.run(asyncpg.connect(f"postgresql://postgres:x@/rush?host={sockets}"))
        assert demo.stop() == 0
        (data / "postgres" / "pg_hba.conf").write_text("local all all trust\n")
        (data / "postgres-password").unlink()


@pytest.mark.parametrize("duty", sorted(SETTINGS_OF))
def test_each_child_reads_what_it_is_given_where_stripe_is_paid(duty: str) -> None:
    whole = {**SECRETS, "RUSH_MAIL_FROM": "a@b", "RUSH_PAYMENTS": "stripe"}
    given = environment_of(duty, read(whole), {})

    settings = read(given)

    if "stripe_key" in SETTINGS_OF[duty]:
        settings.require_payments()
