from pathlib import Path

import pytest

from pipeline.catalog.board.board import BoardFilter, count_states, read_board, read_facets
from pipeline.catalog.database import Catalog
from pipeline.catalog.queries import list_assets
from pipeline.catalog.review.decisions import decide
from pipeline.catalog.shoots import record_fate, record_planned
from pipeline.core.errors import BadInput
from tests.catalog.toy_shoot import ToyShoot
from tests.catalog.words import ANN, BROKEN, UNSURE


def plan(url: str, run_id: str, sku: str, collection: str = "autumn", edition: str = "splat:1") -> None:
    record_planned(
        url, run_id, sku=sku, collection=collection, source="", listing_digest="l", plan_digest=f"plan of {sku}",
        edition=edition,
    )  # fmt: skip


@pytest.fixture
def catalog(tmp_path: Path, catalog_url: str) -> Catalog:
    """MUG-1 is published, MUG-2 in review, MUG-3 rejected; MUG-4 is held, MUG-5 refused, MUG_6 not run yet."""
    for sku, verdict in (("MUG-2", UNSURE), ("MUG-3", BROKEN), ("MUG-1", "")):
        plan(catalog_url, "night 1", sku)
        shoot = ToyShoot(tmp_path, catalog_url, sku=sku, channels=("shop", "feed") if sku == "MUG-1" else ("shop",))
        (shoot.but(verdict=verdict) if verdict else shoot).publish(title=f"Mug 100% of {sku[-1]}")
        record_fate(catalog_url, "night 1", sku, "done")
    plan(catalog_url, "night 1", "MUG-4", "spring")
    record_fate(catalog_url, "night 1", "MUG-4", "held", "cutout: not found")
    record_fate(catalog_url, "night 1", "MUG-5", "refused", "no sku", collection="spring")
    plan(catalog_url, "night 2", "MUG_6", "spring", "splat:2")
    return Catalog(catalog_url)


def skus(catalog: Catalog, **wanted: object) -> list[str]:
    return [product.sku for product in read_board(catalog, BoardFilter.model_validate(wanted)).rows]


def test_products_are_found_by_every_filter(catalog: Catalog) -> None:
    everything = ["MUG-1", "MUG-2", "MUG-3", "MUG-4", "MUG-5", "MUG_6"]
    assert sorted(skus(catalog)) == sorted(everything)
    for state, sku in zip(("in review", "rejected", "held", "missing"), ("2", "3", "4", "6"), strict=True):
        assert [name[-1] for name in skus(catalog, state=state)] == [sku]
    assert skus(catalog, state="refused") == ["MUG-1", "MUG-2", "MUG-3", "MUG-5"], "of three products, one angle is"
    assert skus(catalog, channel="feed") == skus(catalog, state="published", source="rendered") == ["MUG-1"]
    assert skus(catalog, collection="spring", state="held") == ["MUG-4"]
    assert skus(catalog, run_id="night 2") == ["MUG_6"]
    assert skus(catalog, text="mug OF 3") == skus(catalog, text="g-3") == ["MUG-3"]
    assert skus(catalog, state="withdrawn") == []
    assert skus(catalog, not_edition="splat:1") == ["MUG_6"]
    assert skus(catalog, not_edition="splat:2") == ["MUG-1", "MUG-2", "MUG-3", "MUG-4"], "MUG-5 was never planned"
    assert skus(catalog, not_edition="splat:2", state="held") == ["MUG-4"]
    assert count_states(catalog, BoardFilter(not_edition="splat:2"))["held"] == 1
    assert {asset.sku for asset in list_assets(catalog, not_edition="splat:2")} == {"MUG-1", "MUG-2", "MUG-3"}
    assert list_assets(catalog, not_edition="splat:1") == []


@pytest.mark.parametrize(("text", "found"), [("%", 3), ("_", 1), ("100%", 3), ("' OR '1'='1", 0), ("\\", 0), ("  ", 6)])
def test_signs_in_a_search_stand_for_themselves(catalog: Catalog, text: str, found: int) -> None:
    assert len(skus(catalog, text=text)) == found


def test_a_search_follows_the_title_whatever_its_case(tmp_path: Path, catalog_url: str) -> None:
    ToyShoot(tmp_path, catalog_url).publish(title="Becher")
    catalog = Catalog(catalog_url)
    assert skus(catalog, text="becher mug-1") == ["MUG-1"]
    ToyShoot(tmp_path, catalog_url).publish(title="Ärmel")
    assert skus(catalog, text="ÄRMEL") == skus(catalog, text="ärm") == ["MUG-1"]
    assert skus(catalog, text="becher") == []


@pytest.mark.parametrize("sort", ["sku", "newest"])
def test_pages_join_without_a_gap(catalog: Catalog, sort: str) -> None:
    whole, found, cursor = skus(catalog, sort=sort), [], None
    while True:
        page = read_board(catalog, BoardFilter.model_validate({"sort": sort, "limit": 2, "cursor": cursor}))
        found += [product.sku for product in page.rows]
        cursor = page.next
        if cursor is None:
            break
    assert found == whole and len(found) == 6
    if sort == "newest":
        assert found[0] == "MUG_6" and found[-1] == "MUG-2"


def test_counts_are_those_of_the_products_that_the_filter_finds(catalog: Catalog) -> None:
    for wanted in ({}, {"collection": "spring"}, {"text": "mug of"}, {"run_id": "night 2"}, {"state": "held"}):
        counts: dict[str, int] = {}
        chosen = BoardFilter.model_validate({**wanted, "state": None})
        for product in read_board(catalog, chosen).rows:
            for state, count in product.counts.items():
                counts[state] = counts.get(state, 0) + count
        assert {s: c for s, c in count_states(catalog, BoardFilter.model_validate(wanted)).items() if c} == counts
    assert count_states(catalog, BoardFilter(channel="feed"))["published"] == 2
    assert count_states(catalog, BoardFilter())["published"] == 4


def test_a_product_shows_its_angles_with_the_state_of_each(catalog: Catalog) -> None:
    product = read_board(catalog, BoardFilter(text="MUG-1")).rows[0]
    assert [(angle.angle, angle.state, len(angle.cells)) for angle in product.angles] == [
        ("front", None, 2), ("left", None, 2), ("back", "refused", 0)
    ]  # fmt: skip
    assert product.angles[2].reason == "nobody stood there"
    cell = product.angles[0].cells[0]
    assert (cell.asset_id, cell.state, cell.source, cell.media_type, cell.channel, cell.backdrop) == (
        "MUG-1/front/white/feed", "published", "captured", "image/png", "feed", "white"
    )  # fmt: skip


def test_decisions_and_nights_keep_the_counts_right(catalog: Catalog, tmp_path: Path) -> None:
    decide(catalog, ["MUG-1/front/white/shop"], "withdrawn", ANN, reason="licence")
    assert skus(catalog, state="withdrawn") == ["MUG-1"]
    url = catalog.url.render_as_string(hide_password=False)
    ToyShoot(tmp_path, url, sku="MUG-1", angles=("left",)).publish()
    record_fate(url, "night 3", "MUG-1", "failed", "sfm: out of memory")
    counts = {state: count for state, count in count_states(catalog, BoardFilter(text="MUG-1")).items() if count}
    assert counts == {"published": 1, "withdrawn": 3, "refused": 1}


def test_facets_name_what_can_be_chosen(catalog: Catalog) -> None:
    facets = read_facets(catalog)
    assert (facets.collections, facets.channels) == (("autumn", "spring"), ("feed", "shop"))
    assert facets.sources == ("captured", "rendered")


@pytest.mark.parametrize(
    "wanted",
    [
        {"limit": 0},
        {"limit": 10**9},
        {"text": "x" * 201},
        {"sort": "newest", "cursor": "yesterday"},
        {"sort": "newest", "cursor": "nonsense/MUG-1"},
        {"sort": "newest", "cursor": "2026-01-01"},
    ],
)
def test_unusable_requests_are_refused(catalog: Catalog, wanted: dict[str, object]) -> None:
    with pytest.raises(BadInput):
        read_board(catalog, BoardFilter.model_validate(wanted))
