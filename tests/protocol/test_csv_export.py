"""CSV export: a cell that a spreadsheet would take for a formula begins with an apostrophe."""

import csv
import io

import pytest

from booking_rush.server.protocol.csv_export import as_csv


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_cell_is_a_formula(begin: str) -> None:
    [row] = csv.DictReader(io.StringIO(as_csv([{"reason": f"{begin}1+1"}]), newline=""))
    assert row["reason"] == f"'{begin}1+1"


def test_other_cells_are_as_they_are() -> None:
    [row] = csv.DictReader(io.StringIO(as_csv([{"reason": "declined", "quantity": 2}]), newline=""))
    assert (row["reason"], row["quantity"]) == ("declined", "2")
