"""Every number that a simulated night depends on, each with where it comes from: measured, set, declared or assumed."""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from pydantic import Field, ValidationError

from benchmarks.night_rules import airflow_defaults
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput
from pipeline.pods import Quantity
from pipeline.settings import read_settings


def _of(source: str, default: Any, meaning: str, **limits: Any) -> Any:
    """A number with its default, where that comes from, and what it means."""
    return Field(default=default, description=meaning, json_schema_extra={"source": source}, **limits)


class Figure(NamedTuple):
    """One number for the table of figures. `source`: "given" if the caller has set it."""

    name: str
    value: str
    source: str
    meaning: str


class Night(Frozen):
    """A night on a cluster. Seconds are wall seconds; shares and rates are those of single steps and pods."""

    execution: Literal["kubernetes", "local"] = _of("CATALOG_EXECUTION", "kubernetes", "pods, or Airflow's own workers")
    shoots: int = _of("chosen", 1000, "shoots that the night has planned", ge=1)
    backfill: int = _of("chosen", 0, "shoots of a backfill that begins at the same time", ge=0)
    seed: int = _of("chosen", 0, "of all random draws")

    spread: float = _of("assumed", 0.25, "sigma of the log of a shoot's seconds around a recorded one's", ge=0, le=2)
    fit_speedup: float = _of("assumed", 1.0, "how many times as fast a fit is on a GPU as recorded", gt=0)
    held: float = _of("assumed", 0.03, "share of shoots whose sfm is held", ge=0, le=1)
    failing: float = _of("assumed", 0.002, "share of tries that fail for a reason that passes", ge=0, le=1)
    broken: float = _of("assumed", 0.0002, "share of steps that fail in every try", ge=0, le=1)
    oom: float = _of("assumed", 0.001, "share of steps that need more memory than their first pod has", ge=0, le=1)
    oom_factor: float = _of("assumed", 6.0, "at most this many times as much, log-uniformly", gt=1)
    evictions: float = _of("assumed", 0.02, "evictions per hour of a running pod", ge=0)
    sudden: float = _of(
        "assumed", 0.5, "share of them without SIGTERM, so that a fit goes back to its snapshot", ge=0, le=1
    )

    shoots_per_run: int = _of("CATALOG_SHOOTS_PER_RUN", 100, "shoots per run of the DAG, one run after the other", ge=1)
    runs_at_once: int = _of("dags/catalog_nightly.py", 1, "max_active_runs: runs of the DAG at the same time", ge=1)
    discover_seconds: float = _of("assumed", 30.0, "discovery and the loop that makes the steps, per run", ge=0)
    parallelism: int = _of("Airflow's default", 32, "[core] parallelism: tasks in Airflow's workers", ge=1)
    active_tasks: int = _of(
        "Airflow's default", 16, "[core] max_active_tasks_per_dag: of a run; pods do not count", ge=1
    )
    tasks_per_loop: int = _of("Airflow's default", 16, "[scheduler] max_tis_per_query: started by a loop", ge=1)
    rest_seconds: float = _of("Airflow's default", 1.0, "[scheduler] scheduler_idle_sleep_time", ge=0)
    triggers: int = _of("Airflow's default", 1000, "[triggerer] capacity: pods that are watched, all triggerers", ge=1)
    night_slots: int = _of(
        "as shipped",
        0,
        "slots of default_pool if it counts pods; 0: it does not; -1: 4 per GPU and 1 per 2 cores",
        ge=-1,
    )
    gpu_slots: int = _of("as shipped", 0, "slots of a second such pool, of GPU steps; 0: none", ge=0)
    backfill_slots: int = _of(
        "CATALOG_BACKFILL_TASKS", 1, "slots of the pool catalog_backfill, which counts pods", ge=1
    )
    loop_seconds: float = _of("measured", 0.055, "scheduler's loop: the loop itself", ge=0)
    loop_waiting_ms: float = _of("measured", 10.5, "scheduler's loop: ms per step whose upstream has not ended", ge=0)
    loop_pair_us: float = _of(
        "measured", 0.0, "scheduler's loop: microseconds per pair of such a step and an ended one", ge=0
    )
    begin_seconds: float = _of(
        "4 to 10 s in all; split assumed", 2.5, "a worker, from queued to a pod that is made", ge=0
    )
    end_seconds: float = _of("4 to 10 s in all; split assumed", 2.5, "a worker, from the pod's end to the task's", ge=0)
    pod_seconds: float = _of(
        "4 to 10 s in all; split assumed", 2.0, "a pod, from its node to its step's first line", ge=0
    )
    poll_seconds: float = _of("plugins/catalog_tasks/pods.py", 3.0, "between two looks at a pod", ge=0)
    start_limit: float = _of("CATALOG_KUBERNETES_START_SECONDS", 300.0, "after which a pod without a node fails", gt=0)

    pods: str = _of("CATALOG_PODS", "", "a pods.yaml that changes what pods request")
    gpus: int = _of("chosen", 8, "GPUs, on nodes that take nothing but GPU steps", ge=0)
    gpus_per_node: int = _of("assumed", 8, "GPUs of a node", ge=1)
    cores_per_gpu: float = _of("assumed", 16.0, "cores of a GPU node, per GPU", gt=0)
    memory_per_gpu: Quantity = _of("assumed", "128Gi", "memory of a GPU node, per GPU")
    cpu_nodes: int = _of("chosen", 8, "nodes without a GPU", ge=0)
    cores_per_node: float = _of("assumed", 16.0, "cores of such a node", gt=0)
    memory_per_node: Quantity = _of("assumed", "64Gi", "memory of such a node")

    usd_per_gpu_hour: float = _of("assumed", 3.0, "price of a GPU with its cores and memory, busy or idle", ge=0)
    usd_per_core_hour: float = _of("assumed", 0.04, "price of a core of the other nodes with its memory", ge=0)

    @classmethod
    def here(cls, **given: object) -> "Night":
        """A night with this environment's settings and Airflow's defaults, and what is given. Raises BadInput."""
        settings, airflow = read_settings(), airflow_defaults()
        found: dict[str, object] = {
            "shoots_per_run": min(airflow["max_map_length"], settings.shoots_per_run),
            "parallelism": airflow["parallelism"],
            "active_tasks": airflow["max_active_tasks_per_dag"],
            "tasks_per_loop": airflow["max_tis_per_query"],
            "rest_seconds": airflow["scheduler_idle_sleep_time"],
            "triggers": airflow["capacity"],
            "backfill_slots": settings.backfill_tasks,
            "start_limit": settings.kubernetes_start_seconds,
        }
        try:
            return cls.model_validate({**found, **given})
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(map(str, first["loc"]))
            raise BadInput(f"{name}: {first['msg']} (got {first['input']!r})", remedy="Correct the figure") from None

    def figures(self, given: frozenset[str] = frozenset()) -> Iterator[Figure]:
        """All numbers with their sources. `given`: the names of those that the caller has set."""
        for name, field in type(self).model_fields.items():
            source = "given" if name in given else str((field.json_schema_extra or {})["source"])  # type: ignore[index, call-overload]
            yield Figure(
                name,
                f"{getattr(self, name):g}" if isinstance(getattr(self, name), float) else str(getattr(self, name)),
                source,
                field.description or "",
            )
