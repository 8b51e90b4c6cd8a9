"""The pages in a real browser, as `catalog ui` serves them: by mouse, by keyboard alone, on a phone, in the dark."""

import io
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Page

from pipeline.catalog.database import Catalog
from pipeline.catalog.queries import read_asset
from pipeline.cli.ui import listen
from pipeline.pages.app import build_pages
from pipeline.pages.local import LocalAccess, add_login
from tests.browser import chromium, open_page
from tests.pages.conftest import ASSET, RecordedRedo, Site, make
from tests.pages.test_pages import with_run

PAGES = (
    "board",
    f"assets/{ASSET}",
    "products/MUG-1",
    f"versions/{ASSET}",
    "review",
    "log",
    "impact?of=MUG-1/A.jpg",
    "withdrawal?kind=photo&of=MUG-1/A.jpg",
    "runs",
    "runs/night-1",
)
SHAPES = {"desk": (1500, 1000), "phone": (390, 844)}
SERIOUS = {"serious", "critical"}
EVERY_RULE = {"resultTypes": ["violations"]}
RULES_OF_COLOUR = {**EVERY_RULE, "runOnly": {"type": "tag", "values": ["cat.color"]}}


@dataclass
class Served:
    """Running pages. `link`: the current login link."""

    site: Site
    address: str
    access: LocalAccess
    redo: RecordedRedo

    @property
    def link(self) -> str:
        return f"{self.address}/login?token={self.access.token}"

    def state(self, asset: str = ASSET) -> str:
        return read_asset(Catalog(self.site.settings.catalog_url), asset).asset.state


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    site = with_run(make(tmp_path, "in review"))
    access, redo = LocalAccess(lambda _: None), RecordedRedo([])
    pages = build_pages(access, site.settings, redo)
    add_login(pages, access)
    listening = listen(0)
    server = uvicorn.Server(uvicorn.Config(pages, log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield Served(site, f"http://127.0.0.1:{listening.getsockname()[1]}", access, redo)
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


@dataclass
class Visit:
    """A signed-in browser page, what it asked for, and what its console said."""

    page: Page
    asked: list[str]
    said: list[str]


@pytest.fixture
def visit(browser: Browser, served: Served, request: pytest.FixtureRequest) -> Iterator[Visit]:
    width, height = SHAPES[getattr(request, "param", "desk")]
    with open_page(browser, width, height, color_scheme="light") as (page, asked):
        page.set_default_timeout(120_000)
        said: list[str] = []
        page.on("console", lambda message: said.append(f"{message.text} {message.location}"))
        page.on("response", lambda response: said.extend([response.url] if response.status >= 400 else []))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(served.link)
        page.wait_for_url("**/board")
        yield Visit(page, asked, said)
        assert said == []
        assert all(url.startswith(served.address) for url in asked)


@pytest.mark.parametrize("visit", SHAPES, indirect=True)
def test_every_page_fits_has_no_error_and_is_accessible(visit, served):
    for path in PAGES:
        visit.page.goto(f"{served.address}/{path}", wait_until="networkidle")
        width = visit.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert width <= 0, (path, width)
        if visit.page.viewport_size["width"] == 390:
            tables = visit.page.locator(".scroll")
            assert all(tables.evaluate_all("all => all.map(one => one.scrollWidth <= one.clientWidth)")), path
        assert serious(visit.page, EVERY_RULE) == [], path
        for picture in visit.page.locator("img:visible").all():
            picture.scroll_into_view_if_needed()
            assert picture.evaluate("async image => { await image.decode(); return image.naturalWidth }") > 0, path
        visit.page.emulate_media(color_scheme="dark")  # pages.css changes nothing but colours for it
        assert serious(visit.page, RULES_OF_COLOUR) == [], path
        visit.page.emulate_media(color_scheme="light")


def serious(page: Page, rules: dict[str, object]) -> list[tuple[str, str]]:
    """The rules of accessibility that a page breaks, each with the first element that does."""
    violations = Axe().run(page, options=rules).response["violations"]
    return [(each["id"], each["nodes"][0]["html"]) for each in violations if each["impact"] in SERIOUS]


def test_the_board_filters_as_one_types_and_the_address_can_be_shared(visit, served):
    page = visit.page
    page.get_by_role("searchbox").type("no such product")
    page.get_by_text("No product matches these filters.").wait_for()
    page.get_by_role("searchbox").fill("mug")
    page.locator(".product").first.wait_for()
    page.wait_for_url("**text=mug*")
    page.reload()
    assert page.locator(".product").count() == 1
    page.get_by_role("searchbox").fill("tee")
    page.wait_for_url("**text=tee*")
    page.go_back()
    page.wait_for_url("**text=mug*")
    page.locator(".product").first.wait_for()
    page.get_by_role("link", name="in review").first.click()
    page.wait_for_url("**state=in+review*")
    assert page.locator(".cell .state", has_text="in review").count() == 2


def test_several_assets_are_approved_from_the_board(visit, served):
    page = visit.page
    assert not page.locator("#selection").is_visible()
    for box in page.locator(".cell input[type=checkbox]").all():
        box.check()
    assert page.locator("[data-count]").inner_text() == "2 selected"
    page.get_by_role("button", name="Approve").click()
    page.locator(".cell .state", has_text="published").first.wait_for()
    assert served.state() == "published"


def test_selected_and_all_files_are_downloaded_as_a_zip(visit, served):
    page = visit.page
    with page.expect_download() as everything:
        page.get_by_role("link", name="Download all 2").click()
    page.locator(".cell input[type=checkbox]").first.check()
    with page.expect_download() as selected:
        page.get_by_role("button", name="Download (ZIP)").click()
    for download, count in ((everything.value, 2), (selected.value, 1)):
        assert download.suggested_filename == "catalog.zip"
        with zipfile.ZipFile(download.path()) as archive:
            assert archive.testzip() is None and len(archive.namelist()) == 1 + count
    assert served.state() == "in review"


@pytest.mark.parametrize("visit", ["phone"], indirect=True)
def test_on_a_phone_the_lineage_begins_at_the_asset_and_says_it_scrolls(visit, served):
    page = visit.page
    page.goto(f"{served.address}/assets/{ASSET}", wait_until="networkidle")
    assert page.get_by_text("Scroll the drawing sideways").is_visible()
    assert page.locator(".graph").evaluate("g => g.scrollLeft + g.clientWidth >= g.scrollWidth - 1")


def test_a_stage_name_fits_into_its_node(visit, served):
    page = visit.page
    page.goto(f"{served.address}/assets/{ASSET}", wait_until="networkidle")
    measure = """nodes => nodes.map(n => [n.querySelector('.node-title').textContent,
        n.querySelector('.box').getBoundingClientRect().right
        - n.querySelector('.node-title').getBoundingClientRect().right])"""
    rooms = page.locator("a.node").evaluate_all(measure)
    assert rooms and all(room > 0 and "…" not in title for title, room in rooms), rooms


def test_the_queue_is_worked_through_by_keyboard_alone(visit, served):
    page = visit.page
    page.goto(f"{served.address}/review")
    press = page.keyboard.press
    press("a")
    page.locator(".last", has_text="approved MUG-1/front").wait_for()
    assert served.state() == "published"
    press("r")
    page.keyboard.type("aeju is typed, not pressed")
    press("Enter")
    page.get_by_text("Nothing waits for a decision.").wait_for()
    assert served.state("MUG-1/left/white/shop") == "rejected"
    press("u")
    page.locator(".side", has_text="left · white · shop").wait_for()
    assert served.state("MUG-1/left/white/shop") == "in review"
    press("e")
    page.keyboard.type("left on light grey")
    press("Escape")
    assert not page.locator("details.ask[open]").count()
    press("e")
    press("Enter")
    page.locator(".last", has_text="sent back").wait_for()
    assert [asked[1:] for asked in served.redo.asked] == [("MUG-1/left/white/shop", "left on light grey")]


def test_the_lineage_opens_a_step_by_keyboard(visit, served):
    page = visit.page
    page.goto(f"{served.address}/assets/{ASSET}")
    page.locator("a.node", has_text="cutout_photo").first.focus()
    page.keyboard.press("Enter")
    panel = page.locator("#node", has_text="matting")
    panel.wait_for()
    assert "c" * 64 in panel.inner_text()


def test_the_slider_uncovers_the_photo_and_buttons_zoom(visit, served, monkeypatch):
    shown = io.BytesIO()
    Image.fromarray(np.full((40, 60, 3), (255, 0, 0), np.uint8)).save(shown, "PNG")
    visit.page.route("**/before/**", lambda route: route.fulfill(body=shown.getvalue(), content_type="image/png"))
    before = "pipeline.pages.routes.assets.before_of"
    monkeypatch.setattr(before, lambda lineage: SimpleNamespace(edit=None))
    page = visit.page
    page.goto(f"{served.address}/assets/{ASSET}", wait_until="networkidle")
    slider = page.get_by_role("slider")
    slider.focus()
    for _ in range(3):
        slider.press("PageUp")
    assert page.locator(".before").evaluate("i => getComputedStyle(i).clipPath").startswith("inset(")
    assert page.locator(".cut").is_visible()
    page.get_by_role("button", name="Larger").click()
    assert page.locator(".frame.zoomed").count() == 1
    page.get_by_role("button", name="Fit").click()
    assert page.locator(".frame.zoomed").count() == 0


def test_a_photo_that_cannot_be_laid_over_its_picture_stands_beside_it(visit, served, monkeypatch):
    page = visit.page
    page.route("**/before/**", lambda route: route.fulfill(body=b"no picture", content_type="image/png"))
    monkeypatch.setattr("pipeline.pages.routes.assets.before_of", lambda lineage: SimpleNamespace(edit=None))
    page.goto(f"{served.address}/assets/{ASSET}", wait_until="networkidle")
    beside = page.locator(".beside")
    beside.wait_for()
    assert "Run the shoot again" in beside.inner_text() and beside.get_by_role("img").is_visible()
    assert page.get_by_role("slider").count() == 0 and page.locator(".before").count() == 0


def test_a_withdrawal_from_impact_needs_a_reason(visit, served):
    page = visit.page
    page.goto(f"{served.address}/impact?of=MUG-1/A.jpg")
    page.get_by_role("button", name="Withdraw selected").click()
    assert served.state() == "in review"
    page.get_by_label("Reason").fill("the photo is not ours")
    page.get_by_role("button", name="Withdraw selected").click()
    page.locator(".cell .state", has_text="withdrawn").first.wait_for()
    assert served.state() == "withdrawn"
