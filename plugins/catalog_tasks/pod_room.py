"""Whether a pod without a node waits for its turn: some node could hold it, and other pods take the room now."""

from collections.abc import Mapping

from kubernetes.client import models as k8s

from catalog_tasks.pod_ends import Watched, unscheduled
from pipeline.pods import PodRequest, bytes_of


def waits_for_room(seen: Watched) -> bool:
    """Whether a pod that no node has room for would fit one that were empty. False where nodes may not be listed."""
    condition = unscheduled(seen.pod)
    if condition is None or condition.reason != "Unschedulable" or "persistentvolumeclaim" in str(condition.message):
        return False
    return any(_could_hold(node, seen.request, _memory(seen)) for node in seen.nodes)


def _could_hold(node: k8s.V1Node, request: PodRequest, memory: str) -> bool:
    room: Mapping[str, str] = (node.status.allocatable if node.status else None) or {}
    labels = node.metadata.labels or {}
    wanted = (request.node_selector or {}).items()
    return (
        not (node.spec and node.spec.unschedulable)
        and all(labels.get(name) == value for name, value in wanted)
        and cores_of(room.get("cpu", "0")) >= request.cores
        and bytes_of(room.get("memory", "0")) >= bytes_of(memory)
        and int(room.get(request.gpu_resource, "0")) >= int(request.gpu)
    )


def _memory(seen: Watched) -> str:
    """What the pod itself requests: more than `request` says after a try that ran out of memory."""
    containers = (seen.pod.spec.containers if seen.pod.spec else None) or []
    requests = (each.resources.requests for each in containers if each.name == seen.container and each.resources)
    return next((asked["memory"] for asked in requests if asked and "memory" in asked), seen.request.memory)


def cores_of(quantity: str) -> float:
    """The cores of a Kubernetes quantity, such as 500m."""
    return float(quantity[:-1]) / 1000 if quantity.endswith("m") else float(quantity)
