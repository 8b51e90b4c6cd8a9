"""A step as a Kubernetes pod: not root, only scratch and store writable, a GPU if the stage uses one."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NoReturn

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from kubernetes.client import ApiException
from kubernetes.client import models as k8s
from kubernetes.utils.quantity import parse_quantity
from urllib3.exceptions import HTTPError

from catalog_tasks import pod_parts
from catalog_tasks.command import raise_unless_done
from catalog_tasks.labels import LABEL_TEMPLATE, show_reason
from catalog_tasks.pod_ends import End, Watched, container_state, end_of, gone
from catalog_tasks.pod_room import room_of, why_it_waits
from pipeline.pods import bytes_of, in_mebibytes, pod_request, read_pods
from pipeline.settings import Settings

POLL_SECONDS = 3  # a step of a few seconds should not double in duration by polling
LOG_SECONDS = 5  # between two looks of the triggerer at a running pod's log
EPOCH_YEAR = 1970  # when a container started that never did
MEMORY_KEY = "memory"  # of Airflow's task state: what the next try requests


class StagePod(KubernetesPodOperator):
    """One step of one shoot's plan in a pod. The triggerer waits for it, so that it does not occupy a worker.

    What ends badly raises one sentence, which Airflow's grid and the run's summary show too.
    """

    template_fields: Sequence[str] = (*KubernetesPodOperator.template_fields, "sku")

    def __init__(self, *, step: str, sku: Any, settings: Settings, **kwargs: Any) -> None:
        """Take the names for the task's label, and let the pod request what pods.yaml says for this step and DAG.

        Raises BadInput when pods.yaml cannot be used or no image is set.
        """
        super().__init__(map_index_template=LABEL_TEMPLATE, **kwargs)
        self.step, self.sku, self.settings = step, sku, settings
        self.request = request = pod_request(step, self.dag_id, read_pods(settings.pods))
        self.image = pod_parts.image_of(request, settings)
        self.env_vars = pod_parts.environment(request, settings)
        self.container_resources = pod_parts.requirements(request, request.memory, settings)
        self.volumes = pod_parts.volumes(request, settings)
        self.node_selector = request.node_selector or {}
        self.tolerations = pod_parts.tolerations(request)
        self.priority_class_name = request.priority_class
        if request.queue:
            self.labels = {**self.labels, pod_parts.QUEUE_LABEL: request.queue}

    def build_pod_request_obj(self, context: Context | None = None, *, dry_run: bool = False) -> k8s.V1Pod:
        """Build the pod as the parent does, with the memory of this try."""
        memory = self._memory(context)
        if memory != self.request.memory:
            self.log.info("An earlier try ran out of memory; this one gets %s", memory)
            self.container_resources = pod_parts.requirements(self.request, memory, self.settings)
        return super().build_pod_request_obj(context, dry_run=dry_run)

    def get_or_create_pod(self, pod_request_obj: k8s.V1Pod, context: Context) -> k8s.V1Pod:
        """Create the pod; say why if the cluster refuses it (a quota, an unknown priority class)."""
        try:
            return super().get_or_create_pod(pod_request_obj, context)
        except ApiException as error:
            what = f"the cluster refused its pod ({error.status} {error.reason}): {_message(error)}"
            self._fail(End("configuration", what, "Correct pods.yaml or the cluster's settings"), context)

    def trigger_reentry(self, context: Context, event: dict[str, Any]) -> None:
        """Finish the task once its pod ended or cannot start; go on waiting, as the parent does, if it still may.

        The parent would log every end but success as an error, held steps included, and say only that the pod failed.
        """
        name, namespace = event["name"], event["namespace"]
        pod = self._read(name, namespace)
        if pod is None:
            if event["status"] == "success":
                return
            self._fail(gone(name), context)
        seen = self._watched(pod, event, context)
        if (why := why_it_waits(seen, datetime.now(UTC))) and self._has_time(context):
            self.log.info(why)
            self.pod = pod
            self.invoke_defer_method(context=context)
        end, state = end_of(seen), container_state(pod, self.base_container_name)
        if end is None and not state.terminated:
            super().trigger_reentry(context, event)
            return
        self.pod = pod
        if state.terminated or state.running:
            self._log_rest(pod, event)
        self.process_pod_deletion(pod, reraise=False)
        if end is not None:
            self._fail(end, context, seen)
        self._raise_own_end(state.terminated, context)

    def _has_time(self, context: Context) -> bool:
        """Whether the task's own time limit is not reached."""
        began = context["ti"].start_date
        return self.execution_timeout is None or began is None or datetime.now(UTC) < began + self.execution_timeout

    def _log_rest(self, pod: k8s.V1Pod, event: dict[str, Any]) -> None:
        """Log what the triggerer has not logged while the pod ran."""
        try:
            self._write_logs(pod, since_time=event.get("last_log_time"))
        except (HTTPError, ApiException) as error:
            self.log.warning("The rest of the pod's log cannot be read: %s", error)

    def _read(self, name: str, namespace: str) -> k8s.V1Pod | None:
        try:
            return self.hook.get_pod(name, namespace)
        except ApiException as error:
            if error.status == 404:
                return None
            raise

    def _watched(self, pod: k8s.V1Pod, event: dict[str, Any], context: Context) -> Watched:
        """The pod with what else its end may depend on; nodes and events are read only if it did not end in time."""
        late = event["status"] == "timeout"
        return Watched(
            pod=pod,
            step=self.step,
            request=self.request,
            next_memory=self._next_memory(context),
            late=late,
            start_seconds=self.startup_timeout_seconds,
            container=self.base_container_name,
            nodes=self._nodes() if late else (),
            warnings=self._warnings(pod) if late else (),
        )

    def _nodes(self) -> tuple[k8s.V1Node, ...]:
        """The cluster's nodes, the largest first; none where the ClusterRole of deploy/kubernetes.yaml is missing."""
        try:
            nodes = self.client.list_node().items
        except ApiException as error:
            self.log.info("Airflow may not list the nodes (%s), so what they offer is not known", error.reason)
            return ()
        return tuple(sorted(nodes, key=lambda node: parse_quantity(room_of(node).get("cpu", 0)), reverse=True))

    def _warnings(self, pod: k8s.V1Pod) -> tuple[str, ...]:
        events = self.pod_manager.read_pod_events(pod).items
        return tuple(f"{event.reason}: {event.message}" for event in events if event.type == "Warning")

    def _memory(self, context: Context | None) -> str:
        """What this try requests: what pods.yaml says, or more if an earlier try of the task ran out of memory."""
        store = context.get("task_state_store") if context else None
        raised = store.get(MEMORY_KEY) if store else None
        if not isinstance(raised, str) or bytes_of(raised) < bytes_of(self.request.memory):
            return self.request.memory
        return raised if bytes_of(raised) < bytes_of(self.request.max_memory) else self.request.max_memory

    def _next_memory(self, context: Context) -> str | None:
        """Twice the memory of this try, at most max_memory; None if this try had that."""
        now, most = self._memory(context), bytes_of(self.request.max_memory)
        return None if bytes_of(now) >= most else in_mebibytes(min(2 * bytes_of(now), most))

    def _fail(self, end: End, context: Context, seen: Watched | None = None) -> NoReturn:
        """Raise the end, after it was told to the grid and to the summary, and what the next try needs was kept."""
        show_reason(context, self.sku, str(end))
        from catalog_tasks.unreported import record_failed  # loads SQLAlchemy

        record_failed(self.log, context["run_id"], self.sku, self.step, str(end), _seconds(seen))
        if end.cause == "memory" and seen is not None:
            if seen.next_memory is None:
                raise AirflowFailException(f"{self.step}: {end}")  # it would run out again
            context["task_state_store"].set(MEMORY_KEY, seen.next_memory)
        raise AirflowException(f"{self.step}: {end}")

    def _raise_own_end(self, ended: k8s.V1ContainerStateTerminated, context: Context) -> None:
        """Raise what a step's own exit code means, with its last line, unless it is done."""
        lines = [line.strip() for line in (ended.message or "").splitlines() if line.strip()]
        try:
            raise_unless_done(self.step, ended.exit_code, lines[-1] if lines else "")
        except AirflowException as error:  # a skipped one is an AirflowException too
            show_reason(context, self.sku, str(error))
            raise


def stage_pod(step: str, plan: Any, sku: Any, settings: Settings, **kwargs: Any) -> StagePod:
    """Return the task that runs `step` of `plan` in a pod. Raises BadInput as StagePod."""
    return StagePod(
        step=step,
        sku=sku,
        settings=settings,
        kubernetes_conn_id=None,  # the hook still uses `kubernetes_default` where it exists, but warns of nothing
        name=f"catalog-{step}",
        namespace=settings.kubernetes_namespace,
        cmds=["python", "-m", "pipeline"],
        arguments=["stage", step, "--plan", plan, "--run-id", "{{ run_id }}"],
        env_from=[k8s.V1EnvFromSource(secret_ref=k8s.V1SecretEnvSource(name=settings.kubernetes_secret))],
        volume_mounts=pod_parts.mounts(settings),
        security_context=pod_parts.POD_SECURITY,
        container_security_context=pod_parts.CONTAINER_SECURITY,
        automount_service_account_token=False,
        pod_template_file=str(settings.kubernetes_pod_template) if settings.kubernetes_pod_template else None,
        labels={"app.kubernetes.io/name": "catalog-pipeline", "app.kubernetes.io/component": step},
        deferrable=True,
        durable=False,  # the pod of an earlier try may be dying
        poll_interval=POLL_SECONDS,
        logging_interval=LOG_SECONDS,
        startup_timeout_seconds=settings.kubernetes_start_seconds,
        startup_check_interval_seconds=POLL_SECONDS,
        termination_message_policy="FallbackToLogsOnError",  # a held step's reason is its last line
        log_pod_spec_on_failure=False,
        **kwargs,
    )


def _message(error: ApiException) -> str:
    """The API server's own words."""
    try:
        return str(json.loads(error.body)["message"])
    except (TypeError, ValueError, KeyError):
        return str(error.body or "no message")


def _seconds(seen: Watched | None) -> float:
    """How long the container ran; 0 if it never did."""
    if seen is None:
        return 0.0
    state = container_state(seen.pod, seen.container)
    ran = state.terminated or state.running
    if ran is None or ran.started_at is None or ran.started_at.year == EPOCH_YEAR:
        return 0.0
    until = getattr(ran, "finished_at", None) or datetime.now(UTC)
    return max(0.0, float((until - ran.started_at).total_seconds()))
