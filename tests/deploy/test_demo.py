"""The demo's view of a run: when it asks Airflow, and when it stops asking."""

import io
from itertools import chain, count, repeat
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from deploy.local import demo
from deploy.local.demo import DAG_ID, STATE_EVERY, Demo
from deploy.local.home import Home
from pipeline.settings import Settings


class Airflow:
    """Stands for Airflow's API: the summary's state per poll, and the run's state per question."""

    def __init__(self, summary: list[str | None], run: list[str]) -> None:
        self.summary = chain(summary, repeat(summary[-1]))
        self.run = chain(run, repeat(run[-1]))
        self.polls = count()
        self.questions = 0

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        assert (dag_id, run_id) == (DAG_ID, "tonight")
        assert next(self.polls) < 5 * STATE_EVERY, "the demo does not notice that the run has ended"
        return [{"task_id": "summary", "map_index": -1, "rendered_map_index": None, "state": next(self.summary)}]

    def run_state(self, dag_id: str, run_id: str) -> str:
        self.questions += 1
        return next(self.run)


@pytest.fixture
def follow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(demo, "POLL_SECONDS", 0.0)
    shown = Demo(Home(tmp_path), Settings(), Console(file=io.StringIO()))
    return lambda airflow: shown.follow(airflow, "tonight", 0.0)


def test_a_run_ends_for_the_demo_when_its_summary_and_state_do(follow: Any) -> None:
    airflow = Airflow([None, "running", "success"], ["running", "success"])
    assert follow(airflow) == "success"
    assert airflow.questions == 2
    assert next(airflow.polls) == 4


def test_the_demo_asks_for_the_runs_state_only_now_and_then(follow: Any) -> None:
    airflow = Airflow([*repeat(None, 2 * STATE_EVERY), "failed"], ["running", "running", "failed"])
    assert follow(airflow) == "failed"
    assert airflow.questions == 3


def test_the_demo_notices_a_run_that_was_stopped_before_its_summary(follow: Any) -> None:
    assert follow(Airflow([None], ["running", "failed"])) == "failed"
