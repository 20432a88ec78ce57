"""Fixtures of rooms: a visitor that may hold seats."""

import pytest

from tests.support.clients import Visitor
from tests.support.world import World


@pytest.fixture
async def ada(world: World) -> Visitor:
    """A visitor that is admitted."""
    await world.event()
    ada = await world.visitor()
    await ada.admitted()
    return ada
