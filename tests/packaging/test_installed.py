"""Installed: the wheel alone, or a clone that is worked on, sells as the checkout does."""

import asyncio
from collections.abc import Generator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.packaging.build import Built
from tests.packaging.environments import ORDINARY_USER, Environment
from tests.support.clients import Clients, Frame
from tests.support.servers.demo_run import ROOT, Demo

WHERE = "import booking_rush, sys; print(booking_rush.__file__, *sys.path, sep='\\n')"
JARS = """
import asyncio
from booking_rush.server.embedded.kafka_broker import kafka_jars
print(asyncio.run(kafka_jars()))
"""
JAVA = "#!/bin/sh\necho 'openjdk version \"17.0.15\"' >&2\n"
MAVEN = """#!/bin/sh
for word; do case "$word" in -DoutputDirectory=*) /bin/mkdir "${word#*=}";; esac; done
"""


def demo_of(environment: Environment) -> Demo:
    """Start the demo as an ordinary user, who has no program but those of the environment."""
    return Demo(
        environment.home,
        *(str(environment.programs / "booking-rush"), "demo"),
        user=ORDINARY_USER,
        RUSH_DRAIN_SECONDS="0",
        **environment.variables,
    )


@pytest.fixture
def installed_demo(installed: Environment) -> Generator[Demo]:
    demo = demo_of(installed)
    yield demo
    demo.kill()


@pytest.fixture
def editable_demo(editable: Environment) -> Generator[Demo]:
    demo = demo_of(editable)
    yield demo
    demo.kill()


async def buy(base: str) -> Frame:
    """Join, be admitted, hold two seats and pay, over the socket; the booking over HTTP."""
    async with AsyncExitStack() as stack:
        visitor = await Clients(base, stack).visitor()
        async with visitor.socket() as socket:
            joined = await socket.ask("queue.join")
            assert joined["type"] == "queue.joined", joined
            await socket.until("queue.admitted")
            created = await socket.ask("hold.create", key="k", section="stalls", quantity=2)
            hold: str = created["hold"]["id"]
            await socket.ask("hold.checkout", hold=hold, payment_method="ok")
            await socket.until("queue.expired", reason="purchase")
        return await visitor.booked(hold, "confirmed")


def sells_two_tickets(demo: Demo) -> None:
    """Walk through a purchase, and see that the demo ends with nothing left."""
    demo.wait_ready()
    booking = asyncio.run(buy(demo.base))
    assert len({ticket["code"] for ticket in booking["tickets"]}) == 2
    assert demo.stop() == 0
    assert demo.leftover_processes() == []


def test_the_wheel_sells_with_its_own_modules_and_declared_ones(
    installed: Environment, installed_demo: Demo
) -> None:
    file, *path = installed.run("python", "-c", WHERE).splitlines()
    assert Path(file) == installed.modules / "booking_rush" / "__init__.py"
    assert not [folder for folder in path if folder.startswith(str(ROOT))]

    sells_two_tickets(installed_demo)


def test_an_editable_install_sells_from_a_path_with_a_space(
    editable: Environment, editable_demo: Demo
) -> None:
    file, *path = editable.run("python", "-c", WHERE).splitlines()
    assert file.endswith("/a place with a space/clone/booking_rush/__init__.py")
    assert not [folder for folder in path if folder.startswith(str(ROOT))]

    sells_two_tickets(editable_demo)


def test_the_installed_command_says_its_version(installed: Environment, built: Built) -> None:
    assert installed.run("booking-rush", "--version") == f"booking-rush {built.version}\n"


def test_jars_are_fetched_by_the_pom_of_the_wheel_into_the_cache_of_the_user(
    installed: Environment, folder: Path
) -> None:
    for name, script in (("java", JAVA), ("mvn", MAVEN)):
        (folder / name).write_text(script)
        (folder / name).chmod(0o755)

    printed = installed.run("python", "-c", JARS, PATH=str(folder))

    jars = installed.home / ".cache" / "booking-rush" / "kafka" / "libs"
    assert printed == f"{jars}\n"
    assert (jars / "pom.xml").read_bytes() == (
        ROOT / "server" / "embedded" / "kafka" / "pom.xml"
    ).read_bytes()
