from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from pipeline.catalog.database import Catalog
from pipeline.catalog.lineage import read_lineage
from pipeline.catalog.queries import list_assets
from pipeline.catalog.trace.behind import impact_of_checkpoint, impact_of_setting
from pipeline.catalog.trace.impact import Touched, impact_of_photo
from pipeline.core.errors import BadInput
from tests.catalog.toy_shoot import ToyShoot
from tests.catalog.words import FRONT, LEFT, OTHER_PHOTOS

CHECKPOINT = "c" * 64  # of the toy shoot's cutout


def ids(rows: tuple[Touched, ...]) -> list[str]:
    return [row.asset_id for row in rows]


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    shoots=st.lists(
        st.tuples(
            st.sets(st.sampled_from(["A", "B", "C", "D"]), min_size=1),
            st.sets(st.sampled_from(["front", "front-too", "left", "right"]), min_size=1),
        ),
        min_size=1,
        max_size=3,
    )
)
def test_impact_of_a_photo_is_the_reverse_of_lineage(
    tmp_path_factory: pytest.TempPathFactory, shoots: list[tuple[set[str], set[str]]]
) -> None:
    """Photos of several shoots may have the same bytes, and angles may return the same cut-out."""
    folder = tmp_path_factory.mktemp("impact")
    url = f"sqlite:///{folder}/catalog.db"
    for number, (photos, angles) in enumerate(shoots):
        files = {f"{name}.jpg": name.encode() for name in sorted(photos)}
        ToyShoot(folder, url, sku=f"MUG-{number}", photos=files, angles=tuple(sorted(angles))).publish()
    catalog = Catalog(url)
    behind: dict[str, list[str]] = {}
    for asset in list_assets(catalog):
        for photo in read_lineage(catalog, asset.id).sources():
            behind.setdefault(photo.sha256, []).append(asset.id)
    for sha256, assets in behind.items():
        assert ids(impact_of_photo(catalog, sha256, limit=200).rows) == sorted(assets)


def test_a_photo_is_named_by_its_digest_or_by_shoot_and_file(tmp_path: Path, catalog_url: str) -> None:
    photos = {"A 0001.jpg": b"first photo", "B.jpg": b"second photo"}
    ToyShoot(tmp_path, catalog_url, photos=photos).publish()
    catalog = Catalog(catalog_url)
    (sha256,) = [photo.sha256 for photo in read_lineage(catalog, FRONT).sources() if photo.name != "B.jpg"]
    for name in (sha256, sha256[:8], sha256.upper(), "MUG-1/A 0001.jpg", "MUG-1/A-0001"):
        assert ids(impact_of_photo(catalog, name).rows) == [FRONT, LEFT]
    for name, complaint in {
        "MUG-1/C.jpg": "MUG-1 has no photo 'C.jpg'. Name one of its 2 files",
        "BAG-2/C.jpg": "no photos of a product 'BAG-2'",
        "f" * 64: "no photo ffff",
        "B.jpg": "'B.jpg' names no photo",
        "' OR 1=1 --": "names no photo",
    }.items():
        with pytest.raises(BadInput, match=complaint):
            impact_of_photo(catalog, name)


def test_replaced_versions_are_listed_where_they_are_asked_for(tmp_path: Path, catalog_url: str) -> None:
    shoot, catalog = ToyShoot(tmp_path, catalog_url), Catalog(catalog_url)
    shoot.publish()
    first = next(photo.sha256 for photo in read_lineage(catalog, FRONT).sources() if photo.name == "A.jpg")
    shoot.but(photos=OTHER_PHOTOS).publish()
    assert impact_of_photo(catalog, first).rows == ()
    was = impact_of_photo(catalog, first, every_version=True).rows
    assert [(row.asset_id, row.number, row.current) for row in was] == [(FRONT, 1, False), (LEFT, 1, False)]
    assert all(row.published_at and row.replaced_at for row in was)
    behind = impact_of_checkpoint(catalog, CHECKPOINT, every_version=True).assets.rows
    assert [(row.asset_id, row.number) for row in behind] == [(FRONT, 1), (FRONT, 2), (LEFT, 1), (LEFT, 2)]


def test_impact_of_a_checkpoint_comes_page_by_page_in_order(tmp_path: Path, catalog_url: str) -> None:
    for number in range(7):
        ToyShoot(tmp_path, catalog_url, sku=f"MUG-{number}", channels=("shop", "feed")).publish()
    catalog, found, cursor = Catalog(catalog_url), [], None
    while True:
        behind = impact_of_checkpoint(catalog, CHECKPOINT[:7], cursor=cursor, limit=3)
        found += ids(behind.assets.rows)
        cursor = behind.assets.next
        if cursor is None:
            break
    assert behind.shoots == 7 and [fact.name for fact in behind.facts] == ["cutout.checkpoint"]
    assert found == sorted(found) == [asset.id for asset in list_assets(catalog)]


def test_only_assets_with_the_step_behind_them_are_found(tmp_path: Path, catalog_url: str) -> None:
    """Shoots have the fact, but only the asset of one channel was made with it."""
    ToyShoot(tmp_path, catalog_url, channels=("shop", "feed")).publish()
    found = impact_of_setting(Catalog(catalog_url), "render.angle=left").assets.rows
    assert ids(found) == ["MUG-1/left/white/feed", "MUG-1/left/white/shop"]
    assert [fact.kind for fact in impact_of_setting(Catalog(catalog_url), "cutout.engine=matting").facts] == ["engine"]


def test_unknown_checkpoints_and_settings_are_reported_with_what_is_known(tmp_path: Path, catalog_url: str) -> None:
    ToyShoot(tmp_path, catalog_url).publish()
    catalog = Catalog(catalog_url)
    for setting, complaint in {
        "cutout.engine=other": "Known values of cutout.engine: matting",
        "cutout.engin=matting": "Known settings of cutout: cutout.engine",
        "cutouts.engine=matting": "No step is called 'cutouts'",
        "engine": "Write stage.name=value",
    }.items():
        with pytest.raises(BadInput, match=complaint):
            impact_of_setting(catalog, setting)
    for checkpoint in ("d", "", "%", "c_c"):
        with pytest.raises(BadInput, match=f"known: {CHECKPOINT}"):
            impact_of_checkpoint(catalog, checkpoint)


@pytest.mark.parametrize("cursor", ["", "x", "@", "MUG-1/front@-1", "MUG-1/front@" + "9" * 30])
def test_unusable_cursors_are_refused(tmp_path: Path, catalog_url: str, cursor: str) -> None:
    ToyShoot(tmp_path, catalog_url).publish()
    with pytest.raises(BadInput, match="not a cursor"):
        impact_of_photo(Catalog(catalog_url), "MUG-1/A.jpg", cursor=cursor)


@pytest.mark.parametrize(
    ("view", "condition"),
    [("asset_lineage", f"asset_id = '{FRONT}'"), ("photo_impact", f"photo_sha256 = '{CHECKPOINT}'")],
)
def test_views_read_no_table_whole_where_one_asset_or_photo_is_asked_for(
    tmp_path: Path, catalog_url: str, view: str, condition: str
) -> None:
    ToyShoot(tmp_path, catalog_url).publish()
    postgres = catalog_url.startswith("postgresql")
    explain = "EXPLAIN" if postgres else "EXPLAIN QUERY PLAN"
    with Catalog(catalog_url).read() as session:
        if postgres:
            session.execute(text("SET LOCAL enable_seqscan = off"))  # tables as small as these are read whole
        rows = session.execute(text(f"{explain} SELECT * FROM {view} WHERE {condition}")).all()  # noqa: S608
    plan = [str(row[-1]).strip() for row in rows]
    assert not [
        line for line in plan if line.removeprefix("->").strip().startswith(("Seq Scan", "SCAN step", "SCAN a"))
    ]
    assert [line for line in plan if "Recursive Union" in line or line == "RECURSIVE STEP"]
