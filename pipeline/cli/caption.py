"""The command `caption`: shows the caption of a product with the evidence for each of its claims."""

from collections.abc import Iterator
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipeline.catalog.captions import CaptionView, read_captions
from pipeline.catalog.database import Catalog
from pipeline.cli.output import Json, print_json
from pipeline.core.evidence import Evidence
from pipeline.settings import read_settings

COLOURS = {"supported": "green", "contradicted": "red", "unsupported": "yellow"}


def add_commands(app: typer.Typer) -> None:
    """Add this file's command to the `catalog` command."""
    app.command()(caption)


def caption(
    sku: Annotated[str, typer.Argument(help="product number, as `catalog assets` lists it")], as_json: Json = False
) -> None:
    """Show a product's caption, and for each of its claims the evidence and the verdict."""
    captions = read_captions(Catalog(read_settings().catalog_url), sku)
    if as_json:
        print_json({"captions": [view.model_dump(mode="json") for view in captions]})
        return
    for view in captions:
        _print(view)


def _print(view: CaptionView) -> None:
    console, written = Console(), view.caption
    by = f"{written.engine}{f', {written.model}' if written.model else ''}, {written.language}"
    console.print(f"[bold]{escape(written.title)}[/]  [dim]({escape(by)})[/]", soft_wrap=True)
    console.print(escape(written.description), soft_wrap=True)
    for bullet in written.bullets:
        console.print(f"  - {escape(bullet)}", soft_wrap=True)
    table = Table("field", "kind", "claim", "verdict", "evidence")
    for claim in view.claims:
        verdict = f"[{COLOURS[claim.verdict]}]{claim.verdict}[/]{', dropped' if claim.dropped else ''}"
        table.add_row(claim.field, claim.kind, escape(claim.words), verdict, escape(", ".join(claim.evidence)))
    console.print(table)
    known = Table("evidence", "what is known", "where")
    for identity, value, source in _known(view.evidence):
        known.add_row(identity, escape(value), escape(source))
    console.print(known)


def _known(evidence: Evidence) -> Iterator[tuple[str, str, str]]:
    """Every piece of evidence: its id, its value, and where it is from."""
    for name, value in evidence.facts.items():
        yield f"fact:{name}", value, "shoot.yaml"
    for measured in evidence.measurements:
        figure = "" if measured.number is None else f" ({measured.number:.3g} {measured.unit})".replace(" )", ")")
        yield measured.id, f"{measured.value}{figure}", ", ".join(measured.photos)
    for reading in evidence.readings:
        yield reading.id, f"“{reading.text}”", f"{reading.photo}, score {reading.score:.2f}"
