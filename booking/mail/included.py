"""Fees and taxes in the total of a booking, summed by name. Pure."""

from collections import Counter

from booking_rush.booking.catalogue.rows import Event
from booking_rush.booking.holds.bookings import Booking
from booking_rush.booking.holds.seat_ids import SeatId


def included_in(booking: Booking, event: Event) -> dict[str, int]:
    """Return the fees and taxes in the total, in minor units by name, in the order of the sections.

    Places without a seat are of the booking's own section.
    """
    places = Counter(SeatId.parse(seat).section for seat in booking.seats)
    places[booking.section] += booking.standing
    sums = dict[str, int]()
    for section in event.sections:
        for line in section.includes if places[section.id] else ():
            sums[line.name] = sums.get(line.name, 0) + line.amount * places[section.id]
    return sums
