"""Read-only HTML pages of the catalog: the list of assets, and one asset with its lineage.

Pure functions from values to text; the server decides on access and on the URLs of pictures and pages.
"""

from collections.abc import Callable, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from pipeline.catalog.lineage import Lineage, LineageEdge, LineageStep
from pipeline.catalog.queries import AssetView, count_by_state
from pipeline.catalog.shoots import HeldShoot

PictureUrl = Callable[[str, str], str | None]  # (sha256, media type) -> URL of a thumbnail, or None if it has none
PageUrl = Callable[[str], str]  # asset identity -> URL of its page
_PAGES = Environment(
    loader=PackageLoader("pipeline.catalog"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def assets_page(
    assets: Sequence[AssetView], held: Sequence[HeldShoot], picture_url: PictureUrl, page_url: PageUrl
) -> str:
    """Render one HTML page: the held shoots, each with the pictures of why, and the list of assets with thumbnails."""
    return _PAGES.get_template("assets.html").render(
        assets=assets, held=held, counts=count_by_state(assets), picture_url=picture_url, page_url=page_url
    )


def lineage_page(lineage: Lineage, picture_url: PictureUrl, list_url: str) -> str:
    """Render one asset as one HTML page: picture, caption, checks, then the tree of steps down to each photo."""
    return _PAGES.get_template("lineage.html").render(
        lineage=lineage,
        asset=lineage.detail.asset,
        caption=lineage.detail.caption,
        alt_text=lineage.detail.alt_text,
        checks=lineage.detail.checks,
        tree=_branch(lineage, lineage.steps[0], (), set()) if lineage.steps else None,
        picture_url=picture_url,
        list_url=list_url,
    )


def _branch(lineage: Lineage, step: LineageStep, read: Sequence[LineageEdge], shown: set[str]) -> dict[str, Any]:
    """A step and its parents for the template; `read`: what the child read from it. Expanded only the first time."""
    repeated = step.key in shown
    shown.add(step.key)
    parents = [] if repeated else lineage.parents(step.key)
    return {
        "step": step,
        "repeated": repeated,
        "settings": {name: value for name, value in step.params.items() if value not in (None, "", [], {})},
        "photos": [] if repeated else lineage.sources(step.key),
        "picture": next((edge for edge in read if edge.media_type.startswith("image/")), None),
        "parents": [_branch(lineage, parent, edges, shown) for parent, edges in parents],
    }
