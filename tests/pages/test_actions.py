"""Decisions from the pages: who may, what is recorded, what stays if it fails."""

import re
import shutil
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from fastapi import HTTPException, Request
from hypothesis import given
from hypothesis import strategies as st

from pipeline.catalog.database import Catalog
from pipeline.catalog.queries import list_assets, read_asset
from pipeline.catalog.review.actors import Actor, Role
from pipeline.catalog.review.decisions import decide
from pipeline.catalog.review.log import audit_log, review_log
from pipeline.catalog.shoots import record_request_failed
from pipeline.catalog.trace.everything import find_everything
from pipeline.core.errors import BadInput, CatalogError
from pipeline.language.briefs.plan import EditPlan
from pipeline.pages.links import own_address
from tests.pages.conftest import ASSET, Site, make, site_in


@pytest.fixture
def waiting(make_site) -> Site:
    """Assets that wait for a decision."""
    return make_site(verdict="in review")


def seen_of(site: Site, asset: str) -> str:
    return f"{read_asset(Catalog(site.settings.catalog_url), asset).asset.sha256} {asset}"


def state_of(site: Site) -> str:
    return read_asset(Catalog(site.settings.catalog_url), ASSET).asset.state


def seen(site: Site) -> str:
    return f"{read_asset(Catalog(site.settings.catalog_url), ASSET).asset.sha256} {ASSET}"


def send(site: Site, path: str, role: str = "reviewer", **values: object):
    return site.client(role).post(path, data={"back": "/review", **values})


def test_an_approval_publishes_and_is_recorded(waiting):
    response = send(waiting, "/decisions", asset=seen(waiting), decision="approved")
    assert (response.status_code, response.headers["location"]) == (303, "/review")
    assert state_of(waiting) == "published"
    catalog = Catalog(waiting.settings.catalog_url)
    (row,) = audit_log(catalog).rows
    assert (row.actor, row.role, row.action, row.target) == ("reviewer", "reviewer", "approve", ASSET)
    assert "reviewer" in waiting.client("viewer").get("/log").text


def test_a_rejection_needs_a_reason_and_can_be_undone(waiting):
    assert send(waiting, "/decisions", asset=seen(waiting), decision="rejected").status_code == 409
    assert state_of(waiting) == "in review"
    send(waiting, "/decisions", asset=seen(waiting), decision="rejected", reason="blurred print")
    assert state_of(waiting) == "rejected"
    assert "blurred print" in waiting.client("reviewer").get("/review").text
    send(waiting, "/undo", asset=ASSET)
    assert state_of(waiting) == "in review"


def test_a_decision_on_other_bytes_is_refused(waiting):
    response = send(waiting, "/decisions", asset=f"{'0' * 64} {ASSET}", decision="approved")
    assert response.status_code == 409 and "has been made again" in response.text
    assert state_of(waiting) == "in review"


def test_several_assets_are_decided_together_or_not_at_all(waiting):
    mixed = [seen(waiting), f"{'0' * 64} MUG-1/left/white/shop"]
    assert send(waiting, "/decisions", asset=mixed, decision="approved").status_code == 409
    assert state_of(waiting) == "in review"


def test_a_redo_is_started_and_recorded(waiting):
    response = send(waiting, "/redos", asset=seen(waiting), text="front on light grey")
    assert response.status_code == 303
    ((run_id, asset, text),) = waiting.redo.asked
    assert (asset, text) == (ASSET, "front on light grey")
    (review,) = review_log(Catalog(waiting.settings.catalog_url)).rows
    assert (review.decision, review.settings) == ("redo", {"text": text, "run_id": run_id})
    page = waiting.client("reviewer").get("/review", params={"asset": ASSET}).text
    assert "reviewer sent it back" in page and f"still to be made, by the run {run_id}" in page


def test_the_queue_begins_with_a_redo_that_failed_and_says_why(waiting):
    for asset in (ASSET, "MUG-1/left/white/shop"):
        send(waiting, "/redos", asset=seen_of(waiting, asset), text=f"{asset} on light grey")
    url = waiting.settings.catalog_url
    record_request_failed(url, waiting.redo.asked[1][0], "MUG-1", "light <b>grey</b> is no backdrop")
    page = waiting.client("reviewer").get("/review").text
    assert "That could not be made." in page and "light &lt;b&gt;grey&lt;/b&gt; is no backdrop" in page
    assert f'value="{seen_of(waiting, "MUG-1/left/white/shop")}"' in page


def test_a_rejected_asset_offers_what_the_person_may_do(make_site):
    site = make_site(verdict="rejected")
    pages = {role: site.client(role).get(f"/assets/{ASSET}").text for role in ("viewer", "reviewer", "admin")}
    assert {role: ("Send back…" in text, "Approve nonetheless…" in text) for role, text in pages.items()} == {
        "viewer": (False, False), "reviewer": (True, False), "admin": (True, True),
    }  # fmt: skip
    send(site, "/decisions", asset=seen(site), decision="approved", reason="the halo is its own", role="admin")
    assert state_of(site) == "published"
    assert "Undo the approval" in site.client("admin").get(f"/assets/{ASSET}").text


def test_the_log_shows_the_settings_of_a_redo_without_words(waiting):
    catalog = Catalog(waiting.settings.catalog_url)
    decide(catalog, [ASSET], "redo", Actor(name="eve", role=Role.REVIEWER), settings={"light.strength": 0.7})
    assert "light.strength 0.7" in waiting.client("viewer").get("/log").text


def test_an_asset_leads_to_the_one_that_replaced_it(waiting):
    wish = EditPlan(text="front on light grey", language="en", parser="test")
    send(waiting, "/redos", asset=seen(waiting), text=wish.text)
    waiting.shoot.but(verdict="published").publish(wish)
    new = f"MUG-1/{wish.id_for('MUG-1')}/front/white/shop"
    client = waiting.client("reviewer")
    for page in (f"/assets/{ASSET}", "/log"):
        assert f'by <a href="/assets/{new}">{new}</a>' in client.get(page).text
    assert state_of(waiting) == "withdrawn"
    assert f'Made in place of <a href="/assets/{ASSET}">' in client.get(f"/assets/{new}").text


def test_a_redo_that_cannot_start_leaves_no_decision(waiting):
    waiting.redo.fault = CatalogError("the DAG is paused", remedy="Unpause it")
    response = send(waiting, "/redos", asset=seen(waiting), text="front on light grey")
    assert response.status_code == 500 and "The DAG is paused" in response.text
    assert not [review for review in review_log(Catalog(waiting.settings.catalog_url)).rows if review.holds]


def test_only_an_admin_withdraws(make_site):
    site = make_site()
    values = {"asset": seen(site), "reason": "the licence ended"}
    assert send(site, "/withdrawals", **values).status_code == 403
    assert send(site, "/withdrawals", "admin", **values).status_code == 303
    assert state_of(site) == "withdrawn"


def offered(site: Site, kind: str, of: str) -> dict[str, str]:
    """What the page of a withdrawal would send."""
    page = site.client("admin").get("/withdrawal", params={"kind": kind, "of": of})
    assert page.status_code == 200, page.text
    (digest,) = re.findall(r'name="digest" value="([0-9a-f]{64})"', page.text)
    return {"kind": kind, "of": of, "digest": digest}


@pytest.fixture(scope="module")
def published_many(tmp_path_factory) -> Path:
    """A store and a catalog with a shoot of 230 published assets, more than the pages list at once."""
    folder = tmp_path_factory.mktemp("many")
    make(folder).shoot.but(angles=tuple(f"front-{number}" for number in range(230))).publish()
    return folder


@pytest.fixture
def many(published_many, tmp_path) -> Site:
    """A copy of it, which a test may change."""
    return site_in(Path(shutil.copytree(published_many, tmp_path, dirs_exist_ok=True)))


@pytest.mark.parametrize(
    ("kind", "of"), [("photo", "MUG-1/A.jpg"), ("checkpoint", "c" * 64), ("setting", "cutout.engine=matting")]
)
def test_everything_found_is_withdrawn_at_once(many, kind, of):
    client = many.client("admin")
    assert "Withdraw everything found" in client.get("/impact", params={"kind": kind, "of": of}).text
    assert "230 assets" in client.get("/withdrawal", params={"kind": kind, "of": of}).text
    values = offered(many, kind, of)
    response = client.post("/withdrawal", data={**values, "reason": "the licence ended"})
    assert response.status_code == 303
    catalog = Catalog(many.settings.catalog_url)
    assert {asset.state for asset in list_assets(catalog)} == {"withdrawn"}
    first = audit_log(catalog, limit=200)
    rows = [*first.rows, *audit_log(catalog, cursor=first.next, limit=200).rows]
    assert len({row.target for row in rows}) == len(rows) == 230
    assert {(row.action, row.actor, row.details["reason"]) for row in rows} == {
        ("withdraw", "admin", "the licence ended")
    }
    assert "Nothing is left to withdraw" in client.get("/withdrawal", params={"kind": kind, "of": of}).text


def test_a_withdrawal_of_everything_is_refused_once_the_list_has_changed(many):
    values = offered(many, "photo", "MUG-1/A.jpg")
    send(many, "/withdrawals", "admin", asset=f"{seen_of(many, 'MUG-1/front-7/white/shop')}", reason="blurred")
    response = many.client("admin").post("/withdrawal", data={**values, "reason": "the licence ended"})
    assert response.status_code == 409 and "229 assets now" in response.text
    states = [asset.state for asset in list_assets(Catalog(many.settings.catalog_url))]
    assert states.count("withdrawn") == 1


def test_a_withdrawal_of_everything_needs_a_reason_and_an_admin(many):
    values = offered(many, "photo", "MUG-1/A.jpg")
    assert many.client("admin").post("/withdrawal", data={**values, "reason": " "}).status_code == 409
    assert many.client("reviewer").post("/withdrawal", data={**values, "reason": "x"}).status_code == 403
    given = {"kind": "photo", "of": "MUG-1/A.jpg"}
    assert "Withdraw everything" not in many.client("reviewer").get("/impact", params=given).text
    assert {asset.state for asset in list_assets(Catalog(many.settings.catalog_url))} == {"published"}


def test_more_assets_than_one_withdrawal_takes_are_refused(many):
    catalog = Catalog(many.settings.catalog_url)
    with pytest.raises(BadInput, match=r"more than 229 assets were made .*page by page"):
        find_everything(catalog, "photo", "MUG-1/A.jpg", most=229)
    assert len(find_everything(catalog, "photo", "MUG-1/A.jpg", most=230).assets) == 230


@pytest.mark.parametrize("back", ["//elsewhere.test", "http://elsewhere.test/", "/\\elsewhere.test", "/a\r\nx: y", ""])
def test_the_way_back_leads_nowhere_else(waiting, back):
    response = send(waiting, "/decisions", asset=seen(waiting), decision="approved", back=back)
    assert response.status_code == 422 and state_of(waiting) == "in review"


@pytest.mark.parametrize("asset", ["", "x", ASSET, f"{'0' * 64}", f"{'0' * 64} {'x' * 500}", f"{'0' * 64} a\0"])
def test_what_is_no_asset_is_refused(waiting, asset):
    response = send(waiting, "/decisions", asset=asset, decision="approved")
    assert response.status_code in {409, 422}


def test_more_assets_than_a_page_holds_are_refused(waiting):
    assert send(waiting, "/decisions", asset=[seen(waiting)] * 201, decision="approved").status_code == 422


def test_a_form_with_the_token_as_a_field_is_accepted(waiting):
    client = waiting.client("reviewer")
    del client.headers["x-csrf-token"]
    values = {"asset": seen(waiting), "decision": "approved", "back": "/review"}
    assert client.post("/decisions", data=values).status_code == 403
    assert client.post("/decisions", data={**values, "csrf_token": waiting.token("admin")}).status_code == 403
    assert client.post("/decisions", data={**values, "csrf_token": waiting.token("reviewer")}).status_code == 303


@given(back=st.text(max_size=60) | st.text("/\\.:@?#%a", max_size=12))
def test_no_way_back_leads_to_another_site(back):
    request = Request({"type": "http", "headers": [], "root_path": "", "path": "/"})
    try:
        accepted = own_address(request, back)
    except HTTPException:
        return
    assert urlsplit(urljoin("http://pages.test/review", accepted)).netloc == "pages.test"
