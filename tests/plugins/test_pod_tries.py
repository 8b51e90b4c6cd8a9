"""What a pod's task does when its pod has ended: it tells why, keeps what the next try needs, and removes the pod."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from kubernetes.client import ApiException
from kubernetes.client import models as k8s

from pipeline.catalog.shoots import summary
from pipeline.discovery import conclude
from tests.plugins.conftest import RUN
from tests.plugins.test_pods import build


class Store(dict):
    """Airflow's task state, which outlives a try."""

    def set(self, key, value):
        self[key] = value


def pod_of(exit_code: int | None = None, message: str = "", reason: str = "Error") -> k8s.V1Pod:
    state = None
    if exit_code is not None:
        ended = k8s.V1ContainerStateTerminated(exit_code=exit_code, message=message, reason=reason)
        state = k8s.V1ContainerState(terminated=ended)
    container = k8s.V1ContainerStatus(name="base", image="x", image_id="", ready=False, restart_count=0, state=state)
    phase = {None: "Pending", 0: "Succeeded"}.get(exit_code, "Failed")
    return k8s.V1Pod(
        metadata=k8s.V1ObjectMeta(name="p", namespace="catalog"),
        spec=k8s.V1PodSpec(containers=[k8s.V1Container(name="base", image="x")]),
        status=k8s.V1PodStatus(phase=phase, container_statuses=[container]),
    )


class Try:
    """One try of sfm's task whose pod is `pod`; `end` is what the triggerer reports."""

    def __init__(self, pod: k8s.V1Pod | None, store: Store | None = None, **settings) -> None:
        self.task, self.pod, self.deleted = build("sfm", **settings), pod, []
        self.context = {"run_id": RUN, "task_state_store": Store() if store is None else store}
        self.task.__dict__["hook"] = SimpleNamespace(get_pod=self._get_pod)
        self.task.__dict__["client"] = SimpleNamespace(
            list_node=lambda: SimpleNamespace(items=[]), read_namespaced_pod_log=lambda **_: [b"working\n"]
        )
        self.task.__dict__["pod_manager"] = SimpleNamespace(
            delete_pod=self.deleted.append, read_pod_events=lambda _: SimpleNamespace(items=[])
        )

    def _get_pod(self, *_):
        if self.pod is None:
            raise ApiException(status=404)
        return self.pod

    def end(self, status: str = "failed") -> None:
        self.task.trigger_reentry(self.context, {"name": "p", "namespace": "catalog", "status": status, "message": ""})


def test_a_step_that_is_done_ends_its_task_and_its_pod_is_removed(url):
    done = Try(pod_of(0))
    done.end("success")
    assert done.deleted == [done.pod] and summary(url, RUN).shoots[0].steps == ()


@pytest.mark.parametrize(
    ("code", "exception"),
    [(20, "AirflowSkipException"), (30, "AirflowFailException"), (1, "AirflowException")],
)
def test_a_steps_own_end_is_told_in_its_own_words(url, code, exception, capsys):
    from airflow.sdk.exceptions import AirflowException

    own = Try(pod_of(code, "working\n7 of 24 photos registered\n"))
    with pytest.raises(AirflowException, match="7 of 24 photos registered") as caught:
        own.end()
    assert type(caught.value).__name__ == exception
    assert own.context["catalog_label"].startswith("mug · ") and "7 of 24" in own.context["catalog_label"]
    assert own.deleted == [own.pod]
    log = capsys.readouterr().out
    assert "[base] logs: working" in log and "[error" not in log and "[warn" not in log  # no red line
    assert summary(url, RUN).shoots[0].steps == ()  # the step has recorded it itself


def test_running_out_of_memory_raises_what_the_next_try_requests_up_to_the_limit(url):
    from airflow.sdk.exceptions import AirflowException, AirflowFailException

    store, killed = Store(), pod_of(137, reason="OOMKilled")
    for memory, most in (("6Gi", "12Gi"), ("12Gi", "24Gi")):
        again = Try(killed, store)
        assert memory_of(again) == memory
        with pytest.raises(AirflowException, match=f"needed more than the {memory}.*next try gets {most}") as caught:
            again.end()
        assert not isinstance(caught.value, AirflowFailException)
    last = Try(killed, store)
    assert memory_of(last) == "24Gi"
    with pytest.raises(AirflowFailException, match="This is max_memory"):
        last.end()


def memory_of(tried: Try) -> str:
    pod = tried.task.build_pod_request_obj(tried.context | CONTEXT, dry_run=True)
    tried.pod.spec.containers[0].resources = pod.spec.containers[0].resources
    assert pod.spec.containers[0].resources.limits == {"memory": pod.spec.containers[0].resources.requests["memory"]}
    return pod.spec.containers[0].resources.limits["memory"]


TASK_INSTANCE = SimpleNamespace(dag_id="d", task_id="sfm", map_index=0, try_number=1)
CONTEXT = {"ti": TASK_INSTANCE, "dag": SimpleNamespace(parent_dag=None)}


def test_a_lower_limit_in_pods_yaml_counts_for_the_next_try(url, tmp_path):
    file = tmp_path / "pods.yaml"
    file.write_text("steps: {sfm: {memory: 1Gi, max_memory: 3Gi}}")
    assert memory_of(Try(pod_of(), Store(memory="20Gi"), pods=file)) == "3Gi"
    assert memory_of(Try(pod_of(), Store(memory="512Mi"), pods=file)) == "1Gi"


def test_an_end_that_the_step_could_not_record_is_in_the_summary(url):
    from airflow.sdk.exceptions import AirflowException

    evicted = Try(evicted_pod())
    with pytest.raises(AirflowException, match="node evicted the pod"):
        evicted.end()
    shoot = conclude(url, RUN).shoots[0]
    assert shoot.fate == "failed" and shoot.reason.startswith(
        "sfm: its node evicted the pod (Evicted): The node was low"
    )
    assert "node evicted the pod" in evicted.context["catalog_label"] and evicted.deleted == [evicted.pod]


def evicted_pod() -> k8s.V1Pod:
    pod = pod_of(137)
    pod.status.reason, pod.status.message = "Evicted", "The node was low on resource: memory. "
    return pod


def test_a_pod_that_is_gone_is_told_apart_from_one_that_succeeded(url):
    from airflow.sdk.exceptions import AirflowException

    Try(None).end("success")
    with pytest.raises(AirflowException, match="its pod p was deleted before its end was seen"):
        Try(None).end("error")


def test_a_pod_that_still_runs_is_waited_for(url, monkeypatch):
    from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator

    waited = []
    monkeypatch.setattr(KubernetesPodOperator, "trigger_reentry", lambda *arguments: waited.append(arguments))
    running = Try(pod_of())
    running.end("error")
    assert len(waited) == 1 and running.deleted == []


def test_a_catalog_that_cannot_be_written_does_not_hide_the_reason(monkeypatch, capsys):
    from airflow.sdk.exceptions import AirflowException

    monkeypatch.setenv("CATALOG_DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/catalog")
    with pytest.raises(AirflowException, match="node evicted the pod"):
        Try(evicted_pod()).end()
    assert "The summary will not say why sfm failed" in capsys.readouterr().out


def test_a_pod_that_the_cluster_refuses_says_why(url, monkeypatch):
    from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
    from airflow.sdk.exceptions import AirflowException

    def refuse(*_):
        error = ApiException(status=403, reason="Forbidden")
        error.body = '{"message": "pods \\"p\\" is forbidden: exceeded quota: nights"}'
        raise error

    monkeypatch.setattr(KubernetesPodOperator, "get_or_create_pod", refuse)
    refused = Try(pod_of())
    with pytest.raises(AirflowException, match=r"refused its pod \(403 Forbidden\): .*exceeded quota: nights"):
        refused.task.get_or_create_pod(refused.pod, refused.context)
    assert "exceeded quota" in conclude(url, RUN).shoots[0].reason


class Deferred(Exception):
    """Stands for Airflow's own: the task waits again."""


def unscheduled(task) -> k8s.V1Pod:
    condition = k8s.V1PodCondition(type="PodScheduled", status="False", reason="Unschedulable", message="0/1 nodes")
    asked = {"cpu": str(task.request.cores), "memory": task.request.memory}
    resources = k8s.V1ResourceRequirements(requests=asked)
    return k8s.V1Pod(
        metadata=k8s.V1ObjectMeta(name="p", namespace="catalog"),
        spec=k8s.V1PodSpec(containers=[k8s.V1Container(name="base", image="x", resources=resources)]),
        status=k8s.V1PodStatus(phase="Pending", conditions=[condition]),
    )


def node(*taints: k8s.V1Taint, **room: str) -> k8s.V1Node:
    offered = {"cpu": "64", "memory": "256Gi", **room}
    return k8s.V1Node(
        metadata=k8s.V1ObjectMeta(name="n"),
        spec=k8s.V1NodeSpec(taints=list(taints)),
        status=k8s.V1NodeStatus(allocatable=offered),
    )


GPU_ONLY = k8s.V1Taint(key="nvidia.com/gpu", value="yes", effect="NoSchedule")
RUNS = k8s.V1ContainerState(running=k8s.V1ContainerStateRunning(started_at=datetime(2026, 11, 30, tzinfo=UTC)))
CREATED = k8s.V1ContainerState(waiting=k8s.V1ContainerStateWaiting(reason="ContainerCreating"))
RATHER_NOT = k8s.V1Taint(key="spot", effect="PreferNoSchedule")


@pytest.mark.parametrize(
    ("fields", "waits"),
    [
        ({"key": "nvidia.com/gpu", "operator": "Exists"}, True),
        ({"key": "nvidia.com/gpu", "operator": "Equal", "value": "yes", "effect": "NoSchedule"}, True),
        ({"operator": "Exists"}, True),
        ({"key": "nvidia.com/gpu", "operator": "Equal", "value": "no"}, False),
        ({"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoExecute"}, False),
    ],
)
def test_a_node_that_keeps_pods_off_holds_those_that_tolerate_it(url, fields, waits):
    from catalog_tasks.pod_ends import Watched
    from catalog_tasks.pod_room import waits_for_room

    task = Try(None).task
    pod = unscheduled(task)
    pod.spec.tolerations = [k8s.V1Toleration(**fields)]
    assert waits_for_room(Watched(pod=pod, step="sfm", request=task.request, nodes=(node(GPU_ONLY),))) == waits


@pytest.mark.parametrize(
    ("nodes", "hours", "waits"),
    [
        ([node()], 1, True),
        ([node(cpu="500m"), node()], 1, True),
        ([node(cpu="500m"), node(memory="1073741824")], 1, False),
        ([], 1, False),
        ([node()], 5, False),
        ([node(GPU_ONLY)], 1, False),
        ([node(RATHER_NOT)], 1, True),
        ([k8s.V1Node(metadata=k8s.V1ObjectMeta(name="new"))], 1, False),
    ],
    ids=["full", "one of two", "too small", "not listed", "out of time", "kept off", "disliked", "says nothing"],
)
def test_a_pod_waits_while_others_take_the_room_it_could_have(url, nodes, hours, waits):
    late = Try(None)
    late.pod = unscheduled(late.task)
    late.task.client.list_node = lambda: SimpleNamespace(items=nodes)
    end_late(late, hours, waits, "fits no node")


@pytest.mark.parametrize(
    ("state", "placed_seconds", "hours", "message"),
    [
        (RUNS, 600, 1, ""),
        (CREATED, 10, 1, ""),
        (CREATED, 600, 1, "did not start within 300 s"),
        (RUNS, 10, 5, "time limit"),
    ],
    ids=["runs by now", "has a node by now", "its node is slow", "out of time"],
)
def test_a_pod_goes_on_that_got_a_node_after_the_triggerer_looked(url, state, placed_seconds, hours, message):
    placed = k8s.V1PodCondition(type="PodScheduled", status="True")
    placed.last_transition_time = datetime.now(UTC) - timedelta(seconds=placed_seconds)
    late = Try(pod_of())
    late.pod.status.conditions = [placed]
    late.pod.status.container_statuses[0].state = state
    end_late(late, hours, not message, message)


def end_late(late: Try, hours: float, waits: bool, message: str) -> None:
    """Let the triggerer report the start limit, `hours` after the task's start, of the 4 that it has."""
    late.task.execution_timeout = timedelta(hours=4)
    late.context["ti"] = SimpleNamespace(start_date=datetime.now(UTC) - timedelta(hours=hours))

    def defer(**_):
        raise Deferred

    late.task.invoke_defer_method = defer
    with pytest.raises(Deferred if waits else Exception, match=None if waits else message):
        late.end("timeout")
    assert (late.deleted == []) == waits
