"""The pods of the nightly DAG, rendered and validated against Kubernetes' published schema."""

import pytest
from kubernetes.client import ApiClient

from pipeline.plan import STEPS, stage_of
from pipeline.settings import Settings

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
    pod = render(step, device="cuda").spec
    container = pod.containers[0]
    cores, memory, scratch = f"{declared.cores:g}", declared.memory, declared.scratch
    assert container.resources.requests == {"cpu": cores, "memory": memory, "ephemeral-storage": scratch}
    assert container.resources.limits == {"memory": memory} | ({"nvidia.com/gpu": "1"} if declared.gpu else {})
    assert next(v.empty_dir for v in pod.volumes if v.empty_dir).size_limit == scratch
    assert {"OMP_NUM_THREADS": cores, "CATALOG_DEVICE": "cuda" if declared.gpu else "cpu"}.items() <= {
        variable.name: variable.value for variable in container.env
    }.items()


def test_pods_yaml_changes_what_pods_request(tmp_path):
    import kubernetes_validate

    file = tmp_path / "pods.yaml"
    file.write_text("""
every: {node_selector: {pool: catalog}, priority_class: catalog}
steps:
  splat:
    image: registry.example/gpu:1
    cores: 0.5
    memory: 12Gi
    scratch: 30Gi
    gpu_resource: nvidia.com/mig-1g.10gb
    tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]
    queue: night
""")
    splat, sfm = (render(step, pods=file, device="cuda") for step in ("splat", "sfm"))
    container = splat.spec.containers[0]
    assert container.image == "registry.example/gpu:1" and sfm.spec.containers[0].image == IMAGE
    assert container.resources.requests == {"cpu": "0.5", "memory": "12Gi", "ephemeral-storage": "30Gi"}
    assert container.resources.limits == {"memory": "12Gi", "nvidia.com/mig-1g.10gb": "1"}
    assert {variable.name: variable.value for variable in container.env}["OMP_NUM_THREADS"] == "1"
    assert splat.spec.node_selector == sfm.spec.node_selector == {"pool": "catalog"}
    assert splat.spec.priority_class_name == sfm.spec.priority_class_name == "catalog"
    assert splat.spec.tolerations[0].effect == "NoSchedule" and not sfm.spec.tolerations
    assert splat.metadata.labels["kueue.x-k8s.io/queue-name"] == "night"
    assert "kueue.x-k8s.io/queue-name" not in sfm.metadata.labels
    kubernetes_validate.validate(ApiClient().sanitize_for_serialization(splat), "1.33", strict=True)


def test_the_pods_of_a_dag_have_its_priority(tmp_path):
    from airflow.sdk import DAG

    file = tmp_path / "pods.yaml"
    file.write_text("dags: {catalog_backfill: {priority_class: backfill}}")
    names = {}
    for dag_id in ("catalog_nightly", "catalog_backfill"):
        with DAG(dag_id, schedule=None):
            names[dag_id] = render("sfm", pods=file).spec.priority_class_name
    assert names == {"catalog_nightly": None, "catalog_backfill": "backfill"}


def test_a_fault_in_pods_yaml_is_an_error_of_the_dag_file(tmp_path):
    from pipeline.core.errors import BadInput

    file = tmp_path / "pods.yaml"
    file.write_text("steps: {splat: {memory: 8GB}}")
    with pytest.raises(BadInput, match=r"pods\.yaml: line 1: steps\.splat\.memory"):
        render("sfm", pods=file)


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


def test_a_pod_template_adds_its_fields_and_keeps_the_image(tmp_path):
    template = tmp_path / "pod.yaml"
    template.write_text("spec: {hostNetwork: true, containers: [{name: base, image: x}]}")
    pod = render("splat", kubernetes_pod_template=template)
    assert pod.spec.host_network
    assert pod.spec.containers[0].image == IMAGE


def test_a_missing_image_names_the_variable_to_set():
    from catalog_tasks.pods import stage_pod
    from pipeline.core.errors import BadInput

    with pytest.raises(BadInput, match="CATALOG_IMAGE"):
        stage_pod("sfm", PLAN, "mug", settings=Settings(execution="kubernetes"), task_id="sfm")


def test_every_try_has_a_pod_of_its_own_that_must_start_in_time():
    task = build("sfm", kubernetes_start_seconds=77)
    assert not task.durable and task.startup_timeout_seconds == 77
    assert build("sfm").startup_timeout_seconds == 300
