"""Keeps the sums of a run in its row, in the transaction that writes what they sum up. Writers are serialised."""

from collections import Counter
from collections.abc import Iterable

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pipeline.catalog.run_tables import RunRow, RunStepRow
from pipeline.catalog.tables import AssetRow
from pipeline.catalog.version_tables import VersionRow

SUMS = ("seconds", "cost_usd", "computed", "reused", "published")  # columns of `run_steps`
WORTH = frozenset({"done", "cached"})  # states of a step whose costs are not wasted


def write_step(session: Session, run: RunRow, row: RunStepRow) -> None:
    """Write how a step of a shoot ended in a run, instead of what was known of it. Counts what `publish` published."""
    old = session.get(RunStepRow, (row.run_id, row.sku, row.step))
    if old is not None:
        _add(run, old, -1)
    row.published = _published(session, run, row) if row.step == "publish" else 0
    _add(run, session.merge(row), 1)


def count_fates(run: RunRow, before: Iterable[str], after: Iterable[str]) -> None:
    """Update a run's counts by fate: shoots that had the fates `before` now have those of `after`."""
    fates = Counter[str](run.fates)
    fates.subtract(before)
    fates.update(after)
    run.fates = {fate: count for fate, count in sorted(fates.items()) if count}


def _add(run: RunRow, row: RunStepRow, times: int) -> None:
    for name in SUMS:
        setattr(run, name, getattr(run, name) + times * getattr(row, name))
    if row.state not in WORTH:
        run.wasted_usd += times * row.cost_usd


def _published(session: Session, run: RunRow, row: RunStepRow) -> int:
    """How many images of a shoot were first published between the run's start and the end of its `publish`."""
    query = (
        select(func.count())
        .select_from(VersionRow)
        .join(AssetRow, AssetRow.id == VersionRow.asset_id)
        .where(AssetRow.sku == row.sku, VersionRow.published_at.between(run.started_at, row.at))
    )
    return session.scalar(query) or 0
