"""The routes. All of them ask for Airflow's login, because routes of a plugin are open to everybody unless they do."""

from functools import lru_cache
from typing import Annotated
from urllib.parse import quote

from airflow.api_fastapi.core_api.security import requires_access_dag
from fastapi import Depends, FastAPI, HTTPException, Path, Request, Response
from fastapi.responses import HTMLResponse

from catalog_pages.thumbnails import thumbnail
from pipeline.catalog.database import Catalog
from pipeline.catalog.lineage import read_lineage
from pipeline.catalog.page import assets_page, lineage_page
from pipeline.catalog.queries import list_assets
from pipeline.core.errors import BadInput, CatalogError
from pipeline.settings import read_settings

DAG_ID = "catalog_nightly"  # who may see this DAG may see what it made
MAX_ASSETS = 2000
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def build_pages() -> FastAPI:
    """The application. It has no page of its own documentation: that one would not ask for a login."""
    guard = Depends(requires_access_dag("GET", param_dag_id=DAG_ID))
    pages = FastAPI(dependencies=[guard], docs_url=None, redoc_url=None, openapi_url=None)
    pages.get("/assets")(show_assets)
    pages.get("/lineage/{asset:path}")(show_lineage)
    pages.get("/pictures/{sha256}")(show_picture)
    return pages


def show_assets(request: Request, sku: str | None = None, collection: str | None = None) -> HTMLResponse:
    """The list of assets, of one product or collection if asked."""
    found = list_assets(_catalog(), sku=sku, collection=collection, limit=MAX_ASSETS)
    return HTMLResponse(assets_page(found, _pictures(request), _page_url(request)), headers=HEADERS)


def show_lineage(request: Request, asset: str) -> HTMLResponse:
    """One asset down to each photo."""
    try:
        found = read_lineage(_catalog(), asset)
    except BadInput as error:
        raise HTTPException(404, str(error)) from None
    return HTMLResponse(lineage_page(found, _pictures(request), f"{_root(request)}/assets"), headers=HEADERS)


def show_picture(sha256: Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]) -> Response:
    """A small version of a picture of the store; nothing else can be read from there."""
    try:
        data, media_type = thumbnail(read_settings().store, sha256)
    except CatalogError as error:
        raise HTTPException(404, str(error)) from None
    kept = {"Cache-Control": "private, max-age=31536000, immutable"}  # an artifact never changes
    return Response(data, media_type=media_type, headers=HEADERS | kept)


def _root(request: Request) -> str:
    """Where these pages are mounted, as the browser sees it."""
    return str(request.scope.get("root_path", "")).rstrip("/")


def _pictures(request: Request):
    def picture_url(sha256: str, media_type: str) -> str | None:
        return f"{_root(request)}/pictures/{sha256}" if media_type.startswith("image/") else None

    return picture_url


def _page_url(request: Request):
    return lambda asset: f"{_root(request)}/lineage/{quote(asset)}"


@lru_cache(maxsize=1)
def _catalog_of(url: str) -> Catalog:
    return Catalog(url)


def _catalog() -> Catalog:
    return _catalog_of(read_settings().catalog_url)
