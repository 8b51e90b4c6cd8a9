"""The pods of the nightly DAG, rendered and validated against Kubernetes' published schema."""

import pytest
import yaml
from kubernetes.client import ApiClient
from kubernetes.client import models as k8s

from pipeline.plan import STEPS, stage_of
from pipeline.settings import Settings
from tests.plugins.conftest import PROJECT

IMAGE = "registry.example/catalog@sha256:" + "0" * 64
PLAN = "ab" * 32


@pytest.fixture(scope="module")
def pods():
    return {step: render(step) for step in STEPS}


def render(step: str, **settings):
    return build(step, **settings).build_pod_request_obj(dry_run=True)


def build(step: str, **settings):
    from catalog_tasks.pods import stage_pod

    kubernetes = Settings(execution="kubernetes", image=IMAGE, **settings)
    return stage_pod(step, PLAN, "mug", settings=kubernetes, task_id=step, do_xcom_push=False)


def test_every_pod_conforms_to_kubernetes_schema(pods):
    import kubernetes_validate

    for pod in pods.values():
        kubernetes_validate.validate(ApiClient().sanitize_for_serialization(pod), "1.33", strict=True)


def test_the_schema_rejects_an_unknown_field(pods):
    import kubernetes_validate

    pod = ApiClient().sanitize_for_serialization(pods["sfm"])
    pod["spec"]["containers"][0]["resorces"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(pod, "1.33", strict=True)


def test_every_pod_runs_one_step_of_the_plan(pods):
    for step, pod in pods.items():
        container = pod.spec.containers[0]
        assert [*container.command, *container.args][:6] == ["python", "-m", "pipeline", "stage", step, "--plan"]
        assert container.args[3] == PLAN
        assert len(pod.spec.containers) == 1  # no XCom sidecar


def test_no_pod_runs_as_root_or_writes_outside_its_mounts(pods):
    for pod in pods.values():
        assert pod.spec.security_context.run_as_non_root and pod.spec.security_context.run_as_user > 0
        context = pod.spec.containers[0].security_context
        assert context.read_only_root_filesystem and not context.allow_privilege_escalation
        assert context.capabilities.drop == ["ALL"]
        assert pod.spec.automount_service_account_token is False
        assert {mount.mount_path for mount in pod.spec.containers[0].volume_mounts} == {"/scratch", "/catalog"}


@pytest.mark.parametrize("step", STEPS)
def test_a_pod_requests_what_its_stage_declares(step):
    declared = stage_of(step).resources
    pod = render(step, device="cuda", kubernetes_cores=7, kubernetes_memory="9Gi").spec.containers[0]
    cores, memory = str(declared.cores or 7), declared.memory or "9Gi"
    assert pod.resources.requests == {"cpu": cores, "memory": memory}
    assert pod.resources.limits == {"memory": memory} | ({"nvidia.com/gpu": "1"} if declared.gpu else {})
    assert {"OMP_NUM_THREADS": cores, "CATALOG_DEVICE": "cuda" if declared.gpu else "cpu"}.items() <= {
        variable.name: variable.value for variable in pod.env
    }.items()


def test_no_pod_requests_a_gpu_on_a_cluster_without_cuda():
    for step in STEPS:
        assert "nvidia.com/gpu" not in render(step, device="cpu").spec.containers[0].resources.limits


def test_only_steps_that_compute_on_a_gpu_request_one():
    assert {step for step in STEPS if stage_of(step).resources.gpu} == {"cutout", "splat", "render", "background"}


def test_secrets_come_from_a_secret_and_are_not_in_the_pod(monkeypatch):
    monkeypatch.setenv("CATALOG_DATABASE_URL", "postgresql://user:hunter2@db/catalog")
    pod = render("publish")
    assert pod.spec.containers[0].env_from[0].secret_ref.name == "catalog"
    assert "hunter2" not in str(ApiClient().sanitize_for_serialization(pod))


def test_a_pod_template_adds_tolerations_and_keeps_the_image(tmp_path):
    template = tmp_path / "pod.yaml"
    template.write_text("spec: {tolerations: [{key: gpu, operator: Exists}], containers: [{name: base, image: x}]}")
    pod = render("splat", kubernetes_pod_template=template)
    assert pod.spec.tolerations[0].key == "gpu"
    assert pod.spec.containers[0].image == IMAGE


def ended(exit_code: int, message: str) -> k8s.V1Pod:
    state = k8s.V1ContainerState(terminated=k8s.V1ContainerStateTerminated(exit_code=exit_code, message=message))
    status = k8s.V1ContainerStatus(name="base", image="x", image_id="x", ready=False, restart_count=0, state=state)
    phase = "Succeeded" if exit_code == 0 else "Failed"
    return k8s.V1Pod(
        metadata=k8s.V1ObjectMeta(name="p", namespace="n", labels={}, annotations={}),
        spec=k8s.V1PodSpec(containers=[k8s.V1Container(name="base")]),
        status=k8s.V1PodStatus(phase=phase, container_statuses=[status]),
    )


@pytest.mark.parametrize(
    ("code", "exception"),
    [
        (0, None),
        (20, "AirflowSkipException"),
        (30, "AirflowFailException"),
        (1, "AirflowException"),
        (137, "AirflowException"),
    ],
)
def test_a_pods_exit_code_becomes_airflows_exception(code, exception, monkeypatch):
    from airflow.sdk.exceptions import AirflowException

    operator = build("sfm")
    monkeypatch.setattr(operator, "is_istio_enabled", lambda *_: False)
    monkeypatch.setattr(operator, "process_pod_deletion", lambda *_, **__: True)
    monkeypatch.setattr(operator, "patch_already_checked", lambda *_, **__: None)
    monkeypatch.setattr(operator, "_read_pod_events", lambda *_, **__: None)
    monkeypatch.setattr(operator, "_read_pod_container_states", lambda *_, **__: None)
    pod, context = ended(code, "working\n7 of 24 photos registered\n"), {}
    if exception is None:
        operator.cleanup(pod, pod, None, context)
        return
    with pytest.raises(AirflowException) as caught:
        operator.cleanup(pod, pod, None, context)
    assert type(caught.value).__name__ == exception
    if code in {20, 30}:
        assert "7 of 24 photos registered" in str(caught.value)
    if code == 20:
        assert context["catalog_label"].startswith("mug · ")


def test_a_missing_image_names_the_variable_to_set():
    from catalog_tasks.pods import stage_pod
    from pipeline.core.errors import BadInput

    with pytest.raises(BadInput, match="CATALOG_IMAGE"):
        stage_pod("sfm", PLAN, "mug", settings=Settings(execution="kubernetes"))


def test_the_cluster_manifests_match_what_the_pods_use(pods):
    import kubernetes_validate

    manifests = list(yaml.safe_load_all((PROJECT / "deploy" / "kubernetes.yaml").read_text()))
    for manifest in manifests:
        kubernetes_validate.validate(manifest, "1.33", strict=True)
    names = {manifest["kind"]: manifest["metadata"]["name"] for manifest in manifests}
    pod = pods["ingest"]
    claim = next(v.persistent_volume_claim for v in pod.spec.volumes if v.persistent_volume_claim)
    assert claim.claim_name == names["PersistentVolumeClaim"]
    assert pod.metadata.namespace == names["Namespace"]
    assert {manifest["metadata"].get("namespace", "catalog") for manifest in manifests} == {"catalog"}


def test_every_try_has_a_pod_of_its_own_that_must_start_in_time():
    task = build("sfm", kubernetes_start_seconds=77)
    assert not task.reattach_on_restart and task.startup_timeout_seconds == 77
    assert build("sfm").startup_timeout_seconds == 300
