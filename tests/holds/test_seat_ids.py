"""Seat ids: what is written can be read again, and nothing else."""

import pytest

from booking_rush.booking.holds.seat_ids import SeatId


def test_an_id_has_a_section_a_row_and_a_number() -> None:
    assert SeatId.parse("stalls.C-12") == SeatId("stalls", "C", 12)
    assert str(SeatId("stalls", "C", 12)) == "stalls.C-12"


def test_a_section_may_have_dashes() -> None:
    assert SeatId.parse("upper-left.AA-1") == ("upper-left", "AA", 1)


@pytest.mark.parametrize("text", ["", "stalls", "stalls.C", "stalls.C-", "stalls.C-twelve"])
def test_what_has_no_number_is_no_seat(text: str) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        SeatId.parse(text)
