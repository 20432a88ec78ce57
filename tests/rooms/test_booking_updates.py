"""Checkouts over a socket: the answer is sent first, and news of the booking after it."""

from collections.abc import Callable
from typing import Any

import pytest

from booking_rush.booking.holds.bookings import Booking
from booking_rush.booking.holds.holds import Holds
from booking_rush.errors import TryAgain
from booking_rush.postgres import Pool
from booking_rush.server.rooms.subscriber import Subscriber
from tests.support.clients import Frame, Socket, Visitor, until
from tests.support.store_agreement import is_quiet
from tests.support.world import World

Answers = Callable[[Subscriber, type[Exception] | None], None]


@pytest.fixture
def answers_late(monkeypatch: pytest.MonkeyPatch, pool: Pool) -> Answers:
    """Answer a checkout, or refuse it, only after news that its booking is confirmed."""
    check_out = Holds.check_out

    def delay(subscriber: Subscriber, refusal: type[Exception] | None) -> None:
        async def check_out_late(self: Holds, *arguments: Any) -> Booking:
            found = await check_out(self, *arguments)
            await until(lambda: is_quiet(pool))
            await until(lambda: subscriber.booking.changed)
            if refusal is not None:
                raise refusal
            return found

        monkeypatch.setattr(Holds, "check_out", check_out_late)

    return delay


async def checks_out(
    world: World, socket: Socket, answers: Answers, refusal: type[Exception] | None = None
) -> Frame:
    """Check out a new hold. Return the answer."""
    held = await socket.ask("hold.create", key="k", seats=["stalls.A-1"])
    [room] = world.services.rooms.every()
    [subscriber] = room.subscribers()
    answers(subscriber, refusal)
    return await socket.ask("hold.checkout", hold=held["hold"]["id"], payment_method="ok")


async def states_sent(socket: Socket) -> list[tuple[str, bool]]:
    """Return the booking's states as sent, up to confirmed; True: the frame was an answer."""
    while True:
        frames = [frame for frame in socket.frames if frame["type"] == "booking.updated"]
        if frames and frames[-1]["booking"]["state"] == "confirmed":
            return [(frame["booking"]["state"], "re" in frame) for frame in frames]
        await socket.receive()


async def test_news_of_a_checkout_do_not_overtake_its_answer(
    world: World, ada: Visitor, answers_late: Answers
) -> None:
    async with ada.socket() as socket:
        answer = await checks_out(world, socket, answers_late)
        states = await states_sent(socket)

        first = answer["booking"]["state"]
        assert states[0] == (first, True)
        assert states[1:] == ([] if first == "confirmed" else [("confirmed", False)])


async def test_news_of_a_checkout_are_told_also_where_its_answer_is_unknown(
    world: World, ada: Visitor, answers_late: Answers
) -> None:
    async with ada.socket() as socket:
        answer = await checks_out(world, socket, answers_late, TryAgain)

        assert answer["problem"]["code"] == "try_again"
        assert ("confirmed", False) in await states_sent(socket)
