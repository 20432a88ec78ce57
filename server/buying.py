"""Seats, holds and checkouts over a visitor's socket: one handler a command."""

from booking_rush.booking.holds.contacts import contact_of
from booking_rush.booking.holds.hold_request import check_key, wish_of
from booking_rush.server import wire
from booking_rush.server.guest import Guest
from booking_rush.server.problems import check_method
from booking_rush.server.room import Room


async def watch(room: Room, guest: Guest, command: wire.Watch) -> None:
    """`seats.watch`: what they look like now; deltas follow."""
    sections = await room.seats.watch(guest, command.section)
    guest.push(wire.frame("seats.snapshot", command.id, sections=sections))


async def unwatch(room: Room, guest: Guest, command: wire.Unwatch) -> None:
    """`seats.unwatch`: no more deltas."""
    room.seats.unwatch(guest)
    guest.push(wire.frame("seats.unwatched", command.id))


async def create(room: Room, guest: Guest, command: wire.Create) -> None:
    """`hold.create`: the visitor's active place decides."""
    key = check_key(command.key)
    wish = wish_of(command.seats, command.section, command.quantity)
    held = await room.holds.create(guest.visitor, key, wish)
    room.buyers.tell_hold(guest, held, "hold.created", command.id)


async def extend(room: Room, guest: Guest, command: wire.Extend) -> None:
    """`hold.extend`: it ends later."""
    held = await room.holds.extend(guest.visitor, command.hold)
    room.buyers.tell_hold(guest, held, "hold.extended", command.id)


async def release(room: Room, guest: Guest, command: wire.Release) -> None:
    """`hold.release`: its seats are free again."""
    await room.holds.release(guest.visitor, command.hold)
    guest.push(wire.frame("hold.released", command.id, hold=command.hold))


async def check_out(room: Room, guest: Guest, command: wire.Checkout) -> None:
    """`hold.checkout`: told when Postgres has claimed the seats."""
    method = check_method(command.payment_method, room.methods)
    contact = contact_of(command.email, command.language)
    await room.buyers.check_out(guest, command.hold, method, contact, command.id)
