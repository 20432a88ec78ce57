"""The sets of a booking's states: SQL that spells them out says the same as Python."""

import re
from pathlib import Path
from typing import get_args

import pytest

from booking_rush.booking.holds import states
from booking_rush.booking.mail.message import MailKind
from booking_rush.booking.saga.watchdog import AWAITED_ORDERS

ROOT = Path(__file__).parents[2]
NAMED = {frozenset(value) for name, value in vars(states).items() if name.isupper()}
STATES_IN_SQL = re.compile(r"\bstate\s+(?:NOT\s+)?IN\s*\(([^()]*)\)")
SPELLED_OUT = sorted(
    (str(path.relative_to(ROOT)), tuple(re.findall(r"'(\w+)'", found)))
    for folder, kind in (("booking", "py"), ("server", "py"), ("migrations", "sql"))
    for path in (ROOT / folder).rglob(f"*.{kind}")
    for found in STATES_IN_SQL.findall(path.read_text())
)
OF_BOOKINGS = [one for one in SPELLED_OUT if {*one[1]} <= {*states.STATES}]


@pytest.mark.parametrize(("file", "found"), OF_BOOKINGS)
def test_a_list_of_states_in_sql_is_a_set_with_a_name(file: str, found: tuple[str, ...]) -> None:
    assert frozenset(found) in NAMED


def test_the_lists_in_sql_are_found() -> None:
    assert {"booking/seats/inventory.py", "booking/saga/watchdog.py"} <= {
        file for file, _ in OF_BOOKINGS
    }


def test_every_state_has_ended_or_is_in_progress_or_is_held() -> None:
    assert states.ENDED | states.IN_PROGRESS | {"held"} == {*states.STATES}
    assert not states.ENDED & states.IN_PROGRESS


def test_each_state_in_progress_awaits_an_order() -> None:
    assert AWAITED_ORDERS.keys() == states.IN_PROGRESS


def test_a_mail_is_written_of_each_state_that_is_mailed() -> None:
    assert {*get_args(MailKind)} == states.MAILED
