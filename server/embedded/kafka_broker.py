"""A Kafka of one node, from jars: for demo, tests and hands-on use.

Maven fetches the jars once, into `.cache` of a checkout, or into the user's cache folder where
the package is installed. A real sale has a cluster of its own and names it in
RUSH_KAFKA_BOOTSTRAP; nothing here is needed then.
"""

import asyncio
import contextlib
import fcntl
import logging
import os
import re
import shutil
import signal
import tempfile
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import msgspec
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from booking_rush.server.embedded.data_lock import locked
from booking_rush.server.embedded.stores import StoreMissingError
from booking_rush.server.processes.supervisor import Child, Supervisor, stop_on_signals
from booking_rush.server.runtime.ports import free_port, listen
from booking_rush.server.runtime.settings import Settings

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[2]  # the checkout, or the installed package
POM = Path("server", "embedded", "kafka", "pom.xml")
JARS = Path(".cache", "kafka", "libs")
INSTALLED_JARS = Path("booking-rush", "kafka", "libs")  # in the user's cache folder
JAVA_MIN = 17
CLUSTER = "Ym9va2luZy1ydXNoLW9uZQ"  # sixteen bytes in base64url, as Kafka wants them
ANSWER_MS = 2000
COLOUR = re.compile(r"\x1b\[[0-9;]*m")  # Maven resets colours even where it is to use none
JVM = [
    "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData",
    "-Djava.io.tmpdir=tmp", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
]  # fmt: skip
PROPERTIES = {
    "process.roles": "broker,controller", "node.id": "1", "log.dirs": "log",
    "controller.listener.names": "CONTROLLER", "auto.create.topics.enable": "false",
    "offsets.topic.num.partitions": "1", "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "1", "transaction.state.log.min.isr": "1",
    "transaction.state.log.replication.factor": "1",
    "group.initial.rebalance.delay.ms": "0", "group.min.session.timeout.ms": "1000",
    # After a kill the node waits for its own session to end; with the usual 9 s it is away for 11.
    "broker.session.timeout.ms": "2000", "broker.heartbeat.interval.ms": "500",
    # The cleaner takes 128 MB at once; a small log needs none of it.
    "log.cleaner.dedupe.buffer.size": "2097152",
}  # fmt: skip


async def run_kafka(settings: Settings, port: int, say: Callable[[str], None]) -> None:
    """Run one in the foreground until SIGINT, SIGTERM or SIGHUP.

    Raises:
        PortBusyError, DataInUseError, StoreMissingError, ChildDiesError: why it cannot run.
    """
    listen(msgspec.structs.replace(settings, bind=f"127.0.0.1:{port}"), alone=True).close()
    data = Path(settings.data).resolve()
    supervisor = Supervisor(say)

    async def begin() -> None:
        bootstrap = await start_kafka(supervisor, data, say, port=port)
        say("ready")
        say(f"  kafka      {bootstrap}")

    with kafka_locked(data):
        stop_on_signals(supervisor.over)
        say(f"Kafka, data in {settings.data}/kafka")
        await supervisor.run(begin())
    say("stopped")


def kafka_locked(data: Path) -> contextlib.AbstractContextManager[None]:
    """Keep the broker's part of a data folder to ourselves.

    Raises:
        DataInUseError: somebody else has it.
    """
    return locked(data / "kafka", by="the broker")


async def start_kafka(
    supervisor: Supervisor, data: Path, say: Callable[[str], None], *, port: int | None = None
) -> str:
    """Start one under a supervisor, and wait until it is ready; its address."""
    logs = data / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    child, bootstrap = await kafka_child(data / "kafka", logs, port=port, say=say)
    await supervisor.start(child)
    return bootstrap


async def kafka_child(
    data: Path, logs: Path, *, port: int | None = None, say: Callable[[str], None] = log.info
) -> tuple[Child, str]:
    """Kafka with its data under `data`, on a free port when none is given; and its address.

    It works in `data` and names its folders from there, so no path can hold what its properties
    cannot say.

    Raises:
        StoreMissingError: Java or the jars are missing.
    """
    java = await _java()
    jars = await kafka_jars(say=say)
    data.mkdir(parents=True, exist_ok=True)
    argv = [java, *JVM, "-cp", f"{jars}/*"]
    port = port or free_port()
    while (controller := free_port()) == port:
        pass
    properties = data / "server.properties"
    properties.write_text(_properties(port, controller))
    shutil.rmtree(data / "tmp", ignore_errors=True)
    (data / "tmp").mkdir()
    if not (data / "log").exists():
        await _format(argv, data, properties)
    argv += ["kafka.Kafka", str(properties)]

    async def ready() -> bool:
        return await _answers(port)

    return Child("kafka", argv, logs / "kafka.log", cwd=data, ready=ready), f"127.0.0.1:{port}"


async def kafka_jars(root: Path = ROOT, *, say: Callable[[str], None] = log.info) -> Path:
    """Fetch Kafka's jars as our pom wants them, unless they are there. Return their folder.

    Raises:
        StoreMissingError: there is no pom, no Maven, or Maven failed.
    """
    jars, pom = _jars_of(root), root / POM
    if not pom.exists():
        raise StoreMissingError(
            f"no {pom}, which names Kafka's jars: install booking-rush again, or set"
            " RUSH_KAFKA_BOOTSTRAP to a broker of your own"
        )
    jars.parent.mkdir(parents=True, exist_ok=True)
    async with _alone(jars.parent / "lock"):
        if not _are_there(jars, pom):
            await _fetch(pom, jars, say)
    return jars


def _jars_of(root: Path) -> Path:
    """The folder of the jars: a checkout is the user's own, an installed package often is not."""
    if (root / "pyproject.toml").exists():
        return root / JARS
    cache = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (cache if cache.is_absolute() else Path.home() / ".cache") / INSTALLED_JARS


def _are_there(jars: Path, pom: Path) -> bool:
    """Whether the jars are there, and are those of this pom: a copy of it lies beside them."""
    made_of = jars / pom.name
    return made_of.exists() and made_of.read_bytes() == pom.read_bytes()


async def _fetch(pom: Path, jars: Path, say: Callable[[str], None]) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise StoreMissingError("no Maven, which fetches Kafka's jars: on Debian install maven")
    await _java()  # Maven's own words for a missing one are many
    say("  kafka      Maven fetches its jars, 43 MB, once")
    with _beside(jars, "fetching-") as made:
        fresh = made / "libs"
        argv = [maven, "-q", "-B", "-C", "-Dstyle.color=never", "-f", str(pom)]
        argv += ["dependency:copy-dependencies", "-DincludeScope=runtime"]
        await _run([*argv, f"-DoutputDirectory={fresh}"], made, "Maven")
        shutil.copyfile(pom, fresh / pom.name)
        shutil.rmtree(jars, ignore_errors=True)
        fresh.rename(jars)


async def _format(argv: list[str], data: Path, properties: Path) -> None:
    """Format the storage beside its place: what is in its place is whole."""
    with _beside(data / "log", "formatting-") as made:
        (made / "tmp").mkdir()
        wanted = ["format", "-t", CLUSTER, "-c", str(properties)]
        await _run([*argv, "kafka.tools.StorageTool", *wanted], made, "Kafka's format")
        (made / "log").rename(data / "log")


@contextmanager
def _beside(place: Path, prefix: str) -> Generator[Path]:
    """A folder in which something is made whole before it moves to its place.

    What a program writes while it is killed may stay behind there; it harms nobody.
    """
    with tempfile.TemporaryDirectory(
        prefix=prefix, dir=place.parent, ignore_cleanup_errors=True
    ) as made:
        yield Path(made)


def _properties(port: int, controller: int) -> str:
    listeners = {
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
    }
    lines = [f"{name}={value}\n" for name, value in (PROPERTIES | listeners).items()]
    return "".join(lines)


async def _java() -> str:
    """Where a Java is that is new enough.

    Raises:
        StoreMissingError: there is none.
    """
    java = shutil.which("java")
    said = await _run([java, "-version"], Path("/"), "Java") if java else ""
    version = re.search(r'version "(\d+)', said)
    if java is None or version is None or int(version[1]) < JAVA_MIN:
        raise StoreMissingError(
            f"no Java {JAVA_MIN}: on Debian install openjdk-{JAVA_MIN}-jre-headless"
        )
    return java


async def _run(argv: list[str], folder: Path, name: str) -> str:
    """Run a program to its end, or to ours; what it said.

    Raises:
        StoreMissingError: it failed; with the line that says why.
    """
    process = await asyncio.create_subprocess_exec(
        *argv,
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    said = out.decode(errors="replace")
    if process.returncode:
        raise StoreMissingError(f"{name} failed: {_reason(said)}")
    return said


def _reason(said: str) -> str:
    """The first line that calls itself an error, else the last one: Maven ends with advice."""
    plain = COLOUR.sub("", said)
    lines = [line.strip() for line in plain.splitlines() if line.strip()]
    errors = [line.removeprefix("[ERROR] ") for line in lines if line.startswith("[ERROR] ")]
    return (errors or lines[-1:] or ["it said nothing"])[0]


@asynccontextmanager
async def _alone(path: Path) -> AsyncGenerator[None]:
    """Wait until nobody else is in here."""
    with path.open("a") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(0.1)
        yield


async def _answers(port: int) -> bool:
    """Whether a broker is behind a port; the port is tried first, as aiokafka logs each failure."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    admin = AIOKafkaAdminClient(bootstrap_servers=f"127.0.0.1:{port}", request_timeout_ms=ANSWER_MS)
    try:
        await admin.start()
        return bool((await admin.describe_cluster())["brokers"])
    except (OSError, KafkaError):
        return False
    finally:
        await admin.close()
