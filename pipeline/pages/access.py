"""Who may do what on the pages: roles, the dependency that checks them, and the defence against forged requests.

A cookie alone never suffices for a change. The request must come from a page of the same origin (`Sec-Fetch-Site` or
`Origin`, which no page can forge for another) and carry the token that only our own pages know.
"""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Annotated, Any, Protocol
from urllib.parse import urlsplit

from fastapi import Depends, HTTPException, Request

from pipeline.catalog.review.actors import Role

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
TOKEN_HEADER, TOKEN_FIELD = "x-csrf-token", "csrf_token"


@dataclass(frozen=True)
class User:
    """Who sends a request. `session`: what the token of their pages is bound to; never shown."""

    name: str
    role: Role
    session: str


class Access(Protocol):
    """Knows the users. `secret`: the same in every process that serves the pages, and in no other.

    `origins`: further origins at which browsers see the pages, behind a proxy that rewrites `Host`. `hosts`: the names
    by which the pages may be addressed; None where the server around them decides.
    """

    secret: bytes
    origins: frozenset[str]
    hosts: tuple[str, ...] | None

    async def user(self, request: Request) -> User:
        """The user who sends the request. Raises HTTPException 401 without a login, 403 without any role."""
        ...


def csrf_token(secret: bytes, user: User) -> str:
    """The token that this user's pages send with every change: 64 hex digits."""
    return hmac.new(secret, f"catalog pages\n{user.session}".encode(), hashlib.sha256).hexdigest()


class Needs:
    """A dependency that lets only users of at least one role through, and no forged change."""

    def __init__(self, role: Role) -> None:
        self.role = role

    async def __call__(self, request: Request) -> User:
        """Return the user. Raises HTTPException 401 or 403."""
        access: Access = request.app.state.access
        user = await access.user(request)
        if user.role < self.role:
            raise HTTPException(403, f"This needs the role {self.role.word}; you are signed in as {user.role.word}.")
        if request.method not in SAFE_METHODS:
            _require_same_origin(request, access)
            await _require_token(request, csrf_token(access.secret, user))
        request.state.catalog_user = user
        return user


Viewer = Annotated[User, Depends(Needs(Role.VIEWER))]
Reviewer = Annotated[User, Depends(Needs(Role.REVIEWER))]
Admin = Annotated[User, Depends(Needs(Role.ADMIN))]


def _require_same_origin(request: Request, access: Access) -> None:
    """Raise HTTPException 403 unless the browser says that the request comes from one of our own pages."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None and site != "same-origin":
        raise HTTPException(403, "This change was sent by another site.")
    if origin is None:
        if site is None:
            raise HTTPException(403, "This change does not say which page it comes from.")
        return
    if urlsplit(origin).netloc.lower() != request.headers.get("host", "").lower() and origin not in access.origins:
        raise HTTPException(403, "This change was sent by another site.")


async def _require_token(request: Request, expected: str) -> None:
    """Raise HTTPException 403 unless the header or the form field has the token."""
    given: Any = request.headers.get(TOKEN_HEADER)
    if given is None and request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        given = (await request.form()).get(TOKEN_FIELD)
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), expected.encode()):
        raise HTTPException(403, "This page is no longer valid. Reload it and try again.")
