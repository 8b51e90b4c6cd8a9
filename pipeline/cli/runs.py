"""Commands for one shoot: run it, plan it, run one of its steps."""

import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from pipeline.cli.catalog import record_run, record_step
from pipeline.cli.outcome import print_outcome
from pipeline.cli.output import Json, print_json
from pipeline.cli.places import shoot_folder_at
from pipeline.cli.progress import run_progress
from pipeline.cli.recording import recording
from pipeline.cli.sheets import copy_held_picture, copy_sheet
from pipeline.contract.plan import Plan
from pipeline.contract.work import Event
from pipeline.core.errors import NOT_PLANNED, Held
from pipeline.core.records import LeftOut
from pipeline.core.shoot_files import by_reason
from pipeline.finding import listing_digest
from pipeline.plan import STEPS, read_plan, stage_of, write_plan
from pipeline.run import (
    StepResult,
    exit_code,
    forecast,
    left_out_of,
    reports_of,
    run_plan,
    run_request,
    run_step,
    runner_from,
)
from pipeline.settings import Settings, read_settings

ShootDir = Annotated[str, typer.Argument(help="a folder with shoot.yaml and photos/, or its URL in a bucket")]
Preset = Annotated[
    str | None, typer.Option(help="name of a preset (standard, demo) or a YAML file; default: CATALOG_PRESET")
]


def add_commands(app: typer.Typer) -> None:
    """Add this file's commands to the `catalog` command."""
    for command in (run, plan, stage):
        app.command()(command)


def run(shoot_dir: ShootDir, preset: Preset = None, as_json: Json = False) -> None:
    """Run every step of one shoot on this machine, without Airflow, to published assets and a contact sheet."""
    settings = read_settings()
    console, began = Console(stderr=True), datetime.now(UTC)
    with run_progress(console) as show:
        runner = runner_from(settings, show.event)
        with shoot_folder_at(shoot_dir, settings) as folder:
            listed = listing_digest(folder)  # first of all, so that the next night sees any change from here on
            plan, digest = write_plan(folder, runner.store, preset or settings.preset)
        results = run_plan(runner, plan, digest, show.result)
    with recording(results):
        record_run(settings, plan, digest, listed, results, began, preset or settings.preset)
    sheet = copy_sheet(runner, digest, plan.sku, settings.sheets)
    pictures = {result.step: copy_held_picture(runner, result, plan.sku, settings.sheets) for result in results}
    shown = {step: path for step, path in pictures.items() if path}
    left_out = left_out_of(runner, plan)
    if as_json:
        print_json(
            {
                "sku": plan.sku,
                "plan": digest,
                "sheet": sheet and str(sheet),
                "pictures": {step: str(path) for step, path in shown.items()},
                "left_out": [entry.model_dump() for entry in left_out],
                "steps": [result.model_dump() for result in results],
            }
        )
    else:
        title, reports = f"{plan.sku} ({plan.collection})", reports_of(runner, digest, plan)
        print_outcome(Console(), title, results, reports, shown, sheet, left_out)
    raise typer.Exit(exit_code(results))


def plan(shoot_dir: ShootDir, preset: Preset = None, as_json: Json = False) -> None:
    """Validate one shoot and plan it: show each step, its key, and whether it is cached, held or to run."""
    settings = read_settings()
    runner = runner_from(settings)
    runs_here = settings.execution == "local"
    with shoot_folder_at(shoot_dir, settings) as folder:
        written, digest = write_plan(folder, runner.store, preset or settings.preset, runs_here=runs_here)
    steps = forecast(runner, written)
    left_out = left_out_of(runner, written)
    if as_json:
        entries = [entry.model_dump() for entry in left_out]
        shown = [step.model_dump() for step in steps]
        print_json({"sku": written.sku, "plan": digest, "left_out": entries, "steps": shown})
        return
    table = Table("step", "key", "state", title=written.sku)
    for step in steps:
        table.add_row(step.step, (step.key or "")[:16], step.state)
    Console().print(table)
    _print_left_out(left_out)
    Console().print(f"plan {digest}", soft_wrap=True)


def stage(
    name: Annotated[str, typer.Argument(help=", ".join(STEPS))],
    plan: Annotated[str | None, typer.Option(help="digest of the plan, as `catalog plan` prints it")] = None,
    request: Annotated[Path | None, typer.Option(help="JSON file {params, inputs}, to run without a plan")] = None,
    run_id: Annotated[str | None, typer.Option(help="the run under whose summary the step is recorded")] = None,
    as_json: Json = False,
) -> None:
    """Run one step of a plan, as an Airflow task or a pod does."""
    settings = read_settings()
    runner = runner_from(settings, _log_event, run_id)
    if (plan is None) == (request is None):
        raise typer.BadParameter("exactly one of --plan and --request is required")
    if request is not None:
        result = run_request(runner, stage_of(name), request)
    else:
        planned = read_plan(runner.store, str(plan))
        if name not in planned.steps:  # of a backfill of some steps, which has recorded that
            sys.stderr.write(f"held: {NOT_PLANNED}\n")
            raise typer.Exit(Held.exit_code)
        record = partial(_record, settings, run_id, planned)
        result = run_step(runner, planned, str(plan), name, record)
        record(result)
        if name == "composite":
            copy_sheet(runner, str(plan), planned.sku, settings.sheets)
        if picture := copy_held_picture(runner, result, planned.sku, settings.sheets):
            sys.stderr.write(f"{name}: picture: {picture}\n")
    if as_json:
        print_json(result.model_dump())
    elif result.reason:
        sys.stderr.write(result.reason + "\n")
    else:
        sys.stdout.write(f"{name}: {result.state}, {result.seconds:.1f} s, key {result.key}\n")
    raise typer.Exit(exit_code([result]))


def _record(settings: Settings, run_id: str | None, plan: Plan, result: StepResult) -> None:
    with recording([result]):
        record_step(settings, run_id, plan, result)


def _print_left_out(left_out: list[LeftOut]) -> None:
    """Name the files that no step uses, one line per reason."""
    for line in by_reason(left_out, names=6):
        Console().print(f"left out, {line}", markup=False, soft_wrap=True, highlight=False)


def _log_event(event: Event) -> None:
    """Write one line to a task's log for each event of a step, but not for its items."""
    if event.kind in {"cached", "started", "held", "adopted"} and "[" not in event.step:
        sys.stderr.write(f"{event.step}: {event.kind} {event.text}".rstrip() + "\n")
    elif event.kind == "progress":
        sys.stderr.write(f"{event.step}: {event.done}/{event.total} {event.text}\n")
