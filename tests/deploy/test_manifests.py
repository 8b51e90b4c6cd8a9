"""The cluster's manifests: valid by Kubernetes' published schemas, and as the steps' pods need them."""

from collections.abc import Mapping
from typing import Any

import kubernetes_validate
import pytest

from pipeline.plan import STEPS
from pipeline.pods import PodsFile, pod_request, read_pods
from pipeline.settings import Settings
from tests.deploy.files import HELM_VALUES, MANIFESTS, PROJECT, manifest
from tests.plugins.test_pods import render

VERSIONS = ("1.28", "1.33")
EVERY = [document for documents in MANIFESTS.values() for document in documents]
DEFAULTS = Settings()


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("document", EVERY, ids=lambda each: f"{each['kind']}-{each['metadata']['name']}")
def test_every_manifest_conforms_to_kubernetes_schema(document: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(document, version, strict=True)


def test_an_unknown_field_of_a_manifest_is_found() -> None:
    policy = manifest("NetworkPolicy", "nothing-comes-in")
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate({**policy, "spec": {**policy["spec"], "polcyTypes": []}}, "1.33", strict=True)


def test_everything_lies_in_the_namespace_of_the_pods() -> None:
    namespaces = {each["metadata"].get("namespace", DEFAULTS.kubernetes_namespace) for each in EVERY}
    assert namespaces == {DEFAULTS.kubernetes_namespace}
    assert manifest("Namespace", DEFAULTS.kubernetes_namespace)


def test_the_volume_claim_is_the_one_that_pods_mount() -> None:
    assert [each["metadata"]["name"] for each in MANIFESTS["store-volume.yaml"]] == [DEFAULTS.kubernetes_claim]
    assert MANIFESTS["store-volume.yaml"][0]["spec"]["accessModes"] == ["ReadWriteMany"]


def test_every_binding_names_a_role_and_the_accounts_of_the_release() -> None:
    for document in EVERY:
        if document["kind"].endswith("Binding"):
            assert manifest(document["roleRef"]["kind"], document["roleRef"]["name"])
            accounts = {(subject["name"], subject["namespace"]) for subject in document["subjects"]}
            needed = {(f"airflow-{part}", DEFAULTS.kubernetes_namespace) for part in ("scheduler", "triggerer")}
            assert needed <= accounts


@pytest.fixture(name="pods_file")
def _pods_file(tmp_path: Any) -> PodsFile:
    path = tmp_path / "pods.yaml"
    path.write_text(manifest("ConfigMap", "catalog-pods")["data"]["pods.yaml"])
    return read_pods(path)


def test_the_night_goes_before_a_backfill_and_before_nothing_else(pods_file: PodsFile) -> None:
    classes = {each["metadata"]["name"]: each for each in EVERY if each["kind"] == "PriorityClass"}
    nightly, backfill = (
        classes[str(pod_request("splat", f"catalog_{dag}", pods_file).priority_class)]
        for dag in ("nightly", "backfill")
    )
    assert backfill["value"] < nightly["value"] <= 0  # 0 is a pod without a class
    assert backfill["preemptionPolicy"] == "Never"
    assert not any(each.get("globalDefault") for each in classes.values())


def test_pods_yaml_of_the_cluster_names_dags_that_exist(pods_file: PodsFile) -> None:
    assert set(pods_file.dags) <= {path.stem for path in (PROJECT / "dags").glob("*.py")}


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a label selector selects a pod with these labels; only with the operator In."""
    assert all(each["operator"] == "In" for each in selector.get("matchExpressions", ()))
    exact = all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())
    return exact and all(labels.get(each["key"]) in each["values"] for each in selector.get("matchExpressions", ()))


def allowed(step: str, *files: str) -> tuple[list[Any], set[int]]:
    """What the policies of these files let into a step's pod, and to which ports they let it out."""
    labels = render(step).metadata.labels
    policies = [each for file in files for each in MANIFESTS[file] if each["kind"] == "NetworkPolicy"]
    mine = [each["spec"] for each in policies if selects(each["spec"]["podSelector"], labels)]
    assert {"Ingress", "Egress"} <= {kind for spec in mine for kind in spec["policyTypes"]}  # else all is allowed
    rules = [rule for spec in mine for rule in spec.get("egress", ())]
    assert all(rule["to"] for rule in rules)
    return [spec["ingress"] for spec in mine if "ingress" in spec], {p["port"] for r in rules for p in r["ports"]}


def asks_a_language_model(step: str) -> bool:
    """Whether the stage's source has to do with language models."""
    folder = PROJECT / "pipeline" / "stages"
    files = [folder / f"{step}.py", *(folder / step).glob("*.py")]
    return any("llm" in file.read_text() for file in files if file.is_file())


@pytest.mark.parametrize("step", STEPS)
def test_a_step_reaches_names_database_and_its_language_model_only(step: str) -> None:
    ingress, ports = allowed(step, "network-policies.yaml")
    assert ingress == []
    assert ports == {53, 5432} | ({443} if asks_a_language_model(step) else set())


@pytest.mark.parametrize("step", STEPS)
def test_with_a_bucket_a_step_reaches_that_too(step: str) -> None:
    assert allowed(step, "network-policies.yaml", "store-bucket.yaml") == ([], {53, 5432, 443})


def test_nothing_reaches_the_credentials_of_a_node() -> None:
    blocks = [
        peer["ipBlock"]
        for each in EVERY
        if each["kind"] == "NetworkPolicy"
        for rule in each["spec"].get("egress", ())
        for peer in rule["to"]
        if "ipBlock" in peer
    ]
    assert {tuple(block["except"]) for block in blocks if block["cidr"] == "0.0.0.0/0"} == {("169.254.0.0/16",)}


def test_airflow_is_let_in_where_the_namespace_lets_nobody_in() -> None:
    ingress = HELM_VALUES["apiServer"]["networkPolicy"]["ingress"]
    assert HELM_VALUES["networkPolicies"] == {"enabled": True}
    assert {"podSelector": {"matchLabels": {"tier": "airflow"}}} in ingress["from"]
