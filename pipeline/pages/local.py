"""Access under `catalog ui`: one person on this machine, who proves by a one-time link that they started it."""

import getpass
import hmac
import secrets
from collections.abc import Callable
from typing import Annotated

from fastapi import FastAPI, HTTPException, Query, Request, Response
from fastapi.responses import HTMLResponse

from pipeline.catalog.review.actors import Role
from pipeline.pages.access import User
from pipeline.pages.answers import ERRORS, content
from pipeline.pages.routes.static import send_static

COOKIE = "catalog_session"
LEAD_ON = """<!doctype html><html lang="en"><title>Catalog</title>
<meta http-equiv="refresh" content="0;url=/board"><p><a href="/board">To the board</a></p>"""
HOSTS = ("127.0.0.1", "localhost")  # any other name means that a foreign domain was pointed at this machine


class LocalAccess:
    """Turns each link's token into a session once. `on_used`: called with the next token, so that it can be printed.

    `name`: of the person, by default as the operating system knows them.
    """

    origins: frozenset[str] = frozenset()
    hosts: tuple[str, ...] | None = HOSTS

    def __init__(self, on_used: Callable[[str], None], name: str = "") -> None:
        self.secret = secrets.token_bytes(32)
        self.token = secrets.token_urlsafe(32)
        self._on_used = on_used
        self._sessions: set[str] = set()
        self._name = name or getpass.getuser()

    def exchange(self, token: str) -> str:
        """Return a new session for the current token, which is then void. Raises HTTPException 401 for any other."""
        if not hmac.compare_digest(token.encode(), self.token.encode()):
            raise HTTPException(401, "This link has been used or is not valid. Open the newest one in the terminal.")
        self.token = secrets.token_urlsafe(32)
        session = secrets.token_urlsafe(32)
        self._sessions.add(session)
        self._on_used(self.token)
        return session

    async def user(self, request: Request) -> User:
        """The person at this machine, as an admin. Raises HTTPException 401 without a session."""
        session = request.cookies.get(COOKIE, "")
        if session not in self._sessions:
            raise HTTPException(401, "Open the link that `catalog ui` printed in its terminal.")
        return User(self._name, Role.ADMIN, session)


def add_login(pages: FastAPI, access: LocalAccess) -> None:
    """Add the route that the printed link leads to, and the icon of its page."""

    @pages.get("/favicon.ico", response_class=Response, responses=content("image/svg+xml"))
    def send_icon() -> Response:
        """Send the icon that browsers ask for beside the page of the login."""
        return send_static("icon.svg")

    @pages.get("/login", response_class=HTMLResponse, responses=ERRORS)
    def log_in(token: Annotated[str, Query(max_length=200)]) -> HTMLResponse:
        """Exchange the link's token for a cookie. Responds with a page that leads on, not with a redirect.

        After a redirect the browser would still count the navigation as coming from where the link was clicked, such as
        a chat, and would not send a strict cookie.
        """
        response = HTMLResponse(LEAD_ON)
        response.set_cookie(COOKIE, access.exchange(token), httponly=True, samesite="strict")
        return response
