"""Local tasks: one step of a plan, the discovery before and the summary after, each a run of the `catalog` command."""

import json
import os
from collections.abc import Sequence
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from catalog_tasks.command import Answer, Command, raise_unless_done
from catalog_tasks.labels import LABEL, LABEL_TEMPLATE, held_label

FAILED_STATES = frozenset({"failed", "upstream_failed"})


class CatalogOperator(BaseOperator):
    """Runs `python -m pipeline ARGUMENTS` and lets its exit code say how the task ended."""

    template_fields: Sequence[str] = ("arguments", "environment")
    ui_color = "#e8f0f4"

    def __init__(self, *, arguments: list[Any], environment: dict[str, Any] | None = None, **kwargs: Any) -> None:
        """Keep the command's `arguments` and what its `environment` has beyond the worker's; both are templates."""
        super().__init__(**kwargs)
        self.arguments = arguments
        self.environment = environment or {}
        self.command: Command | None = None

    def execute(self, context: Context) -> Any:  # noqa: ARG002 - Airflow passes it by name
        """Run the command; its output is the log of the task."""
        answer = self.run_command()
        raise_unless_done(self.task_id, answer.exit_code, answer.reason)

    def run_command(self, log_output: bool = True) -> Answer:
        """Run to the end. Raises AirflowException, so that the task is retried, when Airflow killed it meanwhile."""
        given = {name: str(value) for name, value in self.environment.items() if value not in (None, "", "None")}
        self.command = Command([str(word) for word in self.arguments], dict(os.environ) | given)
        answer = self.command.run(self.log, log_output)
        if self.command.killed:
            raise AirflowException(f"{self.task_id} was stopped before it was done; what it finished is kept")
        return answer

    def on_kill(self) -> None:
        """Take the command and its children along when Airflow stops the task."""
        if self.command is not None:
            self.command.kill()


class StageOperator(CatalogOperator):
    """One step of one shoot's plan."""

    template_fields: Sequence[str] = (*CatalogOperator.template_fields, "sku")

    def __init__(self, *, step: str, plan: Any, sku: Any, **kwargs: Any) -> None:
        """Run `step` of the plan with digest `plan`, for the shoot `sku`."""
        arguments = ["stage", step, "--plan", plan, "--run-id", "{{ run_id }}"]
        super().__init__(arguments=arguments, map_index_template=LABEL_TEMPLATE, **kwargs)
        self.sku = sku

    def execute(self, context: Context) -> None:
        """Run the step. A held one is skipped, and the grid names its reason."""
        try:
            super().execute(context)
        except AirflowSkipException as held:
            context[LABEL] = held_label(self.sku, str(held))  # type: ignore[literal-required]
            raise


class DiscoverOperator(CatalogOperator):
    """Plans every new or changed shoot under a folder; returns `[{"sku": ..., "plan": digest}, ...]` to map over."""

    def execute(self, context: Context) -> list[dict[str, str]]:  # noqa: ARG002 - Airflow passes it by name
        """Run discovery. A shoot that cannot be read stops no other: it is told here and turns the summary red."""
        answer = self.run_command(log_output=False)
        raise_unless_done(self.task_id, answer.exit_code, answer.reason)
        found = json.loads(answer.output)
        for plan in found["plans"]:
            self.log.info("%s: %s, plan %s", plan["sku"], plan["changed"], plan["plan"])
        for sku in found["unchanged"]:
            self.log.info("%s: unchanged", sku)
        for refused in found["refused"]:
            self.log.error("%s: refused: %s", refused["source"], refused["reason"])
        return [{"sku": plan["sku"], "plan": plan["plan"]} for plan in found["plans"]]


class SummaryOperator(CatalogOperator):
    """The last word on a run: tells the fate of every shoot, and is red when one failed or was refused.

    It runs whatever happened above; if it looked only at its own success, a run with a failed shoot would be green.
    Airflow's states are looked at too: a task that died before its step could say anything left no other trace.
    """

    def execute(self, context: Context) -> None:
        """Print the summary, then raise AirflowFailException when the run must not be green."""
        answer = self.run_command()
        ti = context["ti"]
        states = ti.get_task_states(dag_id=ti.dag_id, run_ids=[context["run_id"]]).get(context["run_id"], {})
        failed = sorted(task for task, state in states.items() if state in FAILED_STATES and task != self.task_id)
        if failed:
            raise AirflowFailException(f"{len(failed)} tasks failed or were never reached: {', '.join(failed)}")
        if answer.exit_code:
            raise AirflowFailException(answer.reason or f"the summary ended with exit code {answer.exit_code}")
