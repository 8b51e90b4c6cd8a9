"""Simulates a night: every step of every shoot, by the project's own rules, on a cluster under Airflow.

A step waits for its upstream, for a loop of the scheduler, for a worker, for a node; runs, is evicted, fails, runs out
of memory or is held; is seen to end, waits for its next try, and goes on from what it has kept.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.night_airflow import Pool, Run, Scheduler, Triggerer
from benchmarks.night_books import Books
from benchmarks.night_clock import Clock
from benchmarks.night_cluster import Cluster, Pod
from benchmarks.night_figures import Night
from benchmarks.night_rules import StepRule, rules
from benchmarks.night_steps import Draws, Record
from benchmarks.night_tries import Ended, Tries
from pipeline.plan import STEPS


@dataclass(eq=False)
class Shoot:
    """A shoot of a run. `open`: number of steps that have not ended. `upstream`: how many each step still waits for.

    `held`, `dead`: steps that are held, and those below a failed one, by their place in STEPS.
    """

    number: int
    upstream: list[int]
    open: int = len(STEPS)
    held: set[int] = field(default_factory=set)
    dead: set[int] = field(default_factory=set)
    failed: bool = False


@dataclass(eq=False, slots=True)
class Task:
    """A step of a shoot. `left`: share of its work that is not done; `memory`: of its next pod, in bytes."""

    series: "Series"
    shoot: Shoot
    step: int
    rule: StepRule
    run: Run
    pool: Pool
    priority: int
    index: int
    memory: int
    left: float = 1.0
    tries: int = 0
    since: float = 0.0
    begun: float = 0.0
    ended: Ended | None = None
    ready_at: float = 0.0


@dataclass(eq=False)
class Series:
    """The shoots of one DAG, in consecutive runs. `begun`, `ended`: how many of its shoots have."""

    name: str
    rules: tuple[StepRule, ...]
    draws: Draws
    shoots: list[Shoot]
    pools: tuple[Pool, Pool]  # of steps without and with a GPU
    rank: int
    begun: int = 0
    ended: int = 0
    finished_at: float = 0.0


class Simulation:
    """A night, with a backfill beside it if the figures say so."""

    def __init__(self, night: Night, record: Record) -> None:
        self.night, self.clock = night, Clock()
        self.scheduler = Scheduler(night, self.clock, self._work)
        self.triggerer = Triggerer(night.triggers)
        self.cluster = Cluster(night, self.clock)
        self.books = Books(self.cluster, self.scheduler)
        self.tries = Tries(night)
        self.series = [self._series(record, backfill=backfill) for backfill in (False, True)]

    def run(self, progress: Callable[[int], None] = lambda _ended: None) -> Books:
        """Simulate until every shoot has ended. `progress` is called with the shoots that have."""
        self._progress = progress
        for series in self.series:
            for _ in range(self.night.runs_at_once):
                self._next_run(series)
        shoots = sum(len(series.shoots) for series in self.series)
        self.clock.run(self.books.tick, lambda: self.books.ended == shoots)
        return self.books

    def _series(self, record: Record, *, backfill: bool) -> Series:
        night = self.night
        count = night.backfill if backfill else night.shoots
        if backfill:
            pools = (Pool("catalog_backfill", night.backfill_slots),) * 2
        else:
            own = Pool("night", slots_of_night(night))
            pools = (own, Pool("night GPU", night.gpu_slots) if night.gpu_slots else own)
        steps = rules(backfill=backfill, gpus=night.gpus > 0, pods=night.pods)
        return Series(
            name="backfill" if backfill else "night",
            rules=steps,
            draws=Draws(night, record, count, int(backfill)),
            shoots=[Shoot(number, [len(rule.upstream) for rule in steps]) for number in range(count)],
            pools=pools,
            rank=int(backfill),
        )

    def _next_run(self, series: Series) -> None:
        """Plan the next shoots of a series, after discovery."""
        shoots = series.shoots[series.begun : series.begun + self.night.shoots_per_run]
        series.begun += len(shoots)
        if shoots:
            self.clock.after(self.night.discover_seconds, self._begin_run, series, shoots)

    def _begin_run(self, series: Series, shoots: list[Shoot]) -> None:
        run = Run(open=len(shoots), waiting=len(shoots) * len(STEPS))
        self.scheduler.runs.append(run)
        for index, shoot in enumerate(shoots):
            for step, rule in enumerate(series.rules):
                if not rule.upstream:
                    self._ready(self._task(series, shoot, step, run, index))

    def _task(self, series: Series, shoot: Shoot, step: int, run: Run, index: int) -> Task:
        rule = series.rules[step]
        pool = series.pools[rule.request.gpu]
        return Task(series, shoot, step, rule, run, pool, rule.priority, index, rule.request.memory)

    def _ready(self, task: Task) -> None:
        """A step's upstream has ended; it is the scheduler's turn."""
        task.ready_at = self.clock.now
        task.run.waiting -= 1
        self.scheduler.is_ready(task)

    def _work(self, task: Task) -> None:
        """A worker has taken a task: it makes the pod or runs the step, or it ends what has become of the pod."""
        if task.ended is not None:
            self.clock.after(self.night.end_seconds, self._finish, task)
            return
        task.begun = self.clock.now
        self.books.waits["Airflow"][task.rule.name] += self.clock.now - task.ready_at
        if self.night.execution == "local":
            task.ended = self.tries.end_of(task, self.night.begin_seconds)
            seconds = self.night.begin_seconds + task.ended.seconds
            self.clock.after(seconds + self.night.end_seconds, self._finish, task)
        else:
            self.clock.after(self.night.begin_seconds, self._make_pod, task)

    def _make_pod(self, task: Task) -> None:
        """The pod is made, and its task leaves the worker."""
        self.scheduler.free(task, pod=True)
        pod = Pod(
            task.rule.request, task.series.rank, task.memory, lambda pod: self._on_node(task, pod), self.clock.now
        )
        self.cluster.submit(pod)
        self.triggerer.watch(lambda: self._watch(task, pod))

    def _watch(self, task: Task, pod: Pod) -> None:
        """The triggerer looks at a pod from now on, and gives it up if it gets no node in time."""
        pod.watched = True
        if pod.ended_at is not None:
            self.triggerer.unseen_seconds += self.clock.now - pod.ended_at
            self._see(task)
        elif pod.started is None:
            limit = min(pod.made + self.night.start_limit, task.begun + task.rule.limit_seconds)
            self.clock.after(max(0.0, limit - self.clock.now), self._give_up, task, pod)

    def _give_up(self, task: Task, pod: Pod) -> None:
        if pod.started is None and not pod.gone:
            self.cluster.withdraw(pod)
            self.books.waited_for_node(task, self.clock.now - pod.made)
            task.ended = self.tries.never_started(task)
            self._see(task)

    def _on_node(self, task: Task, pod: Pod) -> None:
        """The pod has a node, on which it now runs to its end."""
        self.books.waited_for_node(task, self.clock.now - pod.made)
        left = task.begun + task.rule.limit_seconds - self.clock.now
        task.ended = self.tries.end_of(task, self.night.pod_seconds, limit=left)
        self.clock.after(self.night.pod_seconds + task.ended.seconds, self._pod_ended, task, pod)

    def _pod_ended(self, task: Task, pod: Pod) -> None:
        self.cluster.release(pod)
        pod.ended_at = self.clock.now
        if pod.watched:
            self._see(task)

    def _see(self, task: Task) -> None:
        """The triggerer sees a pod's end at its next look."""
        self.clock.after(self.night.poll_seconds / 2, self._seen, task)

    def _seen(self, task: Task) -> None:
        self.triggerer.leave()
        self.scheduler.goes_on(task)

    def _finish(self, task: Task) -> None:
        """A try has ended for Airflow: the step is over, or it waits for its next try."""
        self.scheduler.free(task, pod=False)
        ended, task.ended = task.ended, None
        if ended is None:
            raise RuntimeError(f"{task.rule.name} has not ended")
        again = self.books.note(task, ended)
        if again:
            task.left, task.memory = ended.left, ended.memory
            delay = task.rule.retry_seconds[task.tries]
            task.tries += 1
            task.run.waiting += 1
            self.books.waits["retry"][task.rule.name] += delay
            self.clock.after(delay, self._ready, task)
            return
        if ended.kind == "held":
            task.shoot.held.add(task.step)
        self._over(task, task.step, failed=ended.kind not in {"done", "held"})
        if task.shoot.open == 0:
            self._shoot_over(task)

    def _over(self, task: Task, step: int, *, failed: bool) -> None:
        """Let the steps below one that has ended begin, or end with it if it failed (trigger rule NONE_FAILED)."""
        series, shoot, run = task.series, task.shoot, task.run
        run.ended += 1
        shoot.open -= 1
        shoot.failed |= failed
        for below in series.rules[step].downstream:
            if below in shoot.dead:
                continue
            shoot.upstream[below] -= 1
            if failed:
                shoot.dead.add(below)
                run.waiting -= 1
                self._over(task, below, failed=True)
            elif shoot.upstream[below] == 0:
                self._ready(self._task(series, shoot, below, run, task.index))

    def _shoot_over(self, task: Task) -> None:
        """Count a shoot's one fate; after the last shoot of a run, the next run begins."""
        series, run = task.series, task.run
        self.books.note_fate(series, task.shoot)
        series.ended += 1
        run.open -= 1
        if not series.rank:
            self._progress(series.ended)
        series.finished_at = self.clock.now
        if run.open == 0:
            self.scheduler.forget(run)
            self._next_run(series)


def slots_of_night(night: Night) -> int:
    """The slots of the night's pool; 0 if it does not count pods."""
    if night.night_slots >= 0:
        return night.night_slots
    return 4 * night.gpus + int(night.cpu_nodes * night.cores_per_node / 2)
