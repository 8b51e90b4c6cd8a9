"""Finished files as a ZIP, selected or by the board's filter."""

import io
import zipfile

import pytest

from pipeline.catalog.database import Catalog
from pipeline.catalog.queries import read_asset
from pipeline.core.errors import CatalogError
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
    assert names(response.content)[0] == "manifest.csv" and "MUG-1/front_white_shop.png" in names(response.content)


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
    assert names(response.content) == ["manifest.csv", "MUG-1/front_white_shop.png"]


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
    site.pages.state.store.object_path(digest(site)).write_bytes(b"x")
    client = site.client("viewer")
    client._transport.raise_server_exceptions = False
    response = client.get("/files")
    assert response.status_code == 500 and "missing or damaged" in response.text and ASSET in response.text


def test_a_file_with_other_bytes_leaves_no_whole_zip(make_site):
    site = make_site()
    path = site.pages.state.store.object_path(digest(site))
    path.write_bytes(bytes(path.stat().st_size))
    with pytest.raises(RuntimeError, match="response already started") as ended:  # the server then cuts the connection
        site.client("viewer").get("/files")
    assert isinstance(ended.value.__cause__, CatalogError) and "is damaged" in str(ended.value.__cause__)
