"""Alerts for the console: stores, providers and messages put aside, judged by a table of limits."""

from uuid import UUID

import pytest

from booking_rush.server.admin.alerts import MEASURES, raised_by
from booking_rush.server.app import V1
from booking_rush.server.runtime.liveness import say_alive
from tests.support.world import World, held


async def test_a_sound_server_has_no_alerts_but_of_duties_that_do_not_run_here(
    world: World,
) -> None:
    await world.event()
    operator = await world.operator()

    alerts = (await operator.get(f"{V1}/admin/alerts")).json()["alerts"]

    assert {alert["code"] for alert in alerts} <= {"reconcile_down", "record_down"}


async def test_series_that_stand_still_are_told(world: World) -> None:
    await world.event()
    await world.services.pool.execute("UPDATE events SET created_at = now() - interval '1 day'")
    await world.services.pool.execute(
        """
        INSERT INTO series
        SELECT 'demo', now() - interval '2 min', 1, 1, 0, 1, 1, 0, 0, 0, 1, 0
        """
    )
    operator = await world.operator()

    alerts = (await operator.get(f"{V1}/admin/alerts")).json()["alerts"]

    [told] = [alert for alert in alerts if alert["code"] == "reconcile_down"]
    assert told["level"] == "warn"
    assert told["value"] >= 120


async def test_many_declined_payments_are_told(world: World) -> None:
    await world.event()
    visitor, hold = await held(world)
    await visitor.check_out(hold)
    await visitor.booked(hold, "confirmed")
    await world.services.pool.execute(
        """
        INSERT INTO payments (booking, attempt, provider, method, amount, currency, pay_until_ms,
            state)
        SELECT $1, 10 + n, 'bank', 'declined', 1, 'EUR', 0,
            CASE WHEN n < 4 THEN 'declined' ELSE 'captured' END
        FROM generate_series(0, 9) AS n
        """,
        UUID(hold),
    )
    operator = await world.operator()

    alerts = (await operator.get(f"{V1}/admin/alerts")).json()["alerts"]

    [told] = [alert for alert in alerts if alert["code"] == "declines"]
    assert told == {"code": "declines", "level": "warn", "value": round(4 / 11, 3)}


async def test_a_duty_that_speaks_no_more_is_told_and_one_that_never_ran_here_is_not(
    world: World,
) -> None:
    await world.event()
    pool, operator = world.services.pool, await world.operator()
    await pool.execute("UPDATE events SET created_at = now() - interval '1 day'")
    await say_alive(pool, ["tend", "conduct", "mail"])

    async def down() -> dict[str, str]:
        alerts = (await operator.get(f"{V1}/admin/alerts")).json()["alerts"]
        return {
            alert["code"]: alert["level"] for alert in alerts if alert["code"].endswith("_down")
        }

    assert not down_of_duties(await down())
    await pool.execute("UPDATE duties SET seen_at = now() - interval '40 s' WHERE duty = 'mail'")
    await pool.execute("DELETE FROM duties WHERE duty = 'tend'")

    assert down_of_duties(await down()) == {"mail_down": "warn", "tend_down": "bad"}


def down_of_duties(found: dict[str, str]) -> dict[str, str]:
    """Leave out what an event of yesterday is missing without series and without a recorder."""
    return {code: at for code, at in found.items() if code not in ("reconcile_down", "record_down")}


@pytest.mark.parametrize("code", MEASURES)
def test_every_measure_has_its_levels(code: str) -> None:
    limits = MEASURES[code][1]

    assert raised_by([(code, limits.warn / 2)]) == []
    assert raised_by([(code, limits.bad)]) == [{"code": code, "level": "bad", "value": limits.bad}]


def test_what_cannot_be_measured_is_told() -> None:
    alerts = raised_by([("clock", OSError("away")), ("breaker", 0.0)])

    assert alerts == [{"code": "unmeasured", "level": "bad", "value": "clock"}]
