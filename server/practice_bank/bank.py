"""The practice bank: a small HTTP service that charges and refunds, and tells of it by webhook.

It stands in for a bank in the demo and in tests, with dials for what banks do on bad days. It
knows nobody: who reaches its port may charge, so it listens where only the house does.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
import orjson

from booking_rush.booking.payments.http_client import (
    HttpClient,
    HttpRequest,
    NoResponseError,
    Timeouts,
)
from booking_rush.booking.payments.practice_bank import SIGNATURE
from booking_rush.booking.payments.signatures import sign
from booking_rush.coalescing import coalesced
from booking_rush.server.practice_bank.ledger import Ledger, NewCharge, PendingWebhook
from booking_rush.tasks import cancel_and_wait

log = logging.getLogger(__name__)

FLYING_MAX = 32  # webhooks on their way at a time
PATIENCE = Timeouts(total_s=5.0, connect_s=5.0)
LOOK_S = 0.1  # how often we look for what is due when nobody wakes us


class FaultSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How well the bank works; each process begins with these, and forgets what was turned."""

    latency_ms: Annotated[int, msgspec.Meta(ge=0, le=60_000)] = 0
    failure_rate: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0  # 503, nothing is done
    lost_answer_rate: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0  # it is done, then 503
    webhook_delay_ms: Annotated[int, msgspec.Meta(ge=0, le=600_000)] = 0
    webhook_repeat: Annotated[int, msgspec.Meta(ge=1, le=10)] = 1  # each is sent so many times


class Bank:
    """Its books, its dials, and the post that carries its words; signs with the first secret."""

    def __init__(
        self,
        books: Ledger,
        http: HttpClient,
        webhook_url: str,
        *,
        secrets: Sequence[str],
    ) -> None:
        assert secrets, "the bank signs what it says"
        assert all(secrets), "an empty secret would let anybody sign"
        self.books = books
        self.dials = FaultSettings()
        self._http = http
        self._webhook_url = webhook_url
        self._secret = secrets[0]
        self._flying: dict[str, asyncio.Task[None]] = {}
        self._landed: list[tuple[PendingWebhook, bool]] = []
        self._woken = asyncio.Event()
        self.charges = coalesced(self._charge)

    @property
    def delay_s(self) -> float:
        """How long the dials keep a webhook back."""
        return self.dials.webhook_delay_ms / 1000

    def wake(self) -> None:
        """Something may be due."""
        self._woken.set()

    async def run_once(self) -> int:
        """Capture, note and send what is due, or wait for a moment; how much it was.

        Raises:
            asyncpg.PostgresError, OSError: Postgres did not answer; nothing is forgotten.
        """
        self._woken.clear()
        done = await self._note() + await self._send()
        done += await self.books.settle(delay_s=self.delay_s)
        if not done:
            await self._rest()
        return done

    async def close(self) -> None:
        """Send no more; what is on its way is sent again by whoever works next."""
        await cancel_and_wait(self._flying.values())

    async def _charge(self, wishes: Sequence[NewCharge]) -> list[dict[str, Any] | Exception]:
        return await self.books.charge_all(wishes, delay_s=self.delay_s)

    async def _note(self) -> int:
        """Write down how the deliveries ended; until then they are not sent again."""
        landed = list(self._landed)
        if landed:
            await self.books.mark(landed)
            del self._landed[: len(landed)]
            for due, _ in landed:
                del self._flying[due.id]
        return len(landed)

    async def _send(self) -> int:
        """Set out with as many words as may be on their way."""
        room = FLYING_MAX - len(self._flying)
        found = await self.books.due(without=self._flying, limit=room) if room else []
        for due in found:
            self._flying[due.id] = asyncio.create_task(self._deliver(due))
        return len(found)

    async def _deliver(self, due: PendingWebhook) -> None:
        arrived = False
        try:
            for _ in range(self.dials.webhook_repeat):
                arrived = (await self._http.ask(self._signed(due))).is_good
        except NoResponseError as error:
            arrived = False
            log.info("webhook failed id=%s why=%s", due.id, error)
        finally:
            self._landed.append((due, arrived))
            self.wake()

    def _signed(self, due: PendingWebhook) -> HttpRequest:
        body = orjson.dumps(
            {"id": due.id, "booking": str(due.booking), "attempt": due.attempt, "word": due.word}
        )
        signature = sign(self._secret, body, at_s=int(time.time()))
        headers = {SIGNATURE: signature, "Content-Type": "application/json"}
        return HttpRequest("POST", self._webhook_url, headers, body, PATIENCE)

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(LOOK_S):
                await self._woken.wait()
        except TimeoutError:
            pass
