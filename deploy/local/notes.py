"""The notes printed after a run: every step, angle and asset that is not as requested, and why."""

from collections.abc import Iterable, Iterator, Mapping
from textwrap import fill, indent
from typing import Any, NamedTuple

from rich.console import Console
from sqlalchemy import select

from pipeline.catalog.database import Catalog
from pipeline.catalog.queries import list_assets
from pipeline.catalog.tables import AngleRow

MAX_NOTES = 20  # for a run over hundreds of shoots, see the catalog
COLOURS = {"held": "yellow", "in review": "yellow", "refused": "yellow"}


class Note(NamedTuple):
    """One step, angle or asset that is not as requested."""

    state: str
    what: str
    why: str


def notes_on(summary: Mapping[str, Any], catalog_url: str) -> list[Note]:
    """The notes on the shoots that a run processed: steps first, then angles and assets from the catalog."""
    skus = [shoot["sku"] for shoot in summary["shoots"] if shoot["steps"]]
    return [*notes_on_steps(summary), *(_notes_on_catalog(skus, catalog_url) if skus else ())]


def notes_on_steps(summary: Mapping[str, Any]) -> Iterator[Note]:
    """One note per step that is held or failed by itself, and per shoot that ended without one."""
    for shoot in summary["shoots"]:
        below = {f"held by {step['step']}" for step in shoot["steps"]}  # their reason is that of the step above
        steps = [
            step
            for step in shoot["steps"]
            if step["reason"] and step["state"] not in {"done", "cached"} and step["reason"] not in below
        ]
        yield from (Note(step["state"], f"{shoot['sku']}, {step['step']}", step["reason"]) for step in steps)
        if shoot["reason"] and not steps:
            yield Note(shoot["fate"], shoot["sku"], shoot["reason"])


def _notes_on_catalog(skus: list[str], catalog_url: str) -> Iterator[Note]:
    catalog = Catalog(catalog_url)
    with catalog.read() as session:
        query = select(AngleRow).where(AngleRow.sku.in_(skus), AngleRow.source == "refused")
        for row in session.scalars(query.order_by(AngleRow.sku, AngleRow.angle)):
            yield Note("refused", f"{row.sku}/{row.angle}", row.reason)
    for sku in skus:
        for asset in list_assets(catalog, sku=sku):
            if asset.state != "published":
                yield Note(asset.state, asset.id, "; ".join(asset.reasons))


def print_notes(console: Console, notes: Iterable[Note]) -> None:
    """Print each note on its own line, with its reason indented below; at most `MAX_NOTES`."""
    pending = list(notes)
    for note in pending[:MAX_NOTES]:
        console.print(f"[{COLOURS.get(note.state, 'red')}]{note.state}[/]: ", end="")
        console.print(note.what, markup=False)
        console.print(indent(fill(note.why, console.width - 4), "    "), markup=False, soft_wrap=True)
    if len(pending) > MAX_NOTES:
        console.print(f"and {len(pending) - MAX_NOTES} more: see `catalog assets`")
