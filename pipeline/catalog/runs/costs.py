"""What runs did and cost: each night and backfill, by step and shoot, held and failed work included."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pipeline.catalog.database import Catalog
from pipeline.catalog.paging import Page, limited, page
from pipeline.catalog.rows import record_of
from pipeline.catalog.run_tables import RunRow, RunShootRow, RunStepRow
from pipeline.catalog.runs.totals import SUMS, WORTH
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput

OF_STEPS = tuple(func.sum(getattr(RunStepRow, name)) for name in SUMS)
NOTHING = (0.0, 0.0, 0, 0, 0)  # the sums of a shoot in which no step ran


class StepCosts(Frozen):
    """One step in all shoots of a run: how often it ended in each state, and what that cost.

    `wasted_usd`: where it was held or failed. `computed`, `reused`: items computed, and taken from the store; a step
    without items counts as one.
    """

    step: str
    states: dict[str, int] = {}
    seconds: float = 0.0
    cost_usd: float = 0.0
    wasted_usd: float = 0.0
    computed: int = 0
    reused: int = 0


class ShootCosts(Frozen):
    """One shoot in a run. `published`: images that this run published first."""

    sku: str
    fate: str
    reason: str
    seconds: float
    cost_usd: float
    computed: int
    reused: int
    published: int


class RunCosts(Frozen):
    """A whole run. `fates`: number of shoots by fate. `wasted_usd`: of steps that were held or failed.

    `published`: images that the run published first; `usd_per_image`: all its costs over them, None without any.
    """

    run_id: str
    started_at: datetime
    fates: dict[str, int]
    seconds: float
    cost_usd: float
    wasted_usd: float
    computed: int
    reused: int
    published: int

    @property
    def usd_per_image(self) -> float | None:
        """The run's costs, held and failed work included, for each image that it published."""
        return round(self.cost_usd / self.published, 6) if self.published else None


def list_runs(catalog: Catalog, *, cursor: str | None = None, limit: int = 50) -> Page[RunCosts]:
    """The runs, the newest first. `cursor`: the run after which the page begins."""
    query = select(RunRow).order_by(RunRow.started_at.desc(), RunRow.run_id.desc()).limit(limited(limit) + 1)
    with catalog.read() as session:
        if cursor is not None:
            last = _run(session, cursor)
            earlier = (RunRow.started_at == last.started_at) & (RunRow.run_id < last.run_id)
            query = query.where((RunRow.started_at < last.started_at) | earlier)
        rows = page(session.scalars(query).all(), limit, lambda run: run.run_id)
        return Page(rows=tuple(map(_costs, rows.rows)), next=rows.next)


def read_run(catalog: Catalog, run_id: str) -> tuple[RunCosts, tuple[StepCosts, ...]]:
    """A run as a whole, and by step in the order in which they ran. Raises BadInput for an unknown run."""
    with catalog.read() as session:
        run = _run(session, run_id)
        return _costs(run), _by_step(session, run_id)


def list_run_shoots(
    catalog: Catalog, run_id: str, *, fate: str | None = None, cursor: str | None = None, limit: int = 50
) -> Page[ShootCosts]:
    """The shoots of a run, by sku, of one fate if given. Raises BadInput for an unknown run."""
    query = select(RunShootRow).where(RunShootRow.run_id == run_id).order_by(RunShootRow.sku).limit(limited(limit) + 1)
    query = query if fate is None else query.where(RunShootRow.fate == fate)
    query = query if cursor is None else query.where(RunShootRow.sku > cursor)
    with catalog.read() as session:
        _run(session, run_id)
        rows = page(session.scalars(query).all(), limit, lambda row: row.sku)
        skus = [row.sku for row in rows.rows]
        costs = (
            select(RunStepRow.sku, *OF_STEPS)
            .where(RunStepRow.run_id == run_id, RunStepRow.sku.in_(skus))
            .group_by(RunStepRow.sku)
        )
        totals = {sku: values for sku, *values in session.execute(costs)}
        return Page(rows=tuple(_shoot(row, totals.get(row.sku, NOTHING)) for row in rows.rows), next=rows.next)


def _shoot(row: RunShootRow, totals: Sequence[Any]) -> ShootCosts:
    seconds, cost_usd, computed, reused, published = totals
    return ShootCosts(
        sku=row.sku,
        fate=row.fate,
        reason=row.reason,
        seconds=round(seconds, 3),
        cost_usd=round(cost_usd, 6),
        computed=computed,
        reused=reused,
        published=published,
    )


def _run(session: Session, run_id: str) -> RunRow:
    run = session.get(RunRow, run_id)
    if run is None:
        latest = session.scalars(select(RunRow.run_id).order_by(RunRow.started_at.desc()).limit(3)).all()
        known = ", ".join(latest) or "none yet"
        raise BadInput(f"the catalog has no run {run_id!r}", remedy=f"Give the id of a run; latest: {known}")
    return run


def _by_step(session: Session, run_id: str) -> tuple[StepCosts, ...]:
    """The costs of each step, in the order in which the steps first ended."""
    row = RunStepRow
    query = select(row.step, row.state, func.count(), *OF_STEPS).where(row.run_id == run_id)
    steps: dict[str, StepCosts] = {}
    for step, state, count, seconds, cost, computed, reused, _ in session.execute(
        query.group_by(row.step, row.state).order_by(func.min(row.at))
    ):
        old = steps.get(step, StepCosts(step=step))
        steps[step] = StepCosts(
            step=step,
            states={**old.states, state: count},
            seconds=round(old.seconds + seconds, 3),
            cost_usd=round(old.cost_usd + cost, 6),
            wasted_usd=round(old.wasted_usd + (0.0 if state in WORTH else cost), 6),
            computed=old.computed + int(computed),
            reused=old.reused + int(reused),
        )
    return tuple(steps.values())


def _costs(run: RunRow) -> RunCosts:
    """A run as a value."""
    return record_of(
        RunCosts,
        run,
        seconds=round(run.seconds, 3),
        cost_usd=round(run.cost_usd, 6),
        wasted_usd=round(run.wasted_usd, 6),
    )
