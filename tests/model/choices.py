"""Choices: the arguments that hypothesis draws for one action of a sale."""

from typing import NamedTuple

from hypothesis import strategies as st

from tests.model.reference_ledger import (
    SEATS,
    HoldRequest,
)

NTH = st.integers(0, 59)

MESSAGES = ("charged", "charged", "declined", "declined", "overdue", "cancelled", "refunded",
         "cancel_asked")  # fmt: skip


class Choice(NamedTuple):
    """The drawn arguments of one action; each uses those that it needs."""

    nth: int
    other: int
    request: HoldRequest
    event: str
    steps: int


REQUESTS = st.one_of(
    st.lists(st.sampled_from(SEATS), min_size=1, max_size=3, unique=True).map(
        lambda seats: HoldRequest(tuple(seats), 0)
    ),
    st.integers(1, 3).map(lambda places: HoldRequest((), places)),
    st.builds(HoldRequest, st.tuples(st.sampled_from(SEATS)), st.integers(1, 2)),
)

CHOICES = st.builds(Choice, NTH, NTH, REQUESTS, st.sampled_from(MESSAGES), st.integers(0, 6))
