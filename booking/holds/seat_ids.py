"""A seat's id, `stalls.C-12`: the section, the row in it, and the number in the row."""

from typing import NamedTuple


class SeatId(NamedTuple):
    """The parts of a seat's id; `str` writes it as the wire and the stores have it."""

    section: str
    row: str
    number: int  # from 1

    @classmethod
    def parse(cls, text: str) -> "SeatId":
        """Take an id apart.

        Raises:
            ValueError: it is not of this form.
        """
        section, _, place = text.rpartition(".")
        row, _, number = place.partition("-")
        return cls(section, row, int(number))

    def __str__(self) -> str:
        return f"{self.section}.{self.row}-{self.number}"
