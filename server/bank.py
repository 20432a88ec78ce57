"""The practice bank: a small HTTP service that charges and refunds, and tells of it by webhook.

It stands in for a bank in the demo and in tests, with dials for what banks do on bad days. It
knows nobody: who reaches its port may charge, so it listens where only the house does.
"""

import asyncio
import logging
import random
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from typing import Annotated, Any, cast
from uuid import UUID

import msgspec
import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from booking_rush.booking.payments.http_client import (
    Asker,
    NoAnswerError,
    Patience,
    Question,
    open_http,
)
from booking_rush.booking.payments.practice_bank import SIGNATURE
from booking_rush.booking.payments.signatures import sign
from booking_rush.errors import Invalid, TryAgain
from booking_rush.postgres import Pool, gathering
from booking_rush.server.app import HANDLERS, healthz
from booking_rush.server.bank_books import LATE_S, SLOW_S, Books, Due, NewCharge
from booking_rush.server.loops import forever
from booking_rush.server.requests import Handler, answer, page_of, read_json
from booking_rush.server.serve import PortBusyError, listen
from booking_rush.server.settings import Settings
from booking_rush.tasks import end

log = logging.getLogger(__name__)

FLYING_MAX = 32  # webhooks on their way at a time
PATIENCE = Patience(total_s=5.0, connect_s=5.0)
LOOK_S = 0.1  # how often we look for what is due when nobody wakes us
BACKLOG = 1024


class Dials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How well the bank works; each process begins with these, and forgets what was turned."""

    latency_ms: Annotated[int, msgspec.Meta(ge=0, le=60_000)] = 0
    failure_rate: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0  # 503, nothing is done
    lost_answer_rate: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0  # it is done, then 503
    webhook_delay_ms: Annotated[int, msgspec.Meta(ge=0, le=600_000)] = 0
    webhook_repeat: Annotated[int, msgspec.Meta(ge=1, le=10)] = 1  # each is sent so many times


class Refund(msgspec.Struct, frozen=True):
    """A wish to have a charge given back; `key` is `refund:{charge}`."""

    key: str
    charge: str


class Bank:
    """Its books, its dials, and the post that carries its words; signs with the first secret."""

    def __init__(
        self,
        books: Books,
        http: Asker,
        webhook_url: str,
        *,
        secrets: Sequence[str],
    ) -> None:
        assert secrets, "the bank signs what it says"
        assert all(secrets), "an empty secret would let anybody sign"
        self.books = books
        self.dials = Dials()
        self._http = http
        self._webhook_url = webhook_url
        self._secret = secrets[0]
        self._flying: dict[str, asyncio.Task[None]] = {}
        self._landed: list[tuple[Due, bool]] = []
        self._woken = asyncio.Event()
        self.charges = gathering(self._charge)

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
        await end(self._flying.values())

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

    async def _deliver(self, due: Due) -> None:
        arrived = False
        try:
            for _ in range(self.dials.webhook_repeat):
                arrived = (await self._http.ask(self._signed(due))).is_good
        except NoAnswerError as error:
            arrived = False
            log.info("webhook failed id=%s why=%s", due.id, error)
        finally:
            self._landed.append((due, arrived))
            self.wake()

    def _signed(self, due: Due) -> Question:
        body = orjson.dumps(
            {"id": due.id, "booking": str(due.booking), "attempt": due.attempt, "word": due.word}
        )
        signature = sign(self._secret, body, at_s=int(time.time()))
        headers = {SIGNATURE: signature, "Content-Type": "application/json"}
        return Question("POST", self._webhook_url, headers, body, PATIENCE)

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(LOOK_S):
                await self._woken.wait()
        except TimeoutError:
            pass


@asynccontextmanager
async def bank(
    pool: Pool,
    *,
    bind: str,
    webhook_url: str,
    secrets: Sequence[str],
    slow_s: float = SLOW_S,
    late_s: float = LATE_S,
) -> AsyncGenerator[str]:
    """The bank at work while the block lasts; its address.

    Raises:
        PortBusyError: something listens at `bind` already.
    """
    listener = listen(Settings(bind=bind), alone=True)
    try:
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise PortBusyError(f"cannot listen on {bind}: {error.strerror}") from error
    host, port = listener.getsockname()[:2]
    books = Books(pool, slow_s=slow_s, late_s=late_s)
    async with open_http(connections=FLYING_MAX) as http:
        works = Bank(books, http, webhook_url, secrets=secrets)
        server = _Server(config_of(works))
        serving = asyncio.create_task(server.serve([listener]))
        loop = asyncio.create_task(forever("bank", works.run_once, idle_s=0))
        try:
            yield f"http://{f'[{host}]' if ':' in host else host}:{port}"
        finally:
            server.should_exit = True
            await serving
            await end([loop])
            await works.close()


def config_of(works: Bank) -> uvicorn.Config:
    """How the bank is served: beside a duty's loop, so without signals and logs of its own."""
    return uvicorn.Config(
        create_bank(works),
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=1,
    )


class _Server(uvicorn.Server):
    """uvicorn, without its hand on the process's signals."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()


def create_bank(works: Bank) -> Starlette:
    """The bank's application."""
    app = Starlette(routes=ROUTES, exception_handlers=HANDLERS)
    app.state.bank = works
    return app


def bank_of(request: Request) -> Bank:
    """The bank that serves this request."""
    return cast("Bank", request.app.state.bank)


async def charge(request: Request) -> Response:
    """`POST /charges`: charge, once a key."""
    works = bank_of(request)
    wish = await read_json(request, NewCharge)
    made = await works.charges.do(wish)
    works.wake()
    return answer(202, made)


async def cancel(request: Request) -> Response:
    """`POST /charges/{key}/cancel`: let it capture no more, known or not."""
    works = bank_of(request)
    cancelled = await works.books.cancel(request.path_params["key"], delay_s=works.delay_s)
    works.wake()
    return answer(202, cancelled)


async def refund(request: Request) -> Response:
    """`POST /refunds`: give back what was captured, once."""
    works = bank_of(request)
    wish = await read_json(request, Refund)
    if wish.key != f"refund:{wish.charge}":
        raise Invalid(("key", "refund:{charge}"))
    refunded = await works.books.refund(wish.charge, delay_s=works.delay_s)
    works.wake()
    return answer(202, refunded)


async def read(request: Request) -> Response:
    """`GET /charges/{key}`: a charge and all that was said of it."""
    return answer(200, await bank_of(request).books.read(request.path_params["key"]))


async def ledger(request: Request) -> Response:
    """`GET /ledger?booking=`: its movements of money."""
    try:
        booking = UUID(request.query_params.get("booking", ""))
    except ValueError:
        raise Invalid(("booking", "the id of a booking")) from None
    return answer(200, {"movements": await bank_of(request).books.ledger(booking)})


async def totals(request: Request) -> Response:
    """`GET /totals?limit=&after=`: captured and refunded, charge by charge."""
    limit, after = page_of(request)
    return answer(
        200, {"totals": await bank_of(request).books.totals(after=after or "", limit=limit)}
    )


async def dials(request: Request) -> Response:
    """`GET /dials`, and `PUT /dials`, which sets what it does not name to its default."""
    works = bank_of(request)
    if request.method == "PUT":
        works.dials = await read_json(request, Dials)
    return answer(200, msgspec.to_builtins(works.dials))


def moody(handler: Handler) -> Handler:
    """A handler that works as well as the dials say."""

    async def handle(request: Request) -> Response:
        dials = bank_of(request).dials
        await asyncio.sleep(dials.latency_ms / 1000)
        if random.random() < dials.failure_rate:  # noqa: S311  a bad day is no secret
            raise TryAgain("the bank has a bad day: nothing was done")
        response = await handler(request)
        if random.random() < dials.lost_answer_rate:  # noqa: S311
            raise TryAgain("the bank has a bad day: it may have been done")
        return response

    return handle


ROUTES = [
    Route("/charges", moody(charge), methods=["POST"]),
    Route("/charges/{key}", moody(read), methods=["GET"]),
    Route("/charges/{key}/cancel", moody(cancel), methods=["POST"]),
    Route("/refunds", moody(refund), methods=["POST"]),
    Route("/ledger", ledger, methods=["GET"]),
    Route("/totals", totals, methods=["GET"]),
    Route("/dials", dials, methods=["GET", "PUT"]),
    Route("/healthz", healthz, methods=["GET"]),
]
