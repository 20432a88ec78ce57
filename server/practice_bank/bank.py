"""The practice bank: charges and refunds on request, and reports each outcome by a signed webhook.

It stands in for a bank in the demo and in tests, with settings for the faults of real banks. It
authenticates no caller: any process that reaches its port may charge, so it must listen on an
address that only our own processes reach.
"""

import asyncio
import logging
import time
from collections import OrderedDict
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
from booking_rush.booking.payments.practice_bank import SIGNATURE_HEADER
from booking_rush.booking.payments.signatures import sign
from booking_rush.coalescing import coalesced
from booking_rush.server.practice_bank.ledger import Ledger, NewCharge, PendingWebhook
from booking_rush.tasks import cancel_and_wait
from booking_rush.tracing import spans

log = logging.getLogger(__name__)

IN_FLIGHT_MAX = 32  # webhooks that are sent at a time
TIMEOUTS = Timeouts(total_s=5.0, connect_s=5.0)
CONTEXTS_MAX = 10_000  # of traces; they are lost with the process
POLL_S = 0.1  # between two looks for due charges and webhooks, unless `wake` comes first


class FaultSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Faults that the bank injects; each process begins with none, and a restart clears them."""

    latency_ms: Annotated[int, msgspec.Meta(ge=0, le=60_000)] = 0
    failure_rate: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0  # 503, nothing is done
    lost_answer_rate: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0  # it is done, then 503
    webhook_delay_ms: Annotated[int, msgspec.Meta(ge=0, le=600_000)] = 0
    webhook_repeat: Annotated[int, msgspec.Meta(ge=1, le=10)] = 1  # each is sent so many times


class Bank:
    """The ledger, the injected faults, and the sender of webhooks, signed with the first secret."""

    def __init__(
        self,
        ledger: Ledger,
        http: HttpClient,
        webhook_url: str,
        *,
        secrets: Sequence[str],
    ) -> None:
        assert secrets, "the bank signs its webhooks"
        assert all(secrets), "an empty secret would let anybody sign"
        self.ledger = ledger
        self.faults = FaultSettings()
        self._http = http
        self._webhook_url = webhook_url
        self._secret = secrets[0]
        self._in_flight: dict[str, asyncio.Task[None]] = {}
        self._finished: list[tuple[PendingWebhook, bool]] = []
        self._woken = asyncio.Event()
        self.charges = coalesced(self._charge)
        self._contexts = OrderedDict[str, str]()  # of traces, by the charge that was asked for last

    @property
    def delay_s(self) -> float:
        """Return how many seconds the injected faults delay a webhook."""
        return self.faults.webhook_delay_ms / 1000

    def keep_context(self, charge: str) -> None:
        """Keep the context of the request that is served, for the webhooks of its charge."""
        if context := spans.current():
            self._contexts[charge] = context
            if len(self._contexts) > CONTEXTS_MAX:
                self._contexts.popitem(last=False)

    def wake(self) -> None:
        """Let the next run begin at once: a charge or a webhook may be due."""
        self._woken.set()

    async def run_once(self) -> int:
        """Mark finished deliveries, send due webhooks, settle due charges; else wait for work.

        Return how many of all three were done.

        Raises:
            asyncpg.PostgresError, OSError: Postgres did not answer; all of it stays due.
        """
        self._woken.clear()
        done = await self._mark_finished() + await self._send()
        done += await self.ledger.settle(delay_s=self.delay_s)
        if not done:
            await self._wait()
        return done

    async def close(self) -> None:
        """Cancel the deliveries that are not finished; the next process sends them again."""
        await cancel_and_wait(self._in_flight.values())

    async def _charge(self, new: Sequence[NewCharge]) -> list[dict[str, Any] | Exception]:
        return await self.ledger.charge_all(new, delay_s=self.delay_s)

    async def _mark_finished(self) -> int:
        """Save the outcomes of finished deliveries; until then they are not sent again."""
        finished = list(self._finished)
        if finished:
            await self.ledger.mark(finished)
            del self._finished[: len(finished)]
            for webhook, _ in finished:
                del self._in_flight[webhook.id]
        return len(finished)

    async def _send(self) -> int:
        """Start delivering due webhooks, up to IN_FLIGHT_MAX at a time."""
        free = IN_FLIGHT_MAX - len(self._in_flight)
        found = await self.ledger.due(without=self._in_flight, limit=free) if free else []
        for webhook in found:
            self._in_flight[webhook.id] = asyncio.create_task(self._deliver(webhook))
        return len(found)

    async def _deliver(self, webhook: PendingWebhook) -> None:
        delivered = False
        context = self._contexts.get(webhook.charge, "")
        try:
            with spans.span(f"webhook {webhook.kind}", context):
                for _ in range(self.faults.webhook_repeat):
                    delivered = (await self._http.send(self._signed(webhook))).is_success
        except NoResponseError as error:
            delivered = False
            log.info("webhook failed id=%s why=%s", webhook.id, error)
        finally:
            self._finished.append((webhook, delivered))
            self.wake()

    def _signed(self, webhook: PendingWebhook) -> HttpRequest:
        body = orjson.dumps(
            {
                "id": webhook.id,
                "booking": str(webhook.booking),
                "attempt": webhook.attempt,
                "word": webhook.kind,
            }
        )
        signature = sign(self._secret, body, at_s=int(time.time()))
        headers = {SIGNATURE_HEADER: signature, "Content-Type": "application/json"}
        return HttpRequest("POST", self._webhook_url, headers, body, TIMEOUTS)

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(POLL_S):
                await self._woken.wait()
        except TimeoutError:
            pass
