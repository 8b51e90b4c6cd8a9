from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.catalog.board.board import BoardFilter, count_states, read_board
from pipeline.catalog.database import Catalog
from pipeline.catalog.queries import AssetView, list_assets, read_asset
from pipeline.catalog.review.actors import Actor, Role
from pipeline.catalog.review.decisions import NEEDS, decide, undo
from pipeline.catalog.review.log import audit_log, review_log
from pipeline.catalog.versions import list_versions
from pipeline.core.errors import BadInput
from tests.catalog.toy_shoot import ToyShoot
from tests.catalog.words import ANN, BROKEN, EVE, FINE, FRONT, LEFT, OTHER_PHOTOS, UNSURE, VIC


def asset(url: str, identity: str = FRONT) -> AssetView:
    return read_asset(Catalog(url), identity).asset


def test_an_approval_publishes_and_holds_until_the_bytes_change(tmp_path: Path, catalog_url: str) -> None:
    shoot = ToyShoot(tmp_path, catalog_url, verdict=UNSURE)
    assert shoot.publish().in_review == 2
    (done,) = decide(Catalog(catalog_url), [FRONT], "approved", EVE)
    assert (done.before, done.after) == ("in review", "published")
    approved = asset(catalog_url)
    assert approved.published_at is not None
    night = shoot.publish()
    assert (night.published, night.in_review, night.rows_updated) == (1, 1, 0)
    assert asset(catalog_url) == approved
    assert shoot.but(photos=OTHER_PHOTOS).publish().published == 0
    assert asset(catalog_url).state == "in review"
    assert shoot.publish().published == 1, "the bytes that were approved are back"


def test_a_rejection_holds_though_every_check_passes(tmp_path: Path, catalog_url: str) -> None:
    shoot = ToyShoot(tmp_path, catalog_url)
    shoot.publish()
    decide(Catalog(catalog_url), [FRONT], "rejected", EVE, reason=" the  handle\nis cut off ")
    for _ in range(2):
        rejected = asset(catalog_url)
        assert (rejected.state, rejected.published_at) == ("rejected", None)
        assert rejected.reasons[-1] == "rejected by eve: the handle is cut off"
        assert shoot.publish().rejected == 1
    assert list_versions(Catalog(catalog_url), FRONT)[0].published_at is not None


def test_a_redo_keeps_the_asset_in_review_and_its_settings(tmp_path: Path, catalog_url: str) -> None:
    shoot = ToyShoot(tmp_path, catalog_url)
    shoot.publish()
    decide(Catalog(catalog_url), [FRONT], "redo", EVE, reason="too dark", settings={"light.strength": 0.7})
    assert shoot.publish().in_review == 1
    assert asset(catalog_url).reasons == ("eve asked for a redo: too dark",)
    assert review_log(Catalog(catalog_url)).rows[0].settings == {"light.strength": 0.7}
    assert shoot.but(photos=OTHER_PHOTOS).publish().in_review == 0


def test_withdrawn_assets_stay_withdrawn_until_their_bytes_change(tmp_path: Path, catalog_url: str) -> None:
    shoot = ToyShoot(tmp_path, catalog_url)
    shoot.publish()
    decide(Catalog(catalog_url), [FRONT, LEFT], "withdrawn", ANN, reason="the model's licence")
    assert shoot.publish().published == 0
    withdrawn = list_assets(Catalog(catalog_url), state="withdrawn")
    assert [(each.id, each.current) for each in withdrawn] == [(FRONT, True), (LEFT, True)]
    assert shoot.but(photos=OTHER_PHOTOS).publish().published == 2


def test_what_a_check_rejects_is_approved_only_by_an_admin_who_says_why(tmp_path: Path, catalog_url: str) -> None:
    shoot, catalog = ToyShoot(tmp_path, catalog_url, verdict=BROKEN), Catalog(catalog_url)
    shoot.publish()
    with pytest.raises(BadInput, match=r"rejected by a check: edges halo.*Ask an admin"):
        decide(catalog, [FRONT], "approved", EVE, reason="fine")
    with pytest.raises(BadInput, match="Give a reason"):
        decide(catalog, [FRONT], "approved", ANN)
    decide(catalog, [FRONT], "approved", ANN, reason="the halo is the product's own glow")
    assert shoot.publish().published == 1
    (entry,) = audit_log(catalog).rows
    assert (entry.actor, entry.action, entry.details["overrules"]) == ("ann", "approve", True)


def test_an_approval_from_before_does_not_publish_what_a_check_now_rejects(tmp_path: Path, catalog_url: str) -> None:
    shoot = ToyShoot(tmp_path, catalog_url, verdict=UNSURE)
    shoot.publish()
    decide(Catalog(catalog_url), [FRONT], "approved", ANN, reason="looks right")
    sha256 = asset(catalog_url).sha256
    assert shoot.but(verdict=BROKEN).publish().published == 0
    broken = asset(catalog_url)
    assert (broken.sha256, broken.state) == (sha256, "rejected")
    assert broken.reasons[-1] == "ann approved it before a check rejected it"
    assert shoot.publish().published == 1


def test_undoing_brings_back_the_decision_before_and_then_the_checks(tmp_path: Path, catalog_url: str) -> None:
    shoot, catalog = ToyShoot(tmp_path, catalog_url, verdict=UNSURE), Catalog(catalog_url)
    shoot.publish()
    decide(catalog, [FRONT], "approved", EVE)
    decide(catalog, [FRONT], "rejected", ANN, reason="no")
    assert undo(catalog, FRONT, EVE).after == asset(catalog_url).state == "published"
    assert undo(catalog, FRONT, EVE).after == asset(catalog_url).state == "in review"
    assert asset(catalog_url).reasons == ("edges halo",)
    with pytest.raises(BadInput, match="no decision on its present bytes"):
        undo(catalog, FRONT, EVE)
    assert shoot.publish().published == 0
    newest, first = review_log(catalog, asset_id=FRONT).rows
    assert (newest.undone_by, first.undone_by, newest.holds, first.holds) == ("eve", "eve", False, False)
    assert [entry.action for entry in audit_log(catalog, target=FRONT).rows] == ["undo", "undo", "reject", "approve"]


def test_roles_that_do_not_suffice_change_nothing(tmp_path: Path, catalog_url: str) -> None:
    catalog = Catalog(catalog_url)
    ToyShoot(tmp_path, catalog_url).publish()
    for decision in NEEDS:
        with pytest.raises(BadInput, match="vic is viewer"):
            decide(catalog, [FRONT], decision, VIC, reason="because")
    with pytest.raises(BadInput, match="eve is reviewer and may not withdraw"):
        decide(catalog, [FRONT], "withdrawn", EVE, reason="because")
    decide(catalog, [FRONT], "withdrawn", ANN, reason="because")
    with pytest.raises(BadInput, match="eve is reviewer and may not undo"):
        undo(catalog, FRONT, EVE)
    assert asset(catalog_url).state == "withdrawn"
    assert len(audit_log(catalog).rows) == len(review_log(catalog).rows) == 1


def test_a_decision_on_bytes_that_have_changed_since_is_refused(tmp_path: Path, catalog_url: str) -> None:
    shoot, catalog = ToyShoot(tmp_path, catalog_url, verdict=UNSURE), Catalog(catalog_url)
    shoot.publish()
    seen = {FRONT: asset(catalog_url).sha256}
    shoot.but(photos=OTHER_PHOTOS).publish()
    with pytest.raises(BadInput, match="has been made again"):
        decide(catalog, [LEFT, FRONT], "approved", EVE, seen=seen)
    assert {each.state for each in list_assets(catalog)} == {"in review"}, "of several assets, all or none"
    assert audit_log(catalog).rows == ()


def test_assets_that_cannot_be_decided_on_are_named(tmp_path: Path, catalog_url: str) -> None:
    shoot, catalog = ToyShoot(tmp_path, catalog_url), Catalog(catalog_url)
    shoot.publish()
    with pytest.raises(BadInput, match="'MUG-1/top/white/shop'"):
        decide(catalog, ["MUG-1/top/white/shop"], "approved", EVE)
    for decision in ("rejected", "redo", "withdrawn"):
        with pytest.raises(BadInput, match="a reason is needed"):
            decide(catalog, [FRONT], decision, ANN, reason="  ")  # type: ignore[arg-type]
    shoot.but(angles=("left",)).publish()
    with pytest.raises(BadInput, match="no longer made"):
        decide(catalog, [FRONT], "approved", EVE)


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(
            ["approved", "rejected", "redo", "withdrawn", "undo", "night", "other photos", "other verdict"]
        ),
        st.sampled_from([FRONT, LEFT]),
    ),
    max_size=6,
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(actions=ACTIONS)
def test_states_follow_from_the_newest_decision_on_the_bytes(
    tmp_path_factory: pytest.TempPathFactory, actions: list[tuple[str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("actions")
    url = f"sqlite:///{folder}/catalog.db"
    shoot, catalog = ToyShoot(folder, url, verdict=UNSURE), Catalog(url)
    shoot.publish()
    decided: dict[tuple[str, str], list[str]] = {}
    for action, identity in actions:
        taken = decided.setdefault((identity, asset(url, identity).sha256), [])
        if action == "night":
            shoot.publish()
        elif action == "other photos":
            shoot = shoot.but(photos=OTHER_PHOTOS if shoot.photos != OTHER_PHOTOS else ToyShoot(folder, url).photos)
            shoot.publish()
        elif action == "other verdict":
            shoot = shoot.but(verdict=FINE if shoot.verdict == UNSURE else UNSURE)
            shoot.publish()
        elif action != "undo":
            decide(catalog, [identity], action, Actor(name="ann", role=Role.ADMIN), reason="because")  # type: ignore[arg-type]
            taken.append(action)
        elif taken:
            undo(catalog, identity, ANN)
            taken.pop()
    by_checks = "published" if shoot.verdict == FINE else "in review"
    states = {"approved": "published", "redo": "in review"}
    for each in list_assets(catalog):
        taken = decided.get((each.id, each.sha256), [])
        assert each.state == (states.get(taken[-1], taken[-1]) if taken else by_checks)
        assert (each.published_at is None) == (each.state != "published")
        present = list_versions(catalog, each.id)[-1]
        assert (present.sha256, present.checked_state) == (each.sha256, by_checks)
    (product,) = read_board(catalog, BoardFilter()).rows
    found = [cell.state for angle in product.angles for cell in angle.cells]
    counts = {state: count for state, count in count_states(catalog, BoardFilter()).items() if count}
    assert counts == {"refused": 1, **{state: found.count(state) for state in set(found)}}
