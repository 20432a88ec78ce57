"""Manifests: every overlay is rendered by kustomize and valid by its makers' schemas, offline."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate  # type: ignore[import-untyped]
import msgspec
import pytest

from booking_rush.booking.kafka.topics import TOPICS
from booking_rush.server.processes.duties import DUTIES
from booking_rush.server.runtime.settings import Settings, read
from tests.engines.kustomize import definitions, render

VERSION = "1.31"
OVERLAYS = ("overlays/try", "overlays/production", "overlays/cluster")
STORES = {
    "RUSH_SECRET_KEY": "abcdefgh" * 4,
    "RUSH_POSTGRES_URL": "postgresql://rush@postgres/rush",
    "RUSH_REDIS_URL": "redis://redis",
}
# What comes in secrets, by hand or from operators.
PRODUCTION = STORES | {
    "RUSH_KAFKA_PASSWORD": "a secret",
    "RUSH_STRIPE_KEY": "sk_live_1",
    "RUSH_STRIPE_WEBHOOK_SECRETS": "whsec_1",
}
SECRETS = {
    "overlays/try": STORES,
    "overlays/production": PRODUCTION,
    "overlays/cluster": PRODUCTION,
}
WORKLOADS = ("Deployment", "StatefulSet", "Job")
RUN_IN = {
    "overlays/try": set(DUTIES) | {"serve"},
    "overlays/production": set(DUTIES) - {"bank"},
    "overlays/cluster": set(DUTIES) - {"bank"},
}


@cache
def rendered(overlay: str) -> list[Any]:
    return render(overlay)


def of_kind(overlay: str, *kinds: str) -> list[Any]:
    return [each for each in rendered(overlay) if each["kind"] in kinds]


def validate(manifest: Any) -> None:
    key = (manifest["apiVersion"], manifest["kind"])
    if key in definitions():
        jsonschema.validate(manifest, definitions()[key])
    else:
        kubernetes_validate.validate(manifest, VERSION, strict=True)


def pods(overlay: str) -> list[Any]:
    return [each["spec"]["template"] for each in of_kind(overlay, *WORKLOADS)]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_manifest_is_valid_by_the_schema_of_its_kind(overlay: str) -> None:
    assert rendered(overlay)
    for manifest in rendered(overlay):
        validate(manifest)


def test_the_schemas_refuse_what_they_do_not_know() -> None:
    for manifest in rendered("overlays/production"):
        wrong = {**manifest, "spec": {**manifest.get("spec", {}), "unknown": 1}}
        with pytest.raises((jsonschema.ValidationError, kubernetes_validate.ValidationError)):
            validate(wrong)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_duty_runs_and_every_variable_is_a_setting(overlay: str) -> None:
    duties = {pod["metadata"]["labels"].get("duty") for pod in pods(overlay)} - {None, "migrate"}
    assert duties >= RUN_IN[overlay]

    settings = {f"RUSH_{field.name.upper()}" for field in msgspec.structs.fields(Settings)}
    given: dict[str, str] = {}
    for manifest in of_kind(overlay, "ConfigMap"):
        given |= {n: v for n, v in manifest["data"].items() if n.startswith("RUSH_")}
    named = {
        variable["name"]
        for pod in pods(overlay)
        for container in pod["spec"]["containers"]
        for variable in container.get("env", [])
        if variable["name"].startswith("RUSH_")
    }
    assert set(given) | named <= settings
    read(SECRETS[overlay] | given).require_stores()


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_pod_is_restricted_and_no_process_is_root(overlay: str) -> None:
    for pod in pods(overlay):
        assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
        assert pod["spec"]["automountServiceAccountToken"] is False
        for container in pod["spec"]["containers"]:
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert {"requests", "limits"} <= set(container["resources"])


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_secret_and_config_that_is_named_is_made_or_told_of(overlay: str) -> None:
    made = {each["metadata"]["name"] for each in of_kind(overlay, "ConfigMap", "Secret")}
    told = Path(__file__).parents[2].joinpath("docs/kubernetes.md").read_text()
    for pod in pods(overlay):
        text = msgspec.json.encode(pod["spec"]).decode()
        names = set(re.findall(r'"(?:secretName|configMapRef":\{"name)":"([\w-]+)"', text))
        names |= set(re.findall(r'"secretKeyRef":\{[^}]*"name":"([\w-]+)"', text))
        names |= set(re.findall(r'"configMap":\{"name":"([\w-]+)"', text))
        for name in names:
            assert name in made or f"`{name}`" in told, name


def test_topics_of_strimzi_are_those_that_we_would_make() -> None:
    topics = {
        (
            each["metadata"]["name"], each["spec"]["partitions"],
            each["spec"]["config"]["retention.ms"],
        )
        for each in of_kind("overlays/production", "KafkaTopic")
    }  # fmt: skip
    assert topics == set(TOPICS)


@pytest.mark.parametrize("overlay", ["overlays/production", "overlays/cluster"])
def test_no_two_pods_of_a_store_share_a_node(overlay: str) -> None:
    for store in of_kind(overlay, "StatefulSet"):
        assert store["spec"]["template"]["spec"]["affinity"]["podAntiAffinity"]


def test_a_cluster_has_six_nodes_and_no_sentinel() -> None:
    [nodes] = of_kind("overlays/cluster", "StatefulSet")
    assert (nodes["metadata"]["name"], nodes["spec"]["replicas"]) == ("booking-rush-redis", 6)
    [ports] = [one["ports"] for one in nodes["spec"]["template"]["spec"]["containers"]]
    assert {port["containerPort"] for port in ports} == {6379, 16379}
    assert "sentinel" not in str(rendered("overlays/cluster"))


# Who may connect where


def fits(selector: Any, labels: dict[str, str]) -> bool:
    """Return whether a selector of labels selects a pod."""
    wanted = selector.get("matchLabels", {}).items() <= labels.items()
    return wanted and all(
        labels.get(each["key"]) in each["values"] for each in selector.get("matchExpressions", [])
    )


def lets(overlay: str, way: str, pod: dict[str, str], other: dict[str, str], port: int) -> bool:
    """Return whether the policies of a pod let it talk with another, "Ingress" or "Egress"."""
    policies = [
        each["spec"]
        for each in of_kind(overlay, "NetworkPolicy")
        if fits(each["spec"]["podSelector"], pod) and way in each["spec"]["policyTypes"]
    ]
    rules = [rule for spec in policies for rule in spec.get(way.lower(), [])]
    return not policies or any(
        port in [each["port"] for each in rule.get("ports", [{"port": port}])]
        and any(
            "podSelector" in peer and fits(peer["podSelector"], other)
            for peer in rule.get("from", rule.get("to", [{"podSelector": {}}]))
        )
        for rule in rules
    )


def may_connect(overlay: str, source: dict[str, str], target: dict[str, str], port: int) -> bool:
    leaves = lets(overlay, "Egress", source, target, port)
    return leaves and lets(overlay, "Ingress", target, source, port)


OUTSIDE = {"app": "of somebody else"}
POSTGRES = {"cnpg.io/cluster": "booking-rush-postgres"}  # its pods are made by its operator


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_strangers_reach_the_pages_and_nothing_else(overlay: str) -> None:
    reached = {
        (pod["metadata"]["labels"].get("duty", ""), port["containerPort"])
        for pod in pods(overlay)
        for container in pod["spec"]["containers"]
        for port in container.get("ports", [])
        if may_connect(overlay, OUTSIDE, pod["metadata"]["labels"], port["containerPort"])
    }
    assert reached == {("serve", 8000)}
    if overlay != "overlays/try":
        assert not may_connect(overlay, OUTSIDE, POSTGRES, 5432)
        [kafka] = of_kind(overlay, "Kafka")
        for listener in kafka["spec"]["kafka"]["listeners"]:
            [peer] = listener["networkPolicyPeers"]
            assert not fits(peer["podSelector"], OUTSIDE)


@pytest.mark.parametrize(
    ("overlay", "source", "target", "port"),
    [
        *(("overlays/try", "duty:" + duty, "duty:bank", 8100) for duty in ("conduct", "serve")),
        ("overlays/try", "duty:bank", "duty:serve", 8000),
        ("overlays/try", "duty:record", "booking-rush-redis", 6379),
        ("overlays/try", "duty:migrate", "booking-rush-postgres", 5432),
        ("overlays/try", "duty:relay", "booking-rush-kafka", 9092),
        ("overlays/production", "duty:tend", "booking-rush-sentinel", 26379),
        ("overlays/production", "booking-rush-sentinel", "booking-rush-redis", 6379),
        ("overlays/production", "booking-rush-redis", "booking-rush-sentinel", 26379),
        ("overlays/production", "duty:conduct", "elsewhere", 443),
        ("overlays/production", "duty:reconcile", "elsewhere", 443),
        ("overlays/production", "duty:serve", "elsewhere", 443),
        ("overlays/production", "duty:mail", "elsewhere", 587),
        ("overlays/cluster", "duty:serve", "booking-rush-redis", 6379),
        ("overlays/cluster", "booking-rush-redis", "booking-rush-redis", 16379),
        ("overlays/cluster", "booking-rush-redis-create", "booking-rush-redis", 6379),
    ],
)
def test_who_works_together_is_let_through(
    overlay: str, source: str, target: str, port: int
) -> None:
    def labels(name: str) -> dict[str, str]:
        kind, _, value = name.rpartition(":")
        [found] = [each for each in known if each.get(kind or "app") == value]
        return found

    known: list[dict[str, str]] = [pod["metadata"]["labels"] for pod in pods(overlay)]
    known.append({"app": "elsewhere"})
    assert may_connect(overlay, labels(source), labels(target), port)


@pytest.mark.parametrize("duty", ["record", "tend", "relay", "mail"])
def test_duties_that_ask_nobody_reach_no_other_address(duty: str) -> None:
    ours = {"app": "booking-rush", "duty": duty}
    assert not may_connect("overlays/production", ours, {"app": "elsewhere"}, 443)


@pytest.mark.parametrize("overlay", ["overlays/production", "overlays/cluster"])
def test_postgres_is_reached_by_every_duty(overlay: str) -> None:
    for pod in pods(overlay):
        if pod["metadata"]["labels"]["app"] == "booking-rush":
            assert may_connect(overlay, pod["metadata"]["labels"], POSTGRES, 5432)
