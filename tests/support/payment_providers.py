"""The practice bank behind a breaker, whose clock is the test's, and what leaves us for it."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import httpx
import pytest

from booking_rush.booking.payments.http_client import HttpRequest, open_http
from booking_rush.booking.payments.practice_bank import PracticeBank
from booking_rush.booking.payments.provider import (
    Payment,
    PaymentNotification,
    ProviderUnavailableError,
)
from booking_rush.booking.payments.router import PaymentRouter
from booking_rush.circuit_breaker import BreakerState, CircuitBreaker
from booking_rush.server.runtime.ports import free_port
from tests.support.fake_http import Counting
from tests.support.practice_bank import payment

FAILURES_MAX, OPEN_S = 3, 5.0


@dataclass
class Guard:
    """A guarded bank, the clock of its breaker, and every request that left us for it."""

    payments: PaymentRouter
    bank: PracticeBank
    at: str  # where the bank is
    dials: httpx.AsyncClient
    now: float = 0.0
    asked: list[HttpRequest] = field(default_factory=list[HttpRequest])

    def passes(self, seconds: float = OPEN_S) -> None:
        self.now += seconds

    async def goes_away(self, how: str) -> None:
        if how == "its port is closed":
            self.bank.base_url = f"http://127.0.0.1:{free_port()}"
        else:
            await self.turn(failure_rate=1)

    async def comes_back(self) -> None:
        self.bank.base_url = self.at
        await self.turn()

    async def turn(self, **dials: float) -> None:
        (await self.dials.put(f"{self.at}/dials", json=dials)).raise_for_status()

    async def charge(self, payment: Payment) -> str:
        return await charge(self.payments, payment)

    def state(self) -> BreakerState:
        return self.payments.states()["bank"]

    async def fails(self, times: int = FAILURES_MAX) -> None:
        """Charges that come to nothing."""
        for _ in range(times):
            with pytest.raises(ProviderUnavailableError):
                await self.charge(payment())


async def charge(payments: PaymentRouter, payment: Payment) -> str:
    """Charge a payment at its provider, unless the provider's breaker is open."""
    with payments.provider_of(payment) as provider:
        return await provider.charge(payment)


async def cancel(payments: PaymentRouter, payment: Payment) -> None:
    """Cancel a charge at its provider, unless the provider's breaker is open."""
    with payments.provider_of(payment) as provider:
        await provider.cancel(payment)


async def refund(payments: PaymentRouter, payment: Payment) -> None:
    """Refund a charge at its provider, unless the provider's breaker is open."""
    with payments.provider_of(payment) as provider:
        await provider.refund(payment)


async def ask(payments: PaymentRouter, payment: Payment) -> list[PaymentNotification]:
    """Ask a payment's provider for its notifications, unless the provider's breaker is open."""
    with payments.provider_of(payment) as provider:
        return await provider.ask(payment)


CALLS = (charge, cancel, refund, ask)


async def guard_of(at: str, secret: str, to_close: AsyncExitStack) -> Guard:
    dials = await to_close.enter_async_context(httpx.AsyncClient())
    asked = list[HttpRequest]()
    http = Counting(await to_close.enter_async_context(open_http(connections=8)), asked)
    bank = PracticeBank(http, at, (secret,))
    payments = PaymentRouter(
        [bank], "bank", lambda: CircuitBreaker(FAILURES_MAX, OPEN_S), lambda: found.now
    )
    found = Guard(payments, bank, at, dials, asked=asked)
    return found


class Bank:
    """Remembers what it was asked, and says nothing."""

    name = "bank"
    methods = frozenset({"ok"})

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, int]] = []

    async def charge(self, payment: Payment) -> str:
        self.asked.append(("charge", str(payment.booking), payment.attempt))
        return ""

    async def cancel(self, payment: Payment) -> None:
        self.asked.append(("cancel_charge", str(payment.booking), payment.attempt))

    async def refund(self, payment: Payment) -> None:
        self.asked.append(("refund", str(payment.booking), payment.attempt))

    async def ask(self, payment: Payment) -> list[PaymentNotification]:
        return []

    def read(
        self, headers: Mapping[str, str], body: bytes, *, now: float
    ) -> PaymentNotification | None:
        return None
