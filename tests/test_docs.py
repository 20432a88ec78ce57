"""The documents are part of the change: settings, commands and rooms are all told."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from booking_rush.server.cli.main import cli
from booking_rush.server.processes.duties import DUTIES
from booking_rush.server.processes.duty_settings import SETTINGS_OF, needs_secret
from booking_rush.server.runtime.settings import Settings, read

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text()
SETTINGS = [f"RUSH_{field.name.upper()}" for field in msgspec.structs.fields(Settings)]


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_is_in_readme_and_in_the_example(name: str) -> None:
    assert f"| `{name}` |" in README
    assert re.search(rf"^{name}=", (ROOT / ".env.example").read_text(), re.MULTILINE)


def test_the_example_holds_the_defaults_and_nothing_else() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))

    assert list(given) == SETTINGS
    assert read(given) == Settings()


@pytest.mark.parametrize("command", sorted(cli.commands))
def test_every_command_is_in_readme(command: str) -> None:
    assert f"booking-rush {command}" in README


def test_readme_names_its_two_commands_and_its_limits() -> None:
    for wanted in ("make demo", "make test", "## Limits", "ARCHITECTURE.md", "CHANGELOG.md"):
        assert wanted in README


def test_what_the_documents_name_is_there() -> None:
    for text in (README, ARCHITECTURE):
        for name in re.findall(r"`((?:server|queue|booking|lua|static|k8s|docs)/[\w./-]*)`", text):
            assert (ROOT / name).exists(), name
    for target in re.findall(r"\]\(([\w./-]+)\)", README):
        assert (ROOT / target).exists(), target


def test_figures_come_from_commands_that_are_there() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"`make (\w+)", README)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


# Kubernetes


def manifests(name: str) -> list[Any]:
    [path] = (ROOT / "k8s").glob(f"*/{name}.yaml")
    return list(yaml.safe_load_all(path.read_text()))


@pytest.mark.parametrize("duty", [*sorted(DUTIES), "serve", "migrate"])
def test_every_duty_has_a_careful_manifest(duty: str) -> None:
    [workload] = [m for m in manifests(duty) if m["kind"] in ("Deployment", "Job")]
    pod = workload["spec"]["template"]["spec"]
    [container] = pod["containers"]

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert {"requests", "limits"} <= set(container["resources"])
    assert duty in container["args"]
    if workload["kind"] == "Deployment":
        assert "livenessProbe" in container


def test_readme_goes_to_a_cluster_as_its_document_does() -> None:
    steps = re.findall(r"^    (?:make image|kubectl) .*$", README, re.MULTILINE)
    told = (ROOT / "docs/kubernetes.md").read_text()
    named = set(re.findall(r"(?:job|deploy|svc)/([\w-]+)", "".join(steps)))
    made = {m["metadata"]["name"] for duty in ("migrate", "serve") for m in manifests(duty)}

    assert 3 < len(steps) <= 10
    assert "\n".join(steps) in told
    assert named <= made


SECRETS = {
    "secret_key", "bank_secrets", "admin_password", "stripe_key", "stripe_webhook_secrets",
    "smtp_url", "mail_from", "identity_secret",
}  # fmt: skip


@pytest.mark.parametrize("duty", [*sorted(DUTIES), "serve"])
def test_a_pod_is_given_the_secrets_that_its_duty_uses_and_no_more(duty: str) -> None:
    [workload] = [m for m in manifests(duty) if m["kind"] == "Deployment"]
    [container] = workload["spec"]["template"]["spec"]["containers"]
    whole = [one["secretRef"]["name"] for one in container["envFrom"] if "secretRef" in one]
    given = {variable["name"].removeprefix("RUSH_").lower() for variable in container["env"]}

    assert whole == ["booking-rush-stores"]
    derives = {"secret_key"} if needs_secret(duty, Settings()) else set[str]()
    assert given == (SETTINGS_OF[duty] & SECRETS) | derives


PROBES = {"startupProbe", "livenessProbe", "readinessProbe"}
ANSWERED = {"http": {"/healthz", "/readyz"}, "metrics": {"/healthz"}}  # by the port's name


@pytest.mark.parametrize("duty", [*sorted(DUTIES), "serve"])
def test_every_probe_asks_what_is_answered_and_nobody_stands_alone(duty: str) -> None:
    of_duty, disruptions = manifests(duty), manifests("disruptions") + manifests(duty)
    [workload] = [m for m in of_duty if m["kind"] == "Deployment"]
    pod = workload["spec"]["template"]["spec"]
    [container] = pod["containers"]
    asked = {name: container[name]["httpGet"] for name in PROBES & set(container)}
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}

    assert all(one["path"] in ANSWERED.get(one["port"], ()) for one in asked.values())
    assert {one["port"] for one in asked.values()} <= set(ports)
    assert asked["startupProbe"] == asked["livenessProbe"]
    assert asked["livenessProbe"]["path"] == "/healthz"
    assert ports.items() <= {"http": 8000, "metrics": 9000, "bank": 8100}.items()
    if workload["spec"]["replicas"] > 1:
        kept = [m["spec"]["selector"] for m in disruptions if m["kind"] == "PodDisruptionBudget"]
        assert workload["spec"]["selector"] in kept
        assert pod["topologySpreadConstraints"]
    if duty == "serve":
        assert set(asked) == PROBES
        assert asked["readinessProbe"]["path"] == "/readyz"
        assert container["lifecycle"]["preStop"]


def test_a_serve_pod_has_time_to_drain() -> None:
    [workload] = [m for m in manifests("serve") if m["kind"] == "Deployment"]
    [settings] = manifests("settings")
    grace = workload["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    drain = int(settings["data"]["RUSH_DRAIN_SECONDS"])

    assert grace >= 5 + drain + 10
    names = set(settings["data"])
    assert names <= set(SETTINGS)
