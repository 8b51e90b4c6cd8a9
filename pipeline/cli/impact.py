"""Commands that trace assets: lineage, impact, diff, costs."""

from datetime import UTC, date, datetime, time
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipeline.catalog.database import Catalog
from pipeline.catalog.lineage import read_lineage
from pipeline.catalog.lineage_tree import lineage_tree
from pipeline.catalog.paging import Page
from pipeline.catalog.runs.costs import RunCosts, list_runs, read_run
from pipeline.catalog.trace.behind import Behind, impact_of_checkpoint, impact_of_setting
from pipeline.catalog.trace.difference import Difference, StepDifference, read_difference
from pipeline.catalog.trace.impact import Touched, impact_of_photo
from pipeline.cli.output import Json, asset_cell, asset_table, print_json, print_next
from pipeline.core.errors import BadInput
from pipeline.settings import read_settings

Asset = Annotated[str, typer.Argument(help="<sku>/<angle>/<backdrop>/<channel>, as `catalog assets` lists it")]
After = Annotated[str | None, typer.Option(help="begin after this row: `next` of the page before")]
Limit = Annotated[int, typer.Option(help="rows of the page, at most 200")]


def add_commands(app: typer.Typer) -> None:
    """Add this file's commands to the `catalog` command."""
    for command in (lineage, impact, diff, costs):
        app.command()(command)


def lineage(
    asset: Asset,
    as_of: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="as the asset was at the end of this day, or at this time (ISO, UTC)"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show how an asset was made: every step with its params, engine and seconds, down to each photo."""
    traced = read_lineage(_catalog(), asset, as_of=_moment(as_of) if as_of else None)
    if as_json:
        print_json(traced.model_dump(mode="json"))
    else:
        Console().print(lineage_tree(traced))


def impact(
    photo: Annotated[
        str | None, typer.Option(help="sha256 of a photo or its first digits, or SKU/PHOTO by the photo's name")
    ] = None,
    checkpoint: Annotated[str | None, typer.Option(help="name, revision or digest, or how one of them begins")] = None,
    setting: Annotated[str | None, typer.Option(metavar="STAGE.NAME=VALUE", help="as the lineage shows it")] = None,
    every_version: Annotated[bool, typer.Option("--every-version", help="also versions that were replaced")] = False,
    after: After = None,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """List the assets that were made from a photo, or with a checkpoint or a setting. Give one of the three."""
    if sum(value is not None for value in (photo, checkpoint, setting)) != 1:
        raise typer.BadParameter("exactly one of --photo, --checkpoint and --setting is required")
    catalog = _catalog()
    paging: dict[str, Any] = {"every_version": every_version, "cursor": after, "limit": limit}
    if photo is not None:
        page = impact_of_photo(catalog, photo, **paging)
        _print_touched(page, as_json, {"photo": photo})
        return
    find, asked = (impact_of_checkpoint, checkpoint) if checkpoint is not None else (impact_of_setting, setting)
    behind = find(catalog, str(asked), **paging)
    facts = [fact._asdict() for fact in behind.facts]
    _print_touched(behind.assets, as_json, {"facts": facts, "shoots": behind.shoots}, behind)


def diff(
    asset: Asset,
    old: Annotated[int | None, typer.Argument(help="number of a version; default: the one before NEW")] = None,
    new: Annotated[int | None, typer.Argument(help="number of a version; default: the last one")] = None,
    as_json: Json = False,
) -> None:
    """Show what changed between two versions of an asset: settings and inputs, step by step."""
    difference = read_difference(_catalog(), asset, old, new)
    if as_json:
        print_json(difference.model_dump(mode="json"))
        return
    Console().print(_title(difference), soft_wrap=True, markup=False)
    table = Table("step", "what", "before", "now")
    for step in difference.steps:
        for row in _rows(step):
            table.add_row(*map(escape, row))
    Console().print(table if table.row_count else "no step differs")


def costs(
    run: Annotated[str | None, typer.Option(help="name of a run; default: all runs, the newest first")] = None,
    after: After = None,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """Show what runs cost, held and failed work included: by run, or one run by step."""
    catalog = _catalog()
    if run is None:
        runs = list_runs(catalog, cursor=after, limit=limit)
        if as_json:
            print_json({"runs": [_costs(each) for each in runs.rows], "next": runs.next})
            return
        table = _costs_table()
        for each in runs.rows:
            table.add_row(f"{escape(each.run_id)}\n[dim]{each.started_at:%Y-%m-%d %H:%M} UTC[/]", *_cells(each))
        Console().print(table if table.row_count else "no runs yet")
        print_next(runs.next)
        return
    whole, steps = read_run(catalog, run)
    if as_json:
        print_json({"run": _costs(whole), "steps": [step.model_dump(mode="json") for step in steps]})
        return
    table = Table("step", "states", "seconds", "USD", "computed", "reused", title=escape(run))
    for step in steps:
        cells = (f"{step.seconds:.1f}", f"{step.cost_usd:.4f}", str(step.computed), str(step.reused))
        table.add_row(step.step, _counts(step.states), *cells)
    Console().print(table)
    Console().print(_sentence(whole), soft_wrap=True, highlight=False)


def _catalog() -> Catalog:
    return Catalog(read_settings().catalog_url)


def _moment(text: str) -> datetime:
    """The end of a day, or a time; without a zone, UTC. Raises BadInput for anything else."""
    try:
        day = date.fromisoformat(text) if len(text) <= 10 else None
        moment = datetime.combine(day, time.max) if day else datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(f"--as-of {text!r} is not a date", remedy="Write 2026-11-30, or 2026-11-30T18:00") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _print_touched(page: Page[Touched], as_json: bool, asked: dict[str, Any], behind: Behind | None = None) -> None:
    if as_json:
        print_json({**asked, "assets": [row.model_dump(mode="json") for row in page.rows], "next": page.next})
        return
    if behind is not None:
        for fact in behind.facts:
            Console().print(f"{fact.kind} {fact.name}={fact.value}", markup=False, highlight=False, soft_wrap=True)
        Console().print(f"in the lineage of {behind.shoots} shoots")
    table = asset_table("asset, when it was published", "state")
    for row in page.rows:
        published = f"published {row.published_at:%Y-%m-%d %H:%M} UTC" if row.published_at else "never published"
        state = row.state if row.current else f"replaced {row.replaced_at:%Y-%m-%d}"
        table.add_row(asset_cell(row.asset_id, f"version {row.number}", published), state)
    Console().print(table if table.row_count else "no assets that are made now; see --every-version")
    print_next(page.next)


def _title(difference: Difference) -> str:
    old, new = difference.old, difference.new
    same = "the same bytes" if difference.same_bytes else f"sha256 {old.sha256[:12]} and {new.sha256[:12]}"
    causes = f"; it began with {', '.join(difference.causes)}" if difference.causes else ""
    return f"{difference.asset_id}, versions {old.number} ({old.made_at:%Y-%m-%d}) and {new.number}: {same}{causes}"


def _rows(step: StepDifference) -> list[tuple[str, str, str, str]]:
    if step.change != "changed":
        there = step.change == "added"
        return [(step.title, "step", "" if there else "was there", "added" if there else "removed")]
    kinds = (("setting", step.settings), ("input", step.inputs), ("with", step.circumstances))
    rows = [
        (step.title, f"{kind} {change.name}", _short(kind, change.old), _short(kind, change.new))
        for kind, changes in kinds
        for change in changes
    ]
    return rows or [(step.title, "step", "", "")]


def _short(kind: str, value: object) -> str:
    if value is None:
        return "-"
    text = str(value)
    return text[:12] if kind == "input" else text if len(text) <= 60 else f"{text[:59]}…"


def _costs(run: RunCosts) -> dict[str, Any]:
    return {**run.model_dump(mode="json"), "usd_per_image": run.usd_per_image}


def _costs_table() -> Table:
    table = Table()
    table.add_column("run", overflow="fold")
    table.add_column("shoots")
    for title in ("seconds", "USD", "images", "USD each"):
        table.add_column(title, justify="right", no_wrap=True)
    return table


def _cells(run: RunCosts) -> tuple[str, ...]:
    """What fits a terminal of 80 columns; `--run` and `--json` show the rest."""
    each = "" if run.usd_per_image is None else f"{run.usd_per_image:.4f}"
    return (_counts(run.fates), f"{run.seconds:.1f}", f"{run.cost_usd:.4f}", str(run.published), each)


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())


def _sentence(run: RunCosts) -> str:
    each = "" if run.usd_per_image is None else f", {run.usd_per_image:.4f} USD per image"
    return (
        f"{_counts(run.fates)}; {run.seconds:.1f} s, {run.cost_usd:.4f} USD, of which {run.wasted_usd:.4f} for held "
        f"and failed steps; {run.published} images published for the first time{each}"
    )
