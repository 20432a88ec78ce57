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
from booking_rush.server.embedded.secret_files import private_folder
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
CLUSTER = "Ym9va2luZy1ydXNoLW9uZQ"  # sixteen bytes in base64url, as Kafka requires
ANSWER_MS = 2000  # for a broker to answer when it is probed
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
    # After a kill the node waits until its own session ends; with the default of 9 s it is
    # unavailable for 11 s.
    "broker.session.timeout.ms": "2000", "broker.heartbeat.interval.ms": "500",
    # By default the cleaner allocates 128 MB, which a small log does not need.
    "log.cleaner.dedupe.buffer.size": "2097152",
}  # fmt: skip


async def run_kafka(settings: Settings, port: int, report: Callable[[str], None]) -> None:
    """Run a broker in the foreground until SIGINT, SIGTERM or SIGHUP; `report` gets each line.

    Raises:
        PortBusyError, DataInUseError, StoreMissingError, ChildDiesError: it cannot run.
    """
    listen(msgspec.structs.replace(settings, bind=f"127.0.0.1:{port}"), alone=True).close()
    data = Path(settings.data).resolve()
    supervisor = Supervisor(report)

    async def begin() -> None:
        bootstrap = await start_kafka(supervisor, data, report, port=port)
        report("ready")
        report(f"  kafka      {bootstrap}")

    with kafka_locked(data):
        stop_on_signals(supervisor.stopping)
        report(f"Kafka, data in {settings.data}/kafka")
        await supervisor.run(begin())
    report("stopped")


def kafka_locked(data: Path) -> contextlib.AbstractContextManager[None]:
    """Lock the broker's part of a data folder.

    Raises:
        DataInUseError: another process holds the lock.
    """
    return locked(data / "kafka", owner="the broker")


async def start_kafka(
    supervisor: Supervisor, data: Path, report: Callable[[str], None], *, port: int | None = None
) -> str:
    """Start a broker under a supervisor, wait until it is ready, and return its address."""
    logs = private_folder(data / "logs")
    child, bootstrap = await kafka_child(data / "kafka", logs, port=port, report=report)
    await supervisor.start(child)
    return bootstrap


async def kafka_child(
    data: Path, logs: Path, *, port: int | None = None, report: Callable[[str], None] = log.info
) -> tuple[Child, str]:
    """Return a child that runs Kafka with its data in `data`, and the address of the broker.

    Without a port, a free one is chosen. The working folder is `data` and the properties name
    folders relative to it, because a properties file cannot hold every character of a path.

    Raises:
        StoreMissingError: Java or the jars are missing.
    """
    java = await _java()
    jars = await kafka_jars(say=report)
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
        return await _is_ready(port)

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
    async with _exclusive(jars.parent / "lock"):
        if not _are_current(jars, pom):
            await _fetch(pom, jars, say)
    return jars


def _jars_of(root: Path) -> Path:
    """Return the folder of the jars; an installed package's own is often not writable."""
    if (root / "pyproject.toml").exists():
        return root / JARS
    cache = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (cache if cache.is_absolute() else Path.home() / ".cache") / INSTALLED_JARS


def _are_current(jars: Path, pom: Path) -> bool:
    """Return whether the jars are there and of this pom: a copy of it lies beside them."""
    made_of = jars / pom.name
    return made_of.exists() and made_of.read_bytes() == pom.read_bytes()


async def _fetch(pom: Path, jars: Path, report: Callable[[str], None]) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise StoreMissingError("no Maven, which fetches Kafka's jars: on Debian install maven")
    await _java()  # for a message of one line; Maven's own is long
    report("  kafka      Maven fetches its jars, 43 MB, once")
    with _staging_folder(jars, "fetching-") as staging:
        fresh = staging / "libs"
        argv = [maven, "-q", "-B", "-C", "-Dstyle.color=never", "-f", str(pom)]
        argv += ["dependency:copy-dependencies", "-DincludeScope=runtime"]
        await _run([*argv, f"-DoutputDirectory={fresh}"], staging, "Maven")
        shutil.copyfile(pom, fresh / pom.name)
        shutil.rmtree(jars, ignore_errors=True)
        fresh.rename(jars)


async def _format(argv: list[str], data: Path, properties: Path) -> None:
    """Format the storage in a staging folder, and move it to its place when it is complete."""
    with _staging_folder(data / "log", "formatting-") as staging:
        (staging / "tmp").mkdir()
        arguments = ["format", "-t", CLUSTER, "-c", str(properties)]
        await _run([*argv, "kafka.tools.StorageTool", *arguments], staging, "Kafka's format")
        (staging / "log").rename(data / "log")


@contextmanager
def _staging_folder(place: Path, prefix: str) -> Generator[Path]:
    """Yield a temporary folder beside `place`, for something to be completed and then moved there.

    Files that a killed program still writes may stay behind in it; nothing reads them.
    """
    with tempfile.TemporaryDirectory(
        prefix=prefix, dir=place.parent, ignore_cleanup_errors=True
    ) as staging:
        yield Path(staging)


def _properties(port: int, controller: int) -> str:
    listeners = {
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
    }
    lines = [f"{name}={value}\n" for name, value in (PROPERTIES | listeners).items()]
    return "".join(lines)


async def _java() -> str:
    """Return the path of a Java of at least JAVA_MIN.

    Raises:
        StoreMissingError: there is none.
    """
    java = shutil.which("java")
    output = await _run([java, "-version"], Path("/"), "Java") if java else ""
    version = re.search(r'version "(\d+)', output)
    if java is None or version is None or int(version[1]) < JAVA_MIN:
        raise StoreMissingError(
            f"no Java {JAVA_MIN}: on Debian install openjdk-{JAVA_MIN}-jre-headless"
        )
    return java


async def _run(argv: list[str], folder: Path, name: str) -> str:
    """Run a program to its end, and return its output; kill it if we are cancelled.

    Raises:
        StoreMissingError: it failed; the message holds the line of its output that says why.
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
    output = out.decode(errors="replace")
    if process.returncode:
        raise StoreMissingError(f"{name} failed: {_reason_of(output)}")
    return output


def _reason_of(output: str) -> str:
    """Return the first line marked [ERROR], else the last one: Maven ends with advice."""
    lines = [line.strip() for line in COLOUR.sub("", output).splitlines() if line.strip()]
    errors = [line.removeprefix("[ERROR] ") for line in lines if line.startswith("[ERROR] ")]
    return (errors or lines[-1:] or ["it said nothing"])[0]


@asynccontextmanager
async def _exclusive(path: Path) -> AsyncGenerator[None]:
    """Hold an exclusive lock on a file, waiting until other processes release it."""
    with path.open("a") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(0.1)
        yield


async def _is_ready(port: int) -> bool:
    """Return whether a broker answers on a port.

    The port is tried before the admin client, because aiokafka logs each failure.
    """
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
