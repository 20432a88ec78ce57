"""Fixtures of the demo's tests."""

from collections.abc import Generator

import pytest

from tests.support.servers.demo_run import Demo


@pytest.fixture
def demos() -> Generator[list[Demo]]:
    started: list[Demo] = []
    yield started
    for demo in started:
        demo.kill()
