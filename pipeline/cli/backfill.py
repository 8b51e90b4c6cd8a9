"""The command `backfill`: a collection as a matrix of shoots and steps, what a backfill makes of it, and that made."""

from datetime import date
from typing import Annotated, get_args

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipeline.backfill import Backfill, Only, Wanted, plan_backfill
from pipeline.cells import STATES, Cell, CellState
from pipeline.cli.catalog import After, AtMost, new_run_id, record_step
from pipeline.cli.output import Json, print_json
from pipeline.cli.places import given_place, shoots_in
from pipeline.cli.progress import run_progress
from pipeline.cli.recording import recording
from pipeline.cli.runs import Preset
from pipeline.cli.sheets import copy_held_picture, copy_sheet
from pipeline.core.errors import BadInput
from pipeline.discovery import Share, conclude
from pipeline.plan import STEPS, read_plan
from pipeline.run import StepResult, exit_code, run_plan, runner_from
from pipeline.settings import Settings, read_settings

MARKS: dict[CellState, tuple[str, str]] = {  # letter and colour
    "cached": ("=", "dim"),
    "missing": ("m", "cyan"),
    "failed": ("f", "red"),
    "held": ("h", "yellow"),
    "outdated": ("o", "magenta"),
}
ROWS_MAX = 50


def add_commands(app: typer.Typer) -> None:
    """Add this file's command to the `catalog` command."""
    app.command()(backfill)


def backfill(
    collection: Annotated[str, typer.Argument(help="as in shoot.yaml")],
    root: Annotated[
        str | None,
        typer.Argument(help="what is searched for shoots, a folder or a bucket's URL; default: CATALOG_SHOOTS"),
    ] = None,
    steps: Annotated[
        str, typer.Option(help="only cells of these steps: splat, splat.. (and those below it), ..coverage, sfm..splat")
    ] = "..",
    only: Annotated[str, typer.Option(help=f"only shoots with such a cell: {', '.join(get_args(Only))}")] = "any",
    since: Annotated[
        str,
        typer.Option(help="only shoots whose last run was on this day (YYYY-MM-DD, UTC) or later, or that have none"),
    ] = "",
    preset: Preset = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run/--no-dry-run", help="only show the cells and what they will take")
    ] = False,
    plan_only: Annotated[
        bool, typer.Option("--plan-only", help="also record the plans under --run-id, for Airflow to run them")
    ] = False,
    run_id: Annotated[str | None, typer.Option(help="name of the run; default: a new name")] = None,
    at_most: AtMost = None,
    after: After = None,
    as_json: Json = False,
) -> None:
    """Make the cells (shoots by steps) of one collection that are not there, after showing them and what they take.

    It can be stopped at any time, and a later call goes on: what is finished is kept, and no shoot that it had not
    finished counts as changed.
    """
    settings = read_settings()
    wanted = _wanted(collection, steps, only, since)
    run_id = run_id or new_run_id("backfill")
    runner = runner_from(settings, run_id=run_id)
    place = shoots_in(settings.shoots if root is None else given_place(root), settings)
    planned = plan_backfill(
        wanted, place, runner, settings.catalog_url, preset or settings.preset,
        run_id=run_id if plan_only or not dry_run else None, dry_run=dry_run,
        runs_here=settings.execution == "local" or not (plan_only or dry_run),
        share=Share(at_most=at_most, after=after or None),
    )  # fmt: skip
    if not as_json:
        print_backfill(Console(), wanted.collection, planned)
    results = {} if dry_run or plan_only else _run(planned, settings, run_id)
    if as_json:
        plans = [] if dry_run else [plan.model_dump() for plan in planned.plans]
        postponed = [] if dry_run else planned.postponed
        print_json({"run_id": run_id, **_as_json(planned, results), "plans": plans, "postponed": postponed})
    raise typer.Exit(exit_code([result for steps in results.values() for result in steps]))


def _as_json(planned: Backfill, results: dict[str, list[StepResult]]) -> dict[str, object]:
    ended = {sku: [result.model_dump() for result in steps] for sku, steps in results.items()}
    return {**planned.model_dump(mode="json"), "results": ended, "words": lines_of(planned)}


def _wanted(collection: str, steps: str, only: str, since: str) -> Wanted:
    if only not in get_args(Only):
        raise BadInput(f"--only {only}: there is no such state", remedy=f"Use {', '.join(get_args(Only))}")
    try:
        day = date.fromisoformat(since) if since else None
    except ValueError:
        raise BadInput(f"--since {since} is not a date", remedy="Write it as 2026-11-30") from None
    return Wanted.model_validate({"collection": collection, "steps": steps, "only": only, "since": day})


def _run(planned: Backfill, settings: Settings, run_id: str) -> dict[str, list[StepResult]]:
    """Run the picked shoots, one after the other. Each is concluded at its end, so that stopping keeps it."""
    results: dict[str, list[StepResult]] = {}
    console = Console(stderr=True)
    with run_progress(console) as show:
        runner = runner_from(settings, show.event, run_id)
        for number, row in enumerate(planned.plans, 1):
            console.print(f"{row.sku} ({number} of {len(planned.plans)})", markup=False, highlight=False)
            plan = read_plan(runner.store, row.plan)
            results[row.sku] = run_plan(runner, plan, row.plan, show.result)
            with recording(results[row.sku]):
                for result in results[row.sku]:
                    record_step(settings, run_id, plan, result)
                conclude(settings.catalog_url, run_id, {row.sku})
            copy_sheet(runner, row.plan, row.sku, settings.sheets)
            for result in results[row.sku]:
                copy_held_picture(runner, result, row.sku, settings.sheets)
    return results


def print_backfill(console: Console, collection: str, planned: Backfill) -> None:
    """Print the matrix, one letter per cell, and what will run. Cells above a wanted one run with it."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=f"collection {collection}", title_justify="left")
    table.add_column("shoot", overflow="fold")
    for step in STEPS:
        table.add_column(step[:6], justify="center", no_wrap=True)
    table.add_column("runs", no_wrap=True)
    for row in planned.shoots[:ROWS_MAX]:
        table.add_row(escape(row.sku), *map(_mark, row.cells), "yes" if row.plan else "")
    console.print(table)
    if len(planned.shoots) > ROWS_MAX:
        console.print(f"and {len(planned.shoots) - ROWS_MAX} more shoots; --json lists all")
    for line in lines_of(planned):
        console.print(line, soft_wrap=True, markup=False, highlight=False)


def lines_of(planned: Backfill) -> list[str]:
    """What the marks mean, how many cells there are of each kind, and what the backfill will take."""
    counts = ", ".join(f"{MARKS[state][0]} {state} {planned.counts[state]}" for state in STATES)
    estimate = planned.estimate
    took = f"about {estimate.seconds / 3600:.1f} hours of work and {estimate.usd:.2f} USD"
    if estimate.unknown:
        took += f", besides {', '.join(estimate.unknown)}, which never ran on this store"
    lines = [f"cells: {counts}", f"to run: {planned.to_run} cells of {len(planned.plans)} shoots, {took}"]
    if postponed := planned.postponed:
        lines.append(f"postponed to the next run: {len(postponed)} shoots, because one run takes only so many")
    lines += [f"refused: {refused.source}: {refused.reason} [{refused.code}]" for refused in planned.refused]
    return lines + [f"waits: {shoot.source}: {shoot.reason}" for shoot in planned.waiting]


def _mark(cell: Cell) -> str:
    letter, colour = MARKS[cell.state]
    return f"[{colour}]{letter}[/]"
