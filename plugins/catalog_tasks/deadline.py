"""A deadline for nights: a notice to CATALOG_NOTIFY when a run is not finished by then."""

import json
import logging
import os
import time
from datetime import datetime
from typing import Any

from airflow.sdk import AsyncCallback, DeadlineAlert, DeadlineReference
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from asgiref.sync import sync_to_async

from catalog_tasks.channels import send
from catalog_tasks.command import Command, raise_unless_done
from catalog_tasks.ending import links
from pipeline.settings import read_settings

log = logging.getLogger(__name__)


def deadline_alert() -> DeadlineAlert | None:
    """The deadline that CATALOG_DEADLINE sets for each run, from when it was queued; None without one."""
    span = read_settings().deadline
    if span is None:
        return None
    return DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=span,
        callback=AsyncCallback("catalog_tasks.deadline.tell_late"),
        name="CATALOG_DEADLINE",
    )


async def tell_late(context: dict[str, Any]) -> None:
    """Send the notice. The triggerer runs this, in a thread, because it waits for a process and for servers."""
    run, at = context["dag_run"], context["deadline"]["deadline_time"]
    at = at if isinstance(at, datetime) else datetime.fromisoformat(str(at))
    await sync_to_async(_tell, thread_sensitive=False)(run["dag_id"], run["dag_run_id"], at)


def _tell(dag_id: str, run_id: str, at: datetime) -> None:
    """Send the notice to every connection, and raise AirflowException that names those that did not get it."""
    arguments = ["notice", "--json", "--run-id", run_id, "--deadline", at.isoformat()]
    arguments += [f"--link={name}={url}" for name, url in links(dag_id, run_id).items()]
    result = Command(arguments, dict(os.environ)).run(log, log_output=False)
    raise_unless_done("notice", result.exit_code, result.reason)
    notice = json.loads(result.output)
    log.warning("%s", notice["subject"])
    failures = [failure for name in read_settings().notify_connections if (failure := _sent(name, notice))]
    if failures:
        raise AirflowException("; ".join(failures))


def _sent(connection: str, notice: dict[str, Any]) -> str:
    """Send a notice with the retries of a task. Returns why it failed, or an empty text."""
    settings = read_settings()
    for attempt in range(settings.retries + 1):
        try:
            send(connection, notice)
        except AirflowFailException as error:
            return str(error)
        except (AirflowException, OSError) as error:
            why = str(error)
            log.warning("Notice not sent, try %d: %s", attempt + 1, why)
            time.sleep(settings.retry_seconds if attempt < settings.retries else 0)
        else:
            return ""
    return why
