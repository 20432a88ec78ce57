"""Payment providers for tests: the practice bank behind a breaker, and one that never answers."""

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
from tests.support.clients import PATIENCE_S
from tests.support.fake_http import RecordingHttp
from tests.support.practice_bank import payment

FAILURES_MAX, OPEN_S = 3, 5.0


@dataclass
class GuardedBank:
    """The practice bank behind a router, whose clock is the test's; `sent` is each request."""

    payments: PaymentRouter
    bank: PracticeBank
    url: str
    dials: httpx.AsyncClient
    now: float = 0.0
    sent: list[HttpRequest] = field(default_factory=list[HttpRequest])

    def passes(self, seconds: float = OPEN_S) -> None:
        self.now += seconds

    async def goes_away(self, how: str) -> None:
        if how == "its port is closed":
            self.bank.base_url = f"http://127.0.0.1:{free_port()}"
        else:
            await self.turn(failure_rate=1)

    async def comes_back(self) -> None:
        self.bank.base_url = self.url
        await self.turn()

    async def turn(self, **dials: float) -> None:
        (await self.dials.put(f"{self.url}/dials", json=dials)).raise_for_status()

    async def charge(self, payment: Payment) -> str:
        return await charge(self.payments, payment)

    def state(self) -> BreakerState:
        return self.payments.states()["bank"]

    async def fails(self, times: int = FAILURES_MAX) -> None:
        """Charge payments while the bank is unavailable."""
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


async def list_notifications(
    payments: PaymentRouter, payment: Payment
) -> list[PaymentNotification]:
    """List a payment's notifications at its provider, unless the provider's breaker is open."""
    with payments.provider_of(payment) as provider:
        return await provider.list_notifications(payment)


CALLS = (charge, cancel, refund, list_notifications)


async def open_guarded_bank(url: str, secret: str, to_close: AsyncExitStack) -> GuardedBank:
    """Open a router to the practice bank at a URL; its clients are closed with the stack."""
    dials = await to_close.enter_async_context(httpx.AsyncClient(timeout=PATIENCE_S))
    sent = list[HttpRequest]()
    http = RecordingHttp(await to_close.enter_async_context(open_http(connections=8)), sent)
    bank = PracticeBank(http, url, (secret,))
    payments = PaymentRouter(
        [bank], "bank", lambda: CircuitBreaker(FAILURES_MAX, OPEN_S), lambda: guarded.now
    )
    guarded = GuardedBank(payments, bank, url, dials, sent=sent)
    return guarded


class SilentProvider:
    """A provider that records orders in `asked`, and never sends a notification."""

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

    async def list_notifications(self, payment: Payment) -> list[PaymentNotification]:
        return []

    def read_webhook(
        self, headers: Mapping[str, str], body: bytes, *, now: float
    ) -> PaymentNotification | None:
        return None
