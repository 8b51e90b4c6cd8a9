"""Builds the pages as one FastAPI application, which `catalog ui` serves and Airflow mounts."""

import gc
from collections.abc import Iterator

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware

from pipeline.catalog.database import Catalog
from pipeline.core.disk_cache import DiskCache
from pipeline.core.errors import BadInput, CatalogError
from pipeline.pages.access import SAFE_METHODS, Access, Needs
from pipeline.pages.answers import ERROR_TITLES, ERRORS
from pipeline.pages.headers import Guarded
from pipeline.pages.redo import Redo
from pipeline.pages.render import render
from pipeline.pages.routes import (
    actions,
    assets,
    board,
    files,
    impact,
    pictures,
    products,
    review,
    runs,
    static,
    versions,
    withdrawal,
)
from pipeline.run import store_from
from pipeline.settings import Settings

ROUTES = (static, pictures, board, products, files, assets, versions, review, impact, runs, actions, withdrawal)
PUBLIC = frozenset({"/static/{name}", "/favicon.ico", "/login"})  # without a login: the login, and its page's style


def build_pages(access: Access, settings: Settings, redo: Redo | None = None) -> FastAPI:
    """Build the application, after the last fork. `redo`: makes pictures again; without it the pages do not offer that.

    FastAPI's own documentation pages are off: they would load scripts from elsewhere. Raises as `Catalog` and `Store`.
    """
    pages = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    pages.state.access, pages.state.redo = access, redo
    pages.state.catalog = Catalog(settings.catalog_url, pooled=True)
    pages.state.store = store_from(settings)
    pages.state.preset = settings.preset
    pages.state.file_names = settings.file_names
    pages.state.usd_per_hour = settings.cost_per_hour_usd
    pages.state.cache = DiskCache(pages.state.store.root / "cache" / "pages")
    for module in ROUTES:
        pages.include_router(module.router, default_response_class=HTMLResponse, responses=ERRORS)
    _add_error_pages(pages)
    if access.hosts is not None:
        pages.add_middleware(TrustedHostMiddleware, allowed_hosts=list(access.hosts))
    pages.add_middleware(Guarded)  # added last, hence outermost
    unguarded = {route.path for route in api_routes(pages) if role_of(route) is None} - PUBLIC
    if unguarded:
        raise RuntimeError(f"these routes have no role: {', '.join(sorted(unguarded))}")
    gc.freeze()  # else each full collection looks through all modules: 50 ms in the middle of some page
    return pages


def api_routes(pages: FastAPI) -> Iterator[APIRoute]:
    """Every route of the pages."""
    for route in pages.routes:
        if not isinstance(route, APIRoute):
            raise TypeError(f"{route} is no plain route: its role cannot be checked")
        yield route


def role_of(route: APIRoute) -> Needs | None:
    """The dependency that checks a route's role; None if it has none."""
    return next((part.call for part in route.dependant.dependencies if isinstance(part.call, Needs)), None)


def _add_error_pages(pages: FastAPI) -> None:
    """Show every error as a page that says what is wrong."""

    async def refused(request: Request, error: Exception) -> HTMLResponse:
        status = error.status_code if isinstance(error, HTTPException | StarletteHTTPException) else 500
        return _error_page(request, status, str(getattr(error, "detail", error)))

    async def invalid(request: Request, error: Exception) -> HTMLResponse:
        first = error.errors()[0] if isinstance(error, RequestValidationError) else {"loc": ("?",), "msg": str(error)}
        return _error_page(request, 422, f"{first['loc'][-1]}: {first['msg']}.")

    async def failed(request: Request, error: Exception) -> HTMLResponse:
        wrong = 404 if request.method in SAFE_METHODS else 409  # a page that is not there, or a change not made
        return _error_page(request, wrong if isinstance(error, BadInput) else 500, _for_browser(error))

    pages.add_exception_handler(StarletteHTTPException, refused)
    pages.add_exception_handler(RequestValidationError, invalid)
    pages.add_exception_handler(CatalogError, failed)


def _for_browser(error: Exception) -> str:
    """The error as sentences, without a remedy that is a command: whoever reads it has a browser before them."""
    words = str(error)
    if isinstance(error, CatalogError) and error.remedy and "`catalog " in error.remedy:
        words = error.what
    first = words.partition(" ")[0]
    return f"{first.capitalize() if first.isalpha() else first}{words[len(first) :].rstrip('.')}."


def _error_page(request: Request, status: int, words: str) -> HTMLResponse:
    title = ERROR_TITLES.get(status, "Something went wrong")
    return render(request, "error.html", status=status, title=title, words=words)
