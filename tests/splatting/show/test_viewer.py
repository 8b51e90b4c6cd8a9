"""The viewer page in a real browser: it shows what the CPU draws, turns by hand, and makes no requests."""

import hashlib
import re

import numpy as np
import pytest
from playwright.sync_api import Page

from pipeline.core.errors import BadInput
from pipeline.splatting.framing import framed
from pipeline.splatting.gaussians import Gaussians
from pipeline.splatting.ply import Splat, write_ply
from pipeline.splatting.show.render import render
from pipeline.splatting.show.viewer import ELEVATION_DEG, FILL, PAGE, viewer_page, viewer_to_file
from tests.browser import chromium, open_page, pixels
from tests.splatting.toy_product import product

SIDE = 360
TITLE = """Egg </title><script>document.title = "broken"</script> & "co" """.strip()
DRAWN = {"timeout": 120_000}  # a busy machine is slow, not wrong


@pytest.fixture(scope="module")
def browser():
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("viewer")
    (folder / "egg.ply").write_bytes(write_ply(product()))
    viewer_to_file(folder / "egg.ply", folder / "viewer.html", TITLE)
    return folder / "viewer.html"


@pytest.fixture
def shown(browser, file):
    with open_page(browser, SIDE, SIDE, offline=True, has_touch=True) as (page, requests):
        page.goto(file.as_uri())
        page.wait_for_selector("body[data-state=ready]", **DRAWN)
        yield page, requests


def drawn(page: Page) -> np.ndarray:
    """Return the page's pixels without its text, once two pictures in a row are the same."""
    page.wait_for_selector("body[data-state=ready]", **DRAWN)
    page.evaluate("() => { for (const text of document.querySelectorAll('h1, p')) text.style.visibility = 'hidden' }")
    before = pixels(page)
    for _ in range(20):
        now = pixels(page)
        if np.array_equal(now, before):
            return now
        before = now
    raise AssertionError("the page never comes to rest")


def coloured(rgb):
    """Return where the toy product is; backdrop and text are grey."""
    return rgb.max(axis=2) - rgb.min(axis=2) > 40


def by_cpu(azimuth_deg, elevation_deg=ELEVATION_DEG, splat=None, up="z"):
    """Draw the same view by our own rasterizer over light grey."""
    splat = splat or product()
    camera, pose = framed(splat, azimuth_deg, elevation_deg, SIDE, fill=FILL, up=up)
    rgba = render(splat, camera, pose).rgba.astype(np.float64)
    alpha = rgba[..., 3:] / 255
    return rgba[..., :3] * alpha + 240 * (1 - alpha)


def looks_like(picture, expected):
    both = coloured(picture) & coloured(expected)
    return both.sum() > 0.2 * SIDE**2 and np.abs(picture - expected)[both].mean() < 8  # of 255


def overlap(first, second):
    return (first & second).sum() / (first | second).sum()


def seen_from(picture):
    """Return which of eight azimuths of the CPU's pictures is most like this one."""
    views = {azimuth: by_cpu(azimuth) for azimuth in range(0, 360, 45)}
    return min(views, key=lambda azimuth: np.abs(views[azimuth] - picture).mean())


def drag(page: Page, right_px, down_px=0):
    page.mouse.move(SIDE / 2, SIDE / 2)
    page.mouse.down()
    page.mouse.move(SIDE / 2 + right_px, SIDE / 2 + down_px, steps=5)
    page.mouse.up()


def touch(page: Page, *steps):
    """Move fingers through the positions of each step, then lift them."""
    session = page.context.new_cdp_session(page)
    for index, fingers in enumerate(steps):
        points = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(fingers)]
        kind = "touchMove" if index else "touchStart"
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_page_opens_at_the_front_as_the_cpu_draws_it(shown):
    page, requests = shown
    assert page.title() == TITLE == page.locator("h1").inner_text()
    picture, expected = drawn(page), by_cpu(0.0)
    assert seen_from(picture) == 0
    own, other = coloured(picture), coloured(expected)
    assert overlap(own, other) > 0.95  # the engine cuts a Gaussian at 2.8 sigma, ours at 1/255
    assert np.abs(picture - expected)[own & other].mean() < 8  # of 255
    assert {address.partition(":")[0] for address in requests} <= {"file", "blob"}


def test_dragging_turns_the_product_and_raises_the_camera(shown):
    page, _ = shown
    front = drawn(page)
    drag(page, right_px=SIDE / 4)  # half a turn a side: a quarter of it is 45 degrees, and the camera goes left
    turned = drawn(page)
    assert seen_from(turned) == 315
    drag(page, right_px=-SIDE / 4, down_px=SIDE / 6)
    above = drawn(page)
    expected = [coloured(by_cpu(0.0, elevation_deg)) for elevation_deg in (ELEVATION_DEG, ELEVATION_DEG + 30)]
    assert overlap(coloured(above), expected[1]) > overlap(coloured(above), expected[0])
    assert overlap(coloured(front), expected[0]) > overlap(coloured(front), expected[1])


def test_arrow_keys_turn_the_product(shown):
    page, _ = shown
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    assert seen_from(drawn(page)) == 90


def test_one_finger_turns_and_two_fingers_zoom(shown):
    page, _ = shown
    before = coloured(drawn(page)).sum()
    touch(page, [(180, 180)], [(140, 180)], [(90, 180)])
    assert seen_from(drawn(page)) == 45
    touch(page, [(170, 180), (190, 180)], [(165, 180), (195, 180)], [(160, 180), (200, 180)])
    assert coloured(drawn(page)).sum() > 1.5 * before
    page.mouse.move(180, 180)
    page.mouse.wheel(0, 700)
    assert coloured(drawn(page)).sum() < before * 1.5


def test_view_dependent_colours_and_another_up_axis_match_the_cpu(browser, tmp_path):
    egg, r = product().gaussians, np.random.default_rng(3)
    sheen = np.repeat(
        r.normal(size=(1, 15, 3)) * 0.25, len(egg), axis=0
    )  # the same for all: differences come from the view
    sh = np.concatenate([egg.sh, sheen], axis=1).astype(np.float32)
    splat = Splat(Gaussians(egg.means, egg.log_scales, egg.quats, egg.logits, sh), antialias=False)
    (tmp_path / "sheen.html").write_text(viewer_page(splat, "sheen", "-y"))
    with open_page(browser, SIDE, SIDE) as (page, _):
        page.goto((tmp_path / "sheen.html").as_uri())
        for azimuth_deg in (0.0, 90.0, 180.0):
            expected = by_cpu(azimuth_deg, splat=splat, up="-y")
            assert looks_like(drawn(page), expected)
            for _ in range(6):
                page.keyboard.press("ArrowRight")
    plain = by_cpu(0.0, splat=Splat(egg, antialias=False), up="-y")  # the sheen is clearly visible
    assert np.abs(plain - by_cpu(0.0, splat=splat, up="-y"))[coloured(plain)].mean() > 16


def test_whole_product_is_visible_in_a_tall_window(browser, file):
    with open_page(browser, SIDE, 2 * SIDE) as (page, _):
        page.goto(file.as_uri())
        tall = coloured(drawn(page))
    assert overlap(tall[SIDE // 2 : -SIDE // 2], coloured(by_cpu(0.0))) > 0.95


@pytest.mark.parametrize(
    ("attempt", "refused_by"),
    [
        ("fetch(u).catch(() => 0)", "connect-src"),
        ("new Image().src = u", "img-src"),
        ("document.head.append(Object.assign(document.createElement('script'), {src: u}))", "script-src-elem"),
        ("document.head.append(Object.assign(document.createElement('script'), {text: '1'}))", "script-src-elem"),
        ("document.body.append(Object.assign(document.createElement('iframe'), {src: u}))", "frame-src"),
    ],
)
def test_policy_refuses_requests_and_foreign_scripts(browser, file, attempt, refused_by):
    refusal = """new Promise(done => {
      addEventListener('securitypolicyviolation', e => done(e.effectiveDirective));
      setTimeout(() => done('nothing'), 20000) })"""
    with open_page(browser) as (page, _):
        page.goto(file.as_uri())
        tried = page.evaluate(
            f"u => {{ const refused = {refusal}; {attempt}; return refused }}", "http://127.0.0.1:9/x"
        )
        assert tried == refused_by


def test_browser_that_cannot_draw_shows_a_message(browser, file):
    with open_page(browser) as (page, _):
        page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
        page.goto(file.as_uri())
        page.wait_for_selector("body[data-state=failed]", **DRAWN)
        assert "cannot be shown here" in page.locator("[role=status]").inner_text()


def test_existing_file_is_refused(tmp_path):
    (tmp_path / "splat.ply").write_bytes(write_ply(product()))
    (tmp_path / "mine.html").write_text("mine")
    with pytest.raises(BadInput, match=r"mine\.html already exists"):
        viewer_to_file(tmp_path / "splat.ply", tmp_path / "mine.html")
    assert (tmp_path / "mine.html").read_text() == "mine"


def test_vendored_engine_has_the_digest_in_its_readme():
    digest = hashlib.sha256((PAGE / "vendor" / "engine.min.js").read_bytes()).hexdigest()
    assert f"`{digest}`" in (PAGE / "vendor" / "README.md").read_text()
    for script in (PAGE / "vendor" / "engine.min.js", PAGE / "page.js"):
        assert not re.search(r"</script|<!--", script.read_text(), re.I)  # it would end or change its element
    assert viewer_page(product(), "x").count("<script") == 4
