"""One event that draws lots in both stores: its draw goes on step by step, as a test says."""

from typing import Any
from unittest.mock import AsyncMock

from booking_rush.booking.catalogue.catalogue import Catalogue
from booking_rush.booking.catalogue.undo import undo
from booking_rush.booking.recording.batch import PlaceRow
from booking_rush.lua.client.batcher import Batcher
from booking_rush.lua.client.epoch_gate import EpochGate
from booking_rush.lua.commands import Failed
from booking_rush.lua.events.commands import SetRules
from booking_rush.lua.line.commands import AdmitNext, FindPlace, JoinLine, LeaveLine, Lobby, Waiting
from booking_rush.queue.lottery.draw import LOTTERY, Draw
from booking_rush.queue.lottery.lottery_draw import LotteryDraw
from tests.support.clients import until
from tests.support.event_in_redis import LANE
from tests.support.recorded_event import EVENT, RecordedEvent
from tests.support.world import new_event


class DrawnEvent(RecordedEvent):
    """An event that draws lots; visitors are told what Redis says of recorded places."""

    visitors: list[str]
    told: dict[str, int]  # numbers, by visitor: what was told once must stay

    async def schedule(self, **rules: Any) -> "DrawnEvent":
        """Create the event, which admits nobody, and load it into Redis."""
        self.visitors, self.told = [], {}
        event = new_event(EVENT, rules={"active_max": 0, **rules})
        await Catalogue(self.pool).create(event, who="tests")
        await self.recorder("first").run_once()
        return self

    async def join(self, *visitors: str, lane: str = LANE) -> None:
        for visitor in visitors:
            await self.ask(JoinLine(visitor, lane=lane))
        self.visitors += visitors

    async def leave(self, visitor: str) -> None:
        await self.ask(LeaveLine(visitor, "left"))
        self.visitors.remove(visitor)

    async def open(self) -> None:
        await self._act("open")

    async def close_and_undo(self) -> None:
        """Close the event, undo that, and load it as the route does that undoes."""
        await self._act("close")
        await self.record()
        entry: int = await self.pool.fetchval("SELECT max(id) FROM audit WHERE what = 'close'")
        await undo(self.pool, EVENT, entry, AsyncMock(), who="tests")
        await self.rebuild()

    async def _act(self, action: str) -> None:
        event = await Catalogue(self.pool).act(EVENT, action, who="tests")
        rules = event.rules
        await self.ask(SetRules(event.version, event.state, rules.numbers(), rules.lanes))

    async def tick(self) -> None:
        """Tick, and draw a page if a draw is due; then hear what everybody is told."""
        due = (await self.ask(AdmitNext())).draw
        if due is not None:
            gate = EpochGate(EVENT)
            stamp = await self.stamp()
            number, _, run_id = stamp.partition(":")
            gate.compare(int(number), stamp, run_id)
            await LotteryDraw(self.pool).advance(EVENT, Batcher(self.program, gate), due)
        await self.hear()

    async def hear(self) -> None:
        """Ask for everybody's place: a number that was told once is told again."""
        for visitor, place in (await self.places_in_redis()).items():
            if isinstance(place, Waiting) and not place.entry:
                before = self.told.setdefault(visitor, place.number)
                assert before == place.number, f"{visitor} was told {before}, then {place.number}"

    async def places_in_redis(self) -> dict[str, Any]:
        """Return what Redis says to each visitor who asks for the place, by visitor."""
        questions = [FindPlace(visitor) for visitor in self.visitors]
        answers = await self.program.run(EVENT, await self.stamp(), questions)
        assert not any(isinstance(answer, Failed) for answer in answers), answers
        return dict(zip(self.visitors, answers, strict=True))

    async def lose_redis(self) -> None:
        """Empty Redis, and recover the event from Postgres."""
        await self.redis.flushall()
        await self._recover("after the loss")
        await self.hear()

    async def rebuild(self) -> None:
        """Recover the event from Postgres, with what is left in the outbox."""
        await self.pool.execute("UPDATE recorded SET held_at = now() - interval '1 min'")
        recorder = self.recorder("by hand")
        await recorder.rebuild(EVENT)
        await self.record()
        await self.hear()

    async def _recover(self, holder: str) -> None:
        async def is_open() -> bool:
            await self.record(holder)
            [(_, found)] = await self.program.epochs([EVENT])
            return found == await self.stamp()

        await until(is_open)

    async def advance(self) -> bool:
        """Tick and record. Return whether nobody waits for a draw any more."""
        await self.tick()
        await self.record()
        await self.hear()
        places = await self.places_in_redis()
        return not any(isinstance(place, Lobby) for place in places.values())

    async def rows(self) -> dict[str, PlaceRow]:
        """Return the places in Postgres by visitor."""
        found = await self.pool.fetch(f"SELECT {', '.join(PlaceRow._fields)} FROM places")
        return {row["visitor"]: PlaceRow(*row) for row in found}

    async def numbers_by_seed(self) -> dict[str, int]:
        """Return the number of each living place with a number, by seed and bounds of its draw."""
        seeds = await self.pool.fetchrow("SELECT lottery_seed, window_key FROM events")
        assert seeds is not None
        found = await self.pool.fetch("SELECT lane, window_, first, last FROM draws")
        draws = {(row["lane"], row["window_"]): Draw(*row) for row in found}
        numbers = dict[str, int]()
        for visitor, row in (await self.rows()).items():
            if row.index_ and row.number > 0 and row.state != "ended":
                draw = draws[row.lane, row.window_]
                numbers[visitor] = draw.number(seeds[draw.window != LOTTERY], row.index_)
        return numbers
