"""Seats, holds and checkouts over a visitor's socket: one handler a command."""

from booking_rush.booking.holds.contacts import contact_of
from booking_rush.booking.holds.hold_request import check_key, wish_of
from booking_rush.server.protocol import frames
from booking_rush.server.protocol.problems import check_method
from booking_rush.server.rooms.room import Room
from booking_rush.server.rooms.subscriber import Guest


async def watch(room: Room, guest: Guest, command: frames.Watch) -> None:
    """`seats.watch`: what they look like now; deltas follow."""
    sections = await room.seats.watch(guest, command.section)
    guest.push(frames.frame("seats.snapshot", command.id, sections=sections))


async def unwatch(room: Room, guest: Guest, command: frames.Unwatch) -> None:
    """`seats.unwatch`: no more deltas."""
    room.seats.unwatch(guest)
    guest.push(frames.frame("seats.unwatched", command.id))


async def create(room: Room, guest: Guest, command: frames.Create) -> None:
    """`hold.create`: the visitor's active place decides."""
    key = check_key(command.key)
    wish = wish_of(command.seats, command.section, command.quantity)
    held = await room.holds.create(guest.visitor, key, wish)
    room.buyers.tell_hold(guest, held, "hold.created", command.id)


async def extend(room: Room, guest: Guest, command: frames.Extend) -> None:
    """`hold.extend`: it ends later."""
    held = await room.holds.extend(guest.visitor, command.hold)
    room.buyers.tell_hold(guest, held, "hold.extended", command.id)


async def release(room: Room, guest: Guest, command: frames.Release) -> None:
    """`hold.release`: its seats are free again."""
    await room.holds.release(guest.visitor, command.hold)
    guest.push(frames.frame("hold.released", command.id, hold=command.hold))


async def check_out(room: Room, guest: Guest, command: frames.Checkout) -> None:
    """`hold.checkout`: told when Postgres has claimed the seats."""
    method = check_method(command.payment_method, room.methods)
    contact = contact_of(command.email, command.language)
    await room.buyers.check_out(guest, command.hold, method, contact, command.id)
