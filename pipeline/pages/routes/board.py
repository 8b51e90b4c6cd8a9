"""The board: products by angles as thumbnails with their states."""

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import ValidationError

from pipeline.catalog.board.board import BoardAngle, BoardFilter, BoardProduct, count_states, read_board, read_facets
from pipeline.pages.access import Role, Viewer
from pipeline.pages.forms import Cursor, Limit, Text
from pipeline.pages.links import address
from pipeline.pages.render import render

router = APIRouter()


@router.get("/")
def go_to_board(request: Request, user: Viewer) -> RedirectResponse:
    """Lead to the board."""
    return RedirectResponse(address(request, "board"), 303)


@router.get("/board")
def show_board(
    request: Request,
    user: Viewer,
    collection: Text = "",
    state: Text = "",
    channel: Text = "",
    source: Text = "",
    run_id: Text = "",
    text: Text = "",
    sort: Text = "",
    cursor: Cursor = None,
    limit: Limit = 30,
) -> HTMLResponse:
    """Show one page of the products that match every given filter. Responds 422 for an unknown state, source or order.

    The cells of a product are those that match, too.
    """
    given = {
        "collection": collection, "state": state, "channel": channel, "source": source, "run_id": run_id, "text": text,
        "sort": sort,
    }  # fmt: skip
    try:
        wanted = BoardFilter.model_validate(
            {name: value for name, value in given.items() if value} | {"cursor": cursor, "limit": limit}
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise HTTPException(422, f"{first['loc'][0]}: {first['msg']}.") from None
    catalog = request.app.state.catalog
    page, facets = read_board(catalog, wanted), read_facets(catalog)
    return render(
        request,
        "board.html",
        products=[_matching(product, wanted) for product in page.rows],
        counts=count_states(catalog, wanted),
        wanted=wanted,
        filtered=any(value for name, value in given.items() if name != "sort"),
        choices=(
            ("collection", "Collection", facets.collections, collection),
            ("channel", "Channel", facets.channels, channel),
            ("source", "Source", facets.sources, source),
        ),
        state_url=lambda name: address(request, "board", **{**given, "state": name}),
        next_url=address(request, "board", **given, cursor=page.next, limit=limit) if page.next else None,
        back=address(request, "board", **given),
        selecting=user.role >= Role.REVIEWER,
        may_withdraw=user.role >= Role.ADMIN,
    )


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
