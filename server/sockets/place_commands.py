"""WebSocket commands about a visitor's place: join, confirm presence, leave, ping."""

from booking_rush.queue.line import NotInLine
from booking_rush.server.protocol import frames
from booking_rush.server.rooms.room import Room
from booking_rush.server.rooms.subscriber import Subscriber


async def join(room: Room, subscriber: Subscriber, command: frames.Join) -> None:
    """`queue.join`: told when Postgres has the place."""
    with room.places.answering(subscriber):
        place = await room.line.join(subscriber.visitor)
        room.places.answer(subscriber, place, command.id)


async def claim(room: Room, subscriber: Subscriber, command: frames.Claim) -> None:
    """`queue.claim`: I am here."""
    with room.places.answering(subscriber):
        place = await room.line.confirm_presence(subscriber.visitor)
        if place is None:
            raise NotInLine
        room.places.answer(subscriber, place, command.id)


async def leave(room: Room, subscriber: Subscriber, command: frames.Leave) -> None:
    """`queue.leave`: told when Postgres has it, also to who was not in line."""
    with room.places.answering(subscriber):
        await room.line.leave(subscriber.visitor)
        room.places.answer_left(subscriber, command.id)


async def ping(room: Room, subscriber: Subscriber, command: frames.Ping) -> None:
    """`ping`: alive, which is not being heard of."""
    subscriber.push(frames.frame("pong", command.id))
