"""The command `brief`: shows what a brief becomes, and makes it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, NamedTuple

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipeline.catalog import shoots
from pipeline.catalog.database import Catalog
from pipeline.catalog.queries import list_assets
from pipeline.cli.catalog import new_run_id, record_step
from pipeline.cli.outcome import print_outcome
from pipeline.cli.output import EngineSettings, Json, engine_params, print_json
from pipeline.cli.places import target_at
from pipeline.cli.progress import run_progress
from pipeline.cli.recording import recording
from pipeline.cli.runs import Preset
from pipeline.cli.sheets import copy_held_picture, copy_sheet
from pipeline.contract.runner import Runner
from pipeline.core.domain import Frozen
from pipeline.core.errors import CatalogError
from pipeline.discovery import conclude
from pipeline.language.briefs.plan import EditPlan, Overlay
from pipeline.language.briefs.registry import PARSERS
from pipeline.request import PlannedBrief, Redo, prepare, read_request
from pipeline.run import StepResult, exit_code, reports_of, run_plan, runner_from
from pipeline.settings import Settings, read_settings

ROUTES = {
    "captured": "captured photo",
    "rendered": "render from the reconstruction",
    "refused": "refused: nobody photographed that side",
    "inpaint": "inpaint",
    "outpaint": "outpaint",
    "image_to_image": "image-to-image",
    "exact_edit": "exact edit",
    "setting": "setting",
}


def add_commands(app: typer.Typer) -> None:
    """Add this file's command to the `catalog` command."""
    app.command()(brief)


def brief(
    target: Annotated[str, typer.Argument(metavar="SHOOT_DIR|SKU", help="a shoot's folder, or a product number")],
    text: Annotated[str, typer.Argument(help="what the pictures should show, in English, German or French")],
    run: Annotated[bool, typer.Option("--run", help="make it; otherwise it is only shown")] = False,
    engine: Annotated[str, typer.Option(help=f"what reads the brief: {', '.join(PARSERS.names)}")] = PARSERS.names[0],
    settings_of_parser: EngineSettings = None,
    preset: Preset = None,
    run_id: Annotated[str | None, typer.Option(help="the run under whose summary the request is recorded")] = None,
    asset: Annotated[str, typer.Option(help="make this asset again: its angle and backdrop, if TEXT names none")] = "",
    as_json: Json = False,
) -> None:
    """Turn a brief into a plan: each wish, what it became, its route, and what it will take. With --run, make it."""
    params = engine_params(PARSERS, engine, {}, settings_of_parser or [])
    redo = Redo(asset) if asset else None
    made = run_brief(target, text, params, redo, run=run, preset=preset, run_id=run_id, as_json=as_json)
    if as_json:
        value = made.edit.model_dump(mode="json") | {"sku": made.sku, "plan": made.digest}
        value["shoot"] = overlay_of(made.edit.shoot)
        steps = [result.model_dump() for result in made.results]
        print_json({**value, "parsing_usd": made.usd, "steps": steps})
    raise typer.Exit(exit_code(made.results))


class MadeBrief(NamedTuple):
    """A brief that was planned, and how its steps ended if it was made. `usd`: what reading it cost."""

    sku: str
    edit: EditPlan
    digest: str
    usd: float
    results: list[StepResult]


def run_brief(
    target: str, text: str, params: Frozen, redo: Redo | None, *,
    run: bool, preset: str | None, run_id: str | None, as_json: bool,
) -> MadeBrief:  # fmt: skip
    """Plan a brief, and make it if `run`; unless `as_json`, show both. `redo`: the asset that it makes again."""
    settings = read_settings()
    payer = run_id or new_run_id("brief")
    budget = runner_from(settings, run_id=payer).budget
    with (
        _recording_failure(settings.catalog_url, run_id, target),
        target_at(target, settings) as shoot,
        run_progress(Console(stderr=True)) as show,
    ):
        folder, edit, usd = read_request(shoot, text, params, settings.catalog_url, budget, redo)
        runner = runner_from(settings, show.event, payer)
        runs_here = run or settings.execution == "local"
        request = prepare(runner, folder, preset or settings.preset, edit, runs_here=runs_here)
    if not as_json:
        _print(request.edit)
    results = _make(runner, request, settings, payer, as_json=as_json) if run else []
    if run_id and not run:
        _record(settings, run_id, request)
    return MadeBrief(request.plan.sku, request.edit, request.digest, usd, results)


def overlay_of(overlay: Overlay) -> dict[str, object]:
    """The overlay as one would write it into shoot.yaml: only what is set."""
    return overlay.model_dump(mode="json", exclude_defaults=True)


@contextmanager
def _recording_failure(url: str, run_id: str | None, target: str) -> Iterator[None]:
    """Within it, an error is recorded as how this run ended, if `target` is a product of the catalog."""
    try:
        yield
    except CatalogError as error:
        if run_id is not None and target in shoots.known_shoots(url):
            shoots.record_request_failed(url, run_id, target, str(error).rstrip("."))
        raise


def _record(settings: Settings, run_id: str, request: PlannedBrief) -> None:
    shoots.record_requested(
        settings.catalog_url,
        run_id,
        **request.plan.model_dump(include={"sku", "collection", "source"}),
        plan_digest=request.digest,
    )


def _make(runner: Runner, request: PlannedBrief, settings: Settings, run_id: str, *, as_json: bool) -> list[StepResult]:
    """Run the plan and record it; print how it ended."""
    _record(settings, run_id, request)
    with run_progress(Console(stderr=True)) as show:
        shown = runner_from(settings, show.event, run_id)
        results = run_plan(shown, request.plan, request.digest, show.result)
    with recording(results):
        for result in results:
            record_step(settings, run_id, request.plan, result)
        conclude(settings.catalog_url, run_id)
    identity = request.edit.id_for(request.plan.sku)
    sheet = copy_sheet(runner, request.digest, f"{request.plan.sku}-{identity}", settings.sheets)
    if as_json:
        return results
    pictures = {result.step: copy_held_picture(runner, result, identity, settings.sheets) for result in results}
    reports = reports_of(runner, request.digest, request.plan)
    shown_pictures = {step: path for step, path in pictures.items() if path}
    print_outcome(Console(), f"{request.plan.sku}: {identity}", results, reports, shown_pictures, sheet, [])
    for asset in list_assets(Catalog(settings.catalog_url), sku=request.plan.sku):
        if asset.id.startswith(f"{request.plan.sku}/{identity}/"):
            Console().print(f"{asset.state}: {asset.id}", soft_wrap=True, markup=False, highlight=False)
    return results


def _print(edit: EditPlan) -> None:
    table = Table("wish", "becomes", "route", title=f"brief, read by {escape(edit.parser)}")
    rows: dict[tuple[str, str, str], list[str]] = {}  # an edit of several angles is one row
    for wish in edit.wishes:
        route = ROUTES.get(wish.route or "", "not known yet")
        if wish.alters_product:
            route += ": would alter the product; not done, and the assets go to review"
        becomes, angle = _becomes(wish.target, edit.shoot)
        rows.setdefault((wish.text, becomes, route), []).extend(angle)
    for (words, becomes, route), angles in rows.items():
        table.add_row(escape(words), escape(f"{becomes} ({', '.join(angles)})" if angles else becomes), route)
    console = Console()
    console.print(table)
    for refused in edit.refused:
        console.print(f"[red]refused[/] {escape(refused.text)!s}: {escape(refused.reason)}", soft_wrap=True)
    for note in edit.notes:
        console.print(f"note: {escape(note)}", soft_wrap=True)
    took = "not known: some of its steps have never run here"
    if edit.seconds is not None:
        took = f"about {edit.seconds:.0f} s and {edit.usd or 0:.2f} USD"
    sys.stdout.write(f"expected: {took}\n")


def _becomes(target: str, overlay: Overlay) -> tuple[str, list[str]]:
    """What a wish's target has been set to, as in shoot.yaml; for an edit also the angle that it edits."""
    group, _, rest = target.partition(".")
    if group in {"angles", "backdrops"}:
        entries = [entry for entry in getattr(overlay, group) if entry.name == rest]
        return f"{group[:-1]} {rest}: {', '.join(_fields(entry) for entry in entries)}", []
    if group == "edits":
        angle, _, name = rest.partition(".")
        value = getattr(overlay.edits[angle], name)
        return f"edit: {name} {_fields(value) if isinstance(value, Frozen) else value}", [angle]
    if group == "light" and overlay.light:
        return f"light: {_fields(overlay.light)}", []
    return target.replace(".", " ", 1), []


def _fields(value: Frozen) -> str:
    """The fields that are set, as in `azimuth_deg 315, elevation_deg 12`."""
    given = value.model_dump(mode="json", exclude_defaults=True, exclude={"name"})
    return ", ".join(
        f"{name} {part:g}" if isinstance(part, float) else f"{name} {part}" for name, part in given.items()
    )
