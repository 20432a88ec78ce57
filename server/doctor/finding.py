"""Findings of the doctor: one line each, with what to do."""

from typing import Literal, NamedTuple


class Finding(NamedTuple):
    """A fact about one subject: `ok`, `look` at it before a sale, or `wrong` until it is mended."""

    level: Literal["ok", "look", "wrong"]
    subject: str
    text: str

    def line(self) -> str:
        """Return the finding as a line."""
        return f"{self.level:<6} {self.subject:<9} {self.text}"
