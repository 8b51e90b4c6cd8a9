"""The commands `review`: list what waits for a decision, decide, undo, and the log."""

import getpass
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipeline import request
from pipeline.catalog.database import Catalog
from pipeline.catalog.review.actors import Actor, Role
from pipeline.catalog.review.applying import Choice, Decided
from pipeline.catalog.review.decisions import decide
from pipeline.catalog.review.decisions import undo as undo_decision
from pipeline.catalog.review.log import Review, review_log
from pipeline.catalog.review.queue import review_queue
from pipeline.catalog.review.redo import Redo
from pipeline.catalog.review.withdrawal import withdraw as withdraw_assets
from pipeline.cli.brief import run_brief
from pipeline.cli.catalog import new_run_id
from pipeline.cli.impact import After, Limit
from pipeline.cli.output import Json, asset_cell, asset_table, named_values, print_json, print_next
from pipeline.cli.runs import Preset
from pipeline.core.errors import BadInput
from pipeline.language.briefs.registry import PARSERS
from pipeline.overlay import settings_of
from pipeline.run import StepResult, exit_code
from pipeline.settings import read_settings

Assets = Annotated[
    list[str], typer.Argument(metavar="ASSET...", help="<sku>/<angle>/<backdrop>/<channel>, as `catalog assets` lists")
]
Reason = Annotated[str, typer.Option(help="why; kept with the decision")]
Wish = Annotated[str, typer.Option("--reason", help="what the pictures should show instead, as in a brief")]
By = Annotated[str | None, typer.Option(help="who decides; default: this system's user")]
Collection = Annotated[str | None, typer.Option(help="only this collection")]
Channel = Annotated[str | None, typer.Option(help="only this channel")]
Sku = Annotated[str | None, typer.Option(help="only this product")]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="a setting for the redo, such as light.strength=0.7; can be repeated",
    ),
]

review = typer.Typer(
    no_args_is_help=True,
    help="Decide on assets in review. A decision holds as long as the asset's bytes are the same.",
)


def add_commands(app: typer.Typer) -> None:
    """Add this file's commands to the `catalog` command."""
    app.add_typer(review, name="review")


@review.command("list")
def list_waiting(
    collection: Collection = None,
    channel: Channel = None,
    sku: Sku = None,
    after: After = None,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """List the assets in review: what a person must look at, and what a redo was asked for."""
    queue = review_queue(_catalog(), collection=collection, channel=channel, sku=sku, cursor=after, limit=limit)
    if as_json:
        print_json(queue.model_dump(mode="json"))
        return
    table = asset_table("asset, why a person must look", "source", show_lines=True)
    for item in queue.rows:
        table.add_row(asset_cell(item.asset.id, *item.asset.reasons, _progress(item.redo)), item.asset.source)
    Console().print(table if table.row_count else "nothing waits for review")
    print_next(queue.next)


@review.command()
def approve(assets: Assets, reason: Reason = "", by: By = None, as_json: Json = False) -> None:
    """Publish assets. One that a check rejects needs a reason."""
    _decide(assets, "approved", reason, by, as_json)


@review.command()
def reject(assets: Assets, reason: Reason, by: By = None, as_json: Json = False) -> None:
    """Reject assets: they must not be used."""
    _decide(assets, "rejected", reason, by, as_json)


@review.command()
def redo(
    assets: Assets, reason: Wish = "", settings: Settings = None, preset: Preset = None, by: By = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Send assets back and make them again, one after the other. A new one replaces the old once it is published."""
    chosen = named_values(settings or [])
    settings_of(chosen)  # an error in it must come before the decision
    wish = reason or request.in_words(chosen)
    if not wish:
        raise BadInput("a redo of nothing would be the same picture", remedy="Give --reason or --set")
    parser = PARSERS.parse({"engine": PARSERS.names[0]})
    decided: list[Decided] = []
    results: list[StepResult] = []
    for asset in assets:
        run_id = new_run_id("redo")
        stored = {"text": wish, "run_id": run_id, **chosen}
        decided += decide(_catalog(), [asset], "redo", _actor(by), reason=reason, settings=stored)
        if not as_json:
            _print_decided(decided[-1:], as_json)
        sku, again = asset.partition("/")[0], request.Redo(asset, chosen)
        made = run_brief(sku, wish, parser, again, run=True, preset=preset, run_id=run_id, as_json=as_json)
        results += made.results
    if as_json:
        steps = [result.model_dump() for result in results]
        print_json({"assets": [each.model_dump(mode="json") for each in decided], "steps": steps})
    raise typer.Exit(exit_code(results))


@review.command()
def withdraw(assets: Assets, reason: Reason, by: By = None, as_json: Json = False) -> None:
    """Withdraw assets, for example all that `catalog impact` lists: they are no longer published."""
    _print_decided(withdraw_assets(_catalog(), assets, _actor(by), reason=reason), as_json)


@review.command()
def undo(assets: Assets, by: By = None, as_json: Json = False) -> None:
    """Undo the last decision on each asset; the one before it then holds again."""
    catalog, actor = _catalog(), _actor(by)
    _print_decided([undo_decision(catalog, asset, actor) for asset in assets], as_json)


@review.command()
def log(
    asset: Annotated[str | None, typer.Option(help="only decisions on this asset")] = None,
    sku: Sku = None,
    by: Annotated[str | None, typer.Option(help="only decisions of this person")] = None,
    after: After = None,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """List the decisions, the newest first: who decided what, when and why, and whether it still holds."""
    entries = review_log(_catalog(), asset_id=asset, sku=sku, decided_by=by, cursor=after, limit=limit)
    if as_json:
        print_json(entries.model_dump(mode="json"))
        return
    table = Table()
    for title in ("decision", "asset, reason", "holds"):
        table.add_column(title, overflow="fold")
    for entry in entries.rows:
        decided = f"{entry.decision} by {entry.decided_by}\n{entry.decided_at:%Y-%m-%d %H:%M} UTC"
        what = f"{entry.asset_id}\n{entry.reason}".rstrip()
        table.add_row(*map(escape, (decided, what, _holds(entry))))
    Console().print(table if table.row_count else "no decisions yet")
    print_next(entries.next)


def _progress(redo: Redo | None) -> str:
    """How far a redo is, if it is not still to come."""
    if redo is None or redo.state == "to come":
        return ""
    if redo.state == "failed":
        return f"the redo could not be made: {redo.reason}"
    made = f"made again: {', '.join(redo.assets)}"
    return f"{made}, only for other channels" if redo.state == "apart" else f"{made}; published, it replaces this one"


def _holds(entry: Review) -> str:
    if entry.undone_by is not None:
        return f"undone by {entry.undone_by}"
    return "yes" if entry.holds else "no"


def _catalog() -> Catalog:
    return Catalog(read_settings().catalog_url)


def _actor(by: str | None) -> Actor:
    """Whoever can write to the database may do anything. Raises BadInput when the system knows no name for the user."""
    if by is None:
        try:
            by = getpass.getuser()
        except (KeyError, OSError):
            raise BadInput("this system has no name for its user", remedy="Say who decides with --by") from None
    return Actor(name=by, role=Role.ADMIN)


def _decide(assets: list[str], decision: Choice, reason: str, by: str | None, as_json: bool) -> None:
    _print_decided(decide(_catalog(), assets, decision, _actor(by), reason=reason), as_json)


def _print_decided(decided: tuple[Decided, ...] | list[Decided], as_json: bool) -> None:
    if as_json:
        print_json({"assets": [each.model_dump(mode="json") for each in decided]})
        return
    for each in decided:
        Console().print(f"{each.asset_id}: {each.after} (was {each.before})", markup=False, highlight=False)
