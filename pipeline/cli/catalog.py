"""Commands over many shoots and over the catalog: discover, summary, assets, export, verify, doctor."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipeline.catalog import shoots
from pipeline.catalog.database import Catalog
from pipeline.catalog.entries import AssetState
from pipeline.catalog.queries import list_assets
from pipeline.cli.doctor import examine
from pipeline.cli.output import Json, asset_cell, asset_table, print_json
from pipeline.cli.places import given_place, shoots_in
from pipeline.contract.plan import Plan
from pipeline.contract.storage.base import object_name
from pipeline.contract.verify import verify as verify_store
from pipeline.discovery import Discovery, Share, conclude
from pipeline.discovery import discover as discover_shoots
from pipeline.editions import edition_of
from pipeline.run import StepResult, store_from
from pipeline.settings import Settings, read_settings

AtMost = Annotated[
    int | None, typer.Option(min=1, help="how many shoots this run takes; further ones are postponed to the next run")
]
After = Annotated[str | None, typer.Option(help="take only the shoots that the run of this name has postponed")]


def add_commands(app: typer.Typer) -> None:
    """Add this file's commands to the `catalog` command."""
    for command in (discover, summary, assets, export, verify, doctor):
        app.command()(command)


def discover(
    root: Annotated[
        str | None,
        typer.Argument(help="what is searched for shoots, a folder or a bucket's URL; default: CATALOG_SHOOTS"),
    ] = None,
    run_id: Annotated[
        str | None, typer.Option(help="name of the run under which the shoots are recorded; default: a new name")
    ] = None,
    at_most: AtMost = None,
    after: After = None,
    as_json: Json = False,
) -> None:
    """Plan the new and changed shoots; the nightly run begins with this."""
    settings = read_settings()
    store = store_from(settings)
    run_id = run_id or new_run_id("discover")
    shoots_folder = shoots_in(settings.shoots if root is None else given_place(root), settings)
    discovery = discover_shoots(
        shoots_folder.path,
        store,
        settings.catalog_url,
        settings.preset,
        run_id,
        runs_here=settings.execution == "local",
        fetched=shoots_folder.fetched,
        source=shoots_folder.source,
        share=Share(at_most=at_most, after=after or None),
    )
    waiting = shoots_folder.waiting
    if as_json:
        print_json({"run_id": run_id, **discovery.model_dump(), "waiting": [shoot.model_dump() for shoot in waiting]})
        return
    table = _table_of(discovery, run_id, at_most)
    for shoot in waiting:
        table.add_row(escape(shoot.source), "[yellow]waits[/]", escape(shoot.reason))
    _print_table(table, f"no shoots in {root or settings.shoots}")
    for planned in discovery.plans:
        Console().print(f"plan {planned.plan} of {planned.sku}", soft_wrap=True)  # in full, for `catalog stage --plan`


def _table_of(discovery: Discovery, run_id: str, at_most: int | None) -> Table:
    table = Table("shoot", "state", "reason", title=f"run {run_id}")
    for planned in discovery.plans:
        table.add_row(planned.sku, "to run", planned.changed)
    for sku in discovery.unchanged:
        table.add_row(sku, "unchanged", "")
    for refused in discovery.refused:
        table.add_row(escape(refused.source), "[red]refused[/]", escape(f"{refused.reason} [{refused.code}]"))
    for sku in discovery.postponed:
        table.add_row(sku, "[yellow]postponed[/]", f"one run takes at most {at_most} shoots")
    return table


def summary(
    run_id: Annotated[str, typer.Option(help="name of the run, as `catalog discover` shows it")],
    as_json: Json = False,
) -> None:
    """Show how every shoot of a run ended. The exit code is 1 if a shoot failed or was refused."""
    settings = read_settings()
    concluded = conclude(settings.catalog_url, run_id)
    if as_json:
        value = concluded.model_dump(mode="json")
        print_json({**value, "failed": concluded.failed, "sheets": str(settings.sheets)})
    else:
        table = Table("shoot", "result", "seconds", "assets", "reason", title=f"run {run_id}")
        for shoot in concluded.shoots:
            seconds = sum(step.seconds for step in shoot.steps)
            counts = ", ".join(f"{count} {state}" for state, count in shoot.assets.items())
            table.add_row(shoot.sku, shoot.fate, f"{seconds:.0f}", counts, escape(shoot.reason))
        Console().print(table)
    raise typer.Exit(1 if concluded.failed else 0)


def assets(
    sku: Annotated[str | None, typer.Option(help="only this product")] = None,
    collection: Annotated[str | None, typer.Option(help="only this collection")] = None,
    state: Annotated[AssetState | None, typer.Option(help="only assets in this state")] = None,
    outdated: Annotated[
        bool, typer.Option("--outdated", help="only those whose stage version, preset or checkpoint changed since")
    ] = False,
    as_json: Json = False,
) -> None:
    """List the assets of the catalog with their states, and why an asset is not published."""
    settings = read_settings()
    catalog = Catalog(settings.catalog_url)
    edition = edition_of(settings.preset) if outdated else None
    matches = list_assets(catalog, sku=sku, collection=collection, state=state, not_edition=edition)
    if as_json:
        paths = [f"{settings.store_location}/{object_name(asset.sha256)}" for asset in matches]
        listed = [asset.model_dump(mode="json") for asset in matches]
        print_json({"assets": [{**asset, "path": path} for asset, path in zip(listed, paths, strict=True)]})
        return
    table = asset_table("asset, why it is not published", "state")
    for asset in matches:
        made = f"{asset.source}, {asset.width_px} x {asset.height_px} px"
        table.add_row(asset_cell(asset.id, made, *asset.reasons), asset.state)
    _print_table(table, f"no matching assets in {catalog.url.render_as_string(hide_password=True)}")
    if matches:
        Console().print("`catalog fetch --out DIR` copies them under readable names", highlight=False)


def export(
    out: Annotated[Path, typer.Option(help="a new folder, or one that an earlier export made")], as_json: Json = False
) -> None:
    """Write the catalog's tables (assets, captions, checks, lineage) as Parquet files."""
    from pipeline.catalog import export as catalog_export  # loads pyarrow, which the other commands do not need

    done = catalog_export.export(Catalog(read_settings().catalog_url), out)
    if as_json:
        print_json(done.model_dump())
    else:
        for name, rows in done.rows.items():
            Console().print(f"{done.folder}/{name}.parquet: {rows} rows", soft_wrap=True)


def verify(as_json: Json = False) -> None:
    """Read every file of the store and list the missing and damaged ones. The exit code is 1 if there are any."""
    settings = read_settings()
    assets = list_assets(Catalog(settings.catalog_url))
    verified = verify_store(store_from(settings), [(asset.sha256, f"asset {asset.id}") for asset in assets])
    if as_json:
        print_json(verified.model_dump())
    else:
        for damage in verified.damaged:
            whose = ", ".join(damage.whose) or "no step (obsolete, or never read)"
            Console().print(f"damaged: {damage.path}: {whose}", soft_wrap=True, markup=False, highlight=False)
        count = f"{verified.objects} objects, {verified.manifests} manifests, {len(verified.damaged)} damaged"
        Console().print(count)
        if verified.damaged:
            Console().print("run these shoots again: damaged files are made again")
    raise typer.Exit(1 if verified.damaged else 0)


def doctor(as_json: Json = False) -> None:
    """Check what is installed, which engines would run, what is missing and how to get it."""
    findings = examine(read_settings())
    if as_json:
        print_json({"findings": [finding.model_dump() for finding in findings]})
    else:
        colours = {"ok": "green", "missing": "red", "optional": "dim"}
        table = Table("state", "item", "details")
        for finding in findings:
            table.add_row(f"[{colours[finding.state]}]{finding.state}[/]", finding.what, escape(finding.words))
        Console().print(table)
    raise typer.Exit(1 if any(finding.state == "missing" for finding in findings) else 0)


def _print_table(table: Table, otherwise: str) -> None:
    """Print the table, or a sentence in place of one without rows."""
    Console().print(table if table.row_count else escape(otherwise), soft_wrap=not table.row_count)


def record_step(settings: Settings, run_id: str | None, plan: Plan, result: StepResult) -> None:
    """Record how a step ended, for the summary of its run."""
    if run_id is not None:
        fate = shoots.StepFate(
            picture_sha256=result.picture,
            step_key=result.key,
            **result.model_dump(
                include={"step", "state", "seconds", "reason", "code", "cost_usd", "computed", "reused"}
            ),
        )
        shoots.record_step(settings.catalog_url, run_id, plan.sku, fate, collection=plan.collection)


def record_run(
    settings: Settings,
    plan: Plan,
    digest: str,
    listed: str,
    results: list[StepResult],
    started_at: datetime,
    preset: str,
) -> None:
    """Record a run of one shoot as the nightly run does, so that the next night skips the shoot.

    `listed`: digest of the shoot's files when the run began, at `started_at`. `preset`: that of the plan.
    """
    run_id = new_run_id("run")
    shoots.record_planned(
        settings.catalog_url,
        run_id,
        sku=plan.sku,
        collection=plan.collection,
        source=plan.source,
        listing_digest=listed,
        plan_digest=digest,
        edition=edition_of(preset),
        started_at=started_at,
    )
    for result in results:
        record_step(settings, run_id, plan, result)
    conclude(settings.catalog_url, run_id)


def new_run_id(kind: str) -> str:
    """A name for a run that a person started."""
    return f"{kind}-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
