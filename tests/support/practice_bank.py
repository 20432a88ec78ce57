"""A desk where the practice bank is asked for money, and a shop that it tells, both served."""

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
from tests.support.clients import until
from tests.support.fake_http import UnusedHttp
from tests.support.world import QuietServer

OLD, NEW = "the old secret of the bank", "its new secret"
SOON_S = 0.3  # what slow and late wait for here


def payment(method: str = "ok", *, amount: int = 6500, lasts_s: float = 60.0) -> Payment:
    until_ms = int((time.time() + lasts_s) * 1000)
    return Payment(uuid.uuid4(), 1, amount, "EUR", method, until_ms, "bank")


def new_charge(of: Payment) -> NewCharge:
    """As the bank's books are asked for it."""
    return NewCharge(
        of.key, of.booking, of.attempt, of.amount, of.currency, of.method, of.pay_until_ms
    )


@dataclass
class Shop:
    """Who is told: its address, what it has heard, and whether it listens just now."""

    url: str
    secrets: tuple[str, ...] = (NEW, OLD)
    listens: bool = True
    told: list[PaymentNotification] = field(default_factory=list[PaymentNotification])
    missed: list[str] = field(default_factory=list[str])

    async def hear(self, request: Request) -> Response:
        body = await request.body()
        reader = PracticeBank(UnusedHttp(), "", self.secrets)
        told = reader.read_webhook(request.headers, body, now=time.time())
        assert told is not None
        if not self.listens:
            self.missed.append(told.id)
            return Response(status_code=503)
        self.told.append(told)
        return Response(status_code=200)

    def words(self, about: Payment) -> list[str]:
        return [told.kind for told in self.told if told.booking == about.booking]


@dataclass
class Desk:
    """A bank, the shop that it tells, and how the shop asks it."""

    payments: PracticeBank
    asker: AiohttpClient
    shop: Shop
    http: httpx.AsyncClient
    pool: Pool

    async def charge(self, *asked: Payment) -> None:
        await asyncio.gather(*(self.payments.charge(one) for one in asked))

    async def hears(self, about: Payment, *words: str) -> None:
        await until(lambda: self.shop.words(about) == list(words))

    async def totals(self, *about: Payment) -> list[tuple[int, int]]:
        """Captured and refunded of each, as the ledger adds up."""
        rows = await self.pool.fetch("SELECT * FROM bank.totals")
        found = {row["charge"]: (row["captured"], row["refunded"]) for row in rows}
        return [found.get(one.key, (0, 0)) for one in about]

    async def state(self, about: Payment) -> str:
        return str((await self.http.get(f"/charges/{about.key}")).json()["state"])

    async def turn(self, **dials: float) -> None:
        (await self.http.put("/dials", json=dials)).raise_for_status()


@asynccontextmanager
async def open_shop() -> AsyncGenerator[Shop]:
    listener = listen(Settings(bind="127.0.0.1:0"), alone=True)
    listener.listen()
    shop = Shop(f"http://127.0.0.1:{listener.getsockname()[1]}/webhook")
    app = Starlette(routes=[Route("/webhook", shop.hear, methods=["POST"])])
    server = QuietServer(uvicorn.Config(app, ws="none", lifespan="off", log_config=None))
    task = asyncio.create_task(server.serve([listener]))
    try:
        yield shop
    finally:
        server.should_exit = True
        await task


@asynccontextmanager
async def open_desk(pool: Pool, shop: Shop, *secrets: str) -> AsyncGenerator[Desk]:
    async with (
        open_bank(
            pool,
            bind="127.0.0.1:0",
            webhook_url=shop.url,
            secrets=secrets,
            slow_s=SOON_S,
            late_s=SOON_S,
        ) as url,
        httpx.AsyncClient(base_url=url) as http,
        open_http(connections=64) as asker,
    ):
        yield Desk(PracticeBank(asker, url, secrets), asker, shop, http, pool)


async def is_quiet(pool: Pool) -> bool:
    """Whether the bank owes no word."""
    owed = "SELECT count(*) FROM bank.webhooks WHERE delivered_at IS NULL AND due_at IS NOT NULL"
    return bool(await pool.fetchval(owed) == 0)


PAYMENT = """
    INSERT INTO payments (booking, attempt, provider, method, amount, currency, pay_until_ms)
    VALUES ($1, 1, 'bank', 'ok', 5, 'EUR', 4000000000000)
"""
