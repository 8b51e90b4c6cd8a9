"""The routes. Each requires an Airflow login: Airflow does not protect the routes of a plugin by itself."""

from functools import lru_cache
from typing import Annotated
from urllib.parse import quote

from airflow.api_fastapi.core_api.security import requires_access_dag
from fastapi import Depends, FastAPI, HTTPException, Path, Query, Request, Response
from fastapi.responses import HTMLResponse

from catalog_pages.thumbnails import SIDE_PX, thumbnail
from pipeline.catalog.database import Catalog
from pipeline.catalog.lineage import read_lineage
from pipeline.catalog.page import assets_page, lineage_page
from pipeline.catalog.queries import list_assets
from pipeline.catalog.shoots import held_shoots
from pipeline.core.errors import BadInput, CatalogError
from pipeline.settings import read_settings

DAG_ID = "catalog_nightly"  # users who may read this DAG may see its assets
MAX_ASSETS = 2000
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def build_pages() -> FastAPI:
    """Build the application. FastAPI's documentation pages are off, because they would not require a login."""
    guard = Depends(requires_access_dag("GET", param_dag_id=DAG_ID))
    pages = FastAPI(dependencies=[guard], docs_url=None, redoc_url=None, openapi_url=None)
    pages.get("/assets")(show_assets)
    pages.get("/lineage/{asset:path}")(show_lineage)
    pages.get("/pictures/{sha256}")(show_picture)
    return pages


def show_assets(request: Request, sku: str | None = None, collection: str | None = None) -> HTMLResponse:
    """Show the held shoots and the list of assets, optionally of one product or collection."""
    assets = list_assets(_catalog(), sku=sku, collection=collection, limit=MAX_ASSETS)
    held = held_shoots(_catalog(), sku=sku, collection=collection)
    return HTMLResponse(assets_page(assets, held, _picture_url(request), _page_url(request)), headers=HEADERS)


def show_lineage(request: Request, asset: str) -> HTMLResponse:
    """Show one asset with its lineage. Responds 404 for an unknown asset."""
    try:
        lineage = read_lineage(_catalog(), asset)
    except BadInput as error:
        raise HTTPException(404, str(error)) from None
    return HTMLResponse(lineage_page(lineage, _picture_url(request), f"{_root(request)}/assets"), headers=HEADERS)


def show_picture(
    sha256: Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")], side: Annotated[int, Query(ge=16, le=2000)] = SIDE_PX
) -> Response:
    """Send a picture in the store, scaled to at most `side` px; nothing else in the store can be read."""
    try:
        data, media_type = thumbnail(read_settings().store, sha256, side)
    except CatalogError as error:
        raise HTTPException(404, str(error)) from None
    caching = {"Cache-Control": "private, max-age=31536000, immutable"}  # an artifact never changes
    return Response(data, media_type=media_type, headers=HEADERS | caching)


def _root(request: Request) -> str:
    """The path at which these pages are mounted, as the browser sees it."""
    return str(request.scope.get("root_path", "")).rstrip("/")


def _picture_url(request: Request):
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
