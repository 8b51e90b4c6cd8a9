"""Whether a pod without a node waits for its turn: some node could hold it, and other pods take the room now."""

from collections.abc import Iterable, Mapping

from kubernetes.client import models as k8s
from kubernetes.utils.quantity import parse_quantity

from catalog_tasks.pod_ends import Watched, unscheduled

KEEPS_OFF = frozenset({"NoSchedule", "NoExecute"})  # effects of a taint


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
