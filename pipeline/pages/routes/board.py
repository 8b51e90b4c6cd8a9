"""The board: products by angles as thumbnails with their states."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import ValidationError

from pipeline.catalog.board.board import (
    BoardAngle,
    BoardFilter,
    BoardProduct,
    State,
    count_states,
    read_board,
    read_facets,
)
from pipeline.catalog.files import MOST_IDS
from pipeline.catalog.review.actors import Role
from pipeline.editions import edition_of
from pipeline.pages.access import Viewer
from pipeline.pages.forms import Cursor, Limit, Text
from pipeline.pages.links import address
from pipeline.pages.render import render

WITH_FILES: tuple[State, ...] = ("published", "in review", "rejected")  # and withdrawn, where that is asked for

OUTDATED = "outdated settings"

router = APIRouter()


def given_filter(
    collection: Text = "",
    state: Text = "",
    channel: Text = "",
    source: Text = "",
    run_id: Text = "",
    made_with: Text = "",
    text: Text = "",
    sort: Text = "",
) -> dict[str, str]:
    """The filter of the board as the address has it; an empty value filters nothing."""
    return {
        "collection": collection, "state": state, "channel": channel, "source": source, "run_id": run_id,
        "made_with": made_with, "text": text, "sort": sort,
    }  # fmt: skip


Given = Annotated[dict[str, str], Depends(given_filter)]


def parsed_filter(request: Request, given: dict[str, str], cursor: str | None = None, limit: int = 50) -> BoardFilter:
    """The filter, checked. Raises HTTPException 422 for an unknown state, source, settings or order."""
    values = {name: value for name, value in given.items() if value}
    if made_with := values.pop("made_with", None):
        if made_with != OUTDATED:
            raise HTTPException(422, f"made_with: only {OUTDATED!r} is known.")
        values["not_edition"] = edition_of(request.app.state.preset)
    try:
        return BoardFilter.model_validate(values | {"cursor": cursor, "limit": limit})
    except ValidationError as error:
        first = error.errors()[0]
        raise HTTPException(422, f"{first['loc'][0]}: {first['msg']}.") from None


@router.get("/", status_code=303, response_class=RedirectResponse)
def go_to_board(request: Request, user: Viewer) -> RedirectResponse:
    """Lead to the board."""
    return RedirectResponse(address(request, "board"), 303)


@router.get("/board")
def show_board(request: Request, user: Viewer, given: Given, cursor: Cursor = None, limit: Limit = 30) -> HTMLResponse:
    """Show one page of the products that match every given filter. Responds 422 for an unknown state, source or order.

    The cells of a product are those that match, too.
    """
    wanted = parsed_filter(request, given, cursor, limit)
    catalog = request.app.state.catalog
    page, facets = read_board(catalog, wanted), read_facets(catalog)
    counts = count_states(catalog, wanted)
    return render(
        request,
        "board.html",
        products=[_matching(product, wanted) for product in page.rows],
        counts=counts,
        files=sum(counts[state] for state in _states_with_files(wanted)),
        most_files=MOST_IDS,
        files_url=address(request, "files", **given),
        wanted=wanted,
        filtered=any(value for name, value in given.items() if name != "sort"),
        choices=(
            ("collection", "Collection", facets.collections, given["collection"]),
            ("channel", "Channel", facets.channels, given["channel"]),
            ("source", "Source", facets.sources, given["source"]),
            ("made_with", "Made with", (OUTDATED,), given["made_with"]),
        ),
        state_url=lambda name: address(request, "board", **{**given, "state": name}),
        next_url=address(request, "board", **given, cursor=page.next, limit=limit) if page.next else None,
        back=address(request, "board", **given),
        may_decide=user.role >= Role.REVIEWER,
        may_withdraw=user.role >= Role.ADMIN,
    )


def _states_with_files(wanted: BoardFilter) -> tuple[State, ...]:
    """The states whose assets the board shows under this filter."""
    if wanted.state is None:
        return WITH_FILES
    return (wanted.state,) if wanted.state in {*WITH_FILES, "withdrawn"} else ()


def _matching(product: BoardProduct, wanted: BoardFilter) -> BoardProduct:
    """The product with those cells that match the filter; without a filter, those that are still made."""
    angles = (_matching_angle(angle, wanted) for angle in product.angles)
    shown = tuple(angle for angle in angles if angle.cells or _is_bare(angle, wanted))
    return product.model_copy(update={"angles": shown})


def _matching_angle(angle: BoardAngle, wanted: BoardFilter) -> BoardAngle:
    cells = tuple(
        cell
        for cell in angle.cells
        if cell.state == (wanted.state or cell.state)
        and cell.channel == (wanted.channel or cell.channel)
        and cell.source == (wanted.source or cell.source)
        and (wanted.state == "withdrawn" or cell.state != "withdrawn")
    )
    return angle.model_copy(update={"cells": cells})


def _is_bare(angle: BoardAngle, wanted: BoardFilter) -> bool:
    """Whether the angle has no asset and that matches."""
    return angle.state is not None and angle.state == (wanted.state or angle.state) and not wanted.channel
