"""Withdrawing everything that a photo, checkpoint or setting touched: first what that is, then the action."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from pipeline.catalog.review.withdrawal import withdraw
from pipeline.catalog.trace.everything import Kind, find_everything
from pipeline.core.errors import BadInput
from pipeline.pages.access import Admin
from pipeline.pages.forms import NO_ZERO, Reason
from pipeline.pages.links import address
from pipeline.pages.render import render
from pipeline.pages.routes.actions import actor_of

router = APIRouter()


@router.get("/withdrawal")
def show_withdrawal(
    request: Request, user: Admin, kind: Kind, of: Annotated[str, Query(min_length=1, max_length=400)]
) -> HTMLResponse:
    """Show how many assets of which products would be withdrawn. Responds 404 for an unknown photo and the like."""
    everything = find_everything(request.app.state.catalog, kind, of)
    return render(
        request,
        "withdrawal.html",
        kind=kind,
        of=of,
        everything=everything,
        impact_url=address(request, "impact", kind=kind, of=of),
    )


@router.post("/withdrawal", status_code=303, response_class=RedirectResponse)
def withdraw_everything(
    request: Request,
    user: Admin,
    kind: Annotated[Kind, Form()],
    of: Annotated[str, Form(min_length=1, max_length=400, pattern=NO_ZERO)],
    digest: Annotated[str, Form(pattern=r"^[0-9a-f]{64}$")],
    reason: Reason,
) -> RedirectResponse:
    """Withdraw all of them. Responds 409 if they are not those that were shown (`digest`)."""
    catalog = request.app.state.catalog
    everything = find_everything(catalog, kind, of)
    if everything.digest != digest:
        raise BadInput(
            f"what was made with the {kind} {of!r} has changed: it is {len(everything.assets):,} assets now",
            remedy="Look at the list again, then withdraw",
        )
    seen = everything.seen
    withdraw(catalog, list(seen), actor_of(user), reason=reason, seen=seen)
    return RedirectResponse(address(request, "impact", kind=kind, of=of), 303)
