"""What the pages show, and what they do not."""

import base64
import hashlib
import io
import re
import zipfile
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image

from pipeline.catalog.board.product import read_product
from pipeline.catalog.database import Catalog
from pipeline.catalog.lineage import read_lineage
from pipeline.catalog.shoots import StepFate, record_fate, record_planned, record_step
from pipeline.core.png import encode_png
from pipeline.language.briefs.plan import EditPlan
from pipeline.pages.render import is_priced, usd
from pipeline.pages.routes import board
from pipeline.splatting.ply import write_ply
from tests.pages.conftest import ASSET, Site, photo
from tests.splatting.toy_product import product

HOSTILE = """<script>alert(1)</script>"><img src=x onerror=alert(2)> {{ 7 * 7 }} javascript:alert(3)"""
PAGES = (
    "/board",
    "/board?sort=newest",
    f"/assets/{ASSET}",
    "/products/MUG-1",
    f"/versions/{ASSET}",
    "/review",
    "/log",
    "/impact",
    "/impact?kind=photo&of=MUG-1/A.jpg",
    "/runs",
    "/runs/night-1",
)


def with_run(site: Site, reason: str = "the splat is too blurred") -> Site:
    """A night that holds the shoot, with the picture of why."""
    url = site.settings.catalog_url
    picture = site.shoot.store.put(encode_png(np.zeros((8, 8, 3), np.uint8)), "image/png")
    known = {"sku": "MUG-1", "collection": "autumn", "source": "/shoots/mug"}
    record_planned(url, "night-1", **known, listing_digest="1" * 64, plan_digest="2" * 64)
    fate = StepFate(step="splat", state="held", seconds=4.0, reason=reason, picture_sha256=picture.sha256)
    record_step(url, "night-1", "MUG-1", fate)
    record_fate(url, "night-1", "MUG-1", "held", reason)
    return site


def test_the_board_shows_only_what_is_outdated(make_site, monkeypatch):
    site = with_run(make_site())  # planned before editions were recorded
    given = {"made_with": board.OUTDATED}
    monkeypatch.setattr(board, "edition_of", lambda preset: f"splat:{preset}")
    assert ASSET in site.client("viewer").get("/board", params=given).text
    known = {"sku": "MUG-1", "collection": "autumn", "source": "/shoots/mug", "edition": "splat:standard"}
    record_planned(site.settings.catalog_url, "night-2", **known, listing_digest="1" * 64, plan_digest="2" * 64)
    assert ASSET not in site.client("viewer").get("/board", params=given).text
    assert site.client("viewer").get("/board", params={"made_with": "love"}).status_code == 422


def test_a_run_without_a_price_does_not_say_that_it_cost_nothing(make_site):
    site = with_run(make_site())
    for page in ("/runs", "/runs/night-1"):
        text = site.client("viewer").get(page).text
        assert "no price set" in text and "CATALOG_COST_PER_HOUR_USD" in text and "$0" not in text, page
    spent = StepFate(step="caption", state="held", seconds=2.0, cost_usd=0.25)
    record_step(site.settings.catalog_url, "night-1", "MUG-1", spent)
    for page, words in {"/runs": "$0.2500 of it held or failed", "/runs/night-1": "$0.2500 of it for held"}.items():
        text = site.client("viewer").get(page).text
        assert "no price set" not in text and words in text, page


@pytest.mark.parametrize(
    ("value", "words"), [(0, "$0"), (3e-5, "under $0.0001"), (0.0042, "$0.0042"), (12.5, "$12.50")]
)
def test_an_amount_of_money_is_never_shown_as_nothing(value, words):
    assert usd(value) == words


@pytest.mark.parametrize(
    ("cost_usd", "seconds", "usd_per_hour", "priced"),
    [
        (0.0, 9.0, 0.0, False),
        (0.0, 0.0, 0.0, False),
        (0.0, 9.0, 2.0, False),
        (0.0, 0.5, 2.0, True),
        (0.1, 9.0, 0.0, True),
    ],
)
def test_a_cost_of_nothing_needs_a_price_and_no_work(cost_usd, seconds, usd_per_hour, priced):
    assert is_priced(SimpleNamespace(cost_usd=cost_usd, seconds=seconds), usd_per_hour) is priced


def test_many_inputs_that_changed_are_folded_and_short(make_site):
    site = make_site()
    for colour in ("navy", "gold"):
        photos = {f"P{number}.jpg": photo(colour, (60, 40 + number)) for number in range(8)}
        site.shoot.but(photos=photos).publish()
    text = site.client("viewer").get(f"/versions/{ASSET.replace('front', 'left')}").text
    assert "<summary>8 inputs</summary>" in text
    shown = re.findall(r"<code[^>]*>([0-9a-f]{12,})</code>", text)
    assert shown and {len(digest) for digest in shown} == {12}
    assert re.search(r'<code title="[0-9a-f]{64}">', text)


def test_times_say_that_they_are_utc(site):
    client = with_run(site).client("viewer")
    for page in (f"/assets/{ASSET}", "/products/MUG-1", f"/versions/{ASSET}", "/log", "/runs", "/runs/night-1"):
        text = client.get(page).text
        assert "UTC" in text or not re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d", text), page


def test_every_page_is_shown_to_a_viewer(site):
    client = with_run(site).client("viewer")
    for page in PAGES:
        response = client.get(page)
        assert response.status_code == 200, (page, response.text)
        assert "MUG-1" in response.text or page in {"/impact", "/review", "/log", "/runs"}, page


def test_what_a_shoot_says_is_shown_as_text(make_site):
    site = with_run(make_site(title=HOSTILE), reason=HOSTILE)
    for page in PAGES:
        text = site.client("admin").get(page).text
        assert "<script>alert" not in text and "<img src=x" not in text and " 49 " not in text, page
    assert "&lt;script&gt;alert(1)" in site.client("viewer").get("/board").text


def test_what_a_request_says_is_shown_as_text(site):
    client = site.client("viewer")
    for page in ("/board?text=", "/board?run_id=", "/impact?of=", f"/assets/{ASSET}?node=", "/board?cursor=", "/runs/"):
        text = client.get(page + quote(HOSTILE)).text
        assert "<script>alert" not in text and "<img src=x" not in text, page


@pytest.mark.parametrize("value", ["1000000000", "-1", "0", "x", "1e9"])
def test_page_sizes_out_of_range_are_refused(site, value):
    assert site.client("viewer").get(f"/board?limit={value}").status_code == 422


@pytest.mark.parametrize(
    "query",
    ["state=gone", "source=drawn", "sort=;drop table assets", "text=" + "x" * 300, "sort=newest&cursor=nonsense"],
)
def test_an_unusable_filter_says_so(site, query):
    response = site.client("viewer").get(f"/board?{query}")
    assert response.status_code in {404, 422} and 'role="alert"' in response.text


@pytest.mark.parametrize("text", ["' OR 1=1 --", "%", "_", "\\", "\U0001f600", "Mug'; DROP TABLE assets; --"])
def test_a_text_is_searched_literally(site, text):
    response = site.client("viewer").get("/board", params={"text": text})
    assert response.status_code in {200, 422} and ASSET not in response.text
    assert ASSET in site.client("viewer").get("/board", params={"text": "mUg-1"}).text


@pytest.mark.parametrize("page", ["/board?text=%00", f"/assets/{ASSET}%00", "/products/%00", "/impact?of=%00"])
def test_a_zero_byte_is_refused(site, page):
    assert site.client("viewer").get(page).status_code == 400


@pytest.mark.parametrize(
    "page",
    [
        "/assets/no/such/white/shop",
        "/assets/..%2f..%2fetc/passwd",
        "/products/no-such",
        "/products/..%2f..%2fetc",
        "/versions/no/such/white/shop",
        "/download/..%2f..%2fcatalog.db",
        "/layers/no/such/white/shop",
        "/before/no/such/white/shop",
        "/splats/MUG-1",
        "/runs/no-such",
        "/impact?of=no-such",
        "/impact?kind=setting&of=nonsense",
        "/impact?kind=checkpoint&of=nonsense",
        f"/differences/{'0' * 64}/{'1' * 64}",
    ],
)
def test_what_is_not_there_is_not_found(site, page):
    response = site.client("viewer").get(page)
    assert response.status_code == 404 and 'role="alert"' in response.text


def test_more_products_follow_by_cursor_without_gaps(make_site):
    site = make_site()
    for number in range(2, 8):
        site.shoot.but(sku=f"MUG-{number}").publish()
    client, seen, address = site.client("viewer"), [], "/board?limit=3"
    while address:
        text = client.get(address).text
        seen += [part.partition('"')[0] for part in text.split('href="/products/')[1:]]
        more = text.partition('class="more"')[2].partition('href="')[2].partition('"')[0]
        address = more.replace("&amp;", "&")
    assert seen == [f"MUG-{number}" for number in range(1, 8)]


def test_a_step_of_the_lineage_opens_with_its_settings_and_checkpoint(site):
    lineage = read_lineage(Catalog(site.settings.catalog_url), ASSET)
    cutout = next(step for step in lineage.steps if step.stage == "cutout_photo")
    client = site.client("viewer")
    assert "c" * 64 not in client.get(f"/assets/{ASSET}").text
    page = client.get(f"/assets/{ASSET}?node={cutout.key}").text
    assert "c" * 64 in page and "matting" in page and cutout.key in page


def test_the_text_of_the_lineage_names_every_step_and_photo(site):
    lineage = read_lineage(Catalog(site.settings.catalog_url), ASSET)
    tree = site.client("viewer").get(f"/assets/{ASSET}").text.partition('class="tree"')[2]
    photos = set(re.findall(r"photo <strong>(.*?)</strong>", tree))
    for step in lineage.steps:
        assert step.key[:12] in tree
    assert {edge.source_path for edge in lineage.edges if edge.source_path} <= photos


def test_a_finished_file_is_downloaded_under_a_readable_name(site):
    response = site.client("viewer").get(f"/download/{ASSET}")
    assert response.headers["content-disposition"] == 'attachment; filename="MUG-1_front_white_shop.png"'
    asset = read_lineage(Catalog(site.settings.catalog_url), ASSET).detail.asset
    assert response.content == Path(site.shoot.store.where(asset.sha256)).read_bytes()


def test_layers_are_downloaded_as_one_zip(site, monkeypatch):
    layer = site.shoot.store.put(encode_png(np.zeros((4, 4, 4), np.uint8)), "image/png")
    monkeypatch.setattr("pipeline.pages.routes.assets.layers_of", lambda *_: {"product": layer.sha256})
    response = site.client("viewer").get(f"/layers/{ASSET}")
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        assert archive.namelist() == ["MUG-1_front_white_shop_product.png"]
        assert archive.read(archive.namelist()[0]) == site.shoot.store.read(layer)


def test_a_difference_marks_the_pixels_that_changed(site):
    old = np.full((40, 60, 3), 120, np.uint8)
    new = old.copy()
    new[10:20, 20:30] = 250
    store = site.shoot.store
    digests = [store.put(encode_png(picture), "image/png").sha256 for picture in (old, new)]
    response = site.client("viewer").get(f"/differences/{digests[0]}/{digests[1]}")
    with Image.open(io.BytesIO(response.content)) as picture:
        shown = np.asarray(picture.convert("RGB"), int)
    redness = shown[..., 0] - shown[..., 1]
    assert redness[14:16, 24:26].min() > 100 and abs(redness[30:, :10]).max() < 20


def test_the_viewer_has_a_policy_of_its_own_and_no_inline_licence(site, monkeypatch):
    splat = site.shoot.store.put(write_ply(product()), "application/octet-stream")
    known = read_product(Catalog(site.settings.catalog_url), "MUG-1").model_copy(update={"splat_sha256": splat.sha256})
    monkeypatch.setattr("pipeline.pages.routes.products.read_product", lambda *_: known)
    assert 'src="/splats/MUG-1"' in site.client("viewer").get("/products/MUG-1").text
    response = site.client("viewer").get("/splats/MUG-1")
    policy = response.headers["content-security-policy"]
    assert response.status_code == 200 and "unsafe" not in policy and "frame-ancestors 'self'" in policy
    style = re.search(r"<style>(.*?)</style>", response.text, re.S)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy


def test_two_versions_show_what_changed(make_site):
    site = make_site()
    photos = {"A.jpg": photo("red"), "B.jpg": photo("tan")}
    site.shoot.but(photos=photos).publish()
    page = site.client("viewer").get(f"/versions/{ASSET}").text
    assert "Version 1" in page and "Version 2" in page and "ingest_photo" in page
    assert f"/versions/{ASSET}?old=1&amp;new=2" in page
    earlier = site.client("viewer").get(f"/assets/{ASSET}?version=1").text
    assert (
        "This is version 1" in earlier and "This is version" not in site.client("viewer").get(f"/assets/{ASSET}").text
    )
    assert site.client("viewer").get(f"/assets/{ASSET}?version=3").status_code == 404


def test_a_step_leads_to_what_else_was_made_with_its_checkpoint(site):
    lineage = read_lineage(Catalog(site.settings.catalog_url), ASSET)
    cutout = next(step for step in lineage.steps if step.stage == "cutout_photo")
    page = site.client("viewer").get(f"/assets/{ASSET}?node={cutout.key}").text
    way = f"/impact?kind=checkpoint&amp;of={'c' * 64}"
    assert way in page and ASSET in site.client("viewer").get(way.replace("&amp;", "&")).text
    assert "/impact?kind=setting&amp;of=cutout.engine%3Dmatting" in page


def test_what_a_brief_asked_for_is_told_from_the_assets_of_the_shoot(make_site):
    site = make_site()
    site.shoot.publish(EditPlan(text="front, <b>brighter</b>", language="en", parser="test"))
    client = site.client("viewer")
    board, product = client.get("/board").text, client.get("/products/MUG-1").text
    assert board.count("brief: white · shop") == product.count("brief: white · shop") == 2
    assert "front, &lt;b&gt;brighter&lt;/b&gt;" in product and "<b>brighter" not in product
