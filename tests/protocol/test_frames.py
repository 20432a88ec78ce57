"""Frames as tables: commands, and frames that are none; first pure, then on a real socket."""

from contextlib import suppress

import orjson
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from booking_rush.server.protocol import frames
from tests.support.clients import Socket
from tests.support.world import World

GOOD = [
    ('{"type":"queue.join","id":"1"}', frames.Join(id="1")),
    ('{"id":"a","type":"queue.claim"}', frames.ConfirmPresence(id="a")),
    ('{"type":"queue.leave","id":"' + "x" * 64 + '"}', frames.Leave(id="x" * 64)),
    (' {"type":"ping" , "id":"\\u00e9"} ', frames.Ping(id="é")),
]

# Text that is no JSON object: the socket is closed with 4400.
MALFORMED = [
    "",
    " ",
    "\0",
    "ping",
    "null",
    "true",
    "1",
    "-",
    "1e400",
    "NaN",
    "[]",
    '["ping"]',
    '"ping"',
    "{",
    "}",
    "{}}",
    "{} {}",
    '{"type"}',
    '{"type":}',
    '{"type":"ping",}',
    "{'type':'ping'}",
    '{type:"ping"}',
    '{"type":"ping","id":"1"',
    '{"type":"ping","id":"1"}]',
    '{"type":"ping","id":"\\ud800"}',
    '{"type":"ping","id":"\\x41"}',
    '{"type":"ping","id":"\n"}',
    '{"type":"ping","id":01}',
    '{"type":"ping","id":NaN}',
    '{"type":"ping","id":Infinity}',
    '{"a":' * 500 + "1" + "}" * 499,
    "[" * 4000,
    '{"a":' * 1200,
    "\ufeff" + '{"type":"ping","id":"1"}',
    "// no\n{}",
]

# JSON objects that are no command: answered invalid_request, with `re` where they have an id.
INVALID = [
    ("{}", None),
    ('{"id":"7"}', "7"),
    ('{"type":"queue.join"}', None),
    ('{"type":"nothing","id":"7"}', "7"),
    ('{"type":"","id":"7"}', "7"),
    ('{"type":"Queue.Join","id":"7"}', "7"),
    ('{"type":"queue.joined","id":"7"}', "7"),
    ('{"type":"welcome","id":"7"}', "7"),
    ('{"type":null,"id":"7"}', "7"),
    ('{"type":1,"id":"7"}', "7"),
    ('{"type":["ping"],"id":"7"}', "7"),
    ('{"type":{"type":"ping"},"id":"7"}', "7"),
    ('{"type":"ping","id":""}', None),
    ('{"type":"ping","id":"' + "x" * 65 + '"}', None),
    ('{"type":"ping","id":7}', None),
    ('{"type":"ping","id":null}', None),
    ('{"type":"ping","id":true}', None),
    ('{"type":"ping","id":["7"]}', None),
    ('{"type":"ping","id":{"a":"7"}}', None),
    ('{"type":"ping","ID":"7"}', None),
    ('{"type":"ping","id":"7","more":1}', "7"),
    ('{"type":"queue.join","id":"7","visitor":"v_somebody"}', "7"),
    ('{"type":"queue.join","id":"7","number":1}', "7"),
    ('{"type":"queue.leave","id":"7","reason":"bored"}', "7"),
    ('{"type":"queue.prefer","id":"7"}', "7"),
    ('{"type":"queue.prefer","id":"7","quantity":0}', "7"),
    ('{"type":"queue.prefer","id":"7","quantity":101}', "7"),
    ('{"type":"queue.prefer","id":"7","quantity":2,"sections":["a\\n"]}', "7"),
    ('{"type":"queue.prefer","id":"7","quantity":2,"price_max":65}', "7"),
    ('{"type":"queue.claim","id":"7","":null}', "7"),
    ('{"type":"ping","id":"7","__proto__":{}}', "7"),
    ('{"type":"ping","id":"7","a":' + "[" * 300 + "]" * 300 + "}", "7"),
    ('{"type":"ping","id":"7","a":1e308}', "7"),
    ('{"type":"ping","id":"7","a":' + "9" * 400 + "}", "7"),
    ('{"type":"hold.change","id":"7"}', "7"),
    ('{"type":"error","id":"7","problem":{}}', "7"),
    ('{"re":"7","type":"pong"}', None),
    ('{"type":"ping","id":"\\u0000"}', None),
    ('{"type":"ping","id":"1","id":"2"}', None),
    ('{"type":"ping","id":"7","type":"ping"}', "7"),
]


@pytest.mark.parametrize(("text", "command"), GOOD)
def test_a_command_is_read(text: str, command: frames.AnyCommand) -> None:
    assert frames.read(text) == command


@pytest.mark.parametrize("text", MALFORMED)
def test_no_object_is_malformed(text: str) -> None:
    with pytest.raises(frames.MalformedFrameError):
        frames.read(text)


@pytest.mark.parametrize(("text", "re"), INVALID)
def test_an_object_that_is_no_command_is_invalid(text: str, re: str | None) -> None:
    with pytest.raises(frames.InvalidFrameError) as invalid:
        frames.read(text)

    assert invalid.value.re == re
    assert invalid.value.problem.code == "invalid_request"
    [error] = invalid.value.problem.extra["errors"]
    assert set(error) == {"field", "why"}


def test_there_are_sixty_bad_frames_in_the_table() -> None:
    assert len(MALFORMED) + len(INVALID) >= 60


async def test_bad_commands_are_answered_and_the_socket_stays_open(world: World) -> None:
    await world.event()
    visitor = await world.visitor()

    async with visitor.socket() as socket:
        for text, re in INVALID:
            await socket.send(text)
            answer = await socket.receive()
            assert (answer["type"], answer["re"]) == ("error", re)
            problem = answer["problem"]
            assert (problem["code"], problem["status"]) == ("invalid_request", 400)
            assert {"type", "title", "detail", "trace_id", "errors"} <= set(problem)
        assert (await socket.ask("ping"))["type"] == "pong"


async def test_every_frame_that_is_no_object_closes_the_socket_4400(world: World) -> None:
    await world.event()
    visitor = await world.visitor()

    for text in MALFORMED:
        async with visitor.socket() as socket:
            await socket.send(text)
            assert await socket.closed() == frames.MALFORMED, text


async def test_a_command_in_pieces_is_a_command(world: World) -> None:
    await world.event()
    visitor = await world.visitor()

    async with visitor.socket() as socket:
        await socket.connection.send(iter(['{"type":', '"ping",', '"id":"1"}']))
        assert (await socket.receive())["type"] == "pong"


async def test_a_command_in_too_many_pieces_ends_the_socket(world: World) -> None:
    await world.event()
    visitor = await world.visitor()

    async with visitor.socket() as socket:
        await socket.connection.send(iter(["{", *[" "] * 50]))
        assert await socket.closed() in (1006, 1009)


async def test_more_bytes_than_anybody_needs_end_the_socket(world: World) -> None:
    await world.event()
    visitor = await world.visitor()
    url = f"{world.clients.socket_url}/ws/events/demo"
    headers = {"Authorization": f"Bearer {visitor.token}"}

    async with connect(url, additional_headers=headers) as connection:
        socket = Socket(connection)
        await socket.receive()
        with suppress(ConnectionClosed):
            for n in range(400):
                await socket.send({"type": "x" * 4000, "id": str(n)})
        assert await socket.closed() in (1006, frames.TOO_MANY)


# Frames to clients


def test_a_frame_begins_with_its_type() -> None:
    for frame in (
        frames.frame("pong", "1"),
        frames.frame("queue.left"),
        frames.error(None, {}),
        frames.position(1, 2, 0.5, None),
    ):
        assert frames.kind_of(frame) == orjson.loads(frame)["type"]


def test_a_position_written_by_hand_is_json() -> None:
    assert orjson.loads(frames.position(12, 345, 7.5, (10, 20))) == {
        "type": "queue.position",
        "ahead": 12,
        "waiting": 345,
        "rate": 7.5,
        "eta_seconds": [10, 20],
    }
    assert orjson.loads(frames.position(0, 0, 0, None))["eta_seconds"] is None


def test_an_answer_carries_re_and_a_push_does_not() -> None:
    assert orjson.loads(frames.frame("queue.left", "9")) == {"type": "queue.left", "re": "9"}
    assert orjson.loads(frames.frame("queue.left")) == {"type": "queue.left"}


def test_a_server_sent_event_is_named_after_its_frame() -> None:
    frame = frames.frame("queue.expired", reason="missed")

    text = frames.server_sent(frames.kind_of(frame), frame).decode()

    assert text == 'event: queue.expired\ndata: {"type":"queue.expired","reason":"missed"}\n\n'
