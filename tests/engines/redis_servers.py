"""Debian's Redis for tests: with TLS, with users, and as a primary and replica under Sentinels."""

import re
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from redis.exceptions import RedisError

from booking_rush.lua.client.connection import connect
from booking_rush.server.processes.supervisor import Child
from tests.support.servers.certificates import CertificateAuthority
from tests.support.servers.debian import program
from tests.support.servers.stores import Store, running

DOCUMENT = Path(__file__).parents[2] / "docs" / "redis.md"
PASSWORD = "p@ss/word"
ESCAPED = "p%40ss%2Fword"


def debian_redis(
    folder: Path, name: str, port: int, *options: str, url: str = ""
) -> AbstractContextManager[Store]:
    """Run Debian's redis-server on a port, with its append-only file in a folder of its name.

    The package of the Sentinel has the same program, which looks at its name. The package of the
    server would become the Redis of every other test of this machine.
    """
    data = folder / name
    data.mkdir()
    server = data / "redis-server"
    server.symlink_to(Path(program("redis-sentinel")).resolve())
    argv = [str(server), "--bind", "127.0.0.1", "--dir", str(data), "--save", ""]
    argv += ["--appendonly", "yes", "--maxmemory-policy", "noeviction", "--port", str(port)]
    return running(*_child(name, [*argv, *options], folder, url or f"redis://127.0.0.1:{port}"))


def documented_user() -> list[str]:
    """Return the command of docs/redis.md that makes our user."""
    [command] = re.findall(r"^    (ACL SETUSER rush .*)$", DOCUMENT.read_text(), re.MULTILINE)
    return str(command).replace("PASSWORD", PASSWORD).split()


def tls_options(authority: CertificateAuthority, port: int) -> list[str]:
    """Return the options with which Redis speaks TLS, and nothing else, on a port."""
    certificate = str(authority.issue("redis"))
    return [
        "--port", "0", "--tls-port", str(port), "--tls-auth-clients", "no",
        "--tls-cert-file", certificate, "--tls-key-file", certificate,
        "--tls-ca-cert-file", str(authority.path),
    ]  # fmt: skip


def sentinel(
    folder: Path, name: str, port: int, primary: int, *lines: str, url: str = "", quorum: int = 2
) -> AbstractContextManager[Store]:
    """Run a Sentinel that watches a primary on a port under the name `rush`."""
    configuration = folder / f"{name}.conf"
    configuration.write_text(
        f"port {port}\nbind 127.0.0.1\ndir {folder}\n"
        f"sentinel monitor rush 127.0.0.1 {primary} {quorum}\n"
        "sentinel down-after-milliseconds rush 1000\n"
        "sentinel failover-timeout rush 10000\n" + "".join(f"{line}\n" for line in lines)
    )
    argv = [program("redis-sentinel"), str(configuration)]
    return running(*_child(name, argv, folder, url or f"redis://127.0.0.1:{port}"))


def _child(name: str, argv: list[str], folder: Path, url: str) -> tuple[Child, str]:
    async def ready() -> bool:
        with suppress(RedisError, OSError):
            async with connect(url) as redis:
                return bool(await redis.ping())
        return False

    return Child(name, argv, folder / f"{name}.log", ready=ready), url
