"""The simulated Airflow: a scheduler that starts tasks loop by loop within its limits, a triggerer that watches pods.

A loop does what `SchedulerJobRunner._do_scheduling` does: steps whose upstream has ended become scheduled, and of the
scheduled ones so many are queued, by priority, as workers, the run's active tasks and the pools allow. How long a loop
takes is measured by `benchmarks.night_scheduler`.
"""

import heapq
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Protocol

from benchmarks.night_clock import Clock
from benchmarks.night_figures import Night


@dataclass(eq=False)
class Pool:
    """A pool of Airflow that counts pods as well. `slots` 0: no limit."""

    name: str
    slots: int
    used: int = 0

    @property
    def is_full(self) -> bool:
        """Whether no further task may start."""
        return 0 < self.slots <= self.used


@dataclass(eq=False)
class Run:
    """One run of a DAG. `open`: shoots that have not ended; `waiting`: steps whose upstream has not ended."""

    open: int
    waiting: int
    ended: int = 0
    active: int = 0


class Task(Protocol):
    """What the scheduler knows of a task. `index`: its shoot's in the run. `since`: when it began to wait."""

    run: Run
    pool: Pool
    priority: int
    index: int
    since: float


Line = list[tuple[int, int, int, Any]]


@dataclass
class Scheduler:
    """Starts tasks. `work`: what a started task does; it ends with `free`."""

    night: Night
    clock: Clock
    work: Callable[[Any], None]
    runs: list[Run] = field(default_factory=list)
    lines: dict[tuple[Run, Pool], Line] = field(default_factory=dict)
    ready: list[Any] = field(default_factory=list)
    occupied: int = 0
    busy_seconds: float = 0.0
    waited: Counter[str] = field(default_factory=Counter)  # seconds that tasks waited, by what for
    loops: int = 0
    started: int = 0
    _held_up: Counter[str] = field(default_factory=Counter)
    _held_up_since: float = 0.0
    _resting_since: float | None = 0.0
    _changed: bool = False
    _order: Any = field(default_factory=count)

    def is_ready(self, task: Any) -> None:
        """A task's upstream has ended, or its wait for the next try: the next loop that begins sees it."""
        task.since = self.clock.now
        self.ready.append(task)
        self._wake()

    def goes_on(self, task: Any) -> None:
        """The triggerer has seen a task's pod end: the task is scheduled again, and needs a slot again."""
        task.since = self.clock.now
        task.pool.used -= 1
        self._line_up(task)
        self._wake()

    def free(self, task: Any, *, pod: bool) -> None:
        """A task leaves its worker, and its pool unless it has become a pod, which counts there."""
        self.occupied -= 1
        task.run.active -= 1
        task.pool.used -= not pod
        self._changed = True
        self._wake()

    def forget(self, run: Run) -> None:
        """A run has ended."""
        self.runs.remove(run)
        for key in [key for key in self.lines if key[0] is run]:
            del self.lines[key]

    @property
    def loop_seconds(self) -> float:
        """How long a loop takes now."""
        night = self.night
        per_waiting = sum(
            run.waiting * (night.loop_waiting_ms * 1e-3 + run.ended * night.loop_pair_us * 1e-6) for run in self.runs
        )
        return night.loop_seconds + per_waiting

    def _line_up(self, task: Any) -> None:
        line = self.lines.setdefault((task.run, task.pool), [])
        heapq.heappush(line, (-task.priority, task.index, next(self._order), task))

    def _wake(self) -> None:
        """Begin a loop when the sleeping scheduler next looks: it looks once per loop and rest."""
        if self._resting_since is None:
            return
        period = self.loop_seconds + self.night.rest_seconds
        passed = self.clock.now - self._resting_since
        wait = (-passed) % period if period > 0 else 0.0
        self._resting_since = None
        self.clock.after(wait, self._begin)

    def _begin(self) -> None:
        self.loops += 1
        self._changed = False
        seen, self.ready = self.ready, []
        seconds = self.loop_seconds
        self.busy_seconds += seconds
        self.clock.after(seconds, self._end, seen)

    def _end(self, seen: list[Any]) -> None:
        """The loop's dependencies are decided: queue what may start, then begin the next loop or rest."""
        for task in seen:
            self.waited["scheduler"] += self.clock.now - task.since
            self._line_up(task)
        self._account()
        workers = self.night.parallelism - self.occupied
        limit = min(self.night.tasks_per_loop, workers)
        started = 0
        while started < limit and (line := self._best()) is not None:
            self._start(heapq.heappop(line)[3])
            started += 1
        self._note_held_up("scheduler" if workers > self.night.tasks_per_loop else "workers")
        if started or self._changed or self.ready:
            self.clock.after(0.0, self._begin)
        else:
            self._resting_since = self.clock.now

    def _best(self) -> Line | None:
        """The line whose first task goes next: of the runs and pools with room, the one of the highest priority."""
        best: Line | None = None
        for (run, pool), line in self.lines.items():
            if not line or pool.is_full or run.active >= self.night.active_tasks:
                continue
            if best is None or line[0][:3] < best[0][:3]:
                best = line
        return best

    def _start(self, task: Any) -> None:
        self.started += 1
        self.occupied += 1
        task.run.active += 1
        task.pool.used += 1
        self.work(task)

    def _note_held_up(self, otherwise: str) -> None:
        """Note for what the scheduled tasks that did not start wait: their run's or pool's limit, or `otherwise`."""
        self._held_up = Counter()
        for (run, pool), line in self.lines.items():
            if line:
                full = "pool" if pool.is_full else otherwise
                reason = "active tasks" if run.active >= self.night.active_tasks else full
                self._held_up[reason] += len(line)
        self._held_up_since = self.clock.now

    def _account(self) -> None:
        for reason, tasks in self._held_up.items():
            self.waited[reason] += tasks * (self.clock.now - self._held_up_since)
        self._held_up_since = self.clock.now


@dataclass
class Triggerer:
    """Watches pods, so many at once; the others' ends and start limits go unseen until it has room."""

    capacity: int
    watched: int = 0
    unseen_seconds: float = 0.0  # that pods had ended, unseen
    waiting: deque[Callable[[], None]] = field(default_factory=deque)

    def watch(self, begin: Callable[[], None]) -> None:
        """Watch a pod: `begin` is called at once, or when there is room."""
        if self.watched < self.capacity:
            self.watched += 1
            begin()
        else:
            self.waiting.append(begin)

    def leave(self) -> None:
        """A watched pod's task goes on."""
        if self.waiting:
            self.waiting.popleft()()
        else:
            self.watched -= 1
