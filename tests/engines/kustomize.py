"""Kustomize, and the schemas of the operators' resources, from the sources of their makers."""

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any, cast

import yaml

from tests.support.servers.debian import program

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "kubernetes"
KUSTOMIZE = "sigs.k8s.io/kustomize/kustomize/v5@v5.6.0"
# Definitions of operators' resources, in their Go modules.
MODULES = {
    "github.com/prometheus-operator/prometheus-operator@v0.76.2": (
        "example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml",
        "example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml",
    ),
    "github.com/cloudnative-pg/cloudnative-pg@v1.24.1": (
        "config/crd/bases/postgresql.cnpg.io_clusters.yaml",
    ),
    "github.com/kedacore/keda/v2@v2.16.0": ("config/crd/bases/keda.sh_scaledobjects.yaml",),
}
STRIMZI = "0.45.0"
STRIMZI_MODELS = {
    "kafka.Kafka", "nodepool.KafkaNodePool", "topic.KafkaTopic", "user.KafkaUser",
}  # fmt: skip
POM = f"""
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>rush</groupId><artifactId>definitions</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>io.strimzi</groupId><artifactId>api</artifactId><version>{STRIMZI}</version>
    </dependency>
    <dependency>
      <groupId>io.strimzi</groupId><artifactId>crd-generator</artifactId>
      <version>{STRIMZI}</version>
    </dependency>
  </dependencies>
</project>
"""


class Loader(yaml.CSafeLoader):
    """Loader that takes `=` as the text that it is, as Go's does."""


Loader.add_constructor("tag:yaml.org,2002:value", lambda loader, node: node.value)


def render(folder: str) -> list[Any]:
    """Return the manifests that kustomize makes of a folder below k8s/."""
    rendered = _run(str(_kustomize()), "build", str(ROOT / "k8s" / folder))
    return list(yaml.load_all(rendered, Loader))


@cache
def definitions() -> dict[tuple[str, str], Any]:
    """Return the schemas of the operators' resources, closed, by `apiVersion` and `kind`."""
    found: dict[tuple[str, str], Any] = {}
    for path in [*_of_modules(), *_of_strimzi()]:
        for document in yaml.load_all(path.read_text(), Loader):
            spec = document["spec"]
            for version in spec["versions"]:
                key = (f"{spec['group']}/{version['name']}", spec["names"]["kind"])
                found[key] = closed(version["schema"]["openAPIV3Schema"])
    return found


def closed(schema: Any) -> Any:
    """Return a schema that refuses members it does not know, as a strict API server does."""
    if isinstance(schema, list):
        return list(map(closed, cast("Any", schema)))
    if not isinstance(schema, dict):
        return schema
    made = {name: closed(each) for name, each in cast("dict[str, Any]", schema).items()}
    is_open = made.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in made
    if isinstance(made.get("properties"), dict) and not is_open:
        made["additionalProperties"] = False
    if isinstance(pattern := made.get("pattern"), str) and "(?i)" in pattern:  # Go's, anywhere
        made["pattern"] = "(?i)" + pattern.replace("(?i)", "")
    return made


def _kustomize() -> Path:
    binary = CACHE / "kustomize"
    if not binary.exists():
        _run(program("go", "golang-go"), "install", KUSTOMIZE, GOBIN=str(CACHE))
    return binary


def _of_modules() -> list[Path]:
    found: list[Path] = []
    for module, paths in MODULES.items():
        kept = [CACHE / Path(path).name for path in paths]
        if not all(path.exists() for path in kept):
            told = json.loads(_run(program("go", "golang-go"), "mod", "download", "-json", module))
            for path, copy in zip(paths, kept, strict=True):
                shutil.copyfile(Path(told["Dir"]) / path, copy)
        found += kept
    return found


def _of_strimzi() -> list[Path]:
    kept = CACHE / f"strimzi-{STRIMZI}"
    wanted = {
        f"io.strimzi.api.kafka.model.{name}": kept / f"{name}.yaml" for name in STRIMZI_MODELS
    }
    if not all(path.exists() for path in wanted.values()):
        kept.mkdir(parents=True, exist_ok=True)
        (kept / "pom.xml").write_text(POM)
        copy = ["dependency:copy-dependencies", f"-DoutputDirectory={kept}/jars"]
        _run(program("mvn", "maven"), "-q", "-B", "-f", str(kept / "pom.xml"), *copy)
        models = [f"{model}={path}" for model, path in wanted.items()]
        generator = "io.strimzi.crdgenerator.CrdGenerator"
        options = ["--yaml", "--target-kube", "1.25+"]
        _run(program("java"), "-cp", f"{kept}/jars/*", generator, *options, *models)
    return list(wanted.values())


def _run(*argv: str, **environment: str) -> str:
    CACHE.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        argv, cwd=CACHE, env={**os.environ, **environment},
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout
