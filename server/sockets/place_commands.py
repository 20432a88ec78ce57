"""WebSocket commands about a visitor's place: join, confirm presence, leave, ping."""

from booking_rush.queue.line import NotInLine
from booking_rush.server.protocol import frames
from booking_rush.server.rooms.room import Room
from booking_rush.server.rooms.subscriber import Guest


async def join(room: Room, guest: Guest, command: frames.Join) -> None:
    """`queue.join`: told when Postgres has the place."""
    with room.asking(guest):
        place = await room.line.join(guest.visitor)
        guest.claimed = True
        room.tell(guest, place, command.id)


async def claim(room: Room, guest: Guest, command: frames.Claim) -> None:
    """`queue.claim`: I am here."""
    with room.asking(guest):
        place = await room.line.claim(guest.visitor)
        if place is None:
            raise NotInLine
        guest.claimed = True
        room.tell(guest, place, command.id)


async def leave(room: Room, guest: Guest, command: frames.Leave) -> None:
    """`queue.leave`: told when Postgres has it, also to who was not in line."""
    with room.asking(guest):
        await room.line.leave(guest.visitor)
        guest.learn(None)
        guest.push(frames.frame("queue.left", command.id))


async def ping(room: Room, guest: Guest, command: frames.Ping) -> None:
    """`ping`: alive, which is not being heard of."""
    guest.push(frames.frame("pong", command.id))
