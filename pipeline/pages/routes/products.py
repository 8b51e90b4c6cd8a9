"""The page of one product, and its splat in the 3D viewer."""

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import HTMLResponse

from pipeline.catalog.board.product import Product, read_product
from pipeline.contract.store import Store
from pipeline.pages.access import Viewer
from pipeline.pages.render import render

VIEWER_VERSION = 1

router = APIRouter()


@router.get("/products/{sku:path}")
def show_product(request: Request, user: Viewer, sku: str) -> HTMLResponse:
    """Show one product. Responds 404 for an unknown one."""
    product = read_product(request.app.state.catalog, sku)
    return render(
        request,
        "product.html",
        product=product,
        angles=_by_angle(product),
        has_splat=_has(request.app.state.store, product.splat_sha256),
    )


@router.get("/splats/{sku:path}")
def show_splat(request: Request, user: Viewer, sku: str) -> Response:
    """Send the page of the 3D viewer. It has a policy of its own: its scripts are in the page, known by digest."""
    from pipeline.splatting.ply import read_ply
    from pipeline.splatting.show.viewer import policy, viewer_page

    state = request.app.state
    product = read_product(state.catalog, sku)
    digest = product.splat_sha256
    if digest is None or not _has(state.store, digest):
        raise HTTPException(404, f"{sku} has no splat.")

    def make() -> bytes:
        splat = read_ply(state.store.read_object(digest), f"the splat of {sku}")
        return viewer_page(splat, product.title or sku).encode()

    page = state.cache.get(f"viewer {VIEWER_VERSION} {digest} {product.title}", make)
    return HTMLResponse(page, headers={"content-security-policy": f"{policy()}; frame-ancestors 'self'"})


def _by_angle(product: Product) -> dict[str, list[object]]:
    """The assets that are still made, by angle."""
    angles: dict[str, list[object]] = {}
    for each in product.assets:
        if each.asset.current:
            angles.setdefault(each.asset.angle, []).append(each)
    return angles


def _has(store: Store, sha256: str | None) -> bool:
    return sha256 is not None and store.size_of(sha256) is not None
