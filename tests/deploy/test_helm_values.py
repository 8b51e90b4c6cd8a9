"""The values of Airflow's Helm chart: keys that the chart has, and parts that Kubernetes accepts."""

from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.deploy.files import HELM_VALUES, PROJECT

KEYS: dict[str, Any] = yaml.safe_load((PROJECT / "tests" / "deploy" / "chart_keys.yaml").read_text())
TYPES = {"string": str, "integer": int, "boolean": bool}
SERVICES = ("scheduler", "triggerer", "dagProcessor", "apiServer")


def faults(values: Any, expected: Any, path: str = "") -> list[str]:
    """Keys that the chart does not have, and values of another type than its own."""
    if isinstance(expected, dict):
        if not isinstance(values, dict):
            return [f"{path} is not an object"]
        unknown = [f"{path}.{key} is unknown" for key in values if key not in expected]
        known = ((f"{path}.{key}", value, expected[key]) for key, value in values.items() if key in expected)
        return unknown + [fault for where, value, kind in known for fault in faults(value, kind, where)]
    if isinstance(expected, list):
        return [fault for i, each in enumerate(values) for fault in faults(each, expected[0], f"{path}[{i}]")]
    fits = type(values) is TYPES[expected] if expected in TYPES else isinstance(values, dict)
    return [] if fits else [f"{path} is not of type {expected}"]


def test_values_set_only_what_the_chart_has() -> None:
    assert faults(HELM_VALUES, KEYS) == []


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"schedular": {}}, ".schedular is unknown"),
        ({"scheduler": {"replicas": "1"}}, ".scheduler.replicas is not of type integer"),
        ({"volumes": ["tmp"]}, ".volumes[0] is not of type volume"),
    ],
)
def test_a_misspelt_value_or_a_wrong_type_is_found(values: dict[str, Any], fault: str) -> None:
    assert faults(values, KEYS) == [fault]


def pod_of(service: str) -> dict[str, Any]:
    """A pod of the parts that the chart copies from the values into the service's pod."""
    own = HELM_VALUES[service]
    probes = {name: own[name] for name in ("livenessProbe", "startupProbe") if "command" in own.get(name, {})}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": service.lower()},
        "spec": {
            "securityContext": HELM_VALUES["securityContexts"]["pod"],
            "volumes": HELM_VALUES["volumes"] + own.get("extraVolumes", []),
            "containers": [
                {
                    "name": "main",
                    "image": f"{HELM_VALUES['defaultAirflowRepository']}:{HELM_VALUES['defaultAirflowTag']}",
                    "args": own.get("args", []),
                    "securityContext": HELM_VALUES["securityContexts"]["containers"],
                    "env": HELM_VALUES["env"],
                    "envFrom": yaml.safe_load(HELM_VALUES["extraEnvFrom"]),
                    "resources": own["resources"],
                    "volumeMounts": HELM_VALUES["volumeMounts"] + own.get("extraVolumeMounts", []),
                    **{name: {"exec": {"command": probe["command"]}} for name, probe in probes.items()},
                }
            ],
        },
    }


@pytest.mark.parametrize("service", SERVICES)
def test_what_the_chart_copies_into_pods_conforms_to_kubernetes_schema(service: str) -> None:
    pod = pod_of(service)
    kubernetes_validate.validate(pod, "1.33", strict=True)
    volumes = {volume["name"] for volume in pod["spec"]["volumes"]}
    assert {mount["name"] for mount in pod["spec"]["containers"][0]["volumeMounts"]} <= volumes


@pytest.mark.parametrize("service", SERVICES)
def test_services_run_unprivileged_with_a_read_only_root(service: str) -> None:
    pod, container = pod_of(service)["spec"], pod_of(service)["spec"]["containers"][0]
    assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"] == HELM_VALUES["uid"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


@pytest.mark.parametrize("service", [name for name in SERVICES if name != "apiServer"])
def test_probes_and_log_groomers_need_no_script_of_airflows_own_image(service: str) -> None:
    own = HELM_VALUES[service]
    assert own["livenessProbe"]["command"][:3] == ["airflow", "jobs", "check"]
    assert own["logGroomerSidecar"] == {"enabled": False}


def test_values_hold_no_secret() -> None:
    text = (PROJECT / "deploy" / "helm-values.yaml").read_text()
    names = {HELM_VALUES[name] for name in ("fernetKeySecretName", "apiSecretKeySecretName", "jwtSecretName")}
    assert names == {HELM_VALUES["data"]["metadataSecretName"]}
    assert not {"fernetKey", "apiSecretKey", "jwtSecret"} & set(HELM_VALUES)
    assert "://USER:PASSWORD@" in text and text.count("PASSWORD@") == 1  # the comment's example
