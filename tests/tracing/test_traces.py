"""Traces: a purchase is one tree of spans from its request to its ticket."""

import re
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from redis.asyncio import Redis

from booking_rush.booking.catalogue.catalogue import Catalogue
from booking_rush.postgres import Pool
from booking_rush.server.processes.traces import recorded_traces
from booking_rush.server.runtime.ports import free_port
from booking_rush.server.runtime.settings import Settings, SettingsError
from booking_rush.tracing import spans
from tests.support.clients import Clients, until, until_ready
from tests.support.servers.otlp_receiver import CALLER, OtlpReceiver, receive_traces
from tests.support.servers.processes import running
from tests.support.servers.stores import Store
from tests.support.world import World, held, new_event, open_world, settings_for

TRACE = "0af7651916cd43dd8448eb211c80319c"
SAMPLED, UNSAMPLED = f"00-{TRACE}-{CALLER}-01", f"00-{TRACE}-{CALLER}-00"
RECORDER = "booking_rush.tracing.recorder"
CHECKOUT = "POST /api/v1/events/{event}/holds/{hold}/checkout"
# What leads from a checkout to its ticket, over the outbox table; `publish` comes in over Kafka.
TO_THE_ORDER = (CHECKOUT, "move checkout_hold", "batch", "record", "order charge")
TO_THE_WEBHOOK = (
    "POST", "POST /charges", "webhook charged", "POST",
    "POST /api/v1/payments/{provider}/webhook", "enqueue", "saga charged",
)  # fmt: skip
TO_THE_TICKET = ("order mark_sold", "move mark_sold", "batch")


@pytest.fixture
def receiver() -> Generator[OtlpReceiver]:
    with receive_traces() as receiver:
        yield receiver


@pytest.fixture
async def traced(
    receiver: OtlpReceiver, redis: Redis, pool: Pool, redis_url: str, postgres_url: str
) -> AsyncGenerator[World]:
    """A server with its duties, all in this process, that records every trace."""
    settings = settings_for(redis_url, postgres_url, traces_url=receiver.url, traces_share=1)
    with recorded_traces(settings, "tests"):
        async with open_world(redis, pool, settings) as world:
            await world.event()
            yield world


def has(receiver: OtlpReceiver, path: tuple[str, ...]) -> Callable[[], bool]:
    return lambda: path in receiver.paths(TRACE)


async def test_a_purchase_is_one_tree(traced: World, receiver: OtlpReceiver) -> None:
    visitor, hold = await held(traced)
    visitor.http.headers["traceparent"] = SAMPLED
    answer = await visitor.check_out(hold)
    del visitor.http.headers["traceparent"]

    await until(has(receiver, TO_THE_ORDER + TO_THE_WEBHOOK + TO_THE_TICKET))
    paths = receiver.paths(TRACE)
    assert {path[0] for path in paths} == {CHECKOUT}
    assert (*TO_THE_ORDER[:-1], "order tell", "move publish_booking", "batch") in paths
    assert re.fullmatch(rf"00-{TRACE}-[0-9a-f]{{16}}-01", answer.headers["traceresponse"])
    [request] = [span for span in receiver.of_trace(TRACE) if span.name == CHECKOUT]
    assert request.attributes["http.response.status_code"] == 202
    # An order is tried again where a duty does not know a new event yet.
    assert {span.error for span in receiver.of_trace(TRACE)} <= {"", "Recovering"}


async def test_a_purchase_over_kafka_is_one_tree_too(
    receiver: OtlpReceiver,
    redis: Redis,
    pool: Pool,
    redis_url: str,
    postgres_url: str,
    kafka_server: Store,
) -> None:
    settings = settings_for(redis_url, postgres_url, traces_url=receiver.url, traces_share=1)
    with recorded_traces(settings, "tests"):
        async with open_world(redis, pool, settings, kafka=kafka_server.url) as world:
            await world.event()
            visitor, hold = await held(world)
            visitor.http.headers["traceparent"] = SAMPLED
            await visitor.check_out(hold)
            *to_the_record, charge = TO_THE_ORDER
            *to_the_webhook, charged = TO_THE_WEBHOOK
            published = (*to_the_record, "publish", charge, *to_the_webhook, "publish", charged)
            await until(has(receiver, (*published, "publish", *TO_THE_TICKET)))
            assert {path[0] for path in receiver.paths(TRACE)} == {CHECKOUT}


async def test_processes_record_their_parts_of_one_tree(
    receiver: OtlpReceiver, pool: Pool, redis_url: str, postgres_url: str, folder: Path
) -> None:
    await Catalogue(pool).create(new_event(), who="tests")
    base = f"127.0.0.1:{free_port()}"
    changes = {"bind": base, "traces_url": receiver.url, "traces_share": 1}
    settings = settings_for(redis_url, postgres_url, **changes)
    with running(settings, folder, serve="serve", record="work record"):
        await until_ready(f"http://{base}")
        async with AsyncExitStack() as stack:
            visitor = await Clients(f"http://{base}", stack).visitor()
            visitor.http.headers["traceparent"] = SAMPLED
            await visitor.join()
            join = ("POST /api/v1/events/{event}/queue", "move join_line", "batch", "record")
            await until(has(receiver, join))

    duties = {span.name: span.duty for span in receiver.of_trace(TRACE)}
    assert [duties[name] for name in join] == ["serve", "serve", "serve", "record"]


async def test_each_command_over_a_socket_begins_a_trace(
    traced: World, receiver: OtlpReceiver
) -> None:
    visitor = await traced.visitor()
    async with visitor.socket() as socket:
        await socket.ask("queue.join")
        refused = await socket.ask("hold.extend", hold="no hold")

    def joined() -> list[str]:
        ids = [span.trace for span in receiver.spans if span.name == "queue.join"]
        return [id_ for id_ in ids if joining in receiver.paths(id_)]

    joining = ("queue.join", "move join_line", "batch", "record")
    [trace] = await until(joined)
    assert {path[0] for path in receiver.paths(trace)} == {"queue.join"}
    other = refused["problem"]["trace_id"]
    assert trace != other
    await until(lambda: receiver.of_trace(other))
    [command] = [one for one in receiver.of_trace(other) if one.name == "hold.extend"]
    assert command.attributes == {"outcome": refused["problem"]["code"]}


async def test_a_trace_that_comes_unsampled_is_not_recorded(
    traced: World, receiver: OtlpReceiver
) -> None:
    visitor, hold = await held(traced)
    visitor.http.headers["traceparent"] = UNSAMPLED
    answer = await visitor.check_out(hold)
    refused = await visitor.http.post("/api/v1/events/demo/holds/none/extend")
    del visitor.http.headers["traceparent"]
    await visitor.booked(hold, "confirmed")

    assert re.fullmatch(rf"00-{TRACE}-[0-9a-f]{{16}}-00", answer.headers["traceresponse"])
    assert refused.json()["trace_id"] == TRACE == refused.headers["x-request-id"]
    read = "GET /api/v1/bookings/{booking}"
    await until(lambda: read in {span.name for span in receiver.spans})  # what came later is there
    assert receiver.of_trace(TRACE) == []
    assert await traced.services.pool.fetchval("SELECT count(*) FROM outbox WHERE trace = ''") > 1


def test_without_a_url_no_recorder_is_loaded() -> None:
    code = f"import sys, booking_rush.server.cli.main; print({RECORDER!r} in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert found.stdout.strip() == "False"
    with recorded_traces(Settings(), "tests"):
        assert not spans.is_on()


def test_a_url_without_opentelemetry_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, RECORDER, None)
    with pytest.raises(SettingsError, match=r"booking-rush\[otel\]"):  # noqa: SIM117
        with recorded_traces(Settings(traces_url="http://127.0.0.1:1"), "tests"):
            pass
