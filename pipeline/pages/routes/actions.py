"""What people do to assets: decide, undo, withdraw, ask for a redo. Each leaves a row in the audit log."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool

from pipeline.catalog.review.actors import Actor
from pipeline.catalog.review.decisions import decide, undo
from pipeline.core.errors import CatalogError
from pipeline.pages.access import Admin, Reviewer, User
from pipeline.pages.forms import NO_ZERO, Assets, Back, Reason, seen_assets
from pipeline.pages.links import own_address

router = APIRouter()


@router.post("/decisions", status_code=303, response_class=RedirectResponse)
def approve_or_reject(
    request: Request,
    user: Reviewer,
    asset: Assets,
    decision: Annotated[Literal["approved", "rejected"], Form()],
    back: Back,
    reason: Reason = "",
) -> RedirectResponse:
    """Approve or reject assets, all or none: a decision on bytes that were made again meanwhile is refused."""
    seen = seen_assets(asset)
    way_back = own_address(request, back)
    decide(request.app.state.catalog, list(seen), decision, actor_of(user), reason=reason, seen=seen)
    return RedirectResponse(way_back, 303)


@router.post("/undo", status_code=303, response_class=RedirectResponse)
def undo_decision(
    request: Request, user: Reviewer, asset: Annotated[str, Form(max_length=420, pattern=NO_ZERO)], back: Back
) -> RedirectResponse:
    """Undo the decision that holds for an asset."""
    way_back = own_address(request, back)
    undo(request.app.state.catalog, asset, actor_of(user))
    return RedirectResponse(way_back, 303)


@router.post("/withdrawals", status_code=303, response_class=RedirectResponse)
def withdraw(request: Request, user: Admin, asset: Assets, back: Back, reason: Reason) -> RedirectResponse:
    """Withdraw assets from the shops; they stay withdrawn until other bytes are made."""
    seen = seen_assets(asset)
    way_back = own_address(request, back)
    decide(request.app.state.catalog, list(seen), "withdrawn", actor_of(user), reason=reason, seen=seen)
    return RedirectResponse(way_back, 303)


@router.post("/redos", status_code=303, response_class=RedirectResponse)
async def ask_for_redo(
    request: Request,
    user: Reviewer,
    asset: Annotated[str, Form(max_length=500)],
    text: Annotated[str, Form(min_length=1, max_length=4000, pattern=NO_ZERO)],
    back: Back,
) -> RedirectResponse:
    """Send an asset back to be made again as `text` asks for. If that cannot start, nothing is decided."""
    state = request.app.state
    if state.redo is None:
        raise HTTPException(404, "These pages cannot start a shoot.")
    seen, way_back = seen_assets([asset]), own_address(request, back)
    (identity,) = seen
    run_id = f"redo-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
    settings = {"text": text, "run_id": run_id}
    actor = actor_of(user)
    await run_in_threadpool(decide, state.catalog, [identity], "redo", actor, reason=text, settings=settings, seen=seen)
    try:
        await state.redo.start(request, run_id, identity, text)
    except CatalogError:
        await run_in_threadpool(undo, state.catalog, identity, actor)
        raise
    return RedirectResponse(way_back, 303)


def actor_of(user: User) -> Actor:
    """The user as the catalog records them."""
    return Actor(name=user.name, role=user.role)
