"""Inline commands: begun in the turn in which they came, one after another, as in the task."""

import asyncio
from typing import Any

import pytest

from booking_rush.server.protocol import frames
from booking_rush.server.runtime.logs import TRACE
from booking_rush.server.sockets.inline_commands import InlineCommands
from booking_rush.server.sockets.websocket import is_inline
from tests.support.world import World

PING = '{"type":"ping","id":"%d"}'


class Answers:
    """Commands that wait for `reply`, the traces in which they went on, and who is answered."""

    def __init__(self) -> None:
        self.reply = asyncio.get_running_loop().create_future()
        self.begun: list[str] = []
        self.answered: list[tuple[str, str]] = []
        self.is_one_more_allowed = True

    def inline(self) -> InlineCommands:
        """Make the inline commands of a socket whose task has a trace of its own."""
        TRACE.set("of the socket")
        inline = InlineCommands(self)
        TRACE.set("")
        return inline

    def is_inline(self, command: frames.AnyCommand) -> bool:
        """Return whether it is a ping."""
        return isinstance(command, frames.Ping)

    def is_within_rate(self) -> bool:
        """Return what the test has said."""
        return self.is_one_more_allowed

    async def carry_out(self, command: frames.AnyCommand) -> None:
        self.begun.append(command.id)
        await self.reply
        self.answered.append((command.id, TRACE.get()))


async def test_a_command_is_begun_at_once_and_goes_on_in_the_context_of_its_socket() -> None:
    answers = Answers()
    inline = answers.inline()

    assert inline.begin(PING % 1)
    assert answers.begun == ["1"]

    answers.reply.set_result(None)
    await inline.end()
    assert answers.answered == [("1", "of the socket")]


async def test_while_one_waits_the_next_is_left_to_the_task() -> None:
    answers = Answers()
    inline = answers.inline()
    inline.begin(PING % 1)

    assert not inline.begin(PING % 2)
    answers.reply.set_result(None)
    await inline.end()
    assert inline.begin(PING % 3)
    await inline.end()

    assert [id_ for id_, _ in answers.answered] == ["1", "3"]


@pytest.mark.parametrize("text", ["no JSON", "{}", '{"type":"queue.join","id":"1"}'])
async def test_what_is_no_inline_command_is_left_to_the_task(text: str) -> None:
    answers = Answers()

    assert not answers.inline().begin(text)
    assert answers.begun == []


async def test_a_command_beyond_the_rate_is_dropped() -> None:
    answers = Answers()
    answers.is_one_more_allowed = False

    assert answers.inline().begin(PING % 1)
    assert answers.begun == []


async def test_a_reply_that_is_cancelled_ends_the_command_alone() -> None:
    answers = Answers()
    inline = answers.inline()
    inline.begin(PING % 1)

    answers.reply.cancel()
    await inline.end()

    assert answers.answered == []


async def test_a_join_is_inline_unless_others_than_redis_are_asked(world: World) -> None:
    await world.event()
    room = await world.services.rooms.room("demo")
    plain = (frames.Join(id="1"), frames.ConfirmPresence(id="1"), frames.Leave(id="1"))
    assert all(is_inline(room, command) for command in plain)

    assert not is_inline(room, frames.Join(id="1", code="early"))
    room.joining.identity = "token"
    assert not is_inline(room, frames.Join(id="1"))


async def test_a_join_keeps_the_rule_under_which_it_was_begun(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An identity service can be asked in a task alone, and this join is in none."""
    await world.event()
    room = await world.services.rooms.room("demo")

    async def take(*_: str) -> None:
        room.joining.identity = "token"

    monkeypatch.setattr(world.services.limits, "take", take)

    place = await room.joining.join("v_ada", "192.0.2.1")
    assert place.number == 1


async def test_commands_that_come_together_are_answered_in_their_order(world: World) -> None:
    await world.event()
    visitor = await world.visitor()

    async with visitor.socket() as socket:
        commands: list[dict[str, Any]] = [
            {"type": "hold.create", "id": "1", "key": "k", "section": "none", "quantity": 1},
            {"type": "ping", "id": "2"},
            {"type": "queue.leave", "id": "3"},
            {"type": "hold.release", "id": "4", "hold": "none"},
            {"type": "ping", "id": "5"},
        ]
        for _ in range(8):
            for command in commands:
                await socket.send(command)
        answered = [(await socket.receive()).get("re") for _ in range(40)]

    assert answered == ["1", "2", "3", "4", "5"] * 8
