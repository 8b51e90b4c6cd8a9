"""What follows the shoots of a run: asset events, notices, and the run that takes the shoots which were postponed."""

import json
import re
from typing import Any
from urllib.parse import quote

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import Asset, AssetAlias, Context
from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowSkipException

from catalog_tasks.channels import send
from catalog_tasks.command import raise_unless_done
from catalog_tasks.local import FAILED_STATES, CatalogOperator
from pipeline.settings import read_settings

PUBLISHED = AssetAlias("catalog_published")
PART = re.compile(r"part(\d+)__(.+)")


class NoticeOperator(CatalogOperator):
    """A task that needs the notice of its run, `catalog notice`."""

    def __init__(self, **kwargs: Any) -> None:
        """Take the arguments of any task."""
        super().__init__(arguments=["notice", "--run-id", "{{ run_id }}", "--json"], **kwargs)

    def read_notice(self, context: Context) -> dict[str, Any]:
        """The notice, whose text goes to the task's log."""
        ti, run_id = context["ti"], context["run_id"]
        states = ti.get_task_states(dag_id=ti.dag_id, run_ids=[run_id]).get(run_id, {})
        failed = sorted(task for task, state in states.items() if state in FAILED_STATES and "shoot." not in task)
        waiting = ti.xcom_pull(task_ids="discover", key="waiting") or 0
        self.arguments += ["--waiting", waiting, *(f"--failed-task={task}" for task in failed)]
        self.arguments += [f"--link={name}={url}" for name, url in links(ti.dag_id, run_id).items()]
        result = self.run_command(log_output=False)
        raise_unless_done(self.task_id, result.exit_code, result.reason)
        notice: dict[str, Any] = json.loads(result.output)
        for line in (notice["subject"], *notice["text"].splitlines()):
            self.log.info("%s", line)
        return notice


class AnnounceOperator(NoticeOperator):
    """Emits an asset event for each collection in which the run published images, for DAGs that are scheduled on it."""

    def execute(self, context: Context) -> None:
        """Emit the events. Raises AirflowSkipException if the run published nothing."""
        collections = self.read_notice(context)["collections"]
        published = {name: counts for name, counts in collections.items() if counts["published"]}
        for name, counts in published.items():
            extra = {"run_id": context["run_id"], "collection": name, **counts}
            context["outlet_events"][PUBLISHED].add(Asset(collection_uri(name)), extra=extra)
            self.log.info("%s: %s", collection_uri(name), extra)
        if not published:
            raise AirflowSkipException("the run published no image")


class NotifyOperator(NoticeOperator):
    """Sends the notice to one connection of CATALOG_NOTIFY. Its failure fails the summary, but no other notice."""

    def __init__(self, *, connection: str, **kwargs: Any) -> None:
        """Send to the connection with this id."""
        super().__init__(**kwargs)
        self.connection = connection

    def execute(self, context: Context) -> None:
        """Send it. Raises AirflowSkipException if there was nothing to do, unless CATALOG_NOTIFY_EMPTY is set."""
        notice = self.read_notice(context)
        if notice["is_empty"] and not read_settings().notify_empty:
            raise AirflowSkipException("the run had nothing to do")
        send(self.connection, notice)


class NextRunOperator(TriggerDagRunOperator):
    """Starts a run of the same DAG, with the same settings, for the shoots that this run has postponed.

    The DAG runs once at a time, so it begins when this run has ended. It takes only those shoots: what failed here is
    not tried again before the next night, or the runs might never end.
    """

    def execute(self, context: Context) -> None:
        """Trigger it. Raises AirflowSkipException if no shoot is postponed."""
        if not context["ti"].xcom_pull(task_ids="discover", key="postponed"):
            raise AirflowSkipException("no shoot is postponed")
        self.trigger_run_id = next_part(context["run_id"])
        self.conf = {**dict(context["params"]), "after": context["run_id"]}
        super().execute(context)


def next_part(run_id: str) -> str:
    """The name of the run that goes on with another. Airflow reserves names that begin with `scheduled__`."""
    found = PART.fullmatch(run_id)
    return f"part{int(found[1]) + 1}__{found[2]}" if found else f"part2__{run_id}"


def collection_uri(name: str) -> str:
    """The URI of the asset that stands for a collection's published images."""
    return f"catalog://collection/{quote(name, safe='')}"


def links(dag_id: str, run_id: str) -> dict[str, str]:
    """Where the run is shown; nothing if `[api] base_url` does not say where Airflow is."""
    base = (conf.get("api", "base_url", fallback="") or "").rstrip("/")
    if "://" not in base:
        return {}
    name = quote(run_id, safe="")
    return {"Run": f"{base}/dags/{dag_id}/runs/{name}", "Shoots": f"{base}/catalog/runs/{name}"}
