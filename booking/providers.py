"""Every provider that we can ask: each payment goes on with the one that it began with.

Each stands behind a breaker of its own: one that is away keeps nobody from the other. So the
provider of new checkouts may be changed while payments of the former one are on their way.
"""

from collections.abc import Mapping

from booking_rush.booking.breaker import State
from booking_rush.booking.guarded import Guarded
from booking_rush.booking.payments import BankAwayError, Payment, Told


class Providers:
    """Providers by name, and which of them new checkouts are paid by; implements `Payments`."""

    def __init__(self, known: Mapping[str, Guarded], provider: str) -> None:
        assert provider in known, provider
        self._known = known
        self.provider = provider
        self.methods = known[provider].methods

    def named(self, provider: str) -> Guarded | None:
        """The provider of a name; None: we know none."""
        return self._known.get(provider)

    def states(self) -> dict[str, State]:
        """How each one's breaker stands."""
        return {name: one.state() for name, one in self._known.items()}

    async def charge(self, payment: Payment) -> str:
        """Ask the payment's provider for the money."""
        return await self._of(payment).charge(payment)

    async def cancel(self, payment: Payment) -> None:
        """Let a charge capture no more."""
        await self._of(payment).cancel(payment)

    async def refund(self, payment: Payment) -> None:
        """Give the money of a captured charge back, once."""
        await self._of(payment).refund(payment)

    async def ask(self, payment: Payment) -> list[Told]:
        """Everything that has been told, or should have been, about this try; oldest first."""
        return await self._of(payment).ask(payment)

    def read(self, headers: Mapping[str, str], body: bytes, *, now: float) -> Told | None:
        """The word of a webhook of the provider of new checkouts; others are read by name."""
        return self._known[self.provider].read(headers, body, now=now)

    def _of(self, payment: Payment) -> Guarded:
        found = self.named(payment.provider)
        if found is None:
            raise BankAwayError(f"{payment.provider} is not set up here any more")
        return found
