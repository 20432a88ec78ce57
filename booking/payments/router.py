"""Payment providers by name, each behind a circuit breaker.

While a breaker is open, calls fail at once with `ProviderUnavailableError`: the saga retries the
order later, as it does whenever a service is unavailable. Nothing is retried here.
"""

import logging
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager

from booking_rush.booking.payments.provider import (
    NotYetPossibleError,
    Payment,
    PaymentProvider,
    PaymentRefusedError,
    ProviderUnavailableError,
)
from booking_rush.circuit_breaker import BreakerState, CircuitBreaker

log = logging.getLogger(__name__)


class PaymentRouter:
    """Picks a payment's provider, and reports the outcome of each call to its circuit breaker.

    `default` names the provider of new checkouts, `methods` are its payment methods.
    """

    def __init__(
        self,
        providers: Iterable[PaymentProvider],
        default: str,
        new_breaker: Callable[[], CircuitBreaker] = CircuitBreaker,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._providers = {provider.name: provider for provider in providers}
        self._breakers = {name: new_breaker() for name in self._providers}
        self._clock = clock
        self.default = default
        self.methods = self._providers[default].methods

    def named(self, name: str) -> PaymentProvider | None:
        """Return the provider of this name to read its webhooks, or None: it is not configured."""
        return self._providers.get(name)

    def states(self) -> dict[str, BreakerState]:
        """Return the state of each provider's breaker, by the provider's name."""
        now = self._clock()
        return {name: breaker.state(now) for name, breaker in self._breakers.items()}

    @contextmanager
    def provider_of(self, payment: Payment) -> Generator[PaymentProvider]:
        """Yield the payment's provider for one call, and report its outcome to the breaker.

        A refusal is an answer. A call that is cancelled counts as neither success nor failure.

        Raises:
            ProviderUnavailableError: the provider is not configured, or its breaker is open.
        """
        name = payment.provider
        if name not in self._providers:
            raise ProviderUnavailableError(f"{name} is not set up here any more")
        if not self._breakers[name].allows(self._clock()):
            raise ProviderUnavailableError(f"{name} is left alone: the breaker is open")
        try:
            yield self._providers[name]
        except (PaymentRefusedError, NotYetPossibleError):
            self._succeed(name)
            raise
        except ProviderUnavailableError as why:
            self._fail(name, why)
            raise
        self._succeed(name)

    def _succeed(self, name: str) -> None:
        breaker = self._breakers[name]
        if breaker.state(self._clock()) != "closed":
            log.info("breaker closed provider=%s", name)
        breaker.worked()

    def _fail(self, name: str, why: ProviderUnavailableError) -> None:
        breaker = self._breakers[name]
        was_closed = breaker.state(self._clock()) == "closed"
        breaker.failed(self._clock())
        if was_closed and breaker.state(self._clock()) != "closed":
            log.warning("breaker opened provider=%s why=%s", name, why)
