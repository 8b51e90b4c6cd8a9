"""What a simulated night keeps count of: what was busy, what waited for what, what was lost, and how shoots ended."""

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from benchmarks.night_airflow import Scheduler
from benchmarks.night_cluster import Cluster
from benchmarks.night_tries import Ended

if TYPE_CHECKING:
    from benchmarks.night_sim import Series, Shoot, Task

SAMPLES = 2000  # of the trace, at most twice as many


class Books:
    """The sums of a night, and a trace of what was busy."""

    def __init__(self, cluster: Cluster, scheduler: Scheduler) -> None:
        self.cluster, self.scheduler = cluster, scheduler
        self.fates: dict[str, Counter[str]] = {"night": Counter(), "backfill": Counter()}
        self.images: Counter[str] = Counter()
        self.ends: Counter[str] = Counter()  # of tries, by kind
        self.lost: Counter[str] = Counter()  # seconds of work that is done again, by kind
        self.worked = 0.0  # seconds of steps, done again or not
        self.waits: dict[str, defaultdict[str, float]] = {
            cause: defaultdict(float) for cause in ("Airflow", "node", "retry")
        }  # seconds by step
        self.waited_gpu = self.waited_cpu = 0.0
        self.gpu_seconds = self.core_seconds = 0.0
        self.night = (
            0.0,
            0.0,
            0.0,
        )  # seconds that the scheduler, GPUs and cores were busy until the night's last shoot
        self.trace: list[
            tuple[float, int, float, int, int]
        ] = []  # time, GPUs, cores, pods that wait, shoots that ended
        self._trace_every = 1.0
        self.until = 0.0  # that is counted
        self.ended = 0

    def tick(self, now: float) -> None:
        """Time passes until the next event."""
        passed = now - self.until
        if passed > 0:
            self.gpu_seconds += passed * self.cluster.gpus_used
            self.core_seconds += passed * self.cluster.cores_used
            self.until = now
            if not self.trace or now - self.trace[-1][0] >= self._trace_every:
                self._sample(now)

    def _sample(self, now: float) -> None:
        cluster = self.cluster
        self.trace.append((now, cluster.gpus_used, cluster.cores_used, cluster.pending, self.ended))
        if len(self.trace) > 2 * SAMPLES:
            self.trace = self.trace[::2]
            self._trace_every *= 2

    def waited_for_node(self, task: "Task", seconds: float) -> None:
        """A pod has waited so long for its node."""
        self.waits["node"][task.rule.name] += seconds
        if task.rule.request.gpu:
            self.waited_gpu += seconds
        else:
            self.waited_cpu += seconds

    def note(self, task: "Task", ended: Ended) -> bool:
        """Note the end of a try; returns whether there is another one."""
        self.ends[ended.kind] += 1
        self.worked += ended.seconds
        if ended.kind in {"done", "held"}:
            return False
        self.lost[ended.kind] += ended.lost
        return not ended.final and task.tries < len(task.rule.retry_seconds)

    def note_fate(self, series: "Series", shoot: "Shoot") -> None:
        """A shoot has ended."""
        self.ended += 1
        if not series.rank:
            self.night = (self.scheduler.busy_seconds, self.gpu_seconds, self.core_seconds)
        fate = "failed" if shoot.failed else "held" if shoot.held else "done"
        self.fates[series.name][fate] += 1
        recorded = series.draws.recorded[shoot.number]
        if fate != "failed":
            self.images[series.name] += recorded.images_held if shoot.held else recorded.images
