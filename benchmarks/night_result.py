"""What came out of a simulated night, and what limited it."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from benchmarks.night_figures import Night
from benchmarks.night_sim import Simulation
from benchmarks.night_steps import Record
from pipeline.core.domain import Frozen
from pipeline.plan import STEPS

SATURATED = 0.9  # share of a resource that is busy in the middle half of the night: more of it would help
WORTH_NAMING = 0.1  # of the mean shoot's time: waits below it limit nothing
STEEP = 0.2  # a doubling that shortens the night by less has stopped to scale

ADVICE = {
    "GPU": "more GPUs, or faster fits",
    "CPU": "more nodes without GPUs",
    "scheduler": "fewer shoots per run, or a larger [scheduler] max_tis_per_query",
    "workers": "a larger [core] parallelism, with the cores for it",
    "active tasks": "a larger [core] max_active_tasks_per_dag",
    "pool": "more slots in the pool, up to what the nodes hold",
    "triggerer": "a larger [triggerer] capacity, or a second triggerer",
    "retries": "the cause of the failed tries",
    "longest shoot": "nothing: the night is hardly longer than its longest shoot",
}


class Outcome(Frozen):
    """One simulated night. Shares are of the makespan; `limit`: a key of ADVICE. `waits`: seconds per shoot, by step.

    `usd_per_image`: the whole cluster for the whole makespan, over the images that were published.
    """

    shoots: int
    gpus: int
    cpu_nodes: int
    cores: float
    makespan_seconds: float
    shoots_per_hour: float
    gpu_idle: float
    cpu_idle: float
    usd_per_image: float | None
    images: int
    fates: dict[str, int]
    backfill_fates: dict[str, int]
    backfill_seconds: float
    tries: dict[str, int]
    lost_seconds: dict[str, float]
    waited_seconds: dict[str, float]
    waits: dict[str, dict[str, float]]
    worked_seconds: float
    scheduler_busy: float
    longest_shoot_seconds: float
    starts_per_second: float
    limit: str
    trace: list[tuple[float, int, float, int, int]]


def simulate(night: Night, record: Record, progress: Callable[[int], None] = lambda _ended: None) -> Outcome:
    """Simulate a night and sum it up."""
    simulation = Simulation(night, record)
    books = simulation.run(progress)
    own, backfill = simulation.series
    seconds = own.finished_at
    cores = simulation.cluster.cores
    waited = {
        **simulation.scheduler.waited,
        "GPU": books.waited_gpu,
        "CPU": books.waited_cpu,
        "triggerer": simulation.triggerer.unseen_seconds,
        "retries": sum(books.waits["retry"].values()),
    }
    usd = seconds / 3600 * (night.gpus * night.usd_per_gpu_hour + cores * night.usd_per_core_hour)
    images = books.images["night"]
    longest = longest_shoot_seconds(simulation)
    scheduler_seconds, gpu_seconds, core_seconds = books.night
    return Outcome(
        shoots=night.shoots,
        gpus=night.gpus,
        cpu_nodes=night.cpu_nodes,
        cores=cores,
        makespan_seconds=round(seconds, 1),
        shoots_per_hour=round(night.shoots / seconds * 3600, 2),
        gpu_idle=_idle(gpu_seconds, night.gpus * seconds),
        cpu_idle=_idle(core_seconds, cores * seconds),
        usd_per_image=round(usd / images, 4) if images else None,
        images=images,
        fates=dict(books.fates["night"]),
        backfill_fates=dict(books.fates["backfill"]),
        backfill_seconds=round(backfill.finished_at, 1),
        tries=dict(books.ends),
        lost_seconds={kind: round(value, 1) for kind, value in books.lost.items()},
        waited_seconds={cause: round(value, 1) for cause, value in waited.items() if value},
        waits={
            cause: {step: round(by_step[step] / night.shoots, 1) for step in STEPS}
            for cause, by_step in books.waits.items()
        },
        worked_seconds=round(books.worked, 1),
        scheduler_busy=round(scheduler_seconds / seconds, 3),
        longest_shoot_seconds=round(longest, 1),
        starts_per_second=round(simulation.scheduler.started / books.until, 2),
        limit=limit_of(simulation, waited, longest),
        trace=books.trace,
    )


def _idle(busy: float, there: float) -> float:
    return round(1 - busy / there, 4) if there else 0.0


def limit_of(simulation: Simulation, waited: dict[str, float], longest: float) -> str:
    """What limited the night: what was busy in its middle, or else what its tasks waited for most."""
    night, own = simulation.night, simulation.series[0]
    gpus, cores = _middle(simulation.books.trace, own.finished_at)
    busy = {
        "GPU": gpus / night.gpus if night.gpus else 0.0,
        "CPU": cores / simulation.cluster.cores if simulation.cluster.cores else 0.0,
        "scheduler": simulation.books.night[0] / own.finished_at,
    }
    fullest = max(busy, key=lambda name: busy[name])
    if busy[fullest] >= SATURATED:
        return fullest
    if own.finished_at < (1 + STEEP) * longest:
        return "longest shoot"
    most = max(waited, key=lambda cause: waited[cause])
    return most if waited[most] > WORTH_NAMING * night.shoots * longest else "longest shoot"


def _middle(trace: Sequence[tuple[float, int, float, int, int]], end: float) -> tuple[float, float]:
    """Mean GPUs and cores in use in the middle half of the night."""
    rows = np.array([(when, gpus, cores) for when, gpus, cores, _, _ in trace if end / 4 <= when <= 3 * end / 4])
    if len(rows) < 2:
        return 0.0, 0.0
    lengths = np.diff(rows[:, 0])
    means = (rows[:-1, 1:] * lengths[:, None]).sum(axis=0) / lengths.sum()
    return float(means[0]), float(means[1])


def overhead_seconds(night: Night) -> float:
    """What Airflow and Kubernetes add to each step on an empty cluster, without the waits for the scheduler's loop."""
    if night.execution == "local":
        return night.begin_seconds + night.end_seconds
    return night.begin_seconds + night.pod_seconds + night.poll_seconds / 2 + night.end_seconds


def longest_shoot_seconds(simulation: Simulation) -> float:
    """The critical path of the night's longest shoot on an empty cluster, without faults and holds."""
    own, night = simulation.series[0], simulation.night
    ends = np.zeros((night.shoots, len(STEPS)))
    faster = np.array([simulation.tries.faster(rule) for rule in own.rules])
    seconds = own.draws.seconds / faster + overhead_seconds(night)
    for step, rule in enumerate(own.rules):
        begins = ends[:, list(rule.upstream)].max(axis=1) if rule.upstream else night.discover_seconds
        ends[:, step] = begins + seconds[:, step]
    return float(ends.max())


def stops_scaling(outcomes: Sequence[Outcome]) -> str:
    """In words, after which number of GPUs the night hardly gets shorter, and why. `outcomes`: by number of GPUs."""
    for before, after in pairwise(outcomes):
        gain = 1 - after.makespan_seconds / before.makespan_seconds
        expected = 1 - before.gpus / after.gpus
        if gain < STEEP * 2 * expected:
            return (
                f"{before.shoots} shoots stop scaling at {before.gpus} GPUs: {after.gpus} make the night only "
                f"{gain:.0%} shorter. What limits it there: {after.limit}. What helps: {ADVICE[after.limit]}."
            )
    last = outcomes[-1]
    return f"{last.shoots} shoots scale up to {last.gpus} GPUs. Limit there: {last.limit}; {ADVICE[last.limit]}."


def hours(seconds: float) -> str:
    """Seconds as hours and minutes."""
    minutes = math.ceil(seconds / 60)
    return f"{minutes // 60}:{minutes % 60:02d}"
