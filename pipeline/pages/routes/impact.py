"""What a photo, a checkpoint or a setting touched, and where that was published."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from pipeline.catalog.review.actors import Role
from pipeline.catalog.trace.behind import impact_of_checkpoint, impact_of_setting
from pipeline.catalog.trace.impact import impact_of_photo
from pipeline.core.errors import BadInput
from pipeline.pages.access import Viewer
from pipeline.pages.forms import Cursor
from pipeline.pages.links import address
from pipeline.pages.render import render

Wanted = Annotated[str, Query(max_length=400)]
EXAMPLES = {
    "photo": "mug-001/DSC_0004.jpg, or the first digits of its SHA-256",
    "checkpoint": "its name, revision or digest",
    "setting": "composite.shadow=layer",
}

router = APIRouter()


@router.get("/impact")
def show_impact(
    request: Request,
    user: Viewer,
    kind: Literal["photo", "checkpoint", "setting"] = "photo",
    of: Wanted = "",
    photo: Wanted = "",
    cursor: Cursor = None,
) -> HTMLResponse:
    """Show the assets that were made from a photo or with a checkpoint or a setting."""
    of = photo or of
    catalog = request.app.state.catalog
    page, behind, fault = None, None, ""
    try:
        if of and kind == "photo":
            page = impact_of_photo(catalog, of, cursor=cursor)
        elif of:
            read = impact_of_checkpoint if kind == "checkpoint" else impact_of_setting
            behind = read(catalog, of, cursor=cursor)
            page = behind.assets
    except BadInput as error:  # a person mistyped it: say so beside the field
        fault = str(error)
    return render(
        request,
        "impact.html",
        status=404 if fault else 200,
        kind=kind,
        of=of,
        examples=EXAMPLES,
        fault=fault,
        assets=page.rows if page else (),
        behind=behind,
        next_url=address(request, "impact", kind=kind, of=of, cursor=page.next) if page and page.next else None,
        several=bool((page and page.next) or cursor),
        withdrawal_url=address(request, "withdrawal", kind=kind, of=of),
        back=address(request, "impact", kind=kind, of=of, cursor=cursor),
        may_withdraw=user.role >= Role.ADMIN,
    )
