"""WebSocket commands about a visitor's place: join, claim, leave; and ping."""

from booking_rush.queue.line import NotInLine
from booking_rush.server.protocol import frames
from booking_rush.server.rooms.room import Room
from booking_rush.server.rooms.subscriber import Subscriber


async def join(room: Room, subscriber: Subscriber, command: frames.Join) -> None:
    """`queue.join`: answer with the place, once Postgres has it."""
    with room.places.answering(subscriber):
        request = command.request()
        place = await room.joining.join(subscriber.visitor, subscriber.address, request)
        room.places.answer(subscriber, place, command.id)


async def confirm_presence(
    room: Room, subscriber: Subscriber, command: frames.ConfirmPresence
) -> None:
    """`queue.claim`: confirm the visitor's presence; answer with the place."""
    with room.places.answering(subscriber):
        place = await room.line.confirm_presence(subscriber.visitor)
        if place is None:
            raise NotInLine
        room.places.answer(subscriber, place, command.id)


async def leave(room: Room, subscriber: Subscriber, command: frames.Leave) -> None:
    """`queue.leave`: give up place or pass, if any; answered once Postgres has that."""
    with room.places.answering(subscriber, leaves=True):
        await room.line.leave(subscriber.visitor)
        room.places.answer_left(subscriber, command.id)


async def prefer(room: Room, subscriber: Subscriber, command: frames.Prefer) -> None:
    """`queue.prefer`: remember what the visitor would like, who must have a place.

    Raises:
        NotInLine: the visitor has none.
        TryAgain: Redis did not answer.
    """
    preference = command.preference()
    await room.prefer(subscriber, preference)
    subscriber.push(frames.frame("queue.preferred", command.id, **preference.members()))


async def ping(room: Room, subscriber: Subscriber, command: frames.Ping) -> None:
    """`ping`: answer with `pong`. It does not confirm presence."""
    subscriber.push(frames.frame("pong", command.id))
