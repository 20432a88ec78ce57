"""Choices of the sale's machine: its actions by likelihood, and their drawn arguments."""

from typing import NamedTuple

from hypothesis import strategies as st

from tests.model.reference_ledger import SEATS, HoldRequest

NTH = st.integers(0, 59)
STEPS_S = (0, 11, 61, 201, 201, 301, -3)
MESSAGES = ("charged", "charged", "declined", "declined", "overdue", "cancelled", "refunded",
         "cancel_asked")  # fmt: skip
# Methods of the machine, the likelier the more often they stand here.
ACTIONS = (
    *("hold",) * 6, *("extend", "release", "repeat", "reuse_key", "leave", "remove"),
    *("check_out",) * 3, *("tick",) * 4, *("record", "record_some") * 2,
    *("send_message",) * 5, *("commit_out_of_order",), *("capture_late",) * 3,
    *("carry_out_everything",) * 2, *("carry_out_one",) * 3, *("deliver_again",) * 2,
    *("wake_a_conductor",) * 2,
    *("stop_a_recorder", "wake_the_recorder", "lose_redis", "lose_redis", "rebuild"),
    *("free_a_seat_by_hand",) * 2,
)  # fmt: skip


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
)
CHOICES = st.builds(Choice, NTH, NTH, REQUESTS, st.sampled_from(MESSAGES), st.integers(0, 6))
