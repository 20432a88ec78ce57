"""A Kafka secured as hosted ones are: TLS, users with SCRAM passwords, and rights a topic."""

import asyncio
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.admin import CreateAclsRequest

from booking_rush.booking.kafka.kafka_log import GROUP
from booking_rush.server.embedded.kafka_broker import kafka_child
from booking_rush.server.runtime.ports import free_port
from tests.support.servers.certificates import CertificateAuthority
from tests.support.servers.stores import Store, running

USER, PASSWORD = "rush", "correct horse"
# https://kafka.apache.org/documentation/#security_authz_primitives; codes of the protocol
TOPIC, THE_GROUP, LITERAL, PREFIX, READ, WRITE, ALLOW = 2, 3, 3, 4, 3, 4, 3
RIGHTS = [
    (TOPIC, "rush.", PREFIX, READ),
    (TOPIC, "rush.", PREFIX, WRITE),
    (THE_GROUP, GROUP, LITERAL, READ),
]


class SecuredKafka(NamedTuple):
    """The broker: `with_user` wants USER's password, `with_certificate` the owner's certificate."""

    store: Store
    with_user: str
    with_certificate: str
    authority: Path
    owner: Path


@contextmanager
def running_secured(folder: Path) -> Generator[SecuredKafka]:
    """Start a broker where USER may read and write our topics and make none, the owner anything."""
    authority = CertificateAuthority(folder)
    child, url = asyncio.run(kafka_child(folder / "kafka", folder))
    ports = {"USERS": free_port(), "OWNERS": free_port()}
    with (folder / "kafka" / "server.properties").open("a") as properties:
        properties.write(_properties(url, ports, authority.path, authority.issue("broker")))
    with running(child, url) as store:
        _add_user(child.argv, url, folder)
        asyncio.run(_allow(url))
        users, owners = (f"127.0.0.1:{port}" for port in ports.values())
        yield SecuredKafka(store, users, owners, authority.path, authority.issue("owner"))


def _properties(plain: str, ports: dict[str, int], authority: Path, broker: Path) -> str:
    """Return lines to append to our broker's properties; of two lines the last one counts."""
    controller = free_port()
    listeners = {"PLAINTEXT": plain} | {name: f"127.0.0.1:{port}" for name, port in ports.items()}
    advertised = ",".join(f"{name}://{address}" for name, address in listeners.items())
    lines = {
        "listeners": f"{advertised},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": advertised,
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "listener.security.protocol.map":
            "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,USERS:SASL_SSL,OWNERS:SSL",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": broker,
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": authority,
        "listener.name.users.sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.users.scram-sha-512.sasl.jaas.config":
            "org.apache.kafka.common.security.scram.ScramLoginModule required;",
        "listener.name.owners.ssl.client.auth": "required",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS;User:CN=owner",
    }  # fmt: skip
    return "".join(f"{name}={value}\n" for name, value in lines.items())


def _add_user(argv: list[str], url: str, folder: Path) -> None:
    """Add USER with Kafka's own program, on the JVM and jars of the broker."""
    java = argv[: argv.index("kafka.Kafka")]
    wanted = f"--alter --entity-type users --entity-name {USER} --add-config".split()
    subprocess.run(
        [*java, "kafka.admin.ConfigCommand", "--bootstrap-server", url, *wanted,
         f"SCRAM-SHA-512=[password={PASSWORD}]"],
        cwd=folder / "kafka", check=True, capture_output=True,
    )  # fmt: skip


async def _allow(url: str) -> None:
    """Give USER its rights."""
    client: Any = AIOKafkaClient(bootstrap_servers=url)
    await client.bootstrap()
    try:
        for kind, name, pattern, operation in RIGHTS:
            request = CreateAclsRequest(kind, name, pattern, f"User:{USER}", "*", operation, ALLOW)
            answer = await client.send(client.get_random_node(), request)
            assert answer.creation_responses[0][0] == 0, answer
    finally:
        await client.close()
