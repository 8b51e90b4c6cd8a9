"""Images, users, paths and settings: the same in Helm values, manifests, the compose file, Dockerfiles and the code."""

import re
from importlib.resources import files as resources
from typing import Any

import pytest
import yaml

from deploy.compose_env import make_secrets
from pipeline.settings import Settings
from tests.deploy.files import (
    COMPOSE,
    DOCKERFILES,
    HELM_VALUES,
    PROJECT,
    PYPROJECT,
    compose_environment,
    helm_environment,
    image_environment,
    manifest,
)
from tests.deploy.test_compose import VARIABLE, filled_in

SETTINGS = {f"CATALOG_{name.upper()}" for name in Settings.model_fields}
LOGIN = {"CATALOG_PASSWORD"}  # deploy/container.py reads it
OF_COMPOSE = {"CATALOG_PARALLELISM", "CATALOG_SHOOTS_FOLDER"}  # only docker-compose.yml's own
ENVIRONMENTS = {
    "helm-values.yaml": helm_environment(),
    "docker-compose.yml": compose_environment(),
    "Dockerfile": image_environment(),
}


def catalog_names(environment: dict[str, str]) -> set[str]:
    return {name for name in environment if name.startswith("CATALOG_")}


def airflow_options() -> set[tuple[str, str]]:
    """Every section and option that the installed Airflow knows, those of its providers included."""
    text = (resources("airflow.config_templates") / "config.yml").read_text()
    sections: dict[str, Any] = yaml.safe_load(text)
    from airflow.providers.openlineage.get_provider_info import get_provider_info

    sections |= get_provider_info()["config"]
    return {(section, option) for section, content in sections.items() for option in content["options"]}


@pytest.mark.parametrize("file", ENVIRONMENTS)
def test_every_catalog_variable_is_a_setting(file: str) -> None:
    assert catalog_names(ENVIRONMENTS[file]) - SETTINGS - LOGIN == set()


def test_every_variable_that_compose_substitutes_is_a_setting_or_a_generated_secret() -> None:
    names = {match[1] for match in VARIABLE.finditer((PROJECT / "docker-compose.yml").read_text())}
    assert names - SETTINGS - set(make_secrets()) == OF_COMPOSE


def test_helm_values_are_valid_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in helm_environment().items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.execution == "kubernetes"
    assert str(settings.store).startswith("/catalog/")


def test_compose_values_are_valid_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in compose_environment().items():
        monkeypatch.setenv(name, filled_in(value, make_secrets()))
    assert str(Settings().store).startswith("/catalog/")


def test_every_airflow_option_exists() -> None:
    known = airflow_options()
    values = {(section, option) for section, options in HELM_VALUES["config"].items() for option in options}
    compose = (name.lower().split("__")[1:] for name in compose_environment() if name.startswith("AIRFLOW__"))
    assert values - known == set()
    assert {(section, option) for section, option in compose} - known == set()


def test_every_airflow_option_of_the_values_is_text() -> None:
    for options in HELM_VALUES["config"].values():
        assert all(isinstance(value, str) for value in options.values())


def test_the_steps_have_the_image_of_airflow_and_it_is_this_version() -> None:
    image = f"{HELM_VALUES['defaultAirflowRepository']}:{HELM_VALUES['defaultAirflowTag']}"
    assert helm_environment()["CATALOG_IMAGE"] == image
    assert HELM_VALUES["defaultAirflowTag"] == PYPROJECT["project"]["version"]
    assert (
        f"apache-airflow=={HELM_VALUES['airflowVersion']}" in PYPROJECT["project"]["optional-dependencies"]["airflow"]
    )


def test_one_user_writes_the_store() -> None:
    from catalog_tasks.pod_parts import POD_SECURITY, USER_ID

    user = f"{USER_ID}:{USER_ID}"
    for text in DOCKERFILES.values():
        assert re.findall(r"^USER (?!root)(.*)$", text, re.MULTILINE) == [user]
    services = [service for name, service in COMPOSE["services"].items() if name != "postgres"]
    assert {service["user"] for service in services} == {user}
    context = HELM_VALUES["securityContexts"]["pod"]
    assert {HELM_VALUES["uid"], HELM_VALUES["gid"], context["runAsUser"], context["fsGroup"]} == {USER_ID}
    assert POD_SECURITY.run_as_user == USER_ID


def test_dags_and_plugins_are_those_of_the_image() -> None:
    core, compose = HELM_VALUES["config"]["core"], compose_environment()
    for folder in ("dags", "plugins"):
        path = f"/opt/catalog/{folder}"
        assert core[f"{folder}_folder"] == compose[f"AIRFLOW__CORE__{folder.upper()}_FOLDER"] == path
        assert f"COPY {folder} {folder}" in DOCKERFILES["Dockerfile"]
    assert "WORKDIR /opt/catalog" in DOCKERFILES["Dockerfile"]
    assert image_environment()["PYTHONPATH"] == "/opt/catalog"
    assert image_environment()["AIRFLOW_HOME"] == compose["AIRFLOW_HOME"] == "/opt/airflow"


def test_images_have_their_kernels_compiled_for_the_same_processor() -> None:
    for text in DOCKERFILES.values():
        assert "RUN NUMBA_CACHE_DIR=$KERNELS_DIR python -m pipeline.warm" in text
    assert len({re.findall(r"^ENV NUMBA.*", text, re.MULTILINE)[0] for text in DOCKERFILES.values()}) == 1


def test_the_store_lies_where_pods_mount_it() -> None:
    from catalog_tasks.pod_parts import SHARED

    mounts = {mount["name"]: mount["mountPath"] for mount in HELM_VALUES["volumeMounts"]}
    volume = next(v for v in HELM_VALUES["volumes"] if v["name"] == "catalog")
    assert mounts["catalog"] == SHARED
    assert volume["persistentVolumeClaim"]["claimName"] == Settings.model_fields["kubernetes_claim"].default
    for environment in (helm_environment(), compose_environment()):
        assert environment["CATALOG_STORE"] == f"{SHARED}/store"
    assert f"catalog:{SHARED}" in COMPOSE["services"]["scheduler"]["volumes"]


def test_catalog_pods_names_the_mounted_file_of_the_config_map() -> None:
    volume = next(v for v in HELM_VALUES["volumes"] if v["name"] == "catalog-pods")
    mount = next(m for m in HELM_VALUES["volumeMounts"] if m["name"] == "catalog-pods")
    (file,) = manifest("ConfigMap", volume["configMap"]["name"])["data"]
    assert helm_environment()["CATALOG_PODS"] == f"{mount['mountPath']}/{file}"


def test_as_many_shoots_are_mapped_wherever_airflow_runs() -> None:
    from deploy.local.home import _configuration

    local = _configuration(PROJECT, 1, 1, {"fernet": "", "session": "", "jwt": ""})["core"]["max_map_length"]
    helm = HELM_VALUES["config"]["core"]["max_map_length"]
    assert local == helm == compose_environment()["AIRFLOW__CORE__MAX_MAP_LENGTH"]


def test_the_base_of_the_image_can_be_chosen() -> None:
    for text in DOCKERFILES.values():
        assert re.search(r"^ARG BASE=\S+$", text, re.MULTILINE)
        assert re.search(r"^FROM \$BASE( AS .*)?$", text, re.MULTILINE)
