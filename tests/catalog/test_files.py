from pathlib import Path

import pytest

from pipeline.catalog.database import Catalog
from pipeline.catalog.files import FileFilter, list_files
from pipeline.core.errors import BadInput
from tests.catalog.looks import published
from tests.catalog.toy_shoot import ToyShoot


@pytest.fixture
def catalog(tmp_path: Path, catalog_url: str) -> Catalog:
    """A mug on two channels, and a cup that a check rejected."""
    ToyShoot(tmp_path, catalog_url, channels=("shop", "feed")).publish()
    published(Catalog(catalog_url), "CUP", verdict="rejected")
    return Catalog(catalog_url)


def found(catalog: Catalog, **which: object) -> list[str]:
    return [file.asset_id for file in list_files(catalog, FileFilter.model_validate(which))]


def test_each_filter_narrows_the_list(catalog: Catalog) -> None:
    front, left = ("MUG-1/front/white", "MUG-1/left/white")
    everything = [f"{front}/feed", f"{front}/shop", f"{left}/feed", f"{left}/shop"]
    assert found(catalog) == found(catalog, sku="MUG-1", collection="autumn", backdrop="white") == everything
    assert found(catalog, channel="shop") == [f"{front}/shop", f"{left}/shop"]
    assert found(catalog, angle="left") == [f"{left}/feed", f"{left}/shop"]
    assert found(catalog, ids=[f"{left}/shop", "CUP/front/white/shop"]) == [f"{left}/shop"]
    assert found(catalog, state="rejected") == ["CUP/front/white/shop"]
    assert found(catalog, sku="CUP") == []


def test_withdrawn_files_are_listed_only_when_asked_for(catalog: Catalog, tmp_path: Path, catalog_url: str) -> None:
    ToyShoot(tmp_path, catalog_url, channels=("shop",)).publish()
    assert found(catalog, sku="MUG-1") == ["MUG-1/front/white/shop", "MUG-1/left/white/shop"]
    assert found(catalog, state="withdrawn") == ["MUG-1/front/white/feed", "MUG-1/left/white/feed"]


def test_each_file_has_the_texts_of_its_caption(catalog: Catalog) -> None:
    (file,) = list_files(catalog, FileFilter(angle="left", channel="shop"))
    assert (file.title, file.alt_text) == ("Mug", "A mug, left view")
    (bare,) = list_files(catalog, FileFilter(state="rejected"))
    assert (bare.title, bare.alt_text) == ("", "CUP/front/white/shop")


@pytest.mark.parametrize(
    ("name", "value"),
    [("sku", "MUG"), ("collection", "Autumn"), ("channel", "x"), ("angle", "top"), ("backdrop", "' OR 1=1 --")],
)
def test_a_name_that_no_asset_has_is_refused(catalog: Catalog, name: str, value: str) -> None:
    with pytest.raises(BadInput, match=f"no asset with the {name} .*{value}.*List the assets"):
        found(catalog, **{name: value})


def test_an_id_that_no_asset_has_is_refused(catalog: Catalog) -> None:
    with pytest.raises(BadInput, match="no asset with the id 'CUP/front'"):
        found(catalog, ids=["CUP/front/white/shop", "CUP/front"])
