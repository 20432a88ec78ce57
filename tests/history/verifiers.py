"""The two verifiers of a journal, on acts: what each finds, empty where all follows."""

import runpy
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from booking_rush.booking.history.entries import Act, Entry, Head, chain
from booking_rush.booking.history.verification import NotFollowingError, NumberOf, Verification

DOCS = Path(__file__).parents[2] / "docs"


def entries_of(acts: Sequence[Act]) -> list[Entry]:
    return [entry for entry, _ in chain("gala", acts, Head())]


def mistake_in(acts: Sequence[Act], *, says_coverage: bool = False) -> str:
    """Return what `verify` finds in the chain of these acts, or what it has checked."""
    verification = Verification()
    try:
        for entry in entries_of(acts):
            verification.follow(entry)
    except NotFollowingError as error:
        return str(error)
    return verification.admissions.coverage() if says_coverage else ""


def mistake_in_entries(
    entries: Iterable[Entry],
    signed: dict[int, str] | None = None,
    number_of: NumberOf | None = None,
) -> str:
    """Return what `verify` finds in entries, beside signed heads and a draw."""
    verification = Verification(signed=signed, number_of=number_of)
    try:
        for entry in entries:
            verification.follow(entry)
    except NotFollowingError as error:
        return str(error)
    return ""


def found_by_program(acts: Sequence[Act]) -> str:
    """Return what the program under docs finds in the chain of these acts."""
    return found_in_members(entries_of(acts))


def found_in_members(entries: Iterable[Entry]) -> str:
    """Return what the program under docs finds in entries as they are published."""
    try:
        program_under_docs()["verify"](entry.members() for entry in entries)
    except ValueError as error:
        return str(error)
    return ""


@cache
def program_under_docs() -> dict[str, Any]:
    """Return the names of the program, which imports a file beside it as a script does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(DOCS)
        return runpy.run_path(str(DOCS / "verify_journal.py"))
