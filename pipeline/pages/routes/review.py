"""The review queue: one asset after the other, by keyboard."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from pipeline.catalog.database import Catalog
from pipeline.catalog.lineage import read_lineage
from pipeline.catalog.paging import Page
from pipeline.catalog.review.actors import Role
from pipeline.catalog.review.log import Review, review_log
from pipeline.catalog.review.queue import ReviewItem, review_queue
from pipeline.pages.access import User, Viewer
from pipeline.pages.before import before_of, beside_of
from pipeline.pages.forms import Cursor, Text
from pipeline.pages.links import address
from pipeline.pages.render import render

AHEAD = 40  # assets of the queue that are shown as thumbnails

router = APIRouter()


@router.get("/review")
def show_queue(
    request: Request,
    user: Viewer,
    collection: Text = "",
    channel: Text = "",
    cursor: Cursor = None,
    asset: Annotated[str, Query(max_length=420)] = "",
) -> HTMLResponse:
    """Show one page of the queue and one asset of it: `asset`, or the first that waits for a person now."""
    catalog: Catalog = request.app.state.catalog
    queue = review_queue(catalog, collection=collection or None, channel=channel or None, cursor=cursor, limit=AHEAD)
    given = {"collection": collection, "channel": channel, "cursor": cursor}
    chosen = _chosen(queue, asset)
    lineage = read_lineage(catalog, queue.rows[chosen].asset.id) if queue.rows else None

    def at(position: int) -> str:
        named = queue.rows[position].asset.id if 0 <= position < len(queue.rows) else ""
        return address(request, "review", **given, asset=named)

    return render(
        request,
        "review.html",
        queue=queue.rows,
        chosen=chosen,
        item=queue.rows[chosen] if queue.rows else None,
        lineage=lineage,
        before=before_of(lineage) if lineage else None,
        beside=beside_of(lineage) if lineage else None,
        at=at,
        more_url=address(request, "review", collection=collection, channel=channel, cursor=queue.next)
        if queue.next
        else None,
        is_filtered=bool(collection or channel or cursor),
        last=_last_of(catalog, user),
        may_decide=user.role >= Role.REVIEWER,
        may_redo=request.app.state.redo is not None,
    )


@router.get("/log")
def show_log(request: Request, user: Viewer, cursor: Cursor = None) -> HTMLResponse:
    """Show who decided what, and when."""
    page = review_log(request.app.state.catalog, cursor=cursor)
    return render(
        request,
        "log.html",
        reviews=page.rows,
        next_url=address(request, "log", cursor=page.next) if page.next else None,
    )


def _chosen(queue: Page[ReviewItem], asset: str) -> int:
    """The position of the asset that is shown."""
    names = [item.asset.id for item in queue.rows]
    if asset in names:
        return names.index(asset)
    return next((position for position, item in enumerate(queue.rows) if item.is_waiting), 0)


def _last_of(catalog: Catalog, user: User) -> Review | None:
    """The user's latest decision that holds, which can be undone; with an approval goes what it replaced."""
    latest = review_log(catalog, decided_by=user.name, limit=20)
    return next((review for review in latest.rows if review.holds and review.decision != "replaced"), None)
