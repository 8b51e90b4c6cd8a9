"""Finished files under the names that `catalog fetch` gives them."""

from collections.abc import Sequence

from fastapi import Request

from pipeline.catalog.files import FileFilter
from pipeline.fetch.listing import FetchedFile, file_list
from pipeline.fetch.names import parse_template


def named_files(request: Request, assets: Sequence[str]) -> tuple[FetchedFile, ...]:
    """The files of these assets. Raises BadInput for an unknown asset, or when two would have one name."""
    state = request.app.state
    template = parse_template(state.file_names, "CATALOG_FILE_NAMES")
    return file_list(state.catalog, FileFilter(state=None, ids=tuple(assets)), template)


def alone(file: FetchedFile) -> str:
    """The name of a file that is downloaded alone: its folders become part of it, `mug-001_front_white_shopify.jpg`."""
    return file.file.replace("/", "_")
