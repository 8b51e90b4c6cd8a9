"""A run that is not finished by its deadline, as the triggerer tells it."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.plugins.conftest import RUN
from tests.plugins.servers import serve_hook

CONTEXT = {
    "dag_run": {"dag_id": "catalog_nightly", "dag_run_id": RUN},
    "deadline": {"id": "1", "deadline_time": datetime(2026, 11, 30, 8, tzinfo=UTC)},
}


def test_every_connection_gets_the_notice_although_one_fails(url, monkeypatch):
    from airflow.sdk.exceptions import AirflowException

    from catalog_tasks.deadline import tell_late

    monkeypatch.setenv("CATALOG_RETRIES", "1")
    monkeypatch.setenv("CATALOG_RETRY_SECONDS", "0.01")
    with serve_hook() as hook:
        hook.statuses = [500, 500, 500]
        for name in ("one", "two"):
            monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps({"conn_type": "http", "host": hook.url}))
        monkeypatch.setenv("CATALOG_NOTIFY", "one, two")
        with pytest.raises(AirflowException, match=r"^the connection one answered 500 Internal Server Error$"):
            asyncio.run(tell_late(CONTEXT))
    assert len(hook.requests) == 4  # two tries each, of which the last one was taken
    subject = "Catalog run manual__1: not finished by 2026-11-30 08:00 UTC: 1 of 1 shoot still run"
    assert hook.requests[-1][2]["subject"] == subject


@pytest.mark.parametrize(("text", "span"), [("6h", timedelta(hours=6)), ("1.5h", timedelta(minutes=90)), ("", None)])
def test_the_deadline_counts_from_when_the_run_was_queued(monkeypatch, text, span):
    from airflow.sdk import DeadlineReference

    from catalog_tasks import deadline_alert

    monkeypatch.setenv("CATALOG_DEADLINE", text)
    alert = deadline_alert()
    assert (alert and alert.interval) == span
    assert alert is None or alert.reference == DeadlineReference.DAGRUN_QUEUED_AT
