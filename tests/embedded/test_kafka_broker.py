"""The broker: a real Kafka that answers, survives a kill, and names in one line what is missing."""

import asyncio
import shutil
import signal
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from booking_rush.server.embedded.kafka_broker import (
    INSTALLED_JARS,
    JARS,
    POM,
    ROOT,
    kafka_child,
    kafka_jars,
)
from booking_rush.server.embedded.stores import StoreMissingError
from booking_rush.server.runtime.ports import free_port
from tests.support.clients import until
from tests.support.message_log import producing
from tests.support.servers.demo_run import Demo
from tests.support.servers.processes import run_in
from tests.support.servers.stores import PATIENCE_S, Store, kafka_store

WORDS = [f"word {number}".encode() for number in range(500)]
KAFKA = ("kafka", "--port")
NO_JAVA = "no Java 17: on Debian install openjdk-17-jre-headless"


async def make_topic(bootstrap: str) -> str:
    topic = f"topic-{uuid.uuid4().hex[:8]}"
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, num_partitions=3, replication_factor=1)])
    finally:
        await admin.close()
    return topic


async def send_and_wait(producer: AIOKafkaProducer, topic: str, word: bytes) -> None:
    await producer.send_and_wait(topic, word)


async def produce(bootstrap: str, topic: str, words: list[bytes]) -> None:
    async with producing(bootstrap) as producer:
        sent: list[asyncio.Future[Any]] = [
            await producer.send(topic, word, key=word) for word in words
        ]
        await asyncio.gather(*sent)


async def consume(bootstrap: str, topic: str, count: int, group: str | None = None) -> list[bytes]:
    """Return the first `count` values of a topic, sorted; with a group, commit their offsets."""
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap, group_id=group,
        auto_offset_reset="earliest", enable_auto_commit=False,
    )  # fmt: skip
    await consumer.start()
    try:
        async with asyncio.timeout(PATIENCE_S):
            found: list[bytes | None] = [(await anext(consumer)).value for _ in range(count)]
        if group is not None:
            await consumer.commit()
        return sorted(word for word in found if word is not None)
    finally:
        await consumer.stop()


async def test_what_is_produced_is_consumed(kafka_server: Store) -> None:
    topic = await make_topic(kafka_server.url)

    await produce(kafka_server.url, topic, WORDS)

    assert await consume(kafka_server.url, topic, len(WORDS), "readers") == sorted(WORDS)


async def test_a_kill_loses_nothing_that_was_acknowledged(own_kafka: Store) -> None:
    """Records, committed offsets and the address are the same after the kill."""
    topic = await make_topic(own_kafka.url)
    await produce(own_kafka.url, topic, WORDS)
    await consume(own_kafka.url, topic, len(WORDS), "readers")

    await asyncio.to_thread(own_kafka.kill)
    await asyncio.to_thread(own_kafka.start)
    await produce(own_kafka.url, topic, [b"later"])

    assert await consume(own_kafka.url, topic, 1, "readers") == [b"later"]
    assert await consume(own_kafka.url, topic, len(WORDS) + 1) == sorted([*WORDS, b"later"])


async def test_who_produces_waits_while_the_broker_is_away(own_kafka: Store) -> None:
    """A record that is sent while the broker is down arrives when it is back."""
    topic = await make_topic(own_kafka.url)
    async with producing(own_kafka.url) as producer:
        await producer.send_and_wait(topic, b"before")
        await asyncio.to_thread(own_kafka.kill)
        sent = asyncio.create_task(send_and_wait(producer, topic, b"meanwhile"))
        await asyncio.to_thread(own_kafka.start)
        await asyncio.wait_for(sent, PATIENCE_S)

    assert await consume(own_kafka.url, topic, 2) == [b"before", b"meanwhile"]


def test_it_is_ready_and_gone_in_time_in_a_place_with_a_difficult_name(folder: Path) -> None:
    place = folder / "a place, with=a space: #1"
    place.mkdir()
    began = time.monotonic()
    with kafka_store(place) as store:
        assert time.monotonic() - began < PATIENCE_S
        began = time.monotonic()
        store.stop()
    assert time.monotonic() - began < PATIENCE_S
    assert store.process.returncode == 128 + signal.SIGTERM  # as a JVM says it
    assert sorted(path.name for path in (place / "kafka").iterdir()) == [
        "log", "server.properties", "tmp",
    ]  # fmt: skip


async def test_data_stays_when_a_broker_comes_back_at_another_port(folder: Path) -> None:
    first, bootstrap = await kafka_child(folder / "kafka", folder)
    meta = (folder / "kafka" / "log" / "meta.properties").read_text()

    second, other = await kafka_child(folder / "kafka", folder)

    assert bootstrap != other
    assert first.argv == second.argv
    assert (folder / "kafka" / "log" / "meta.properties").read_text() == meta


# What is missing is said in one line


@pytest.fixture
def package(folder: Path) -> Path:
    """An installed package with its pom and no jars."""
    (folder / POM).parent.mkdir(parents=True)
    shutil.copyfile(ROOT / POM, folder / POM)
    return folder


@pytest.fixture
def checkout(package: Path) -> Path:
    """A checkout with its pom and no jars."""
    (package / "pyproject.toml").touch()
    return package


@pytest.fixture
def programs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """A function that adds a program of our own to a PATH that is empty otherwise."""
    path = folder / "programs"
    path.mkdir()
    monkeypatch.setenv("PATH", str(path))

    def add(name: str, script: str) -> Path:
        (path / name).write_text(f"#!/bin/sh\n{script}\n")
        (path / name).chmod(0o755)
        return path / name

    return add


Add = Callable[[str, str], Path]
JAVA_17 = "echo 'openjdk version \"17.0.15\" 2025-04-15' >&2"


@pytest.mark.parametrize("java", [None, "1.8.0_392", "11.0.2", "of my own"])
async def test_a_missing_or_old_java_is_said(java: str | None, programs: Add, folder: Path) -> None:
    if java is not None:
        programs("java", f"echo 'openjdk version \"{java}\"' >&2")

    with pytest.raises(StoreMissingError) as caught:
        await kafka_child(folder / "kafka", folder)

    assert str(caught.value) == NO_JAVA


async def test_a_missing_maven_is_said(programs: Add, checkout: Path) -> None:
    programs("java", JAVA_17)

    with pytest.raises(StoreMissingError) as caught:
        await kafka_jars(checkout)

    assert str(caught.value) == "no Maven, which fetches Kafka's jars: on Debian install maven"


async def test_a_missing_java_is_said_before_maven_is_asked(programs: Add, checkout: Path) -> None:
    programs("mvn", "exit 3")

    with pytest.raises(StoreMissingError) as caught:
        await kafka_jars(checkout)

    assert str(caught.value) == NO_JAVA


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo one; echo two; exit 1", "two"),
        (
            "echo '[ERROR] no network'; echo '[ERROR] '; echo '[ERROR] [Help 1] x'; exit 1",
            "no network",
        ),
        (r"printf '\033[0m\033[0m[ERROR] no place\n[ERROR] [Help 1] x\n'; exit 1", "no place"),
        ("exit 1", "it said nothing"),
    ],
)
async def test_a_maven_that_fails_says_why(
    script: str, said: str, programs: Add, checkout: Path
) -> None:
    programs("java", JAVA_17)
    programs("mvn", script)

    with pytest.raises(StoreMissingError) as caught:
        await kafka_jars(checkout)

    assert str(caught.value) == f"Maven failed: {said}"
    assert [path.name for path in (checkout / JARS).parent.iterdir()] == ["lock"]


async def test_a_package_without_its_pom_says_what_to_set_instead(folder: Path) -> None:
    with pytest.raises(StoreMissingError, match="RUSH_KAFKA_BOOTSTRAP to a broker of your own"):
        await kafka_jars(folder)


# Jars are fetched once

FETCHES = """
echo $$ >> "$0.pids"
for word; do case "$word" in -DoutputDirectory=*) out="${word#*=}";; esac; done
/bin/mkdir "$out" && echo jar > "$out/kafka.jar"
while [ -e "$0.waits" ]; do /bin/sleep 0.05; done
"""


async def test_who_asks_at_once_fetches_once_and_a_new_pom_fetches_anew(
    programs: Add, checkout: Path
) -> None:
    programs("java", JAVA_17)
    maven = programs("mvn", FETCHES)
    pids = maven.with_name("mvn.pids")

    asked = await asyncio.gather(*(kafka_jars(checkout) for _ in range(5)))

    assert asked == [checkout / JARS] * 5
    assert (checkout / JARS / "kafka.jar").read_text() == "jar\n"
    assert len(pids.read_text().split()) == 1
    (checkout / POM).write_text("<project/>")
    await kafka_jars(checkout)
    assert len(pids.read_text().split()) == 2
    assert sorted(path.name for path in (checkout / JARS).parent.iterdir()) == ["libs", "lock"]


@pytest.mark.parametrize(("xdg", "cache"), [("{}", "."), ("", ".cache"), ("here", ".cache")])
async def test_an_installed_package_keeps_its_jars_in_the_cache_of_the_user(
    xdg: str, cache: str, programs: Add, package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own folder may be another user's; XDG_CACHE_HOME counts where it is absolute."""
    programs("java", JAVA_17)
    programs("mvn", FETCHES)
    home = package / "home"
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", xdg.format(home))

    assert await kafka_jars(package) == home / cache / INSTALLED_JARS

    assert (home / cache / INSTALLED_JARS / "kafka.jar").read_text() == "jar\n"
    assert not (package / ".cache").exists()


async def test_who_stops_waiting_ends_maven_and_leaves_the_next_one_its_turn(
    programs: Add, checkout: Path
) -> None:
    programs("java", JAVA_17)
    maven = programs("mvn", FETCHES)
    waits, pids = maven.with_name("mvn.waits"), maven.with_name("mvn.pids")
    waits.touch()
    asked = asyncio.create_task(kafka_jars(checkout))
    await until(lambda: pids.exists() and pids.read_text())

    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked

    await until(lambda: not psutil.pid_exists(int(pids.read_text())))
    waits.unlink()
    assert await kafka_jars(checkout) == checkout / JARS


# The command


async def test_the_command_runs_one_in_the_foreground_until_ctrl_c(folder: Path) -> None:
    port = free_port()
    argv = [sys.executable, "-m", "booking_rush.server", *KAFKA, str(port)]
    foreground = Demo(folder, *argv)
    try:
        await asyncio.to_thread(
            foreground.wait_for_output, f"\nready\n  kafka      127.0.0.1:{port}\n"
        )
        topic = await make_topic(f"127.0.0.1:{port}")
        await produce(f"127.0.0.1:{port}", topic, WORDS)

        busy = await asyncio.to_thread(run_in, folder, *KAFKA, str(port))
        second = await asyncio.to_thread(run_in, folder, *KAFKA, str(free_port()))

        assert (busy.returncode, second.returncode) == (5, 5)
        assert f"cannot listen on 127.0.0.1:{port}" in busy.stderr
        assert f"in use by the broker with pid {foreground.process.pid}" in second.stderr
        assert await asyncio.to_thread(foreground.stop, signal.SIGINT) == 0
        assert foreground.output.endswith("stopping\nstopped\n")
        assert foreground.leftover_processes() == []
    finally:
        foreground.kill()


def test_the_command_says_in_one_line_what_is_missing(folder: Path) -> None:
    done = run_in(folder, *KAFKA, str(free_port()), PATH="/nowhere")

    assert done.returncode == 4
    assert done.stderr == f"booking-rush: {NO_JAVA}\n"
