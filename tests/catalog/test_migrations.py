from pathlib import Path
from typing import Any

from sqlalchemy import select, text

from pipeline.catalog.board_tables import ShootStateRow
from pipeline.catalog.database import Catalog
from pipeline.catalog.fact_tables import FactRow, ShootFactRow
from pipeline.catalog.queries import list_assets
from pipeline.catalog.review.decisions import decide
from pipeline.catalog.shoots import StepFate, record_fate, record_planned, record_step
from pipeline.catalog.tables import Base
from pipeline.catalog.version_tables import VersionRow
from tests.catalog.toy_shoot import ToyShoot
from tests.catalog.words import ANN, FRONT, UNSURE


def rows(catalog: Catalog, kind: type[Base], *columns: str) -> set[tuple[Any, ...]]:
    with catalog.read() as session:
        return set(map(tuple, session.execute(select(*(getattr(kind, name) for name in columns)))))


def counts(catalog: Catalog) -> dict[str, int]:
    old = ("shoots", "assets", "checks", "captions", "claims", "steps", "step_inputs", "run_steps", "angles")
    with catalog.read() as session:
        return {table: session.scalar(text(f"SELECT count(*) FROM {table}")) or 0 for table in old}  # noqa: S608


def filled(tmp_path: Path, url: str) -> Catalog:
    """Shoots of every fate, one with an asset that is no longer made."""
    shoot = ToyShoot(tmp_path, url, channels=("shop", "feed"))
    shoot.publish()
    shoot.but(channels=("shop",), verdict=UNSURE).publish()
    ToyShoot(tmp_path, url, sku="MUG-2", angles=("left",)).publish()
    for sku, fate in {"MUG-2": "held", "MUG-3": "held", "MUG-4": "refused"}.items():
        record_planned(url, "night", sku=sku, collection="autumn", source="", listing_digest="l", plan_digest="p")
        record_step(url, "night", sku, StepFate(step="sfm", state="held", seconds=2.0, cost_usd=0.5, computed=1))
        record_fate(url, "night", sku, fate, "because")  # type: ignore[arg-type]
    record_planned(url, "night", sku="MUG-5", collection="autumn", source="", listing_digest="l", plan_digest="p")
    return Catalog(url)


def test_upgrading_fills_the_tables_as_publishing_would_have(tmp_path: Path, empty_catalog_url: str) -> None:
    catalog = filled(tmp_path, empty_catalog_url)
    derived = {
        ShootStateRow: ("sku", "state", "channel", "source", "count"),
        FactRow: ("id", "kind", "name", "value"),
        ShootFactRow: ("fact_id", "sku"),
    }
    before = {kind: rows(catalog, kind, *names) for kind, names in derived.items()}
    catalog.downgrade("0007")
    again = Catalog(empty_catalog_url)
    for kind, names in derived.items():
        found = rows(again, kind, *names)
        if kind is not ShootFactRow:
            assert found == before[kind], kind
        assert found and found <= before[kind]
    versions = rows(again, VersionRow, "asset_id", "number", "sha256", "step_key", "checked_state")
    assets = list_assets(again, current_only=False)
    assert versions == {(asset.id, 1, asset.sha256, asset.step_key, asset.state) for asset in assets}
    with again.read() as session:
        ended = set(session.scalars(select(VersionRow.asset_id).where(VersionRow.replaced_at.is_not(None))))
    assert ended == {asset.id for asset in assets if not asset.current} != set()


def test_going_down_and_up_keeps_every_row_of_before(tmp_path: Path, empty_catalog_url: str) -> None:
    catalog = filled(tmp_path, empty_catalog_url)
    decide(catalog, [FRONT], "approved", ANN)
    before = counts(catalog)
    assert all(before.values())
    catalog.downgrade("0007")
    assert counts(catalog) == before, "SQLite deletes what refers to a table that is copied, if foreign keys are on"
    catalog.downgrade("0006")
    assert counts(catalog) == before
    again = Catalog(empty_catalog_url)
    assert counts(again) == before
    assert {asset.id: asset.state for asset in list_assets(again)}[FRONT] == "published"
    ToyShoot(tmp_path, empty_catalog_url, channels=("shop",), verdict=UNSURE).publish()
    assert {asset.id: asset.state for asset in list_assets(again)}[FRONT] == "in review", (
        "decisions went with their table"
    )
