"""The simulated cluster: nodes with cores, memory and GPUs, and the pods that wait for one."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.night_clock import Clock
from benchmarks.night_figures import Night
from benchmarks.night_rules import Request
from pipeline.pods import bytes_of

Shape = tuple[int, float, int, bool]  # rank, cores, memory, GPU: pods of one shape wait in one line


@dataclass(eq=False)
class Node:
    """What is free on a node. `tainted`: only for pods with a GPU."""

    cores: float
    memory: int
    gpus: int
    tainted: bool


@dataclass(eq=False)
class Pod:
    """A pod. `rank`: 0 goes first. `nodes`: its one, while it has it. `watched`: by the triggerer. `gone`: deleted."""

    request: Request
    rank: int
    memory: int
    on_node: Callable[["Pod"], None]
    made: float
    order: int = 0
    nodes: list[Node] = field(default_factory=list)
    started: float | None = None
    ended_at: float | None = None
    watched: bool = False
    gone: bool = False

    @property
    def shape(self) -> Shape:
        """Pods of one shape fit the same nodes."""
        return self.rank, self.request.cores, self.memory, self.request.gpu


@dataclass
class Cluster:
    """Places pods as Kubernetes' scheduler does: by priority, then by age, and a smaller pod may pass one without room.

    GPU nodes are tainted, so that only pods with a GPU use them. On a node that has room, a pod starts at once.
    """

    night: Night
    clock: Clock
    lines: dict[Shape, deque[Pod]] = field(default_factory=dict)
    pending: int = 0
    gpus_used: int = 0
    cores_used: float = 0.0
    _order: int = 0

    def __post_init__(self) -> None:
        night, left = self.night, self.night.gpus
        self.gpu_nodes: list[Node] = []
        while left > 0:
            gpus = min(left, night.gpus_per_node)
            left -= gpus
            self.gpu_nodes.append(Node(gpus * night.cores_per_gpu, gpus * bytes_of(night.memory_per_gpu), gpus, True))
        memory = bytes_of(night.memory_per_node)
        self.cpu_nodes = [Node(night.cores_per_node, memory, 0, False) for _ in range(night.cpu_nodes)]

    @property
    def cores(self) -> float:
        """Cores of the nodes without a GPU."""
        return self.night.cpu_nodes * self.night.cores_per_node

    def submit(self, pod: Pod) -> None:
        """Give a pod a node, or let it wait for one."""
        self._order += 1
        pod.order = self._order
        line = self.lines.setdefault(pod.shape, deque())
        if not line:
            for node in self.gpu_nodes if pod.request.gpu else self.cpu_nodes:
                if _fits(pod, node):
                    self._place(pod, node)
                    return
        line.append(pod)
        self.pending += 1

    def withdraw(self, pod: Pod) -> None:
        """Delete a pod that still waits for a node."""
        pod.gone = True
        self.pending -= 1

    def release(self, pod: Pod) -> None:
        """Free what a pod had, and give it to those that wait."""
        node = pod.nodes.pop()
        node.cores += pod.request.cores
        node.memory += pod.memory
        if pod.request.gpu:
            node.gpus += 1
            self.gpus_used -= 1
        else:
            self.cores_used -= pod.request.cores
        while (best := self._next(node)) is not None:
            self.lines[best.shape].popleft()
            self.pending -= 1
            self._place(best, node)

    def _next(self, node: Node) -> Pod | None:
        """The waiting pod that goes to a node: of those that fit, the first by rank and age."""
        best: Pod | None = None
        for line in self.lines.values():
            while line and line[0].gone:
                line.popleft()
            if line and _fits(line[0], node):
                head = line[0]
                if best is None or (head.rank, head.order) < (best.rank, best.order):
                    best = head
        return best

    def _place(self, pod: Pod, node: Node) -> None:
        node.cores -= pod.request.cores
        node.memory -= pod.memory
        if pod.request.gpu:
            node.gpus -= 1
            self.gpus_used += 1
        else:
            self.cores_used += pod.request.cores
        pod.started = self.clock.now
        pod.nodes.append(node)
        self.clock.after(0.0, pod.on_node, pod)


def _fits(pod: Pod, node: Node) -> bool:
    if pod.request.gpu != node.tainted or (node.tainted and node.gpus == 0):
        return False
    return node.cores >= pod.request.cores - 1e-9 and node.memory >= pod.memory
