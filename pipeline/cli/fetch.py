"""The command `fetch`: copies finished files out of the store under readable names."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pipeline.catalog.database import Catalog
from pipeline.catalog.entries import AssetState
from pipeline.catalog.files import FileFilter
from pipeline.cli.output import Json, bar, print_json
from pipeline.fetch.folder import Fetched
from pipeline.fetch.folder import fetch as fetch_files
from pipeline.fetch.listing import file_list
from pipeline.fetch.names import MANIFEST, parse_template
from pipeline.run import store_from
from pipeline.settings import read_settings


def add_commands(app: typer.Typer) -> None:
    """Add this file's command to the `catalog` command."""
    app.command()(fetch)


def fetch(
    out: Annotated[Path, typer.Option(help="a new folder, or one that an earlier fetch made")],
    sku: Annotated[str | None, typer.Option(help="only this product")] = None,
    collection: Annotated[str | None, typer.Option(help="only this collection")] = None,
    channel: Annotated[str | None, typer.Option(help="only this channel")] = None,
    state: Annotated[AssetState, typer.Option(help="only assets in this state")] = "published",
    angle: Annotated[str | None, typer.Option(help="only this angle")] = None,
    backdrop: Annotated[str | None, typer.Option(help="only this backdrop")] = None,
    template: Annotated[
        str | None, typer.Option(help="names of the files, with fields in braces; default: CATALOG_FILE_NAMES")
    ] = None,
    as_json: Json = False,
) -> None:
    """Copy finished files into a folder under readable names, with a list of them in `manifest.csv`.

    The folder then holds exactly the selected assets: a second call writes what has changed, and removes what is not
    selected any more. A file that was changed in the folder is never overwritten or removed.
    """
    settings = read_settings()
    given = (settings.file_names, "CATALOG_FILE_NAMES") if template is None else (template, "--template")
    which = FileFilter(sku=sku, collection=collection, channel=channel, state=state, angle=angle, backdrop=backdrop)
    files = file_list(Catalog(settings.catalog_url), which, parse_template(*given))
    with bar("fetch") as progress:
        fetched = fetch_files(store_from(settings), files, out, progress)
    if as_json:
        print_json({**fetched.model_dump(), "manifest": str(out / MANIFEST)})
    else:
        _show(fetched, len(files))


def _show(fetched: Fetched, count: int) -> None:
    console = Console(soft_wrap=True, highlight=False, markup=False)
    for name, aside in fetched.kept.items():
        console.print(f"{name} had been changed and is kept as {aside}")
    for name in fetched.left:
        console.print(f"{name} is not selected any more, but had been changed and stays")
    done = f"{len(fetched.written)} written, {fetched.unchanged} unchanged, {len(fetched.removed)} removed"
    console.print(f"{count} {'file' if count == 1 else 'files'} in {fetched.folder}: {done}; {MANIFEST} lists them")
