"""Sets for Postgres: one statement serves everybody who waits, and one bad wish nobody else's."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from booking_rush.coalescing import Gathering
from booking_rush.postgres import AWAY

A = TypeVar("A")
R = TypeVar("R")

MOST = 256  # of one piece of work


def gathering(
    work: Callable[[Sequence[A]], Awaitable[Sequence[R | Exception]]],
) -> Gathering[A, R]:
    """Gather wishes for `work`; what breaks it, though its store is there, is found one by one."""

    async def answers(wishes: Sequence[A]) -> Sequence[R | Exception]:
        try:
            return await work(wishes)
        except Exception as why:
            if len(wishes) == 1 or isinstance(why, AWAY):
                return [why] * len(wishes)
            return [(await answers([wish]))[0] for wish in wishes]

    return Gathering(answers, most=MOST)
