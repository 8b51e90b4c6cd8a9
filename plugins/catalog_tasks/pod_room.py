"""Whether a pod that reached the start limit goes on waiting: for its turn, or because it has a node by now."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from kubernetes.client import models as k8s
from kubernetes.utils.quantity import parse_quantity

from catalog_tasks.pod_ends import Watched, container_state, unscheduled

KEEPS_OFF = frozenset({"NoSchedule", "NoExecute"})  # effects of a taint


def why_it_waits(seen: Watched, now: datetime) -> str:
    """Why a pod that reached the start limit may still start, or has started; "" if it will not, or is not late."""
    if not seen.late:
        return ""
    if waits_for_room(seen):
        return "Other pods take the room on the nodes that could hold this one: it waits for its turn"
    return "Its pod has a node by now, and goes on" if _has_node_since(seen, now) else ""


def _has_node_since(seen: Watched, now: datetime) -> bool:
    """Whether a pod runs, or got its node less than the start limit ago: the task looks later than the triggerer."""
    if container_state(seen.pod, seen.container).running:
        return True
    conditions = (seen.pod.status.conditions if seen.pod.status else None) or []
    placed = next((c for c in conditions if c.type == "PodScheduled" and c.status == "True"), None)
    since = placed.last_transition_time if placed else None
    return since is not None and (now - since).total_seconds() < seen.start_seconds


def waits_for_room(seen: Watched) -> bool:
    """Whether a pod that no node has room for would fit one that were empty. False where nodes may not be listed."""
    condition = unscheduled(seen.pod)
    if condition is None or condition.reason != "Unschedulable" or "persistentvolumeclaim" in str(condition.message):
        return False
    return any(_could_hold(node, seen.pod.spec) for node in seen.nodes)


def room_of(node: k8s.V1Node) -> Mapping[str, str]:
    """What a node offers to pods, as quantities; empty before it has said so."""
    return (node.status.allocatable if node.status else None) or {}


def _could_hold(node: k8s.V1Node, pod: k8s.V1PodSpec) -> bool:
    room, spec, labels = room_of(node), node.spec or k8s.V1NodeSpec(), node.metadata.labels or {}
    return (
        not spec.unschedulable
        and all(labels.get(name) == value for name, value in (pod.node_selector or {}).items())
        and all(_is_tolerated(taint, pod.tolerations or ()) for taint in spec.taints or () if taint.effect in KEEPS_OFF)
        and all(parse_quantity(room.get(name, 0)) >= amount for name, amount in _asked(pod).items())
    )


def _asked(pod: k8s.V1PodSpec) -> dict[str, float]:
    """What the containers request together. Without a request, a limit is one, as Kubernetes takes it."""
    sums: dict[str, float] = {}
    for container in pod.containers:
        resources = container.resources or k8s.V1ResourceRequirements()
        for name, quantity in {**(resources.limits or {}), **(resources.requests or {})}.items():
            sums[name] = sums.get(name, 0) + parse_quantity(quantity)
    return sums


def _is_tolerated(taint: k8s.V1Taint, tolerations: Iterable[k8s.V1Toleration]) -> bool:
    """Whether one of the tolerations is for this taint: https://kubernetes.io/docs/concepts/scheduling-eviction/."""
    return any(
        each.effect in {None, "", taint.effect}
        and (
            (each.operator == "Exists" and each.key in {None, "", taint.key})
            or (each.operator != "Exists" and (each.key, each.value or "") == (taint.key, taint.value or ""))
        )
        for each in tolerations
    )
