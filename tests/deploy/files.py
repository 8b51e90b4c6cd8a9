"""The files of deploy/ as data: manifests, Helm values, the compose file, and what they must agree with."""

import re
import tomllib
from typing import Any

import yaml

from tests.plugins.conftest import PROJECT  # puts plugins/ on the path

DEPLOY = PROJECT / "deploy"
HELM_VALUES: dict[str, Any] = yaml.safe_load((DEPLOY / "helm-values.yaml").read_text())
COMPOSE: dict[str, Any] = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())
PYPROJECT: dict[str, Any] = tomllib.loads((PROJECT / "pyproject.toml").read_text())
DOCKERFILES = {path.name: path.read_text() for path in sorted(DEPLOY.glob("*Dockerfile"))}
MANIFESTS: dict[str, list[dict[str, Any]]] = {
    path.name: list(yaml.safe_load_all(path.read_text()))
    for path in sorted(DEPLOY.glob("*.yaml"))
    if path.name != "helm-values.yaml"
}


def manifest(kind: str, name: str) -> dict[str, Any]:
    """The manifest of that kind and name."""
    every = [document for documents in MANIFESTS.values() for document in documents]
    return next(each for each in every if (each["kind"], each["metadata"]["name"]) == (kind, name))


def helm_environment() -> dict[str, str]:
    """The variables that the Helm values give to Airflow's containers."""
    return {each["name"]: each["value"] for each in HELM_VALUES["env"]}


def compose_environment() -> dict[str, str]:
    """The variables of Airflow's services in docker-compose.yml."""
    return {name: str(value) for name, value in COMPOSE["services"]["scheduler"]["environment"].items()}


def image_environment() -> dict[str, str]:
    """The variables that deploy/Dockerfile sets."""
    lines = re.findall(r"^ENV (.*)$", DOCKERFILES["Dockerfile"].replace("\\\n", " "), re.MULTILINE)
    return dict(pair.split("=", 1) for line in lines for pair in line.split())
