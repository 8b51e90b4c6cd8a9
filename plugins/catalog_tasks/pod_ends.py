"""Why a pod ended badly or never started, from its status: one sentence with what to do about it."""

import re
import signal
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from kubernetes.client import models as k8s

from pipeline.core.stopping import EXIT_STOPPED
from pipeline.pods import PodRequest

Cause = Literal["memory", "evicted", "image", "configuration", "room", "start", "deleted", "killed", "time", "node"]
IMAGE_REASONS = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"})
SIGNALS = 128  # exit codes above it: the number of the signal that ended the process
EXIT_KILLED = SIGNALS + signal.SIGKILL
SECRET = re.compile(r'secrets? "?([\w.-]+(?:/[\w.-]+)?)"?', re.IGNORECASE)
RESUMES = "The next try goes on from what was saved"


@dataclass(frozen=True)
class End:
    """An end that the step itself could not report. As text: what happened, and what to do."""

    cause: Cause
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{' '.join(self.what.split()).rstrip('.')}. {self.remedy}"


@dataclass(frozen=True)
class Watched:
    """A pod as the task last saw it. `late`: it reached the start limit, or else the task's time limit.

    `next_memory`: what the next try would get if memory ran out; None when nothing is left to raise. `nodes`: the
    cluster's nodes, if Airflow may list them. `warnings`: messages of the pod's warning events, the oldest first.
    """

    pod: k8s.V1Pod
    step: str
    request: PodRequest
    next_memory: str | None = None
    late: bool = False
    start_seconds: int = 0
    container: str = "base"
    nodes: tuple[k8s.V1Node, ...] = ()
    warnings: tuple[str, ...] = ()


def end_of(seen: Watched) -> End | None:
    """Why the pod ended or will not start; None while it may go on, or when the step ended by itself."""
    status = seen.pod.status or k8s.V1PodStatus()
    if status.phase == "Failed" and (end := _ended_by_cluster(seen, status)):
        return end
    state = container_state(seen.pod, seen.container)
    if state.terminated:
        return _terminated(seen, state.terminated)
    if state.waiting and state.waiting.reason in IMAGE_REASONS:
        return _image(seen, state.waiting)
    if seen.late:
        return _too_long(seen, state)
    if status.phase == "Failed":
        return End("node", f"its pod failed before it started: {status.message or 'no message'}", RESUMES)
    return None


def gone(name: str) -> End:
    """The end of a pod that the cluster no longer knows."""
    return End("deleted", f"its pod {name} was deleted before its end was seen", RESUMES)


def container_state(pod: k8s.V1Pod, container: str) -> k8s.V1ContainerState:
    """The state of a container; an empty one before it has any."""
    statuses = (pod.status.container_statuses if pod.status else None) or []
    return next((s.state for s in statuses if s.name == container and s.state), None) or k8s.V1ContainerState()


def _ended_by_cluster(seen: Watched, status: k8s.V1PodStatus) -> End | None:
    """The end of a pod that Kubernetes failed or disrupted as a whole."""
    disrupted = next((c for c in status.conditions or [] if c.type == "DisruptionTarget" and c.status == "True"), None)
    if status.reason == "Evicted":
        return _evicted(seen, status.message or "")
    if disrupted is not None:
        return End("node", f"its pod was taken off its node ({disrupted.reason}): {disrupted.message or ''}", RESUMES)
    if status.reason:
        return End("node", f"its pod failed ({status.reason}): {status.message or 'no message'}", RESUMES)
    return None


def _evicted(seen: Watched, message: str) -> End:
    if "emptydir" in message.lower() or "ephemeral" in message.lower():
        remedy = f"Raise scratch of {seen.step} in pods.yaml (now {seen.request.scratch})"
    elif "memory" in message.lower():
        remedy = f"{RESUMES}; raise memory of {seen.step} in pods.yaml (now {seen.request.memory}) if it comes again"
    else:
        remedy = RESUMES
    return End("evicted", f"its node evicted the pod (Evicted): {message or 'no message'}", remedy)


def _terminated(seen: Watched, ended: k8s.V1ContainerStateTerminated) -> End | None:
    if ended.reason == "OOMKilled":
        return _out_of_memory(seen)
    if ended.reason in {"ContainerCannotRun", "StartError"}:
        what = f"its container cannot start ({ended.reason}): {ended.message or 'no message'}"
        return End("configuration", what, "Use an image made from deploy/Dockerfile")
    if ended.exit_code == EXIT_STOPPED:
        return End("deleted", "its pod was stopped (SIGTERM): deleted, preempted, or its node was drained", RESUMES)
    if ended.exit_code == EXIT_KILLED:
        return End("killed", "it was killed (SIGKILL): by the node, or because it did not stop in time", RESUMES)
    if SIGNALS < ended.exit_code <= SIGNALS + signal.NSIG:
        what = f"it crashed with exit code {ended.exit_code} (signal {ended.exit_code - SIGNALS})"
        return End("killed", what, "The end of its log may say more; the next try goes on from what was saved")
    return None


def _out_of_memory(seen: Watched) -> End:
    limit = _limit(seen.pod, seen.container) or seen.request.memory
    if seen.next_memory is None:
        remedy = f"This is max_memory; raise max_memory of {seen.step} in pods.yaml (CATALOG_PODS)"
    else:
        remedy = f"The next try gets {seen.next_memory}; raise memory of {seen.step} in pods.yaml (CATALOG_PODS)"
    return End("memory", f"out of memory (OOMKilled): it needed more than the {limit} of its pod", remedy)


def _limit(pod: k8s.V1Pod, container: str) -> str | None:
    """The memory limit of a container."""
    specs = (pod.spec.containers if pod.spec else None) or []
    limits = (spec.resources.limits for spec in specs if spec.name == container and spec.resources)
    return next(((limit or {}).get("memory") for limit in limits), None)


def _image(seen: Watched, waiting: k8s.V1ContainerStateWaiting) -> End:
    image = next((c.image for c in seen.pod.spec.containers if c.name == seen.container), "") if seen.pod.spec else ""
    what = f"its image {image} cannot be pulled ({waiting.reason}): {waiting.message or 'no message'}"
    remedy = "Correct CATALOG_IMAGE or image in pods.yaml; for a private registry, add imagePullSecrets to the template"
    return End("image", what, remedy)


def _too_long(seen: Watched, state: k8s.V1ContainerState) -> End:
    """The end of a pod that reached a time limit: why it has not started, or that the step took too long."""
    if state.running:
        return End("time", "it reached the task's time limit", "Look for what hangs in its log; the next try resumes")
    condition = unscheduled(seen.pod)
    if condition is not None:
        return _no_room(seen, condition)
    if state.waiting and state.waiting.reason in {"CreateContainerConfigError", "CreateContainerError"}:
        return _configuration(seen, state.waiting)
    why = seen.warnings[-1] if seen.warnings else (state.waiting.reason if state.waiting else "no reason given")
    what = f"its pod did not start within {seen.start_seconds} s: {why}"
    return End("start", what, "Raise CATALOG_KUBERNETES_START_SECONDS if nodes or images take longer")


def unscheduled(pod: k8s.V1Pod) -> k8s.V1PodCondition | None:
    """Why the pod has no node yet, if the scheduler has said so."""
    conditions = (pod.status.conditions if pod.status else None) or []
    return next((c for c in conditions if c.type == "PodScheduled" and c.status == "False"), None)


def _no_room(seen: Watched, condition: k8s.V1PodCondition) -> End:
    message = " ".join((condition.message or "no message").split()).rstrip(".")
    if condition.reason == "SchedulingGated":
        what = f"its pod was not admitted within {seen.start_seconds} s by the queue {seen.request.queue}: {message}"
        return End("room", what, "Give the queue more quota, or raise CATALOG_KUBERNETES_START_SECONDS")
    if "persistentvolumeclaim" in message.lower():
        what = f"its pod fits no node ({condition.reason}): {message}"
        return End("configuration", what, "Create the claim, or name another in CATALOG_KUBERNETES_CLAIM")
    what = (
        f"its pod fits no node ({condition.reason}): it asks for {_asked(seen.request)}"
        f"{_offered(seen.nodes, seen.request.gpu_resource)}; {message}"
    )
    return End("room", what, f"Ask for less for {seen.step} in pods.yaml (CATALOG_PODS), or add a node")


def _asked(request: PodRequest) -> str:
    parts = [f"{request.cores:g} cores", f"{request.memory} of memory", f"{request.scratch} of scratch"]
    parts += [f"1 {request.gpu_resource}"] if request.gpu else []
    parts += [f"a node with {name}={value}" for name, value in (request.node_selector or {}).items()]
    return ", ".join(parts)


def _offered(nodes: Iterable[k8s.V1Node], gpu_resource: str) -> str:
    """What the nodes have in all, the largest first; "" where Airflow may not list them."""
    offers = []
    for node in nodes:
        room = (node.status.allocatable if node.status else None) or {}
        gpus = f", {room[gpu_resource]} {gpu_resource}" if room.get(gpu_resource, "0") != "0" else ""
        offers.append(f"{node.metadata.name} has {room.get('cpu')} cores, {room.get('memory')} of memory{gpus}")
    more = f" and {len(offers) - 3} more nodes" if len(offers) > 3 else ""
    return f"; {'; '.join(offers[:3])}{more}" if offers else ""


def _configuration(seen: Watched, waiting: k8s.V1ContainerStateWaiting) -> End:
    message = waiting.message or "no message"
    what = f"its container cannot be made ({waiting.reason}): {message}"
    secret = SECRET.search(message)
    if secret is None:
        return End("configuration", what, "Correct what the message names")
    name = secret[1].rpartition("/")[2]
    space = seen.pod.metadata.namespace
    do = "Add that key to" if " key " in message else "Create"
    remedy = f"{do} the Secret {name} in the namespace {space}, or name another in CATALOG_KUBERNETES_SECRET"
    return End("configuration", what, remedy)
