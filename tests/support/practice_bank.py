"""A practice bank served over HTTP, a client that asks it, and a receiver of its webhooks."""

import asyncio
import time
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from booking_rush.booking.payments.http_client import AiohttpClient, open_http
from booking_rush.booking.payments.practice_bank import PracticeBank
from booking_rush.booking.payments.provider import Payment, PaymentNotification
from booking_rush.postgres import Pool
from booking_rush.server.practice_bank.ledger import NewCharge
from booking_rush.server.practice_bank.service import open_bank
from booking_rush.server.runtime.ports import listen
from booking_rush.server.runtime.settings import Settings
from tests.support.clients import PATIENCE_S, until
from tests.support.fake_http import UnusedHttp
from tests.support.world import QuietServer

OLD, NEW = "the old secret of the bank", "its new secret"
SOON_S = 0.3  # the delay of methods `slow` and `late`


def payment(method: str = "ok", *, amount: int = 6500, lasts_s: float = 60.0) -> Payment:
    until_ms = int((time.time() + lasts_s) * 1000)
    return Payment(uuid.uuid4(), 1, amount, "EUR", method, until_ms, "bank")


def new_charge(of: Payment) -> NewCharge:
    """Make the ledger's command to charge a payment."""
    return NewCharge(
        of.key, of.booking, of.attempt, of.amount, of.currency, of.method, of.pay_until_ms
    )


@dataclass
class WebhookReceiver:
    """A server of webhooks: its address, those it accepted, and ids of those it answered 503."""

    url: str
    secrets: tuple[str, ...] = (NEW, OLD)
    accepts: bool = True
    received: list[PaymentNotification] = field(default_factory=list[PaymentNotification])
    refused: list[str] = field(default_factory=list[str])

    async def receive(self, request: Request) -> Response:
        body = await request.body()
        reader = PracticeBank(UnusedHttp(), "", self.secrets)
        notification = reader.read_webhook(request.headers, body, now=time.time())
        assert notification is not None
        if not self.accepts:
            self.refused.append(notification.id)
            return Response(status_code=503)
        self.received.append(notification)
        return Response(status_code=200)

    def events_of(self, payment: Payment) -> list[str]:
        """Return the kinds of a payment's webhooks, oldest first."""
        return [one.kind for one in self.received if one.booking == payment.booking]


@dataclass
class ServedBank:
    """A practice bank: the client that asks it, the receiver of its webhooks, and its database."""

    payments: PracticeBank
    http_client: AiohttpClient
    receiver: WebhookReceiver
    http: httpx.AsyncClient
    pool: Pool

    async def charge(self, *payments: Payment) -> None:
        await asyncio.gather(*(self.payments.charge(payment) for payment in payments))

    async def delivers(self, payment: Payment, *events: str) -> None:
        """Wait until the webhooks of a payment are exactly these, in this order."""
        await until(lambda: self.receiver.events_of(payment) == list(events))

    async def totals(self, *payments: Payment) -> list[tuple[int, int]]:
        """Return (captured, refunded) of each payment, summed from the ledger."""
        rows = await self.pool.fetch("SELECT * FROM bank.totals")
        found = {row["charge"]: (row["captured"], row["refunded"]) for row in rows}
        return [found.get(payment.key, (0, 0)) for payment in payments]

    async def state(self, payment: Payment) -> str:
        return str((await self.http.get(f"/charges/{payment.key}")).json()["state"])

    async def inject_faults(self, **faults: float) -> None:
        """Set the bank's fault settings; those that are not named are off."""
        (await self.http.put("/dials", json=faults)).raise_for_status()


@asynccontextmanager
async def receive_webhooks() -> AsyncGenerator[WebhookReceiver]:
    """Serve a receiver on a free port."""
    listener = listen(Settings(bind="127.0.0.1:0"), alone=True)
    listener.listen()
    receiver = WebhookReceiver(f"http://127.0.0.1:{listener.getsockname()[1]}/webhook")
    app = Starlette(routes=[Route("/webhook", receiver.receive, methods=["POST"])])
    server = QuietServer(uvicorn.Config(app, ws="none", lifespan="off", log_config=None))
    task = asyncio.create_task(server.serve([listener]))
    try:
        yield receiver
    finally:
        server.should_exit = True
        await task


@asynccontextmanager
async def serve_bank(
    pool: Pool, receiver: WebhookReceiver, *secrets: str
) -> AsyncGenerator[ServedBank]:
    """Serve a practice bank on a free port; it signs with the first secret."""
    async with (
        open_bank(
            pool,
            bind="127.0.0.1:0",
            webhook_url=receiver.url,
            secrets=secrets,
            slow_s=SOON_S,
            late_s=SOON_S,
        ) as url,
        httpx.AsyncClient(base_url=url, timeout=PATIENCE_S) as http,
        open_http(connections=64) as client,
    ):
        patient = PracticeBank(client, url, secrets, timeout_s=PATIENCE_S)
        yield ServedBank(patient, client, receiver, http, pool)


async def all_delivered(pool: Pool) -> bool:
    """Return whether no webhook waits to be delivered."""
    waiting = "SELECT count(*) FROM bank.webhooks WHERE delivered_at IS NULL AND due_at IS NOT NULL"
    return bool(await pool.fetchval(waiting) == 0)


PAYMENT = """
    INSERT INTO payments (booking, attempt, provider, method, amount, currency, pay_until_ms)
    VALUES ($1, 1, 'bank', 'ok', 5, 'EUR', 4000000000000)
"""
