"""Finished files as a ZIP: those selected on the board, or all that its filter shows."""

from collections.abc import Sequence

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import StreamingResponse

from pipeline.catalog.board.board import matching_assets
from pipeline.catalog.files import MOST_IDS
from pipeline.fetch.archive import zip_stream
from pipeline.pages.access import Viewer
from pipeline.pages.answers import ZIP
from pipeline.pages.downloads import named_files
from pipeline.pages.forms import Assets, seen_assets
from pipeline.pages.routes.board import Given, parsed_filter

router = APIRouter()


@router.get("/files", response_class=StreamingResponse, responses=ZIP)
def send_matching_files(request: Request, user: Viewer, given: Given) -> StreamingResponse:
    """Send the files that the board shows under this filter. Responds 404 without any, 422 for too many."""
    found = matching_assets(request.app.state.catalog, parsed_filter(request, given), MOST_IDS + 1)
    if not found:
        raise HTTPException(404, "No finished file matches these filters.")
    if len(found) > MOST_IDS:
        raise HTTPException(
            422,
            f"More than {MOST_IDS:,} files match, which is too many for one ZIP. "
            "Filter further, or copy them with `catalog fetch`.",
        )
    return _zip(request, found)


@router.post("/files", response_class=StreamingResponse, responses=ZIP)
def send_selected_files(request: Request, user: Viewer, asset: Assets) -> StreamingResponse:
    """Send the files of these assets, as they are made now."""
    return _zip(request, list(seen_assets(asset)))


def _zip(request: Request, assets: Sequence[str]) -> StreamingResponse:
    stream = zip_stream(request.app.state.store, named_files(request, assets))
    headers = {"Content-Disposition": 'attachment; filename="catalog.zip"'}
    return StreamingResponse(stream, media_type="application/zip", headers=headers)
