"""docker-compose.yml: its guarantees, and every Airflow service's command, run directly against a real PostgreSQL."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import create_engine, text

from deploy.compose_env import make_secrets
from deploy.local.client import ApiError, Client
from deploy.local.home import HOST, LOGIN, PROJECT, free_port

SERVICES = ("api-server", "scheduler", "dag-processor", "triggerer")
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


@pytest.fixture(scope="module", name="compose")
def _compose() -> dict[str, Any]:
    return dict(yaml.safe_load((PROJECT / "docker-compose.yml").read_text()))


def filled_in(text_with_variables: str, values: dict[str, str]) -> str:
    """Substitute ${NAME:?message} and ${NAME:-default} as compose does."""

    def value(match: "re.Match[str]") -> str:
        name, kind, rest = match.groups()
        if kind == "?" and not values.get(name):
            raise KeyError(rest)
        return values.get(name) or (rest if kind == "-" else "")

    return VARIABLE.sub(value, text_with_variables)


def test_compose_file_has_postgresql_and_every_airflow_service(compose):
    assert set(compose["services"]) == {"postgres", "setup", *SERVICES}


def test_ports_are_published_on_loopback_only(compose):
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert ports == ["127.0.0.1:8080:8080"]


def test_services_run_unprivileged_and_have_health_checks(compose):
    for name, service in compose["services"].items():
        assert "healthcheck" in service or name == "setup"
        if name != "postgres":
            assert service["user"].split(":")[0] not in {"0", "root"}
            assert service["cap_drop"] == ["ALL"]
            assert service["read_only"] and service["tmpfs"] == ["/tmp"]  # noqa: S108 - a mount point
        assert not service.get("privileged")


def test_services_wait_for_the_database_and_setup(compose):
    for name in SERVICES:
        assert compose["services"][name]["depends_on"] == {
            "postgres": {"condition": "service_healthy"},
            "setup": {"condition": "service_completed_successfully"},
        }


def test_compose_env_provides_every_secret_and_the_file_has_none(compose):
    text_of_file = (PROJECT / "docker-compose.yml").read_text()
    with pytest.raises(KeyError, match="compose_env"):
        filled_in(text_of_file, {})
    assert yaml.safe_load(filled_in(text_of_file, make_secrets()))


def test_what_is_mounted_has_no_name_that_a_service_gives_another_value(compose):
    """podman-compose fills in a variable with the value that the service's environment has under the same name."""
    for service in compose["services"].values():
        for volume in service.get("volumes", []):
            for name, _, _ in VARIABLE.findall(volume):
                assert name not in service["environment"]


def test_image_runs_as_the_pods_user():
    text_of_file = (PROJECT / "deploy" / "Dockerfile").read_text()
    assert re.findall(r"^USER (.*)$", text_of_file, re.MULTILINE) == ["10001:10001"]
    for line in re.findall(r"^COPY (.*)$", text_of_file, re.MULTILINE):
        for source in line.split()[:-1]:
            assert f"!{source}" in (PROJECT / ".dockerignore").read_text().splitlines()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_airflow_service_starts_with_its_command(compose, postgres_server, tmp_path):
    with create_engine(postgres_server, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("CREATE DATABASE airflow"))
    environment, port = environment_outside_containers(compose, postgres_server, tmp_path)
    assert run_command(compose, "setup", environment, tmp_path).wait() == 0
    running = {name: run_command(compose, name, environment, tmp_path) for name in SERVICES}
    try:
        client = Client(f"http://{HOST}:{port}")
        wait_until_healthy(client, running, tmp_path)
        assert client.login(LOGIN, environment["CATALOG_PASSWORD"]).get("/api/v2/dags") is not None
    finally:
        for service in running.values():
            service.terminate()
        for service in running.values():
            service.wait(timeout=60)


def environment_outside_containers(compose: dict[str, Any], server: str, folder: Path) -> tuple[dict[str, str], int]:
    """The services' environment, with this machine's paths and addresses in place of the containers'."""
    port = free_port(0)
    replacements = {
        "/opt/catalog": str(PROJECT),
        "/opt/airflow": str(folder / "airflow"),
        "/catalog/": f"{folder}/catalog/",
        "api-server:8080": f"{HOST}:{port}",
        "127.0.0.1:8080": f"{HOST}:{port}",
        "0.0.0.0": HOST,  # noqa: S104 - replaced, never bound
    }
    values, settings = make_secrets(), {}
    for name, given in compose["services"]["scheduler"]["environment"].items():
        value = filled_in(str(given), values)
        for container, machine in replacements.items():
            value = value.replace(container, machine)
        settings[name] = value
    for name in ("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC"):
        settings[name] = server.replace("/postgres?", "/airflow?")
    settings["AIRFLOW__API__PORT"] = str(port)
    settings["CATALOG_DATABASE_URL"] = server
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "CATALOG_"))}
    path = os.pathsep.join([str(Path(sys.executable).parent), clean.get("PATH", "")])
    return clean | settings | {"PYTHONPATH": str(PROJECT), "PATH": path}, port


def run_command(
    compose: dict[str, Any], name: str, environment: dict[str, str], folder: Path
) -> "subprocess.Popen[bytes]":
    command = compose["services"][name]["command"]
    with (folder / f"{name}.log").open("wb") as log:
        return subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log)


def wait_until_healthy(client: Client, running: dict[str, Any], folder: Path) -> None:
    deadline, health = time.monotonic() + 400, {}
    while time.monotonic() < deadline:
        for name, service in running.items():
            assert service.poll() is None, (folder / f"{name}.log").read_text()[-4000:]
        try:
            health = client.health()
        except ApiError:
            health = {}
        if health and set(health.values()) == {"healthy"}:
            return
        time.sleep(0.3)
    raise AssertionError(f"not healthy before the timeout: {health}")
