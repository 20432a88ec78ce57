"""A Kafka with TLS and SASL: credentials that it accepts, and errors for those that it refuses."""

import asyncio
import re
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from booking_rush.booking.kafka.connection import Cluster
from booking_rush.booking.kafka.topics import TOPICS, create_missing
from booking_rush.postgres import Pool
from booking_rush.server.runtime.settings import Settings, SettingsError, read
from tests.support.clients import until
from tests.support.crowds.buyers import Buyer, BuyerProfile
from tests.support.crowds.sale_event import DUTIES, running_sale, seated
from tests.support.message_log import envelopes_of, open_log_harness, order
from tests.support.servers.processes import run
from tests.support.servers.secured_kafka import PASSWORD, USER, SecuredKafka, running_secured
from tests.support.store_agreement import is_quiet
from tests.support.world import settings_for


@pytest.fixture(scope="module")
def secured_kafka(shared_folder: Path) -> Generator[SecuredKafka]:
    folder = shared_folder / "secured"
    folder.mkdir()
    with running_secured(folder) as secured:
        yield secured


@pytest.fixture
def settings(redis_url: str, postgres_url: str) -> Settings:
    return settings_for(redis_url, postgres_url)


@pytest.fixture
def as_user(secured_kafka: SecuredKafka) -> dict[str, str]:
    return {
        "RUSH_KAFKA_BOOTSTRAP": secured_kafka.with_user,
        "RUSH_KAFKA_SECURITY": "SASL_SSL",
        "RUSH_KAFKA_CA": str(secured_kafka.authority),
        "RUSH_KAFKA_USER": USER,
        "RUSH_KAFKA_PASSWORD": PASSWORD,
    }


@pytest.fixture
def as_owner(secured_kafka: SecuredKafka) -> dict[str, str]:
    return {
        "RUSH_KAFKA_BOOTSTRAP": secured_kafka.with_certificate,
        "RUSH_KAFKA_SECURITY": "SSL",
        "RUSH_KAFKA_CA": str(secured_kafka.authority),
        "RUSH_KAFKA_CERTIFICATE": str(secured_kafka.owner),
    }


def cluster_of(settings: dict[str, str]) -> Cluster:
    return read(settings).kafka_cluster()


async def delete_topics(owner: Cluster, names: list[str]) -> None:
    admin = AIOKafkaAdminClient(**owner.options)
    await admin.start()
    try:
        await admin.delete_topics(names)

        async def are_gone() -> bool:
            return not set(names) & set(await admin.list_topics())

        await until(are_gone)
    finally:
        await admin.close()


async def test_the_owner_makes_the_topics_and_a_user_without_that_right_carries_letters(
    pool: Pool, as_owner: dict[str, str], as_user: dict[str, str]
) -> None:
    names = sorted(one.name for one in TOPICS)
    await delete_topics(cluster_of(as_owner), names)
    with pytest.raises(KafkaError, match="is not made"):
        await create_missing(cluster_of(as_user))
    assert sorted(await create_missing(cluster_of(as_owner))) == names
    assert await create_missing(cluster_of(as_user)) == []

    async with open_log_harness(pool, cluster_of(as_user)) as harness:
        booking = await harness.booking()
        envelopes = [order(booking, step=n) for n in range(20)]
        await harness.send(*envelopes)
        assert envelopes_of(booking, await harness.read_all(*envelopes)) == envelopes
        await harness.log.done(envelopes)
        await harness.restart()
        await harness.send(one_more := order(booking, step=20))
        assert envelopes_of(booking, await harness.read_all(one_more)) == [one_more]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"RUSH_KAFKA_PASSWORD": "wrong"}, "invalid credentials"),
        ({"RUSH_KAFKA_USER": "nobody"}, "invalid credentials"),
        ({"RUSH_KAFKA_MECHANISM": "PLAIN"}, "mechanism"),
        ({"RUSH_KAFKA_CA": ""}, "certificate verify failed"),
        (
            {"RUSH_KAFKA_SECURITY": "SASL_PLAINTEXT", "RUSH_KAFKA_CA": ""},
            "unable connect",
        ),
    ],
)
def test_who_is_not_let_in_is_told_why(
    settings: Settings, as_user: dict[str, str], change: dict[str, str], why: str
) -> None:
    done = run("migrate", settings=settings, **{**as_user, **change})

    assert done.returncode == 4
    assert why in done.stderr.lower()
    assert PASSWORD not in done.stderr
    assert "Traceback" not in done.stderr


def test_who_shows_no_certificate_is_not_let_in(
    settings: Settings, as_owner: dict[str, str]
) -> None:
    done = run("migrate", settings=settings, **{**as_owner, "RUSH_KAFKA_CERTIFICATE": ""})

    assert done.returncode == 4
    assert "Traceback" not in done.stderr


async def test_seats_are_bought_over_it(
    pool: Pool,
    redis_url: str,
    settings: Settings,
    folder: Path,
    as_owner: dict[str, str],
    as_user: dict[str, str],
) -> None:
    migrated = await asyncio.to_thread(run, "migrate", settings=settings, **as_owner)
    assert migrated.returncode == 0, migrated.stderr
    kafka = {name.removeprefix("RUSH_").lower(): value for name, value in as_user.items()}
    duties = {**DUTIES, "relay": "work relay"}
    url = settings.postgres_url
    async with (
        running_sale(
            redis_url,
            url,
            pool,
            folder,
            duties=duties,
            settings=kafka,
            sections=[seated(2, 5)],
        ) as sale,
        httpx.AsyncClient(base_url=sale.base, timeout=60) as http,
    ):
        buyer = Buyer(
            1, sale.base, BuyerProfile(lambda chance: {"section": "stalls", "quantity": 2})
        )
        await buyer.run(http)
        assert [one["quantity"] for one in buyer.confirmed()] == [2]
        await until(lambda: is_quiet(pool), within_s=30)
        assert await pool.fetchval("SELECT bool_and(published_at IS NOT NULL) FROM outbox")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"SECURITY": "TLS"}, "RUSH_KAFKA_SECURITY='TLS'"),
        ({"MECHANISM": "GSSAPI"}, "RUSH_KAFKA_MECHANISM='GSSAPI'"),
        ({"SECURITY": "SASL_SSL"}, "RUSH_KAFKA_USER is not set: RUSH_KAFKA_SECURITY is SASL_SSL"),
        ({"SECURITY": "SASL_SSL", "USER": "u"}, "RUSH_KAFKA_PASSWORD is not set"),
        ({"USER": "u", "PASSWORD": "p"}, "RUSH_KAFKA_USER is set, but RUSH_KAFKA_SECURITY is PL"),
        ({"CA": "/ca.pem"}, "RUSH_KAFKA_CA is set, but RUSH_KAFKA_SECURITY is PLAINTEXT"),
        ({"CERTIFICATE": "/c.pem"}, "RUSH_KAFKA_CERTIFICATE is set, but"),
    ],
)
def test_what_would_not_be_used_or_is_missing_is_refused(given: dict[str, str], says: str) -> None:
    with pytest.raises(SettingsError, match=f"^{re.escape(says)}"):
        read({f"RUSH_KAFKA_{name}": value for name, value in given.items()})


def test_files_that_are_none_are_refused_by_name(
    settings: Settings, folder: Path, as_owner: dict[str, str]
) -> None:
    sealed = folder / "sealed.pem"
    key = ec.generate_private_key(ec.SECP256R1())
    secret = serialization.BestAvailableEncryption(b"secret")
    formats = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    sealed.write_bytes(key.private_bytes(*formats, secret))
    for name, path in (("CA", "/nowhere"), ("CA", folder), ("CERTIFICATE", sealed)):
        change = {f"RUSH_KAFKA_{name}": str(path)}
        done = run("work", "relay", settings=settings, **{**as_owner, **change})
        assert done.returncode == 3, done.stderr
        assert f"RUSH_KAFKA_{name}='{path}'" in done.stderr
        assert "Traceback" not in done.stderr
