"""What the project itself decides about a step: read from the plan, the task factory and pods.yaml, never copied."""

import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from pipeline.contract.plan import StepOutput
from pipeline.plan import GRAPH, STEPS, UPSTREAM
from pipeline.pods import PodRequest, bytes_of, pod_request, read_pods
from pipeline.settings import Settings, read_settings

NIGHT_DAG, BACKFILL_DAG = "catalog_nightly", "catalog_backfill"
PROJECT = Path(__file__).resolve().parents[1]
FIT = "splat"  # the step that goes on from a snapshot


@dataclass(frozen=True)
class Request:
    """What a step's first pod requests, and the memory to which its later ones may grow. Memory in bytes."""

    cores: float
    memory: int
    max_memory: int
    gpu: bool


@dataclass(frozen=True)
class StepRule:
    """One step in one DAG.

    `upstream`: steps that must end before, by their place in STEPS; `needs`: those whose hold holds this step too.
    `retry_seconds`: how long Airflow waits after each failed try. `limit_seconds`: after which it gives a try up.
    """

    name: str
    upstream: tuple[int, ...]
    downstream: tuple[int, ...]
    needs: tuple[int, ...]
    priority: int
    retry_seconds: tuple[float, ...]
    limit_seconds: float
    request: Request


@cache
def rules(*, backfill: bool, gpus: bool, pods: str = "") -> tuple[StepRule, ...]:
    """The rules of all steps, in the order of STEPS. `gpus`: pods of GPU steps request one (CATALOG_DEVICE=cuda).

    `pods`: a pods.yaml, instead of the one that CATALOG_PODS names. Raises BadInput when it cannot be used.
    """
    place = {step: number for number, step in enumerate(STEPS)}
    dag_id, settings = (BACKFILL_DAG if backfill else NIGHT_DAG), read_settings()
    file = read_pods(Path(pods) if pods else settings.pods)
    found = []
    for step in STEPS:
        task = _task(step, settings.model_copy(update={"execution": "local"}), backfill=backfill)
        found.append(
            StepRule(
                name=step,
                upstream=tuple(place[name] for name in UPSTREAM[step]),
                downstream=tuple(place[name] for name in STEPS if step in UPSTREAM[name]),
                needs=tuple(place[name] for name in needed(step)),
                priority=task.priority_weight,
                retry_seconds=tuple(_retry_seconds(task, dag_id, number) for number in range(1, task.retries + 1)),
                limit_seconds=cast(timedelta, task.execution_timeout).total_seconds(),
                request=_request(pod_request(step, dag_id, file), gpus=gpus),
            )
        )
    return tuple(found)


def needed(step: str) -> tuple[str, ...]:
    """The steps whose hold holds this step too: those of inputs that are not optional."""
    sources = [source for source in GRAPH[step].values() if isinstance(source, StepOutput)]
    return tuple(dict.fromkeys(source.step for source in sources if not source.optional))


def airflow_defaults() -> Mapping[str, int]:
    """Airflow's own limits where nobody has set them."""
    _prepare_airflow()
    from airflow.configuration import conf

    names = {
        "parallelism": "core",
        "max_active_tasks_per_dag": "core",
        "max_map_length": "core",
        "max_tis_per_query": "scheduler",
        "scheduler_idle_sleep_time": "scheduler",
        "capacity": "triggerer",
    }
    return {name: int(float(conf.get_default_value(section, name))) for name, section in names.items()}


def _request(asked: PodRequest, *, gpus: bool) -> Request:
    return Request(asked.cores, bytes_of(asked.memory), bytes_of(asked.max_memory), asked.gpu and gpus)


def _task(step: str, settings: Settings, *, backfill: bool) -> Any:
    """The real task of a step, from the task factory of the DAGs."""
    _prepare_airflow()
    from catalog_tasks.graph import stage_task

    return stage_task(step, "sku", "plan", settings, backfill=backfill)


def _retry_seconds(task: Any, dag_id: str, try_number: int) -> float:
    """How long Airflow waits after a failed try, by its own rule."""
    from airflow.models.taskinstance import TaskInstance

    ended = datetime(2026, 1, 1, tzinfo=UTC)
    # all that the rule reads of a task instance; a real one needs a database
    instance = SimpleNamespace(
        task=task,
        try_number=try_number,
        dag_id=dag_id,
        task_id=f"shoot.{task.task_id}",
        logical_date=ended,
        end_date=ended,
        retry_delay_override=None,
    )
    again = TaskInstance.next_retry_datetime(cast(TaskInstance, instance))
    return float((again - ended).total_seconds())


@cache
def _prepare_airflow() -> None:
    """Let Airflow be imported without touching a real one, with plugins/ on the path, as Airflow puts it there."""
    os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="catalog-airflow-"))
    os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
    plugins = str(PROJECT / "plugins")
    if plugins not in sys.path:
        sys.path.append(plugins)


def snapshot_seconds() -> float:
    """Seconds between two snapshots of a fit, by its params."""
    from pipeline.splatting.fit.params import FitParams

    return float(FitParams().snapshot_seconds)
