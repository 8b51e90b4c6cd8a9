import pytest

from pipeline.catalog.database import Catalog
from pipeline.catalog.similar import similar_to
from pipeline.core.errors import BadInput
from tests.catalog.looks import look, published

RED, ORANGE, GREEN = look(1, 0, 0), look(1, 0.5, 0), look(0, 1, 0)


@pytest.fixture
def catalog(catalog_url: str) -> Catalog:
    opened = Catalog(catalog_url)
    for sku, looks in {"CUP": (RED, GREEN), "BOWL": (ORANGE,), "HAT": (GREEN, look(0, 0, 1))}.items():
        published(opened, sku, *looks)
    return opened


def test_asset_finds_assets_of_other_products_best_first(catalog: Catalog) -> None:
    found = similar_to(catalog, "CUP/front/white/shop", 10)
    assert [hit.id for hit in found.hits] == ["BOWL/front/white/shop", "HAT/front/white/shop"]
    assert found.hits[0].likeness == pytest.approx(0.8944, abs=1e-4)
    assert (found.compared, found.engine, found.revision) == (2, "toy", "1")
    assert len(similar_to(catalog, "CUP/front/white/shop", 1).hits) == 1


def test_sku_finds_products_by_their_photos(catalog: Catalog) -> None:
    found = similar_to(catalog, "HAT", 10)
    assert [(hit.sku, hit.likeness) for hit in found.hits] == [("CUP", 0.5), ("BOWL", pytest.approx(0.4472, abs=1e-4))]
    assert found.hits[0].id == "CUP/p1"


def test_unknown_queries_are_refused_with_a_remedy(catalog: Catalog) -> None:
    for query in ("CUP/front/white/none", "SHOE"):
        with pytest.raises(BadInput, match=query.split("/")[-1]):
            similar_to(catalog, query, 5)
    published(catalog, "SOCK")
    with pytest.raises(BadInput, match="no vector") as caught:
        similar_to(catalog, "SOCK/front/white/shop", 5)
    assert "again" in caught.value.remedy
