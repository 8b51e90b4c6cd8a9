"""What was made for a redo takes the place of the asset that was sent back, and a redo that failed waits again."""

from pathlib import Path

import pytest

from pipeline.catalog.board.board import BoardFilter, count_states
from pipeline.catalog.database import Catalog
from pipeline.catalog.queries import list_assets, read_asset
from pipeline.catalog.review.decisions import decide, undo
from pipeline.catalog.review.log import audit_log, review_log
from pipeline.catalog.review.queue import ReviewItem, review_queue
from pipeline.catalog.shoots import record_fate, record_request_failed, record_requested
from pipeline.catalog.versions import list_versions
from pipeline.language.briefs.plan import EditPlan
from tests.catalog.toy_shoot import ToyShoot
from tests.catalog.words import ANN, BROKEN, EVE, FINE, FRONT, LEFT, UNSURE

WISH = "front on light grey"
RUN = "redo-1"


def requested(text: str = WISH) -> EditPlan:
    return EditPlan(text=text, language="en", parser="test")


def made_by(plan: EditPlan, part: str = "front/white/shop") -> str:
    return f"MUG-1/{plan.id_for('MUG-1')}/{part}"


def send_back(catalog: Catalog, *assets: str, text: str = WISH) -> None:
    decide(catalog, assets or [FRONT], "redo", EVE, reason=text, settings={"text": text, "run_id": RUN})


def start(url: str) -> None:
    record_requested(url, RUN, sku="MUG-1", collection="autumn", source="", plan_digest="p")


def item_of(catalog: Catalog, asset: str = FRONT) -> ReviewItem:
    return next(item for item in review_queue(catalog).rows if item.asset.id == asset)


@pytest.fixture
def waiting(tmp_path: Path, catalog_url: str) -> ToyShoot:
    """A shoot whose assets wait for a person; what it makes for a brief is published at once unless told otherwise."""
    shoot = ToyShoot(tmp_path, catalog_url, verdict=UNSURE)
    shoot.publish()
    return shoot


def test_what_was_sent_back_is_replaced_once_the_new_one_is_published(waiting: ToyShoot, catalog_url: str) -> None:
    catalog, before = Catalog(catalog_url), read_asset(Catalog(catalog_url), FRONT).asset
    send_back(catalog, text=f"  {WISH}\n")
    waiting.but(verdict=FINE).publish(requested())
    old, new = read_asset(catalog, FRONT).asset, read_asset(catalog, made_by(requested())).asset
    assert (old.state, old.reasons[-1]) == ("withdrawn", f"replaced by {new.id}")
    assert new.state == "published"
    assert [(version.sha256, version.replaced_at) for version in list_versions(catalog, FRONT)] == [
        (before.sha256, None)
    ]
    assert review_log(catalog, asset_id=FRONT).rows[0].decision == "replaced"
    assert {(row.actor, row.action) for row in audit_log(catalog, target=FRONT).rows} == {
        ("eve", "redo"), ("eve", "replace"),
    }  # fmt: skip
    assert waiting.publish().in_review == 1, "the next night leaves it replaced"
    assert read_asset(catalog, FRONT).asset.state == "withdrawn"
    assert count_states(catalog, BoardFilter())["withdrawn"] == 1


def test_what_waits_for_a_person_replaces_only_after_the_approval(waiting: ToyShoot, catalog_url: str) -> None:
    catalog, new = Catalog(catalog_url), made_by(requested())
    send_back(catalog)
    start(catalog_url)
    waiting.publish(requested())
    record_fate(catalog_url, RUN, "MUG-1", "done")
    item = item_of(catalog)
    assert item.redo is not None and (item.redo.state, item.is_waiting) == ("made", False)
    assert item.redo.assets == (new,)
    decide(catalog, [made_by(requested(), "left/white/shop")], "approved", ANN)
    assert read_asset(catalog, FRONT).asset.state == "in review", "the closest one still waits"
    decide(catalog, [new], "approved", ANN)
    assert read_asset(catalog, FRONT).asset.state == "withdrawn"
    undone = undo(catalog, FRONT, EVE)
    assert (undone.decision, undone.after) == ("replaced", "in review")
    assert item_of(catalog).review.decision == "redo"  # type: ignore[union-attr]


def test_the_asset_comes_back_when_its_replacement_is_published_no_more(waiting: ToyShoot, catalog_url: str) -> None:
    catalog, new = Catalog(catalog_url), made_by(requested())
    send_back(catalog)
    waiting.publish(requested())
    decide(catalog, [new], "approved", ANN)
    assert undo(catalog, new, ANN).after == "in review"
    assert read_asset(catalog, FRONT).asset.state == "in review"
    assert [row.action for row in audit_log(catalog, target=FRONT).rows] == ["undo", "replace", "redo"]
    decide(catalog, [new], "approved", ANN)
    assert read_asset(catalog, FRONT).asset.state == "withdrawn"
    decide(catalog, [new], "rejected", EVE, reason="blurred")
    assert read_asset(catalog, FRONT).asset.state == "in review"
    assert count_states(catalog, BoardFilter())["withdrawn"] == 0


def test_other_words_and_other_channels_replace_nothing(waiting: ToyShoot, catalog_url: str) -> None:
    catalog = Catalog(catalog_url)
    send_back(catalog)
    start(catalog_url)
    waiting.but(verdict=FINE).publish(requested("front on oak"))
    assert read_asset(catalog, FRONT).asset.state == "in review"
    waiting.but(verdict=FINE, channels=("feed",)).publish(requested())
    record_fate(catalog_url, RUN, "MUG-1", "done")
    item = item_of(catalog)
    assert item.redo is not None and (item.redo.state, item.is_waiting) == ("apart", True)
    assert item.redo.assets == (made_by(requested(), "front/white/feed"), made_by(requested(), "left/white/feed"))


def test_an_asset_is_replaced_by_its_own_angle(waiting: ToyShoot, catalog_url: str) -> None:
    catalog = Catalog(catalog_url)
    send_back(catalog, FRONT, LEFT)
    waiting.but(verdict=FINE).publish(requested())
    replaced = {asset.id: asset.reasons[-1] for asset in list_assets(catalog, state="withdrawn")}
    assert replaced == {
        FRONT: f"replaced by {made_by(requested())}",
        LEFT: f"replaced by {made_by(requested(), 'left/white/shop')}",
    }


@pytest.mark.parametrize("fate", ["failed", "held", "refused"])
def test_a_redo_that_ended_without_pictures_waits_again(waiting: ToyShoot, catalog_url: str, fate: str) -> None:
    catalog = Catalog(catalog_url)
    send_back(catalog)
    assert item_of(catalog).redo.state == "to come"  # type: ignore[union-attr]
    start(catalog_url)
    assert not item_of(catalog).is_waiting
    record_fate(catalog_url, RUN, "MUG-1", fate, "nobody photographed that side")  # type: ignore[arg-type]
    item = item_of(catalog)
    assert item.redo is not None and (item.redo.state, item.redo.reason) == ("failed", "nobody photographed that side")
    assert item.is_waiting


def test_a_wish_that_cannot_be_read_waits_again(waiting: ToyShoot, catalog_url: str) -> None:
    catalog = Catalog(catalog_url)
    send_back(catalog)
    record_request_failed(catalog_url, RUN, "MUG-1", "the brief is empty")
    assert item_of(catalog).redo.reason == "the brief is empty"  # type: ignore[union-attr]


def test_a_redo_of_which_a_check_rejects_everything_waits_again(waiting: ToyShoot, catalog_url: str) -> None:
    catalog = Catalog(catalog_url)
    send_back(catalog)
    start(catalog_url)
    waiting.but(verdict=BROKEN).publish(requested())
    record_fate(catalog_url, RUN, "MUG-1", "done")
    item = item_of(catalog)
    assert item.is_waiting and "no check or person rejected" in item.redo.reason  # type: ignore[union-attr]
