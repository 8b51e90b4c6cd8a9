"""Addresses within the pages."""

from typing import Any
from urllib.parse import quote, urlencode

from fastapi import HTTPException, Request

from pipeline.pages.render import root_of


def address(request: Request, path: str, **query: Any) -> str:
    """The address of a page as the browser sees it, with those query values that are not empty."""
    given = {name: value for name, value in query.items() if value not in (None, "")}
    return f"{root_of(request)}/{quote(path)}" + (f"?{urlencode(given)}" if given else "")


def own_address(request: Request, wanted: str) -> str:
    """The way back after an action: `wanted` if it is an address of these pages. Raises HTTPException 422 if not."""
    plain = all(" " < character < "\x7f" and character != "\\" for character in wanted)
    if not plain or not wanted.startswith(f"{root_of(request)}/") or wanted.startswith("//"):
        raise HTTPException(422, "The way back is no address of these pages.")
    return wanted
