from concurrent.futures import ThreadPoolExecutor

import pytest

from pipeline.catalog.database import Catalog
from pipeline.catalog.duplicates import accept, list_duplicates
from pipeline.catalog.queries import list_assets, read_asset
from pipeline.core.errors import BadInput
from tests.catalog.looks import look, published

RED, ALMOST_RED, GREEN = look(1, 0.1, 0), look(1, 0.2, 0), look(0, 1, 0)


@pytest.fixture
def catalog(catalog_url: str) -> Catalog:
    return Catalog(catalog_url)


def states(catalog: Catalog) -> dict[str, str]:
    return {asset.sku: asset.state for asset in list_assets(catalog)}


def check_of(catalog: Catalog, sku: str):
    detail = read_asset(catalog, f"{sku}/front/white/shop")
    return next((check for check in detail.checks if check.name == "near_duplicate"), None)


def test_second_shoot_of_a_product_waits_for_review_and_names_the_first(catalog: Catalog) -> None:
    published(catalog, "CUP-1", RED)
    published(catalog, "HAT-1", GREEN)
    second = published(catalog, "CUP-2", ALMOST_RED)
    assert [pair.other for pair in second.duplicates] == ["CUP-1"]
    assert states(catalog) == {"CUP-1": "published", "CUP-2": "in review", "HAT-1": "published"}
    check = check_of(catalog, "CUP-2")
    assert check.passed is False and check.severity == "review" and "CUP-1" in check.words
    (asset,) = list_assets(catalog, sku="CUP-2")
    assert asset.verdict == "in review" and asset.reasons == (check.words,)
    assert check_of(catalog, "CUP-1") is None


def test_first_shoot_stays_published_when_it_is_published_again(catalog: Catalog) -> None:
    published(catalog, "CUP-1", RED)
    published(catalog, "CUP-2", ALMOST_RED)
    for sku, vector in (("CUP-1", RED), ("CUP-2", ALMOST_RED), ("CUP-1", RED)):
        again = published(catalog, sku, vector)
        assert (again.changes.inserted, again.changes.updated, again.changes.deleted) == (0, 0, 0)
    assert states(catalog) == {"CUP-1": "published", "CUP-2": "in review"}


def test_pair_that_a_person_accepted_is_published_and_stays_so(catalog: Catalog) -> None:
    published(catalog, "CUP-1", RED)
    published(catalog, "CUP-2", ALMOST_RED)
    assert accept(catalog, "CUP-2", "CUP-1").accepted
    for _ in range(2):
        published(catalog, "CUP-2", ALMOST_RED)
        assert states(catalog)["CUP-2"] == "published"
    assert check_of(catalog, "CUP-2").passed is True
    published(catalog, "CUP-3", RED)
    assert [(pair.sku, pair.other, pair.accepted) for pair in list_duplicates(catalog, "CUP-2")] == [
        ("CUP-2", "CUP-1", True), ("CUP-3", "CUP-2", False),
    ]  # fmt: skip


def test_pair_can_be_accepted_from_either_side_and_only_if_it_is_one(catalog: Catalog) -> None:
    published(catalog, "CUP-1", RED)
    published(catalog, "CUP-2", ALMOST_RED)
    assert accept(catalog, "CUP-1", "CUP-2").sku == "CUP-2"
    with pytest.raises(BadInput, match="CUP-1 and HAT-1") as caught:
        accept(catalog, "CUP-1", "HAT-1")
    assert "--duplicates" in caught.value.remedy


def test_new_photos_end_a_pair(catalog: Catalog) -> None:
    published(catalog, "CUP-1", RED)
    published(catalog, "CUP-2", ALMOST_RED)
    published(catalog, "CUP-2", GREEN)
    assert states(catalog)["CUP-2"] == "published"
    assert list_duplicates(catalog) == []
    published(catalog, "CUP-2", RED)
    published(catalog, "CUP-1", GREEN)
    assert list_duplicates(catalog) == []


def test_review_can_be_left_to_later_and_a_rejected_asset_stays_rejected(catalog: Catalog) -> None:
    published(catalog, "CUP-1", RED)
    published(catalog, "CUP-2", RED, waits=False)
    published(catalog, "CUP-3", RED, verdict="rejected")
    assert states(catalog) == {"CUP-1": "published", "CUP-2": "published", "CUP-3": "rejected"}
    (asset,) = list_assets(catalog, sku="CUP-3")
    assert asset.reasons[0] == "the edges halo" and len(asset.reasons) == 2


def test_vectors_of_another_engine_are_not_compared(catalog: Catalog) -> None:
    published(catalog, "CUP-1", RED, engine="toy")
    assert published(catalog, "CUP-2", RED, engine="other").duplicates == ()


def test_shoot_without_vectors_keeps_its_pairs(catalog: Catalog) -> None:
    published(catalog, "CUP-1", RED)
    published(catalog, "CUP-2", RED)
    published(catalog, "CUP-2")
    assert len(list_duplicates(catalog)) == 1


def test_of_two_shoots_published_at_once_one_is_the_duplicate(catalog: Catalog) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: published(catalog, f"CUP-{number}", RED), range(4)))
    assert sorted(states(catalog).values()) == ["in review", "in review", "in review", "published"]
