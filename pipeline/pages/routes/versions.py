"""What changed between two versions of an asset: pictures, settings, inputs."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from pipeline.catalog.queries import read_asset
from pipeline.catalog.trace.difference import read_difference
from pipeline.catalog.versions import list_versions
from pipeline.pages.access import Viewer
from pipeline.pages.answers import PICTURE
from pipeline.pages.difference import difference_picture
from pipeline.pages.forms import Number
from pipeline.pages.render import render
from pipeline.pages.routes.pictures import FOREVER, Digest
from pipeline.pages.thumbnails import Side

router = APIRouter()


@router.get("/versions/{asset:path}")
def show_versions(
    request: Request,
    user: Viewer,
    asset: str,
    old: Number = None,
    new: Number = None,
) -> HTMLResponse:
    """Show the versions of an asset, and what changed from `old` to `new`, by default in the last one."""
    catalog = request.app.state.catalog
    view = read_asset(catalog, asset).asset
    versions = list_versions(catalog, asset)
    difference = read_difference(catalog, asset, old, new) if len(versions) > 1 else None
    return render(request, "versions.html", asset=view, versions=versions, difference=difference)


@router.get("/differences/{sha256}/{other}", response_class=Response, responses=PICTURE)
def send_difference(
    request: Request,
    user: Viewer,
    sha256: Digest,
    other: Digest,
    side: Annotated[Side, Query()] = Side.LARGE,
) -> Response:
    """Send the picture of where two pictures of the store differ."""
    state = request.app.state
    data = difference_picture(state.store, state.cache, sha256, other, side)
    return Response(data, media_type="image/jpeg", headers=FOREVER)
