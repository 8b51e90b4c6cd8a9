from pathlib import Path

import pytest

from pipeline.catalog.database import Catalog
from pipeline.catalog.review.decisions import decide
from pipeline.catalog.review.queue import review_queue
from pipeline.core.errors import BadInput
from tests.catalog.toy_shoot import ToyShoot
from tests.catalog.words import EVE, FRONT, UNSURE


def test_every_asset_in_review_is_found_page_by_page(tmp_path: Path, catalog_url: str) -> None:
    for sku in ("MUG-1", "MUG-2"):
        ToyShoot(tmp_path, catalog_url, sku=sku, verdict=UNSURE, channels=("shop", "feed")).publish()
    ToyShoot(tmp_path, catalog_url, sku="MUG-3").publish()
    catalog, found, cursor = Catalog(catalog_url), [], None
    while True:
        page = review_queue(catalog, cursor=cursor, limit=3)
        found += [item.asset.id for item in page.rows]
        cursor = page.next
        if cursor is None:
            break
    assert len(found) == len(set(found)) == 8
    assert found == [item.asset.id for item in review_queue(catalog).rows]
    shown = review_queue(catalog, sku="MUG-2", channel="feed", collection="autumn").rows
    assert [item.asset.id for item in shown] == ["MUG-2/front/white/feed", "MUG-2/left/white/feed"]
    assert review_queue(catalog, collection="spring").rows == ()


def test_an_item_has_its_photo_its_checks_and_the_redo_to_come(tmp_path: Path, catalog_url: str) -> None:
    ToyShoot(tmp_path, catalog_url, verdict=UNSURE).publish()
    catalog = Catalog(catalog_url)
    decide(catalog, [FRONT], "redo", EVE, settings={"light.strength": 0.7})
    front, left = review_queue(catalog).rows
    assert (front.photo, left.photo) == ("A", None)
    assert [check.name for check in front.checks] == ["fill"]
    assert front.review is not None and front.review.settings == {"light.strength": 0.7}
    assert left.review is None
    decide(catalog, [FRONT], "approved", EVE)
    assert [item.asset.id for item in review_queue(catalog).rows] == [left.asset.id]


@pytest.mark.parametrize("limit", [0, -1, 201, 10**9])
def test_pages_of_unusable_size_are_refused(catalog_url: str, limit: int) -> None:
    with pytest.raises(BadInput, match="Ask for 1 to 200 rows"):
        review_queue(Catalog(catalog_url), limit=limit)
