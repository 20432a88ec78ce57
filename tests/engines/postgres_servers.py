"""Debian's PostgreSQL with TLS, a standby of it, and PgBouncer in front, for tests."""

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

import asyncpg

from booking_rush.postgres import Dsn
from booking_rush.server.processes.supervisor import Child
from tests.support.servers.certificates import CertificateAuthority
from tests.support.servers.debian import program
from tests.support.servers.stores import Store, running

USER, PASSWORD = "rush", "secret"


def programs() -> Path:
    """Return the folder of Debian's newest PostgreSQL; root installs one that is missing."""
    program("pg_lsclusters", "postgresql")
    found = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    return max(found, key=lambda path: int(path.parts[-3])).parent


class Postgres:
    """The data of a PostgreSQL which speaks TLS alone, on a port, with a user and a database."""

    def __init__(self, folder: Path, name: str, port: int, authority: CertificateAuthority) -> None:
        self.folder = folder
        self.name = name
        self.port = port
        self.data = folder / name
        self.authority = authority
        self.owner = (os.geteuid(), os.getegid())
        if os.geteuid() == 0:
            found = pwd.getpwnam("postgres")
            self.owner = (found.pw_uid, found.pw_gid)
        self.data.mkdir(mode=0o700)
        os.chown(self.data, *self.owner)

    def make(self) -> None:
        """Make the data, and our user in them."""
        self.run("initdb", "-D", str(self.data), "-E", "UTF8", "--locale=C", "--auth=reject")
        (self.data / "pg_hba.conf").write_text(
            "hostssl all all 127.0.0.1/32 scram-sha-256\n"
            "hostssl replication all 127.0.0.1/32 scram-sha-256\n"
        )
        role = f"CREATE ROLE {USER} SUPERUSER LOGIN PASSWORD '{PASSWORD}'"
        self.run("postgres", "--single", "-D", str(self.data), "postgres", text=f"{role}\n")

    def copy(self, primary: "Postgres") -> None:
        """Take the data of a primary that runs, and follow it."""
        self.run(
            "pg_basebackup", "-R", "-c", "fast", "-D", str(self.data), "-d", primary.url("postgres")
        )

    def run(self, name: str, *arguments: str, text: str = "") -> str:
        """Run one of PostgreSQL's programs as the owner of the data. Return what it printed."""
        done = subprocess.run(
            [str(programs() / name), *arguments],
            input=text, capture_output=True, text=True, cwd=self.data, timeout=120,
            env={**os.environ, "HOME": str(self.data)},
            user=self.owner[0], group=self.owner[1], extra_groups=[],
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def url(self, database: str = "rush", port: int = 0) -> str:
        """Return the URL of a database, with the certificate and its name verified."""
        where = f"127.0.0.1:{port or self.port}/{database}"
        trust = f"sslmode=verify-full&sslrootcert={self.authority.path}"
        return f"postgresql://{USER}:{PASSWORD}@{where}?{trust}"

    def serve(self) -> AbstractContextManager[Store]:
        """Run it, with a database `rush`."""
        certificate = shutil.copy(self.authority.issue(self.name), self.data / "server.pem")
        os.chown(certificate, *self.owner)
        Path(certificate).chmod(0o600)
        options = {
            "listen_addresses": "127.0.0.1", "port": self.port, "ssl": "on",
            "ssl_cert_file": certificate, "ssl_key_file": certificate,
            "unix_socket_directories": "", "max_connections": 100,
        }  # fmt: skip
        argv = [str(programs() / "postgres"), "-D", str(self.data)]
        for name, value in options.items():
            argv += ["-c", f"{name}={value}"]

        async def ready() -> bool:
            # Asked by asyncpg before it is ready, it would leave a connection that nobody closes.
            asked = [str(programs() / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
            is_ready = (await asyncio.to_thread(subprocess.run, asked)).returncode == 0
            return is_ready and await _create_database(self.url("postgres"))

        log = self.folder / f"{self.name}.log"
        child = Child(
            self.name, argv, log, owner=self.owner, stop_signal=signal.SIGINT, cwd=self.data,
            ready=ready,
        )  # fmt: skip
        return running(child, self.url())


async def _create_database(url: str) -> bool:
    """Create our database if the server answers. Return whether it is there."""
    with suppress(OSError, asyncpg.PostgresError):
        connection = await asyncpg.connect(url)
        try:
            await connection.execute("CREATE DATABASE rush")
        except (asyncpg.DuplicateDatabaseError, asyncpg.ReadOnlySQLTransactionError):
            return True
        finally:
            await connection.close()
        return True
    return False


def pgbouncer(postgres: Postgres, port: int) -> AbstractContextManager[Store]:
    """Run PgBouncer in transaction mode, with TLS on both sides and few sessions."""
    folder = postgres.folder / "pgbouncer"
    folder.mkdir(mode=0o755)
    certificate, users = folder / "pgbouncer.pem", folder / "users"
    shutil.copy(postgres.authority.issue("pgbouncer"), certificate)
    users.write_text(f'"{USER}" "{PASSWORD}"\n')
    configuration = folder / "pgbouncer.ini"
    configuration.write_text(
        f"""
        [databases]
        rush = host=127.0.0.1 port={postgres.port}
        [pgbouncer]
        listen_addr = 127.0.0.1
        listen_port = {port}
        unix_socket_dir =
        auth_type = scram-sha-256
        auth_file = {users}
        pool_mode = transaction
        default_pool_size = 8
        max_client_conn = 200
        client_tls_sslmode = require
        client_tls_cert_file = {certificate}
        client_tls_key_file = {certificate}
        server_tls_sslmode = verify-full
        server_tls_ca_file = {postgres.authority.path}
        """.replace("\n        ", "\n")
    )
    for path in (certificate, users, configuration):
        os.chown(path, *postgres.owner)
        path.chmod(0o600)
    url = postgres.url(port=port) + "&pgbouncer=true"
    child = Child(
        "pgbouncer", [program("pgbouncer"), str(configuration)], postgres.folder / "pgbouncer.log",
        owner=postgres.owner, stop_signal=signal.SIGINT, cwd=folder, ready=lambda: _answers(url),
    )  # fmt: skip
    return running(child, url)


async def _answers(url: str) -> bool:
    with suppress(OSError, asyncpg.PostgresError, asyncio.TimeoutError):
        connection = await connect(url)
        await connection.close()
        return True
    return False


async def connect(url: str) -> Any:
    """Open one connection, as the product opens its own."""
    dsn = Dsn.of(url)
    return await asyncpg.connect(dsn.url, timeout=5, **dsn.arguments())
