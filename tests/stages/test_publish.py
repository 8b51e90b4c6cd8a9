from pathlib import Path

import pytest

from pipeline.catalog.database import Catalog
from pipeline.catalog.queries import AssetView, list_assets, read_asset
from pipeline.catalog.shoots import known_shoots, record_planned
from pipeline.contract.runner import Runner
from pipeline.core.domain import Angle, AngleDecision
from pipeline.core.errors import BadInput, CatalogError, Held
from pipeline.core.records import dump_json
from pipeline.stages import publish
from tests.catalog.toy_shoot import ToyShoot


@pytest.fixture
def shoot(tmp_path: Path, catalog_url: str) -> ToyShoot:
    return ToyShoot(tmp_path, catalog_url)


def assets(shoot: ToyShoot, *, current_only: bool = True) -> dict[str, AssetView]:
    return {asset.id: asset for asset in list_assets(Catalog(shoot.catalog_url), current_only=current_only)}


def test_assets_texts_and_checks_are_published(shoot: ToyShoot) -> None:
    report = shoot.publish()
    assert (report.assets, report.published, report.refused_angles, report.lost_items) == (2, 2, 1, ())
    published = assets(shoot)
    assert list(published) == ["MUG-1/front/white/shop", "MUG-1/left/white/shop"]
    front = published["MUG-1/front/white/shop"]
    assert (front.state, front.width_px, front.height_px, front.source) == ("published", 10, 12, "captured")
    assert front.published_at is not None and front.published_at.tzinfo is not None
    assert front.size_bytes == len(b"first photo>ingest>cutout" + b"c" * 64 + b">composite_shop")
    detail = read_asset(Catalog(shoot.catalog_url), front.id)
    assert detail.caption is not None and detail.caption.attributes == {"colour": "red"}
    assert [(check.name, check.value, check.passed) for check in detail.checks] == [("fill", 0.9, True)]


def test_a_repeated_call_changes_nothing(shoot: ToyShoot) -> None:
    first = shoot.publish()
    before = assets(shoot)
    again = shoot.publish()
    assert first.rows_inserted > 20
    assert (again.rows_inserted, again.rows_updated, again.rows_deleted) == (0, 0, 0)
    assert assets(shoot) == before


def test_only_changed_assets_get_a_new_time(shoot: ToyShoot) -> None:
    shoot.publish()
    before = assets(shoot)
    shoot.but(photos={"A.jpg": b"first photo", "B.jpg": b"another second photo"}).publish()
    after = assets(shoot)
    front, left = "MUG-1/front/white/shop", "MUG-1/left/white/shop"  # the left one depends on both photos
    assert after[front] == before[front]
    assert after[left].sha256 != before[left].sha256
    assert after[left].published_at > before[left].published_at  # type: ignore[operator]


def test_an_asset_that_is_no_longer_made_is_withdrawn_until_made_again(shoot: ToyShoot) -> None:
    shoot.but(channels=("shop", "amazon")).publish()
    shoot.publish()
    assert "MUG-1/front/white/amazon" not in assets(shoot)
    withdrawn = assets(shoot, current_only=False)["MUG-1/front/white/amazon"]
    assert (withdrawn.state, withdrawn.current, withdrawn.published_at) == ("withdrawn", False, None)
    shoot.but(channels=("shop", "amazon")).publish()
    assert assets(shoot)["MUG-1/front/white/amazon"].state == "published"


@pytest.mark.parametrize(
    ("verdict", "in_review", "state"),
    [
        ("rejected", "publish", "rejected"),
        ("in review", "wait", "in review"),
        ("in review", "publish", "published"),
    ],
)
def test_the_verdict_and_in_review_decide_the_state(shoot: ToyShoot, verdict: str, in_review: str, state: str) -> None:
    shoot.but(verdict=verdict).publish(in_review=in_review)
    asset = assets(shoot)["MUG-1/front/white/shop"]
    assert (asset.state, asset.published_at is not None) == (state, state == "published")
    assert asset.reasons == ("edges halo",)


def test_a_rejected_asset_loses_its_publication_time(shoot: ToyShoot) -> None:
    shoot.publish()
    shoot.but(verdict="rejected").publish()
    assert {(asset.state, asset.published_at) for asset in assets(shoot).values()} == {("rejected", None)}


def test_a_new_database_is_filled_from_the_manifests(shoot: ToyShoot, tmp_path: Path) -> None:
    first = shoot.publish()
    other = shoot.but(catalog_url=f"sqlite:///{tmp_path}/fresh.db")
    assert other.publish() == first
    without_time = {id_: asset.model_copy(update={"published_at": None}) for id_, asset in assets(shoot).items()}
    assert {
        id_: asset.model_copy(update={"published_at": None}) for id_, asset in assets(other).items()
    } == without_time


def test_publishing_keeps_what_discovery_recorded(shoot: ToyShoot) -> None:
    known = {"sku": "MUG-1", "collection": "autumn", "source": "/shoots/mug", "listing_digest": "l", "plan_digest": "p"}
    record_planned(shoot.catalog_url, "night", **known)
    shoot.publish()
    state = known_shoots(shoot.catalog_url)["MUG-1"]
    assert state.model_dump(include=set(known)) == known


def test_a_failure_during_publishing_changes_nothing(shoot: ToyShoot, monkeypatch: pytest.MonkeyPatch) -> None:
    shoot.publish()
    before = assets(shoot)

    def fail(*_args: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr("pipeline.catalog.publishing._assets", fail)
    with pytest.raises(RuntimeError, match="power cut"):
        shoot.but(photos={"A.jpg": b"new", "B.jpg": b"new too"}).publish(title="Another mug")
    assert assets(shoot) == before


def test_two_shoots_share_steps_but_not_assets(shoot: ToyShoot) -> None:
    shoot.publish()
    shoot.but(sku="MUG-2").publish()
    published = assets(shoot)
    assert len(published) == 4
    assert published["MUG-1/front/white/shop"].step_key == published["MUG-2/front/white/shop"].step_key


@pytest.mark.parametrize("made", ["nothing", "no file"])
def test_publish_without_an_asset_is_held_and_leaves_the_catalog_unchanged(shoot: ToyShoot, made: str) -> None:
    shoot.publish()
    before = assets(shoot)
    runner = Runner(shoot.store, catalog_url=shoot.catalog_url)
    decision = AngleDecision(
        angle=Angle(name="front", azimuth_deg=0),
        source="refused",
        code="angle-not-posed",
        reason="nothing was cut out of A",
    )
    listed = [runner.store.put(dump_json(records), "application/json") for records in ([], [decision])]
    inputs = (
        publish.Inputs()
        if made == "nothing"
        else publish.Inputs(assets=runner.store.put_tree({}), checks=listed[0], decisions=listed[1])
    )
    for _ in range(2):
        with pytest.raises(Held, match=r"no asset to publish; .*") as held:
            runner.run(publish.STAGE, inputs, publish.Params(sku="MUG-1", collection="autumn", title="Mug"))
        assert held.value.code == "publish-no-asset"
        assert made == "nothing" or "1 of 1 angles refused: front: nothing was cut out of A" in str(held.value)
    assert assets(shoot) == before


def test_second_shoot_of_a_product_waits_and_is_reported(shoot: ToyShoot) -> None:
    first, second = shoot.but(looks=((1, 0),)), shoot.but(sku="MUG-2", looks=((1, 0.1), (0, 1)))
    assert first.publish().near_duplicates == ()
    report = second.publish()
    assert (report.near_duplicates, report.published, report.in_review) == (("MUG-1",), 0, 2)
    assert second.publish().rows_updated == 0
    assert second.publish(in_review="publish").published == 2
    assert first.publish().published == 2


def test_vectors_that_do_not_fit_their_index_are_refused(shoot: ToyShoot, monkeypatch: pytest.MonkeyPatch) -> None:
    embedded = shoot.but(looks=((1, 0), (0, 1))).embedded()
    other = shoot.but(looks=((1, 0),)).embedded()
    monkeypatch.setattr(ToyShoot, "embedded", lambda _: {**embedded, "vectors": other["vectors"]})
    with pytest.raises(CatalogError, match="embed made 2 vectors of 3 pictures"):
        shoot.publish()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://shop:tops3cret@127.0.0.1:1/catalog",
        "postgresql://shop:tops3cret@127.0.0.1:1/catalog?sslpassword=tops3cret",
    ],
)
def test_an_unreachable_database_is_reported_without_its_password(tmp_path: Path, url: str) -> None:
    with pytest.raises(CatalogError, match=r"postgresql://127\.0\.0\.1:1/catalog failed") as caught:
        ToyShoot(tmp_path, url).publish()
    error: BaseException | None = caught.value
    while error is not None:  # a traceback prints the whole chain
        assert "tops3cret" not in str(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    assert b"tops3cret" not in b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())


def test_publishing_without_a_database_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="CATALOG_DATABASE_URL"):
        Runner(ToyShoot(tmp_path, "").store).run(
            publish.STAGE, publish.Inputs(), publish.Params(sku="MUG-1", collection="autumn")
        )
