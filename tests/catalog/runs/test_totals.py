from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from pipeline.catalog.database import Catalog
from pipeline.catalog.run_tables import RunRow, RunShootRow, RunStepRow
from pipeline.catalog.runs.fates import Entry, write_entries
from pipeline.catalog.runs.totals import SUMS, WORTH, write_step
from pipeline.catalog.tables import AssetRow, ShootRow
from pipeline.catalog.version_tables import VersionRow

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
RUNS, SKUS = ("night 1", "night 2"), ("MUG-1", "MUG-2")
COST = st.integers(0, 2000).map(lambda thousandths: thousandths / 1000)
STEP = st.fixed_dictionaries(
    {
        "run_id": st.sampled_from(RUNS), "sku": st.sampled_from(SKUS), "step": st.sampled_from(("cutout", "publish")),
        "state": st.sampled_from(("done", "cached", "held", "failed")), "seconds": COST, "cost_usd": COST,
        "computed": st.integers(0, 9), "reused": st.integers(0, 9), "at": st.integers(0, 99),
    }
)  # fmt: skip
FATE = st.fixed_dictionaries(
    {
        "run_id": st.sampled_from(RUNS), "sku": st.sampled_from(SKUS),
        "fate": st.sampled_from(("planned", "done", "held", "failed", "unchanged")),
    }
)  # fmt: skip
PUBLISHED = st.lists(st.none() | st.integers(0, 99), min_size=4, max_size=4)


def moment(seconds: int) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def prepare(session: Session, published: list[int | None]) -> None:
    """Two products with two assets each, of which some were published, and two runs without anything in them."""
    for kind in (RunStepRow, RunShootRow, RunRow, VersionRow, AssetRow, ShootRow):
        session.execute(delete(kind))
    for number, run_id in enumerate(RUNS):
        session.add(RunRow(run_id=run_id, started_at=moment(30 * number)))
    picture: dict[str, Any] = {
        "sha256": "a" * 64, "media_type": "image/jpeg", "size_bytes": 1, "width_px": 1, "height_px": 1,
        "source": "captured", "verdict": "published", "reasons": [],
    }  # fmt: skip
    for sku in SKUS:
        session.add(ShootRow(sku=sku, collection="", source="", attributes={}, fate="done", reason=""))
    session.flush()
    for number, at in enumerate(published):
        sku, angle = SKUS[number % 2], ("front", "back")[number // 2]
        place = {"sku": sku, "angle": angle, "backdrop": "white", "channel": "shop", "state": "published"}
        session.add(AssetRow(id=f"{sku}/{angle}", current=True, **place, **picture))
        session.flush()
        made = {"checked_state": "published", "made_at": BEGAN, "published_at": None if at is None else moment(at)}
        session.add(VersionRow(asset_id=f"{sku}/{angle}", number=1, **made, **picture))
    session.flush()


def sums_of(session: Session, run_id: str) -> dict[str, Any]:
    """The plain way: sums over the rows of a run."""
    run = session.get_one(RunRow, run_id)
    steps = session.scalars(select(RunStepRow).where(RunStepRow.run_id == run_id)).all()
    fates = select(RunShootRow.fate, func.count()).where(RunShootRow.run_id == run_id).group_by(RunShootRow.fate)
    sums = {name: sum(getattr(step, name) for step in steps) for name in SUMS}
    sums["wasted_usd"] = sum(step.cost_usd for step in steps if step.state not in WORTH)
    versions = session.execute(select(AssetRow.sku, VersionRow.published_at).join(VersionRow)).all()
    ends = {step.sku: step.at for step in steps if step.step == "publish"}
    sums["published"] = sum(
        sku in ends and at is not None and run.started_at <= at <= ends[sku] for sku, at in versions
    )
    return {**sums, "fates": dict(session.execute(fates).all())}


@given(published=PUBLISHED, events=st.lists(STEP | FATE, max_size=12))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_sums_of_a_run_equal_those_of_its_rows(
    catalog_url: str, published: list[int | None], events: list[dict[str, Any]]
) -> None:
    with Catalog(catalog_url).write() as session:
        prepare(session, published)
        for event in events:
            run = session.get_one(RunRow, event["run_id"])
            if "step" in event:
                write_step(session, run, RunStepRow(reason="", **{**event, "at": moment(event["at"])}))
            else:
                write_entries(session, run, [Entry(sku=event["sku"], fate=event["fate"])])
        session.flush()
        session.expire_all()
        for run_id in RUNS:
            run = session.get_one(RunRow, run_id)
            sums = sums_of(session, run_id)
            assert run.fates == sums.pop("fates")
            assert {name: getattr(run, name) for name in sums} == pytest.approx(sums)
