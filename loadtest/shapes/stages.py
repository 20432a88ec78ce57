"""Shapes of load: how many users there are at each second of a run."""

from typing import NamedTuple

EVENT = "rush"


class Stage(NamedTuple):
    """So many users until a second of the run, who come and go at so many a second."""

    until_s: float
    users: int
    per_second: float


# Each within two minutes; the capacity of the house is in `run.py`.
SHAPES: dict[str, list[Stage]] = {
    "smoke": [Stage(8, 10, 10)],
    "ramp": [Stage(10 * n, 20 * n, 5) for n in range(1, 7)],
    "sustained": [Stage(90, 80, 20)],
    "spike": [Stage(15, 20, 20), Stage(30, 300, 300), Stage(60, 20, 300)],
    "herd": [Stage(45, 500, 500)],
    "oversubscribed": [Stage(60, 200, 100)],
}
