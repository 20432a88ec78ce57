"""The draw of a lottery or a window, a part of the tend duty: computes numbers page by page."""

from booking_rush.lua.client.batcher import Batcher
from booking_rush.lua.line.commands import DrawPlaces, DueDraw
from booking_rush.postgres import Pool
from booking_rush.queue.lottery.draw import LOTTERY, Draw

PAGE = 250  # indexes of one move: some 5 ms of Redis
PAGES = 40  # of one tick, so that ticks are published meanwhile


class LotteryDraw:
    """Draws that ticks have found due.

    Redis counts how far a draw is and Postgres has its bounds and its seed, so any process draws on
    where another has ended, and two that draw at once do the same.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def advance(self, event: str, batcher: Batcher, due: DueDraw) -> None:
        """Draw the next pages. The rest is due at the next tick.

        Raises:
            Refusal, MoveFailedError: Redis did not draw a page; what it has drawn stays.
            asyncpg.PostgresError, OSError: Postgres did not tell the seed.
        """
        seed = await self._pool.fetchval(SEEDS[due.window == LOTTERY], event)
        draw = Draw(due.lane, due.window, due.first, due.last)
        drawn = due.drawn
        for _ in range(PAGES):
            last = min(draw.last, drawn + PAGE)
            numbers = [draw.number(seed, index) for index in range(drawn + 1, last + 1)]
            reply = await batcher.do(DrawPlaces(due.lane, due.window, drawn, numbers))
            if reply.drawn != last or last == draw.last:
                return
            drawn = last


SEEDS = {
    True: "SELECT lottery_seed FROM events WHERE id = $1",
    False: "SELECT window_key FROM events WHERE id = $1",
}
