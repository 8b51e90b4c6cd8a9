"""Pictures of the store as thumbnails, and finished files to download."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from pipeline.pages.access import Viewer
from pipeline.pages.answers import PICTURE
from pipeline.pages.thumbnails import Side, media_type_of, thumbnail

Digest = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]
FOREVER = {"Cache-Control": "private, max-age=31536000, immutable"}  # an artifact never changes

router = APIRouter()


@router.get("/pictures/{sha256}", response_class=Response, responses=PICTURE)
def send_picture(
    request: Request,
    user: Viewer,
    sha256: Digest,
    side: Annotated[Side, Query()] = Side.CARD,
) -> Response:
    """Send a picture of the store, scaled to at most `side` px; nothing that is no picture can be read."""
    state = request.app.state
    data = thumbnail(state.store, state.cache, sha256, side)
    return Response(data, media_type=media_type_of(data), headers=FOREVER)
