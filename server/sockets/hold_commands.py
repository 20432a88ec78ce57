"""WebSocket commands about seats, holds and checkouts: one handler a command."""

import time

from booking_rush.booking.holds.contacts import contact_of
from booking_rush.booking.holds.hold_request import hold_request_of
from booking_rush.errors import TooManyRequests
from booking_rush.server.protocol import frames
from booking_rush.server.protocol.problems import check_key, check_method
from booking_rush.server.rooms.room import Room
from booking_rush.server.rooms.subscriber import Subscriber


async def watch(room: Room, subscriber: Subscriber, command: frames.WatchSeats) -> None:
    """`seats.watch`: answer with a snapshot; deltas follow.

    Raises:
        TooManyRequests: too many snapshots were sent to this socket just now; they are large.
    """
    if not subscriber.snapshots.take(time.monotonic()):
        raise TooManyRequests("seats may be watched anew once a second")
    sections = await room.seats.watch(subscriber, command.section)
    subscriber.push(frames.frame("seats.snapshot", command.id, sections=sections))


async def unwatch(room: Room, subscriber: Subscriber, command: frames.UnwatchSeats) -> None:
    """`seats.unwatch`: send no more deltas."""
    room.seats.unwatch(subscriber)
    subscriber.push(frames.frame("seats.unwatched", command.id))


async def create(room: Room, subscriber: Subscriber, command: frames.Create) -> None:
    """`hold.create`: hold seats by right of the visitor's place, which must be admitted."""
    key = check_key(command.key)
    wanted = hold_request_of(command.seats, command.section, command.quantity, command.standing)
    held = await room.holds.create(subscriber.visitor, key, wanted)
    room.bookings.send_hold(subscriber, held, "hold.created", command.id)


async def extend(room: Room, subscriber: Subscriber, command: frames.Extend) -> None:
    """`hold.extend`: let the hold end later."""
    held = await room.holds.extend(subscriber.visitor, command.hold)
    room.bookings.send_hold(subscriber, held, "hold.extended", command.id)


async def release(room: Room, subscriber: Subscriber, command: frames.Release) -> None:
    """`hold.release`: free the seats of the hold."""
    await room.holds.release(subscriber.visitor, command.hold)
    subscriber.push(frames.frame("hold.released", command.id, hold=command.hold))


async def check_out(room: Room, subscriber: Subscriber, command: frames.Checkout) -> None:
    """`hold.checkout`: begin to pay; answered once Postgres has claimed the seats."""
    method = check_method(command.payment_method, room.methods)
    contact = contact_of(command.email, command.language, command.name)
    await room.bookings.check_out(subscriber, command.hold, method, contact, command.id)
