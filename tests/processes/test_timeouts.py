"""Timeouts and bounds as settings: each is used, and one out of range is refused by its name."""

from contextlib import suppress
from itertools import count

import pytest

from booking_rush.booking.payments.provider import ProviderUnavailableError
from booking_rush.server.runtime.providers import open_payments
from booking_rush.server.runtime.settings import Settings, SettingsError, read
from tests.support.clients import until
from tests.support.payment_providers import charge
from tests.support.practice_bank import ServedBank, payment


async def test_each_bank_is_asked_as_its_settings_say(practice_bank: ServedBank) -> None:
    now = 0.0
    settings = Settings(
        secret_key="x" * 32,
        bank_url=practice_bank.payments.base_url,
        bank_timeout_seconds=0.2,
        breaker_failures_max=2,
        breaker_open_seconds=7.0,
    )
    async with open_payments(settings, lambda: now) as payments:
        await practice_bank.inject_faults(latency_ms=60_000)
        for _ in range(settings.breaker_failures_max):
            with pytest.raises(ProviderUnavailableError, match="no answer within"):
                await charge(payments, payment())
        await practice_bank.inject_faults()
        now = 6.9
        with pytest.raises(ProviderUnavailableError, match="the breaker is open"):
            await charge(payments, payment())
        assert payments.states() == {"bank": "open"}
        probes = count(7.0, 7.0)  # a slow machine may need more than one

        async def is_asked_again() -> bool:
            nonlocal now
            now = next(probes)
            with suppress(ProviderUnavailableError):
                await charge(payments, payment())
            return payments.states() == {"bank": "closed"}

        await until(is_asked_again)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("RUSH_BANK_TIMEOUT_SECONDS", ["0", "-1", "61", "nan", "inf", "soon"]),
        ("RUSH_BANK_ASK_SECONDS", ["0", "3601", "nan"]),
        ("RUSH_SAGA_STILL_SECONDS", ["0", "3601", "inf"]),
        ("RUSH_SAGA_TRIES_MAX", ["0", "101", "1.5"]),
        ("RUSH_BREAKER_FAILURES_MAX", ["0", "-5", "1001", "many"]),
        ("RUSH_BREAKER_OPEN_SECONDS", ["0", "601", "nan"]),
    ],
)
def test_a_timeout_out_of_range_is_refused_by_name(name: str, wrong: list[str]) -> None:
    for value in wrong:
        with pytest.raises(SettingsError, match=f"{name}='{value}': Expected"):
            read({name: value})


def test_seconds_may_be_parts_of_one() -> None:
    assert read({"RUSH_BANK_TIMEOUT_SECONDS": "0.5"}) == Settings(bank_timeout_seconds=0.5)
