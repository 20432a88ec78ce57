"""Clients of the payment providers that the settings name, each behind a circuit breaker."""

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from booking_rush.booking.payments.http_client import open_http
from booking_rush.booking.payments.practice_bank import PracticeBank
from booking_rush.booking.payments.provider import PaymentProvider
from booking_rush.booking.payments.router import PaymentRouter
from booking_rush.booking.payments.stripe import Stripe
from booking_rush.circuit_breaker import CircuitBreaker
from booking_rush.server.runtime.settings import Settings

CONNECTIONS_MAX = 512  # 256 orders fly at once to each of two providers, and none waits for one


@asynccontextmanager
async def open_payments(
    settings: Settings, clock: Callable[[], float] = time.monotonic
) -> AsyncGenerator[PaymentRouter]:
    """Open a client of every configured payment provider, each behind its own breaker."""
    async with open_http(connections=CONNECTIONS_MAX) as http:
        providers: list[PaymentProvider] = [
            PracticeBank(
                http,
                settings.bank_url,
                settings.webhook_secrets,
                timeout_s=settings.bank_timeout_seconds,
            )
        ]
        if settings.stripe_key:
            providers.append(
                Stripe(http, settings.stripe_key, settings.stripe_secrets, settings.stripe_url)
            )
        yield PaymentRouter(providers, settings.payments, lambda: breaker_of(settings), clock)


def breaker_of(settings: Settings) -> CircuitBreaker:
    """Return a circuit breaker for one service."""
    return CircuitBreaker(settings.breaker_failures_max, settings.breaker_open_seconds)
