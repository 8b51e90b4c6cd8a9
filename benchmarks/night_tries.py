"""How a try of a step ends in a simulated night, and what the next one finds done."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from benchmarks.night_figures import Night
from benchmarks.night_rules import FIT, StepRule, snapshot_seconds
from pipeline.plan import STEPS

if TYPE_CHECKING:
    from benchmarks.night_sim import Task

SFM = STEPS.index("sfm")
HELD_SECONDS = 0.3  # of a step that a held one holds: it reads a manifest and ends
Kind = Literal["done", "held", "failed", "memory", "evicted", "lost", "late", "unstarted"]


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of a try. `seconds`: that the step worked; `lost`: of them, those that the next try does again.

    `left`, `memory`: the next try's share of work, and its pod's memory in bytes. `final`: no further try helps.
    """

    kind: Kind
    seconds: float
    lost: float = 0.0
    left: float = 1.0
    memory: int = 0
    final: bool = False


class Tries:
    """Decides how tries end, from the draws of their shoots."""

    def __init__(self, night: Night) -> None:
        self.night = night
        self._snapshot_seconds = snapshot_seconds()

    def never_started(self, task: "Task") -> Ended:
        """The end of a try whose pod got no node within the start limit."""
        return Ended("unstarted", 0.0, left=task.left, memory=task.memory)

    def end_of(self, task: "Task", start_seconds: float, limit: float = math.inf) -> Ended:
        """The end of a try that runs now. `limit`: seconds until Airflow's time limit, the pod's start included."""
        series, shoot, rule = task.series, task.shoot.number, task.rule
        if any(step in task.shoot.held for step in rule.needs):
            return Ended("held", HELD_SECONDS)
        whole = self.whole_seconds(task)
        seconds = task.left * whole
        luck = series.draws.attempt(shoot, task.step, task.tries)
        stops: list[tuple[float, Kind]] = [(limit - start_seconds, "late")]
        if self.night.execution == "kubernetes":
            stops.append((luck.evicted_after, "lost" if luck.sudden else "evicted"))
            if series.draws.memory_factor[shoot, task.step] * rule.request.memory > task.memory:
                stops.append((luck.fails_at * seconds, "memory"))
        if luck.fails or series.draws.broken[shoot, task.step]:
            stops.append((luck.fails_at * seconds, "failed"))
        at, kind = min(stops)
        if at >= seconds:
            return Ended("held" if task.step == SFM and series.draws.held[shoot] else "done", seconds)
        return self._stopped(task, kind, max(0.0, at), whole)

    def whole_seconds(self, task: "Task") -> float:
        """What the step takes if nothing stops it."""
        seconds = float(task.series.draws.seconds[task.shoot.number, task.step])
        return seconds / self.faster(task.rule)

    def faster(self, rule: StepRule) -> float:
        """How many times as fast as recorded a step is."""
        return self.night.fit_speedup if rule.name == FIT and rule.request.gpu else 1.0

    def _stopped(self, task: "Task", kind: Kind, seconds: float, whole: float) -> Ended:
        """A try that was stopped after so many seconds of its work."""
        done = 1.0 - task.left + seconds / whole
        items = task.series.draws.recorded[task.shoot.number].items.get(task.rule.name, 1)
        if task.rule.name == FIT:
            kept = done if kind == "evicted" else 1.0 - task.left + self._snapshots(seconds) / whole
        else:
            kept = max(1.0 - task.left, math.floor(done * items + 1e-9) / items) if items > 1 else 0.0
        most = task.rule.request.max_memory
        return Ended(
            kind,
            seconds,
            lost=max(0.0, done - kept) * whole,
            left=1.0 - kept,
            memory=min(2 * task.memory, most) if kind == "memory" else task.memory,
            final=kind == "memory" and task.memory >= most,
        )

    def _snapshots(self, seconds: float) -> float:
        """The seconds of a fit that its last snapshot holds."""
        return math.floor(seconds / self._snapshot_seconds) * self._snapshot_seconds
