"""Why pods end, from states as Kubernetes reports them; tests/kubernetes/record.py records them anew on a cluster."""

import json
from pathlib import Path

import pytest
from airflow.providers.cncf.kubernetes.pod_generator import PodGenerator
from kubernetes.client import ApiClient
from kubernetes.client import models as k8s

from pipeline.pods import PodRequest
from tests.plugins import conftest

STATES = Path(__file__).with_name("pod_states")
NAMES = sorted(path.stem for path in STATES.glob("*.json") if path.stem != "nodes")
assert conftest  # plugins/ is on the path
REQUEST = PodRequest(
    cores=2, memory="6Gi", max_memory="24Gi", scratch="8Gi", gpu=True, gpu_resource="nvidia.com/gpu", queue="night"
)


def nodes() -> tuple[k8s.V1Node, ...]:
    listed = json.loads((STATES / "nodes.json").read_text())
    return tuple(
        k8s.V1Node(
            metadata=k8s.V1ObjectMeta(name=node["metadata"]["name"]),
            status=k8s.V1NodeStatus(allocatable=node["status"]["allocatable"]),
        )
        for node in listed
    )


def seen(name: str, *, late: bool = True, next_memory: str | None = "12Gi", listed: bool = True):
    from catalog_tasks.pod_ends import Watched

    recorded = json.loads((STATES / f"{name}.json").read_text())
    pod = PodGenerator.deserialize_model_dict(recorded["pod"])
    return Watched(
        pod=pod,
        step="sfm",
        request=REQUEST,
        next_memory=next_memory,
        late=late,
        start_seconds=300,
        nodes=nodes() if listed else (),
        warnings=tuple(recorded["warnings"]),
    )


def sentence(name: str, **options) -> str:
    from catalog_tasks.pod_ends import end_of

    return str(end_of(seen(name, **options)))


@pytest.mark.parametrize("name", ["running", "succeeded", "held"])
def test_a_pod_that_goes_on_or_ended_by_itself_has_no_such_end(name):
    from catalog_tasks.pod_ends import end_of

    assert end_of(seen(name, late=False)) is None


@pytest.mark.parametrize("name", ["no-secret", "no-secret-key", "no-cores", "no-gpu", "no-claim", "not-mounted"])
def test_what_may_still_be_mended_is_waited_for_until_the_start_limit(name):
    from catalog_tasks.pod_ends import end_of

    assert end_of(seen(name, late=False)) is None
    assert end_of(seen(name)) is not None


ENDS = {
    "out-of-memory": "memory: out of memory (OOMKilled): it needed more than the 60Mi of its pod. The next try gets "
    "12Gi; raise memory of sfm in pods.yaml (CATALOG_PODS)",
    "stopped": "deleted: its pod was stopped (SIGTERM): deleted, preempted, or its node was drained. The next try goes "
    "on from what was saved",
}
WORDS = {
    "evicted-scratch": ("evicted", ["(Evicted)", "exceeds the limit", "Raise scratch of sfm in pods.yaml (now 8Gi)"]),
    "image-never-pulled": ("image", ["localhost/no-such:1 cannot be pulled (ErrImageNeverPull)", "CATALOG_IMAGE"]),
    "image-pull": ("image", ["127.0.0.1:9/no-such:1", "ErrImagePull", "imagePullSecrets"]),
    "image-back-off": ("image", ["ImagePullBackOff", "Back-off pulling image"]),
    "image-name": ("image", ["Not/A:Name!", "InvalidImageName"]),
    "no-secret": ("configuration", ["Create the Secret no-such-secret in the namespace catalog"]),
    "no-secret-key": ("configuration", ["NO_SUCH", "Add that key to the Secret catalog in the namespace catalog"]),
    "no-cores": ("room", ["asks for 2 cores, 6Gi of memory, 8Gi of scratch", "Insufficient cpu", "localhost has"]),
    "no-gpu": ("room", ["1 nvidia.com/gpu", "Insufficient nvidia.com/gpu", "add a node"]),
    "no-such-node": ("room", ["Unschedulable", "match"]),
    "no-claim": ("configuration", ["no-such-claim", "CATALOG_KUBERNETES_CLAIM"]),
    "no-program": ("configuration", ["no-such-program", "deploy/Dockerfile"]),
    "killed": ("killed", ["SIGKILL"]),
    "not-mounted": ("start", ["within 300 s: FailedMount", "no-such-map", "CATALOG_KUBERNETES_START_SECONDS"]),
    "running": ("time", ["time limit"]),
}


@pytest.mark.parametrize("name", ENDS)
def test_an_end_is_one_sentence_with_its_remedy(name):
    from catalog_tasks.pod_ends import end_of

    end = end_of(seen(name))
    assert f"{end.cause}: {end}" == ENDS[name]


@pytest.mark.parametrize("name", WORDS)
def test_an_end_names_its_cause_and_the_setting(name):
    from catalog_tasks.pod_ends import end_of

    end, (cause, words) = end_of(seen(name)), WORDS[name]
    assert end.cause == cause
    assert [word for word in words if word not in str(end)] == [], str(end)
    assert "\n" not in str(end) and "None" not in str(end)


def test_every_state_is_tested():
    assert set(NAMES) == {*ENDS, *WORDS, "succeeded", "held"}


def test_at_the_limit_the_remedy_is_to_raise_it():
    assert "This is max_memory; raise max_memory of sfm" in sentence("out-of-memory", next_memory=None)


def test_without_the_right_to_list_nodes_the_schedulers_words_remain():
    assert "localhost has" not in sentence("no-cores", listed=False)
    assert "Insufficient cpu" in sentence("no-cores", listed=False)


def test_a_pod_in_a_queue_names_the_queue():
    from catalog_tasks.pod_ends import end_of

    gated = seen("no-cores")
    gated.pod.status.conditions[0].reason = "SchedulingGated"
    assert "not admitted within 300 s by the queue night" in str(end_of(gated))


@pytest.mark.parametrize(
    ("reason", "message"),
    [("NodeShutdown", "Pod was rejected: node is shutting down"), ("OutOfcpu", "Node didn't have enough resource")],
)
def test_a_pod_that_its_node_refused_or_stopped_says_so(reason, message):
    from catalog_tasks.pod_ends import end_of

    refused = seen("killed", late=False)
    refused.pod.status = k8s.V1PodStatus(phase="Failed", reason=reason, message=message)
    assert f"its pod failed ({reason}): {message}" in str(end_of(refused))
    refused.pod.status = k8s.V1PodStatus(phase="Failed")
    assert "failed before it started" in str(end_of(refused))


def test_a_preempted_pod_says_so():
    from catalog_tasks.pod_ends import end_of

    preempted = seen("stopped", late=False)
    condition = k8s.V1PodCondition(
        type="DisruptionTarget", status="True", reason="PreemptionByScheduler", message="preempting for catalog-night"
    )
    preempted.pod.status.conditions = [condition]
    assert "taken off its node (PreemptionByScheduler): preempting for catalog-night" in str(end_of(preempted))


def test_the_states_conform_to_the_client():
    for name in NAMES:
        pod = seen(name).pod
        assert ApiClient().sanitize_for_serialization(pod)["metadata"]["name"] == f"record-{name}"
