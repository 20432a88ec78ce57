"""Handshakes that are refused, and the codes that sockets are closed with."""

import contextlib
from types import SimpleNamespace

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from booking_rush.server.protocol import frames
from booking_rush.server.sockets import websocket
from tests.support.clients import Socket
from tests.support.world import World


async def test_without_a_good_token_the_socket_is_closed_4401(world: World) -> None:
    await world.event()
    for headers in ({}, {"Authorization": "Bearer nobody"}, {"Cookie": "rush_visitor=x.y.z"}):
        url = f"{world.clients.socket_url}/ws/events/demo"
        async with connect(url, additional_headers=headers) as connection:
            assert await Socket(connection).closed() == frames.NOT_AUTHENTICATED


async def test_the_cookie_is_as_good_as_the_header(world: World) -> None:
    await world.event()
    visitor = await world.visitor()
    url = f"{world.clients.socket_url}/ws/events/demo"

    async with connect(
        url, additional_headers={"Cookie": f"rush_visitor={visitor.token}"}
    ) as connection:
        socket = Socket(connection)
        assert (await socket.receive())["visitor"] == visitor.id
    assert connection.subprotocol is None


async def test_an_unknown_event_is_closed_4404(world: World) -> None:
    visitor = await world.visitor()
    for event in ("nothing-here", "Demo", "a" * 65, "%00"):
        url = f"{world.clients.socket_url}/ws/events/{event}"
        headers = {"Authorization": f"Bearer {visitor.token}"}
        async with connect(url, additional_headers=headers) as connection:
            assert await Socket(connection).closed() == frames.UNKNOWN_EVENT


async def test_another_subprotocol_is_closed_4400(world: World) -> None:
    await world.event()
    visitor = await world.visitor()
    url = f"{world.clients.socket_url}/ws/events/demo"
    headers = {"Authorization": f"Bearer {visitor.token}"}

    async with connect(
        url,
        additional_headers=headers,
        subprotocols=["chat"],  # type: ignore[list-item]
    ) as connection:
        assert await Socket(connection).closed() == frames.MALFORMED


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", "http://127.0.0.1"])
async def test_another_origin_is_refused_before_the_socket_opens(origin: str, world: World) -> None:
    await world.event()
    visitor = await world.visitor()
    headers = {"Authorization": f"Bearer {visitor.token}", "Origin": origin}

    with pytest.raises(InvalidStatus) as refused:
        async with connect(
            f"{world.clients.socket_url}/ws/events/demo", additional_headers=headers
        ):
            pass

    assert refused.value.response.status_code == 403
    body = refused.value.response.body
    assert b"origin_refused" in (body or b"")


async def test_the_servers_own_origin_is_let_in(world: World) -> None:
    await world.event()
    visitor = await world.visitor()
    headers = {"Authorization": f"Bearer {visitor.token}", "Origin": world.clients.base}

    async with connect(
        f"{world.clients.socket_url}/ws/events/demo", additional_headers=headers
    ) as connection:
        assert (await Socket(connection).receive())["type"] == "welcome"


async def test_a_newer_socket_of_the_same_visitor_replaces_the_older(world: World) -> None:
    await world.event(state="paused")
    visitor = await world.visitor()

    async with visitor.socket() as older, visitor.socket() as newer:
        assert await older.closed() == frames.REPLACED
        assert (await newer.ask("ping"))["type"] == "pong"


async def test_too_many_commands_close_the_socket_4429(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No time passes for the socket meanwhile."""
    monkeypatch.setattr(websocket, "time", SimpleNamespace(monotonic=lambda: 0.0))
    await world.event()
    visitor = await world.visitor()

    async with visitor.socket() as socket:
        for n in range(150):
            await socket.send({"type": "ping", "id": str(n)})
        assert await socket.closed() == frames.TOO_MANY

    pongs = [frame for frame in socket.frames if frame["type"] == "pong"]
    assert len(pongs) == 100


async def test_binary_and_oversize_and_bad_utf8_are_closed_as_the_standard_says(
    world: World,
) -> None:
    await world.event()
    visitor = await world.visitor()

    async with visitor.socket() as socket:
        await socket.send(b"binary")
        assert await socket.closed() == frames.MALFORMED
    async with visitor.socket() as socket:
        await socket.send('{"type":"ping","id":"' + "x" * 8192 + '"}')
        assert await socket.closed() == 1009
    async with visitor.socket() as socket:
        await socket.connection.send(b"\xff\xfe", text=True)
        assert await socket.closed() == 1007


async def test_too_many_control_frames_close_the_socket_4429(world: World) -> None:
    await world.event()
    visitor = await world.visitor()

    async with visitor.socket() as socket:
        for _ in range(8):
            await (await socket.connection.ping())
        assert (await socket.ask("ping"))["type"] == "pong"
        with contextlib.suppress(ConnectionClosed):
            for _ in range(1000):
                await socket.connection.ping()
        assert await socket.closed() == frames.TOO_MANY


async def test_more_bytes_than_the_budget_close_the_socket_4429(world: World) -> None:
    await world.event()
    visitor = await world.visitor()

    async with visitor.socket() as socket:
        with contextlib.suppress(ConnectionClosed):
            for _ in range(50):
                await socket.send('{"type":"ping","id":"1"}' + " " * 8000)
        assert await socket.closed() == frames.TOO_MANY


async def test_who_sends_a_thousand_commands_is_answered_the_allowed_ones(world: World) -> None:
    await world.event()
    visitor = await world.visitor()

    async with visitor.socket() as socket:
        with contextlib.suppress(ConnectionClosed):
            for n in range(1000):
                await socket.send({"type": "ping", "id": str(n)})
        assert await socket.closed() == frames.TOO_MANY

    pongs = [frame for frame in socket.frames if frame["type"] == "pong"]
    assert len(pongs) >= 100


async def test_bad_utf8_leaves_no_trace_in_the_log(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await world.event()
    visitor = await world.visitor()
    async with visitor.socket() as socket:
        await socket.connection.send([b'{"type":', b"\xff\xfe"], text=True)
        assert await socket.closed() == 1007
    assert not [record for record in caplog.records if record.exc_info]


async def test_seats_are_shown_anew_once_a_second_and_the_socket_stays_open(world: World) -> None:
    await world.event()
    visitor = await world.visitor()

    async with visitor.socket() as socket:
        answers = [await socket.ask("seats.watch") for _ in range(40)]
        assert (await socket.ask("ping"))["type"] == "pong"

    assert [answer["type"] for answer in answers[:5]] == ["seats.snapshot"] * 5
    refused = [answer for answer in answers if answer["type"] == "error"]
    assert refused
    assert {answer["problem"]["code"] for answer in refused} == {"too_many_requests"}


async def test_near_the_limit_of_open_files_a_socket_is_closed_1013_with_a_hint(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.event()
    visitor = await world.visitor()
    limit = "booking_rush.server.web.uvicorn_protocols.connections_max"
    monkeypatch.setattr(limit, lambda: 0)

    async with connect(
        f"{visitor.socket_url}/ws/events/demo",
        additional_headers={"Authorization": f"Bearer {visitor.token}"},
    ) as connection:
        socket = Socket(connection)
        assert await socket.closed() == frames.OVERLOADED

    [hint] = socket.frames
    assert hint["type"] == "server.busy"
    assert 500 <= hint["retry_after_ms"] <= 5000


async def test_a_path_that_is_no_event_is_refused(world: World) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connect(f"{world.clients.socket_url}/ws/nowhere"):
            pass
    assert refused.value.response.status_code == 404


async def test_a_stopping_server_says_when_to_come_back(world: World) -> None:
    await world.event(state="paused")
    visitor = await world.visitor()

    async with visitor.socket() as socket:
        world.server.handle_exit(15, None)
        assert await socket.closed() == frames.RESTARTING

    last = socket.frames[-1]
    assert last["type"] == "server.restarting"
    assert 500 <= last["retry_after_ms"] <= 2000
