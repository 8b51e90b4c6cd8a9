"""Finished files as a ZIP, selected or by the board's filter."""

import io
import zipfile
from pathlib import Path

import pytest

from pipeline.catalog.database import Catalog
from pipeline.catalog.queries import read_asset
from pipeline.pages.routes import board, files
from tests.pages.conftest import ASSET, Site


def names(data: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return archive.namelist()


def digest(site: Site) -> str:
    return read_asset(Catalog(site.settings.catalog_url), ASSET).asset.sha256


def test_a_viewer_downloads_what_the_filter_shows(site):
    response = site.client("viewer").get("/files", params={"channel": "shop"})
    assert response.headers["content-type"] == "application/zip"
    assert response.headers["content-disposition"] == 'attachment; filename="catalog.zip"'
    assert names(response.content)[-1] == "manifest.csv" and "MUG-1/front_white_shop.png" in names(response.content)


@pytest.mark.parametrize("given", [{"channel": "none"}, {"state": "held"}, {"text": "%"}, {"collection": "none"}])
def test_a_filter_without_files_says_so(site, given):
    response = site.client("viewer").get("/files", params=given)
    assert response.status_code == 404 and "No finished file matches" in response.text


def test_the_board_counts_the_files_that_its_zip_has(site):
    client = site.client("viewer")
    count = len(names(client.get("/files").content)) - 1
    assert f"Download all <b>{count}</b>" in client.get("/board").text
    assert "Download all" not in client.get("/board", params={"state": "held"}).text


def test_selected_files_are_those_and_no_others(site):
    response = site.client("viewer").post("/files", data={"asset": f"{digest(site)} {ASSET}"})
    assert names(response.content) == ["MUG-1/front_white_shop.png", "manifest.csv"]


def test_a_viewer_can_select_but_not_decide(site):
    page = site.client("viewer").get("/board").text
    assert "Download (ZIP)" in page and 'type="checkbox"' in page and 'value="approved"' not in page


def test_more_files_than_a_zip_takes_are_refused_and_not_offered(site, monkeypatch):
    for module in (board, files):
        monkeypatch.setattr(module, "MOST_IDS", 0)
    response = site.client("viewer").get("/files")
    assert response.status_code == 422 and "Filter further, or copy them with `catalog fetch`" in response.text
    page = site.client("viewer").get("/board").text
    assert "Download all" not in page and "catalog fetch" in page


def test_an_unknown_asset_is_named(site):
    response = site.client("viewer").post("/files", data={"asset": f"{'0' * 64} MUG-1/none"})
    assert response.status_code == 409 and "no asset with the id" in response.text


def test_a_file_cut_short_is_named_before_anything_is_sent(make_site):
    site = make_site()
    Path(site.pages.state.store.where(digest(site))).write_bytes(b"x")
    client = site.client("viewer")
    client._transport.raise_server_exceptions = False
    response = client.get("/files")
    assert response.status_code == 500 and "missing or damaged" in response.text and ASSET in response.text


def test_a_file_with_other_bytes_is_named_in_the_zip(make_site):
    site = make_site()
    path = Path(site.pages.state.store.where(digest(site)))
    path.write_bytes(bytes(path.stat().st_size))
    assert names(site.client("viewer").get("/files").content) == [
        "MUG-1/left_white_shop.png", "manifest.csv", "missing.txt",
    ]  # fmt: skip


@pytest.fixture
def renamed(make_site) -> Site:
    """A site with names of its own for files."""
    site = make_site()
    site.pages.state.file_names = "{collection}/{sku}-{angle}-{channel}.{ext}"
    return site


def test_one_file_has_the_name_that_fetch_gives_it(renamed):
    client = renamed.client("viewer")
    disposition = client.get(f"/download/{ASSET}").headers["content-disposition"]
    assert disposition == 'attachment; filename="autumn_MUG-1-front-shop.png"'
    assert "autumn/MUG-1-front-shop.png" in names(client.get("/files").content)


def test_layers_have_the_name_that_fetch_gives_the_file(renamed, monkeypatch):
    layer = renamed.shoot.store.put(b"layer", "image/png")
    monkeypatch.setattr("pipeline.pages.routes.assets.layers_of", lambda *_: {"product": layer.sha256})
    response = renamed.client("viewer").get(f"/layers/{ASSET}")
    assert "autumn_MUG-1-front-shop_layers.zip" in response.headers["content-disposition"]
    assert names(response.content) == ["autumn_MUG-1-front-shop_product.png"]
