"""The graph of a run, shared by all DAGs: discovery, one mapped group of steps per shoot, what follows, a summary."""

from datetime import timedelta
from typing import Any

from airflow.sdk import BaseOperator, TriggerRule, WeightRule, task_group

from catalog_tasks.ending import PUBLISHED, AnnounceOperator, NextRunOperator, NotifyOperator
from catalog_tasks.local import (
    BackfillOperator,
    DiscoverOperator,
    PlanningOperator,
    RequestOperator,
    StageOperator,
    SummaryOperator,
)
from catalog_tasks.pool import BACKFILL_POOL
from pipeline.plan import STEPS, UPSTREAM
from pipeline.settings import Settings, read_settings

NIGHT_FIRST = 1000  # what the steps of nights and requests weigh more than those of backfills, beyond all differences
STEP_LIMIT = timedelta(hours=4)  # a step that takes longer is stuck


def discover_shoots(*arguments: str, preset: str = "") -> DiscoverOperator:
    """Return the task that plans the shoots, `catalog discover ARGUMENTS`. It always runs on the worker itself."""
    return DiscoverOperator(
        task_id="discover",
        arguments=["discover", *arguments, "--json", "--run-id", "{{ run_id }}"],
        environment={"CATALOG_PRESET": preset},
        **_retries(read_settings()),
    )


def plan_backfill(*arguments: str, preset: str = "") -> BackfillOperator:
    """Return the task that shows and plans a backfill, `catalog backfill ARGUMENTS`. It runs on the worker itself."""
    return BackfillOperator(
        task_id="discover",
        arguments=["backfill", "--plan-only", "--json", "--run-id", "{{ run_id }}", *arguments],
        environment={"CATALOG_PRESET": preset},
        **_retries(read_settings()),
    )


def read_request(target: str, text: str, preset: str = "", asset: str = "") -> RequestOperator:
    """Return the task that turns a brief into a plan, `catalog brief`. It always runs on the worker itself.

    `asset`: the one that it makes again, or empty.
    """
    return RequestOperator(
        task_id="discover",
        arguments=["brief", "--json", "--run-id", "{{ run_id }}", "--asset", asset, "--", target, text],
        environment={"CATALOG_PRESET": preset},
        **_retries(read_settings()),
    )


def run_shoots(discover: PlanningOperator, *, backfill: bool = False, request: bool = False) -> None:
    """Run every planned shoot's steps, independently of the other shoots, then what follows them, and the summary.

    `backfill`: the steps of other runs go first. `request`: of one person, who sees how it ends: nobody is notified.
    """
    settings = read_settings()

    @task_group(group_id="shoot")
    def shoot(sku: Any, plan: Any) -> None:
        tasks = {step: stage_task(step, sku, plan, settings, backfill=backfill) for step in STEPS}
        for step in STEPS:
            tasks[step].set_upstream([tasks[name] for name in direct_upstream(step)])

    summary = SummaryOperator(
        task_id="summary",
        arguments=["summary", "--run-id", "{{ run_id }}"],
        trigger_rule=TriggerRule.ALL_DONE,
        retries=0,
    )
    ending = [announce(settings)] if request else [announce(settings), *notify(settings), next_run(settings)]
    shoot.expand_kwargs(discover.output) >> ending >> summary


def announce(settings: Settings) -> AnnounceOperator:
    """Return the task that emits the asset events. The summary could not: it fails if a shoot failed."""
    return AnnounceOperator(
        task_id="announce", outlets=[PUBLISHED], trigger_rule=TriggerRule.ALL_DONE, **_retries(settings)
    )


def notify(settings: Settings) -> list[NotifyOperator]:
    """Return one task for each connection that gets a notice, so that one that fails stops no other."""
    return [
        NotifyOperator(
            task_id=f"notify.{name}", connection=name, trigger_rule=TriggerRule.ALL_DONE, **_retries(settings)
        )
        for name in settings.notify_connections
    ]


def next_run(settings: Settings) -> NextRunOperator:
    """Return the task that starts the run for the postponed shoots."""
    return NextRunOperator(
        task_id="next_run",
        trigger_dag_id="{{ dag.dag_id }}",
        logical_date=None,
        skip_when_already_exists=True,  # triggered by an earlier try
        openlineage_inject_parent_info=False,
        trigger_rule=TriggerRule.ALL_DONE,
        **_retries(settings),
    )


def stage_task(step: str, sku: Any, plan: Any, settings: Settings, *, backfill: bool) -> BaseOperator:
    """Return one step as a task, on the worker or in a pod, depending on CATALOG_EXECUTION.

    A held step is skipped, and the steps downstream still run: each decides whether it needs the held result.
    """
    common: dict[str, Any] = {
        "task_id": step,
        "trigger_rule": TriggerRule.NONE_FAILED,
        "weight_rule": WeightRule.ABSOLUTE,
        "priority_weight": priority(step) + (0 if backfill else NIGHT_FIRST),
        "execution_timeout": STEP_LIMIT,
        "do_xcom_push": False,
        **_retries(settings),
    }
    if backfill:
        common["pool"] = BACKFILL_POOL
    if settings.execution == "local":
        return StageOperator(step=step, plan=plan, sku=sku, **common)
    from catalog_tasks.pods import stage_pod  # the Kubernetes client takes a second to import

    return stage_pod(step, plan, sku, settings, **common)


def priority(step: str) -> int:
    """Return a step's weight: the more steps lie above it, the larger, so that a shoot ends before the next starts.

    evidence comes after coverage and splat, also those of other shoots: only caption waits for it, and the fit takes
    longest of all.
    """
    return 2 * len(_above("coverage")) - 1 if step == "evidence" else 2 * len(_above(step))


def direct_upstream(step: str) -> list[str]:
    """Return the steps that the task of `step` waits for: its inputs, without those that another input waits for.

    The order is the same with every input as upstream, but each costs the scheduler a query per step in each loop.
    """
    return [name for name in UPSTREAM[step] if not any(name in _above(other) for other in UPSTREAM[step])]


def _above(step: str) -> set[str]:
    """The steps that must end before `step` can start."""
    return set(UPSTREAM[step]).union(*(_above(name) for name in UPSTREAM[step]))


def _retries(settings: Settings) -> dict[str, Any]:
    delay = timedelta(seconds=settings.retry_seconds)
    return {"retries": settings.retries, "retry_delay": delay, "retry_exponential_backoff": 2.0}  # True counts as 1
