"""What follows the shoots of a run, as Airflow's tasks."""

import json

import pytest

from pipeline.settings import read_settings
from tests.plugins.servers import serve_hook

NOTICE = {
    "run_id": "night", "subject": "Catalog run night", "text": "text", "html": "<p>text</p>", "links": {},
    "is_empty": False, "counts": {}, "troubled": [], "waiting": 0, "seconds": 1.0, "cost_usd": 0.5,
    "usd_per_image": None, "collections": {"autumn": {"published": 2, "held": 1}, "spring": {"published": 0}},
}  # fmt: skip


class Task:
    """What Airflow gives a task of itself: states of other tasks, and their values."""

    dag_id = "catalog_nightly"

    def __init__(self, states: dict, **values: object) -> None:
        self.states, self.values = states, values

    def get_task_states(self, dag_id: str, run_ids: list) -> dict:
        return {run_ids[0]: self.states} if dag_id == self.dag_id else {}

    def xcom_pull(self, task_ids: str, key: str) -> object:
        return self.values.get(key) if task_ids == "discover" else None


def context(states: dict | None = None, **values: object) -> dict:
    from airflow.sdk.execution_time.context import OutletEventAccessors

    around = {"run_id": "night", "outlet_events": OutletEventAccessors(), "params": {"preset": "demo"}}
    return {"ti": Task(states or {}, **values), **around}


@pytest.fixture
def run(monkeypatch):
    """Let `catalog notice` print this; its arguments."""
    from catalog_tasks.command import CommandResult
    from catalog_tasks.ending import NoticeOperator

    ran: list = []
    notice = dict(NOTICE)

    def run_command(task, log_output=True):
        ran.append([str(argument) for argument in task.arguments])
        return CommandResult(0, json.dumps(notice), "")

    monkeypatch.setattr(NoticeOperator, "run_command", run_command)
    return ran, notice


def test_each_published_collection_has_one_event(run):
    from catalog_tasks.ending import PUBLISHED, AnnounceOperator

    around = context({"discover": "success"})
    AnnounceOperator(task_id="announce", outlets=[PUBLISHED]).execute(around)
    (event,) = around["outlet_events"][PUBLISHED].asset_alias_events
    assert event.dest_asset_key.uri == "catalog://collection/autumn"
    assert event.extra == {"run_id": "night", "collection": "autumn", "published": 2, "held": 1}


def test_a_run_that_published_nothing_has_no_event(run):
    from airflow.sdk.exceptions import AirflowSkipException

    from catalog_tasks.ending import AnnounceOperator

    run[1]["collections"] = {"spring": {"published": 0}}
    with pytest.raises(AirflowSkipException, match="published no image"):
        AnnounceOperator(task_id="announce").execute(context())


@pytest.mark.parametrize("name", ["autumn", "a.b-c_d", "50% Läden/x"])
def test_the_uri_of_a_collection_is_as_airflow_keeps_it(name):
    from airflow.sdk import Asset

    from catalog_tasks.ending import collection_uri

    assert Asset(collection_uri(name)).uri == collection_uri(name)


def test_a_notice_has_what_only_airflow_knows(run, monkeypatch):
    from catalog_tasks.ending import NotifyOperator

    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example/")
    states = {"discover": "failed", "shoot.sfm_0": "failed", "announce": "success"}
    with serve_hook() as hook:
        monkeypatch.setenv("AIRFLOW_CONN_TEAM", json.dumps({"conn_type": "http", "host": hook.url}))
        NotifyOperator(task_id="notify.team", connection="team").execute(context(states, waiting=2))
    arguments = " ".join(run[0][0])
    assert "--waiting 2 --failed-task=discover --link=Run=https://airflow.example/dags/catalog_nightly" in arguments
    assert "--link=Shoots=https://airflow.example/catalog/runs/night" in arguments and "sfm" not in arguments
    assert hook.requests[0][2]["subject"] == "Catalog run night"


def test_an_empty_run_sends_no_notice_unless_asked(run, monkeypatch):
    from airflow.sdk.exceptions import AirflowSkipException

    from catalog_tasks.ending import NotifyOperator

    run[1]["is_empty"] = True
    with serve_hook() as hook:
        monkeypatch.setenv("AIRFLOW_CONN_TEAM", json.dumps({"conn_type": "http", "host": hook.url}))
        with pytest.raises(AirflowSkipException, match="nothing to do"):
            NotifyOperator(task_id="notify.team", connection="team").execute(context())
        monkeypatch.setenv("CATALOG_NOTIFY_EMPTY", "true")
        NotifyOperator(task_id="notify.team", connection="team").execute(context())
    assert len(hook.requests) == 1


def test_the_next_run_takes_the_same_settings_and_only_what_is_postponed():
    from airflow.sdk.exceptions import AirflowSkipException, DagRunTriggerException

    from catalog_tasks.graph import next_run

    task = next_run(read_settings())
    task.trigger_dag_id = "catalog_nightly"
    with pytest.raises(AirflowSkipException, match="no shoot is postponed"):
        task.execute(context(postponed=0))
    with pytest.raises(DagRunTriggerException) as raised:
        task.execute(context(postponed=3))
    assert raised.value.dag_run_id == "part2__night" and raised.value.skip_when_already_exists
    assert raised.value.conf == {"preset": "demo", "after": "night"} and raised.value.logical_date is None


def test_parts_of_a_run_are_numbered():
    from airflow.utils.types import DagRunType

    from catalog_tasks.ending import next_part

    names = [name := "scheduled__2026-11-30T02:00:00+00:00", *(name := next_part(name) for _ in range(9))]
    assert names[1] == "part2__scheduled__2026-11-30T02:00:00+00:00" and names[-1].startswith("part10__scheduled__")
    assert DagRunType.from_run_id(names[1]) == DagRunType.MANUAL


@pytest.mark.parametrize(("own", "airflows", "limit"), [(None, None, 100), ("5", None, 5), ("5000", "7", 7)])
def test_a_run_takes_as_many_shoots_as_airflow_and_the_setting_allow(monkeypatch, own, airflows, limit):
    from catalog_tasks.local import shoots_per_run

    for name, value in {"CATALOG_SHOOTS_PER_RUN": own, "AIRFLOW__CORE__MAX_MAP_LENGTH": airflows}.items():
        monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name, raising=False)
    assert shoots_per_run() == limit
