"""Figures of events that nobody here is connected to: their metrics go on."""

from tests.support.clients import Visitor, until
from tests.support.world import World


async def says_waiting(visitor: Visitor, count: int) -> bool:
    text = (await visitor.http.get("/metrics")).text
    return f'rush_waiting{{event="demo"}} {count}.0' in text


async def test_metrics_of_an_event_go_on_when_its_last_visitor_has_left(world: World) -> None:
    await world.event(state="paused")
    rooms = world.services.rooms
    [figures] = [loop for loop in rooms.loops() if loop.name == "figures"]
    ada, bob = await world.visitor(), await world.visitor()
    async with ada.socket() as socket:
        await socket.ask("queue.join")
        await until(lambda: says_waiting(ada, 1))
    room = await rooms.room("demo")
    await until(lambda: not room.is_occupied)

    await bob.join("demo")
    await figures.run_once()

    assert await says_waiting(ada, 2)
