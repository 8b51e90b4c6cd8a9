"""Tasks on the worker: discovery, one step of a plan, and the summary, each a run of the `catalog` command."""

import json
import os
from collections.abc import Sequence
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from catalog_tasks.command import Command, CommandResult, raise_unless_done
from catalog_tasks.labels import LABEL_TEMPLATE, show_reason
from pipeline.settings import read_settings

FAILED_STATES = frozenset({"failed", "upstream_failed"})


class CatalogOperator(BaseOperator):
    """Runs `python -m pipeline ARGUMENTS`; its exit code decides the task's state."""

    template_fields: Sequence[str] = ("arguments", "environment")
    ui_color = "#e8f0f4"

    def __init__(self, *, arguments: list[Any], environment: dict[str, Any] | None = None, **kwargs: Any) -> None:
        """Take the command's `arguments` and additions to its `environment`; both are templates."""
        super().__init__(**kwargs)
        self.arguments = arguments
        self.environment = environment or {}
        self.command: Command | None = None

    def execute(self, context: Context) -> Any:  # noqa: ARG002 - Airflow passes it by name
        """Run the command; its output goes to the task's log."""
        result = self.run_command()
        raise_unless_done(self.task_id, result.exit_code, result.reason)

    def run_command(self, log_output: bool = True) -> CommandResult:
        """Run the command. Raises AirflowException, so that the task is retried, when Airflow killed it."""
        added = {name: str(value) for name, value in self.environment.items() if value not in (None, "", "None")}
        self.command = Command([str(argument) for argument in self.arguments], dict(os.environ) | added)
        result = self.command.run(self.log, log_output)
        if self.command.killed:
            raise AirflowException(f"{self.task_id} was stopped before it ended; finished items are kept")
        return result

    def on_kill(self) -> None:
        """Stop the command and its children when Airflow stops the task."""
        if self.command is not None:
            self.command.kill()


class StageOperator(CatalogOperator):
    """One step of one shoot's plan."""

    template_fields: Sequence[str] = (*CatalogOperator.template_fields, "sku")

    def __init__(self, *, step: str, plan: Any, sku: Any, **kwargs: Any) -> None:
        """Run `step` of the plan with digest `plan`, for the shoot `sku`."""
        arguments = ["stage", step, "--plan", plan, "--run-id", "{{ run_id }}"]
        super().__init__(arguments=arguments, map_index_template=LABEL_TEMPLATE, **kwargs)
        self.step, self.sku = step, sku

    def execute(self, context: Context) -> None:
        """Run the step. A held step is skipped; Airflow's grid shows why a step was held or failed."""
        result = self.run_command()
        try:
            raise_unless_done(self.task_id, result.exit_code, result.reason)
        except AirflowException as error:  # a skipped one is an AirflowException too
            show_reason(context, self.sku, str(error))
            if result.exit_code < 0:
                from catalog_tasks.unreported import record_failed  # loads SQLAlchemy

                record_failed(self.log, context["run_id"], self.sku, self.step, str(error))
            raise


class PlanningOperator(CatalogOperator):
    """A command whose JSON names plans: each returns `[{"sku": ..., "plan": digest}, ...]` to map over."""

    def read_output(self) -> Any:
        """Run the command and return its JSON, which is not logged."""
        result = self.run_command(log_output=False)
        raise_unless_done(self.task_id, result.exit_code, result.reason)
        return json.loads(result.output)

    def read_share(self, context: Context) -> Any:
        """The same with as many shoots as one run may take; how many others wait is kept for the tasks at the end."""
        command, *rest = self.arguments
        self.arguments = [command, "--at-most", shoots_per_run(), *rest]
        output = self.read_output()
        for refused in output["refused"]:
            self.log.error("%s: refused: %s", refused["source"], refused["reason"])
        for shoot in output["waiting"]:
            self.log.warning("%s: waits: %s", shoot["source"], shoot["reason"])
        for name in ("waiting", "postponed"):
            context["ti"].xcom_push(key=name, value=len(output[name]))
        if count := len(output["postponed"]):
            self.log.warning("%d shoots are postponed: one run takes at most %d", count, shoots_per_run())
        return output


class DiscoverOperator(PlanningOperator):
    """Plans every new or changed shoot below a folder; returns `[{"sku": ..., "plan": digest}, ...]` to map over."""

    def execute(self, context: Context) -> list[dict[str, str]]:
        """Run discovery. A shoot that cannot be planned is logged and fails the summary; the others run."""
        discovery = self.read_share(context)
        for plan in discovery["plans"]:
            self.log.info("%s: %s, plan %s", plan["sku"], plan["changed"], plan["plan"])
        self.log.info("unchanged: %d shoots", len(discovery["unchanged"]))
        return [{"sku": plan["sku"], "plan": plan["plan"]} for plan in discovery["plans"]]


class BackfillOperator(PlanningOperator):
    """Shows the cells of a collection and plans those wanted; returns what to map over, as discovery does."""

    def execute(self, context: Context) -> list[dict[str, str]]:
        """Log the matrix of shoots and steps and the estimate, before any step runs."""
        backfill = self.read_share(context)
        for row in backfill["shoots"]:
            cells = ", ".join(f"{cell['step']} {cell['state']}" for cell in row["cells"])
            self.log.info("%s: %s: %s", row["sku"], "runs" if row["plan"] else "does not run", cells)
        for line in backfill["words"]:
            self.log.info("%s", line)
        return [{"sku": plan["sku"], "plan": plan["plan"]} for plan in backfill["plans"]]


class RequestOperator(PlanningOperator):
    """Turns a brief into a plan; returns `[{"sku": ..., "plan": digest}]` to map over, as discovery does."""

    def execute(self, context: Context) -> list[dict[str, str]]:  # noqa: ARG002 - Airflow passes it by name
        """Read the brief, and log each wish with its route and what is refused."""
        request = self.read_output()
        for wish in request["wishes"]:
            self.log.info("%s: %s, %s", wish["text"], wish["target"], wish["route"])
        for refused in request["refused"]:
            self.log.warning("refused: %s: %s", refused["text"], refused["reason"])
        return [{"sku": request["sku"], "plan": request["plan"]}]


def shoots_per_run() -> int:
    """How many shoots one run takes: Airflow refuses to map over more than `[core] max_map_length`."""
    return min(conf.getint("core", "max_map_length", fallback=1024), read_settings().shoots_per_run)


class SummaryOperator(CatalogOperator):
    """Reports the fate of every shoot of a run, and fails when one failed or was refused.

    It runs whatever happened upstream; without its failure, Airflow would show a run with a failed shoot as a success.
    It also checks Airflow's task states, because a task that died before its step started left no other trace.
    """

    def execute(self, context: Context) -> None:
        """Print the summary. Raises AirflowFailException when a task or a shoot failed."""
        result = self.run_command()
        ti = context["ti"]
        states = ti.get_task_states(dag_id=ti.dag_id, run_ids=[context["run_id"]]).get(context["run_id"], {})
        failed = sorted(task for task, state in states.items() if state in FAILED_STATES and task != self.task_id)
        if failed:
            raise AirflowFailException(f"{len(failed)} tasks failed or did not run: {', '.join(failed)}")
        if result.exit_code:
            raise AirflowFailException(result.reason or f"the summary failed with exit code {result.exit_code}")
