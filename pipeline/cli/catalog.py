"""Commands over many shoots and over the catalog: discover, summary, assets, lineage, export, verify, doctor."""

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
from pipeline.catalog.lineage import read_lineage
from pipeline.catalog.lineage_tree import lineage_tree
from pipeline.catalog.queries import list_assets
from pipeline.cli.doctor import examine
from pipeline.cli.output import Json, print_json
from pipeline.contract.plan import Plan
from pipeline.contract.store import Store
from pipeline.contract.verify import verify as verify_store
from pipeline.discovery import conclude
from pipeline.discovery import discover as discover_shoots
from pipeline.run import StepResult
from pipeline.settings import Settings, read_settings


def add_commands(app: typer.Typer) -> None:
    """Add this file's commands to the `catalog` command."""
    for command in (discover, summary, assets, lineage, export, verify, doctor):
        app.command()(command)


def discover(
    root: Annotated[Path | None, typer.Argument(help="where to look for shoots; default CATALOG_SHOOTS")] = None,
    collection: Annotated[str | None, typer.Option(help="a backfill: every shoot of this collection")] = None,
    run_id: Annotated[str | None, typer.Option(help="the run to note it under")] = None,
    as_json: Json = False,
) -> None:
    """Plan the new and changed shoots, as the nightly run does first."""
    settings = read_settings()
    store = Store(settings.store)
    folder, run_id = root or settings.shoots, run_id or new_run_id("discover")
    found = discover_shoots(
        folder,
        store,
        settings.catalog_url,
        settings.preset,
        run_id,
        collection=collection,
        runs_here=settings.execution == "local",
    )
    if as_json:
        print_json({"run_id": run_id, **found.model_dump()})
        return
    table = Table("shoot", "state", "reason", title=f"run {run_id}")
    for planned in found.plans:
        table.add_row(planned.sku, "to run", planned.changed)
    for sku in found.unchanged:
        table.add_row(sku, "unchanged", "")
    for refused in found.refused:
        table.add_row(escape(refused.source), "[red]refused[/]", escape(f"{refused.reason} [{refused.code}]"))
    of = f" of the collection {collection!r}" if collection else ""
    _print_table(table, f"{folder} holds no shoot{of}")
    for planned in found.plans:
        Console().print(f"plan {planned.plan} of {planned.sku}", soft_wrap=True)  # whole, for `catalog stage --plan`


def summary(
    run_id: Annotated[str, typer.Option(help="the run to sum up")],
    as_json: Json = False,
) -> None:
    """Say what became of every shoot of a run. Exit code 1 when a shoot failed or was refused."""
    settings = read_settings()
    found = conclude(settings.catalog_url, run_id)
    if as_json:
        value = found.model_dump(mode="json")
        print_json({**value, "failed": found.failed, "sheets": str(settings.sheets)})
    else:
        table = Table("shoot", "fate", "seconds", "assets", "reason", title=f"run {run_id}")
        for shoot in found.shoots:
            seconds = sum(step.seconds for step in shoot.steps)
            counts = ", ".join(f"{count} {state}" for state, count in shoot.assets.items())
            table.add_row(shoot.sku, shoot.fate, f"{seconds:.0f}", counts, escape(shoot.reason))
        Console().print(table)
    raise typer.Exit(1 if found.failed else 0)


def assets(
    sku: Annotated[str | None, typer.Option(help="only this product")] = None,
    collection: Annotated[str | None, typer.Option(help="only this collection")] = None,
    state: Annotated[AssetState | None, typer.Option(help="only those in this state")] = None,
    as_json: Json = False,
) -> None:
    """List the assets of the catalog with their verdicts."""
    catalog = Catalog(read_settings().catalog_url)
    found = list_assets(catalog, sku=sku, collection=collection, state=state)
    if as_json:
        print_json({"assets": [asset.model_dump(mode="json") for asset in found]})
        return
    table = Table()
    table.add_column("asset", no_wrap=True, overflow="fold")
    for title in ("source", "size", "state", "reasons"):
        table.add_column(title)
    for asset in found:
        size = f"{asset.width_px}x{asset.height_px}"
        table.add_row(asset.id, asset.source, size, asset.state, escape("; ".join(asset.reasons)))
    _print_table(table, f"no such assets in {catalog.url.render_as_string(hide_password=True)}")


def lineage(
    asset: Annotated[str, typer.Argument(help="<sku>/<angle>/<backdrop>/<channel>")], as_json: Json = False
) -> None:
    """Show where an asset came from: every step with params, engine, checkpoints, seconds, down to each photo."""
    found = read_lineage(Catalog(read_settings().catalog_url), asset)
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        Console().print(lineage_tree(found))


def export(
    out: Annotated[Path, typer.Option(help="a new folder, or one that an export made")], as_json: Json = False
) -> None:
    """Write the catalog's tables (assets, captions, checks, lineage) as Parquet files."""
    from pipeline.catalog import export as catalog_export  # pyarrow; every task of a run would wait for it

    done = catalog_export.export(Catalog(read_settings().catalog_url), out)
    if as_json:
        print_json(done.model_dump())
    else:
        for name, rows in done.rows.items():
            Console().print(f"{done.folder}/{name}.parquet: {rows} rows", soft_wrap=True)


def verify(as_json: Json = False) -> None:
    """Read every file of the store and name those that are missing or damaged. Exit code 1 when there are any."""
    settings = read_settings()
    assets = list_assets(Catalog(settings.catalog_url))
    found = verify_store(Store(settings.store), [(asset.sha256, f"asset {asset.id}") for asset in assets])
    if as_json:
        print_json(found.model_dump())
    else:
        for damage in found.damaged:
            whose = ", ".join(damage.whose) or "nobody's any more, or a shoot's own file"
            Console().print(f"damaged: {damage.path}: {whose}", soft_wrap=True, markup=False, highlight=False)
        Console().print(f"{found.objects} objects, {found.manifests} manifests, {len(found.damaged)} damaged")
        if found.damaged:
            Console().print("run their shoots again: what is damaged is made anew")
    raise typer.Exit(1 if found.damaged else 0)


def doctor(as_json: Json = False) -> None:
    """Look at what is installed, which engines would be used, what is missing and how to get it."""
    findings = examine(read_settings())
    if as_json:
        print_json({"findings": [finding.model_dump() for finding in findings]})
    else:
        colours = {"ok": "green", "missing": "red", "optional": "dim"}
        table = Table("", "what", "words")
        for finding in findings:
            table.add_row(f"[{colours[finding.state]}]{finding.state}[/]", finding.what, escape(finding.words))
        Console().print(table)
    raise typer.Exit(1 if any(finding.state == "missing" for finding in findings) else 0)


def _print_table(table: Table, otherwise: str) -> None:
    """The table, or words in place of one without rows."""
    Console().print(table if table.row_count else escape(otherwise), soft_wrap=not table.row_count)


def record_step(settings: Settings, run_id: str | None, plan: Plan, result: StepResult) -> None:
    """Note how a step ended, for the summary of its run."""
    if run_id is not None:
        shoots.record_step(
            settings.catalog_url,
            run_id,
            plan.sku,
            result.step,
            result.state,
            seconds=result.seconds,
            reason=result.reason,
            collection=plan.collection,
        )


def record_run(settings: Settings, plan: Plan, digest: str, listed: str, results: list[StepResult]) -> None:
    """Note a run of one shoot, `listed` when it began, as the nightly run would: so the next night knows it is done."""
    run_id = new_run_id("run")
    shoots.record_planned(
        settings.catalog_url,
        run_id,
        sku=plan.sku,
        collection=plan.collection,
        source=plan.source,
        listing_digest=listed,
        plan_digest=digest,
    )
    for result in results:
        record_step(settings, run_id, plan, result)
    conclude(settings.catalog_url, run_id)


def new_run_id(kind: str) -> str:
    """A name for a run that no scheduler named."""
    return f"{kind}-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
