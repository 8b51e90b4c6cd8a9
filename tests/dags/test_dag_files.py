import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from airflow.sdk import WeightRule
from airflow.timetables.base import TimeRestriction

PROJECT = Path(__file__).resolve().parents[2]
DAGS = ("catalog_nightly", "catalog_backfill", "catalog_request")
HEAVY = ("torch", "diffusers", "transformers", "pycolmap")
IMAGE = "registry.example/catalog:1"


@pytest.mark.parametrize("execution", ["local", "kubernetes"])
def test_the_dag_files_load_no_heavy_library_and_little_beside_the_plugin(execution, tmp_path):
    program = (
        "import runpy, sys; sys.path.append('plugins');"
        "runpy.run_path('plugins/lineage_view.py'); forked = set(sys.modules);"  # what the scheduler's workers inherit
        f"[runpy.run_path(f'dags/{{name}}.py') for name in {DAGS}]; print(sorted(set(sys.modules) & set({HEAVY})));"
        "print(sorted(m for m in set(sys.modules) - forked if m.split('.')[0] in {'pipeline', 'catalog_tasks'}))"
    )
    environment = dict(os.environ) | {
        "AIRFLOW_HOME": str(tmp_path),
        "PYTHONPATH": str(PROJECT),
        "CATALOG_EXECUTION": execution,
        "CATALOG_IMAGE": IMAGE,
    }
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, env=environment, capture_output=True, text=True, check=True
    )
    heavy, own = done.stdout.strip().splitlines()[-2:]
    assert heavy == "[]"
    assert own == "[]" or execution == "kubernetes"  # a pod's task also reads the stages' resources


@pytest.fixture(params=DAGS)
def dag(request):
    return load(request.param)


def load(name: str):
    import runpy

    from airflow.sdk import DAG

    dags = [value for value in runpy.run_path(str(PROJECT / "dags" / f"{name}.py")).values() if isinstance(value, DAG)]
    assert [dag.dag_id for dag in dags] == [name]
    return dags[0]


def test_a_dag_has_the_plans_steps_and_dependencies(dag):
    from pipeline.plan import STEPS, UPSTREAM

    ending = {"announce"} if dag.dag_id == "catalog_request" else {"announce", "next_run"}
    assert set(dag.task_dict) == {"discover", "summary", *ending, *(f"shoot.{step}" for step in STEPS)}
    for step, inputs in UPSTREAM.items():
        task = dag.get_task(f"shoot.{step}")
        waits_for = task.upstream_task_ids - {"discover"}
        assert {f"shoot.{name}" for name in inputs} <= task.get_flat_relative_ids(upstream=True)
        assert waits_for <= {f"shoot.{name}" for name in inputs}


def test_no_task_waits_for_what_another_of_its_upstream_waits_for(dag):
    for task in dag.tasks:
        for name in task.upstream_task_ids - {"discover"}:
            assert not dag.get_task(name).get_flat_relative_ids(upstream=True) & (task.upstream_task_ids - {"discover"})


def test_the_first_night_is_the_next_one(monkeypatch):
    from airflow.timetables import trigger

    own = load("catalog_nightly").timetable
    monkeypatch.setattr(trigger, "utcnow", lambda: datetime(2026, 11, 30, 2, 10, tzinfo=UTC))
    made = {name: getattr(own, name) for name in ("timezone", "interval", "run_immediately")}
    first = trigger.CronTriggerTimetable(own.expression, **made).next_dagrun_info(
        last_automated_data_interval=None, restriction=TimeRestriction(None, None, catchup=False)
    )
    assert first.run_after == datetime(2026, 12, 1, 2, tzinfo=UTC)


def test_the_wait_before_a_retry_doubles(dag):
    for task in dag.tasks:
        assert task.retry_exponential_backoff == (2.0 if task.retries else 0)


def test_the_summary_is_last_and_always_runs(dag):
    summary = dag.get_task("summary")
    assert [task.task_id for task in dag.leaves] == ["summary"]
    assert summary.trigger_rule == "all_done"
    assert summary.retries == 0


def test_what_follows_the_shoots_runs_whatever_happened_and_decides_no_state(dag):
    for name in {"announce", "next_run"} & set(dag.task_dict):
        task = dag.get_task(name)
        assert task.trigger_rule == "all_done" and task.retries == 2
        assert task.downstream_task_ids == {"summary"} and "shoot.publish" in task.upstream_task_ids


@pytest.mark.parametrize(("name", "notified"), [(DAGS[0], True), (DAGS[1], True), (DAGS[2], False)])
def test_each_connection_has_a_task_of_its_own(monkeypatch, name, notified):
    monkeypatch.setenv("CATALOG_NOTIFY", "shop_slack, team-mail")
    tasks = [task for task in load(name).tasks if task.task_id.startswith("notify.")]
    assert [task.task_id for task in tasks] == (["notify.shop_slack", "notify.team-mail"] if notified else [])
    assert all(task.trigger_rule == "all_done" and task.downstream_task_ids == {"summary"} for task in tasks)


def test_only_nights_have_the_deadline(monkeypatch):
    monkeypatch.setenv("CATALOG_DEADLINE", "6h")
    assert [bool(load(name).deadline) for name in DAGS] == [True, False, False]
    monkeypatch.delenv("CATALOG_DEADLINE")
    assert not load(DAGS[0]).deadline


def test_a_step_downstream_of_a_held_step_runs(dag):
    for task in dag.tasks:
        if task.task_id.startswith("shoot."):
            assert task.trigger_rule == "none_failed"


def test_every_pod_of_the_dag_conforms_to_kubernetes_schema(monkeypatch):
    import kubernetes_validate
    from airflow.sdk.definitions._internal.expandinput import ListOfDictsExpandInput
    from kubernetes.client import ApiClient

    from pipeline.plan import STEPS

    monkeypatch.setenv("CATALOG_EXECUTION", "kubernetes")
    monkeypatch.setenv("CATALOG_IMAGE", IMAGE)
    monkeypatch.setattr(ListOfDictsExpandInput, "resolve", lambda *_: ({"sku": "mug", "plan": "ab" * 32}, set()))
    dag = load("catalog_nightly")
    for step in STEPS:
        task = dag.get_task(f"shoot.{step}")
        task.render_template_fields({"run_id": "manual__1", "task": task}, dag.get_template_env())
        pod = ApiClient().sanitize_for_serialization(task.build_pod_request_obj(dry_run=True))
        kubernetes_validate.validate(pod, "1.33", strict=True)
        arguments = pod["spec"]["containers"][0]["args"]
        assert arguments == ["stage", step, "--plan", "ab" * 32, "--run-id", "manual__1"]
        assert task.deferrable and not task.do_xcom_push


def weights_of(dag) -> dict[str, int]:
    steps = {name.removeprefix("shoot."): task for name, task in dag.task_dict.items() if name.startswith("shoot.")}
    assert {task.weight_rule for task in steps.values()} == {WeightRule.ABSOLUTE}
    return {step: task.priority_weight for step, task in steps.items()}


def test_a_backfill_has_a_pool_of_its_own_and_gives_way_to_the_night():
    backfill, night = load("catalog_backfill"), load("catalog_nightly")
    assert max(weights_of(backfill).values()) < min(weights_of(night).values())
    pools = {task.pool for name, task in backfill.task_dict.items() if name.startswith("shoot.")}
    assert pools == {"catalog_backfill"} and backfill.get_task("summary").pool == "default_pool"
    assert {task.pool for task in night.tasks} == {"default_pool"}


def test_evidence_gives_way_to_the_steps_that_the_splat_waits_for(dag):
    weight = weights_of(dag)
    assert max(weight["ingest"], weight["cutout"], weight["sfm"]) < weight["evidence"]
    assert weight["evidence"] < min(weight["coverage"], weight["splat"])


def test_a_shoot_ends_before_the_next_one_starts(dag):
    from pipeline.plan import UPSTREAM

    weight = weights_of(dag)
    pairs = [(step, above) for step, steps in UPSTREAM.items() for above in steps if step != "evidence"]
    assert all(weight[step] > weight[above] for step, above in pairs)
