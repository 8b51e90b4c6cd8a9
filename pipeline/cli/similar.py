"""The command `similar`: pictures and products that look alike."""

import shutil
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipeline.catalog.database import Catalog
from pipeline.catalog.duplicates import Duplicate, accept, list_duplicates
from pipeline.catalog.similar import Found, similar_to
from pipeline.cli.output import Json, print_json, writing
from pipeline.contract.artifact import Artifact
from pipeline.contract.store import Store
from pipeline.core.errors import BadInput, CatalogError
from pipeline.run import store_from
from pipeline.settings import read_settings


def add_commands(app: typer.Typer) -> None:
    """Add this file's command to the `catalog` command."""
    app.command()(similar)


def similar(
    what: Annotated[
        str | None, typer.Argument(help="an asset, <sku>/<angle>/<backdrop>/<channel>, or a product's sku")
    ] = None,
    k: Annotated[int, typer.Option("--k", min=1, help="how many to show")] = 10,
    every_asset: Annotated[
        bool, typer.Option("--every-asset", help="show every asset of another product, not only its best")
    ] = False,
    duplicates: Annotated[
        bool, typer.Option("--duplicates", help="list the pairs of products that may be one, or those of WHAT")
    ] = False,
    accept_other: Annotated[
        str | None, typer.Option("--accept", metavar="SKU", help="say that WHAT and this product are rightly two")
    ] = None,
    sheet: Annotated[
        Path | None, typer.Option(help="write the pictures that were found as a contact sheet, PNG")
    ] = None,
    as_json: Json = False,
) -> None:
    """Find the assets or products most alike to one of the catalog, and pairs that may be one product."""
    catalog = Catalog(read_settings().catalog_url)
    if accept_other is not None:
        if what is None:
            raise BadInput("--accept names one product of a pair", remedy="Write catalog similar SKU --accept OTHER")
        _show_pairs([accept(catalog, what, accept_other)], as_json)
    elif duplicates:
        _show_pairs(list_duplicates(catalog, what), as_json)
    elif what is None:
        raise BadInput("there is nothing to compare", remedy="Name an asset or a sku, or use --duplicates")
    else:
        _show(catalog, similar_to(catalog, what, k, every_asset=every_asset), sheet, as_json)


def _show(catalog: Catalog, found: Found, sheet: Path | None, as_json: bool) -> None:
    if sheet is not None:
        _write_sheet(catalog, found, sheet)
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    title = f"most alike to {found.query}, by {found.engine} {found.revision[:12]}"
    table = Table("likeness", "product", "picture", title=escape(title))
    for hit in found.hits:
        table.add_row(f"{hit.likeness:.3f}", escape(hit.sku), escape(hit.id))
    Console().print(table if found.hits else "the catalog has no other product with vectors of this engine")


def _show_pairs(pairs: list[Duplicate], as_json: bool) -> None:
    if as_json:
        print_json({"duplicates": [pair.model_dump() for pair in pairs]})
        return
    table = Table("likeness", "product", "looks like", "accepted")
    for pair in pairs:
        table.add_row(f"{pair.likeness:.3f}", escape(pair.sku), escape(pair.other), "yes" if pair.accepted else "no")
    Console().print(table if pairs else "no two products look alike")


def _write_sheet(catalog: Catalog, found: Found, sheet: Path) -> None:
    from pipeline.imaging.sheet.similar import SimilarTile, similar_sheet

    store = store_from(read_settings())
    folder = store.scratch("similar")
    try:
        alike = {
            sku for pair in list_duplicates(catalog, found.query.partition("/")[0]) for sku in (pair.sku, pair.other)
        }
        tiles = [
            SimilarTile(
                name=hit.sku,
                detail=hit.id.partition("/")[2],
                file=_picture(store, hit.sha256, hit.id, folder),
                likeness=hit.likeness,
                alike=hit.sku in alike,
            )
            for hit in found.hits
        ]
        words = f"compared with {found.compared} pictures of other products, by {found.engine} {found.revision[:12]}"
        data = similar_sheet(found.query, words, _picture(store, found.sha256, found.query, folder), tiles)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    with writing(sheet):
        sheet.write_bytes(data)


def _picture(store: Store, sha256: str, name: str, folder: Path) -> Path:
    if store.size_of(sha256) is None:
        raise CatalogError(f"the picture of {name} is not in the store", remedy="Run its shoot again")
    return store.file(Artifact(sha256=sha256, media_type="image/*", size=0), folder)
