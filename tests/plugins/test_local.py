"""A step on Airflow's own worker: what its end means to Airflow, and who tells the summary."""

import pytest

from pipeline.catalog.shoots import StepFate, record_step
from pipeline.discovery import conclude
from tests.plugins.conftest import RUN


def run(monkeypatch, exit_code: int, reason: str) -> dict:
    """Run sfm's task, whose command ends like this; the task's context."""
    from airflow.sdk.exceptions import AirflowException

    from catalog_tasks.command import CommandResult
    from catalog_tasks.local import StageOperator

    task, context = StageOperator(step="sfm", plan="ab" * 32, sku="mug", task_id="sfm"), {"run_id": RUN}
    monkeypatch.setattr(task, "run_command", lambda: CommandResult(exit_code, "", reason))
    with pytest.raises(AirflowException):
        task.execute(context)
    return context


def test_a_killed_step_is_told_to_the_summary_by_its_task(url, monkeypatch):
    context = run(monkeypatch, -9, "7/24 photos")
    killed = "sfm was killed by signal 9 (usually by the system, because memory ran out): 7/24 photos"
    assert context["catalog_label"] == f"mug · {killed}"
    assert conclude(url, RUN).shoots[0].reason == f"sfm: {killed}"


def test_a_step_that_failed_has_recorded_that_itself(url, monkeypatch):
    record_step(url, RUN, "mug", StepFate(step="sfm", state="failed", reason="in its own words"))
    context = run(monkeypatch, 1, "the last line")
    assert context["catalog_label"] == "mug · sfm failed with exit code 1: the last line"
    assert conclude(url, RUN).shoots[0].reason == "sfm: in its own words"
