"""Values of queries and forms, with their limits."""

from typing import Annotated

from fastapi import Form, HTTPException, Query

NO_ZERO = r"^[^\x00]*$"  # PostgreSQL has no text with a zero byte
MOST_ASSETS = 200  # of one action

Text = Annotated[str, Query(max_length=200)]
Cursor = Annotated[str | None, Query(max_length=500)]
Limit = Annotated[int, Query(ge=1, le=200)]
Number = Annotated[int | None, Query(ge=1, le=10**6)]
Reason = Annotated[str, Form(max_length=2000, pattern=NO_ZERO)]
Back = Annotated[str, Form(max_length=2000)]
Assets = Annotated[list[str], Form(min_length=1, max_length=MOST_ASSETS)]


def seen_assets(values: list[str]) -> dict[str, str]:
    """The sha256 of the bytes that the person saw, by asset, from `<sha256> <asset>`. Raises HTTPException 422."""
    seen = {}
    for value in values:
        sha256, space, asset = value.partition(" ")
        if not space or len(sha256) != 64 or len(asset) > 420 or "\0" in asset:
            raise HTTPException(422, f"{value[:80]!r} names no asset and its bytes.")
        seen[asset] = sha256
    return seen
