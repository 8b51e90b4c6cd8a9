"""What runs did and cost: each night and backfill, by step and shoot, held and failed work included."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pipeline.catalog.database import Catalog
from pipeline.catalog.paging import Page, limited, page
from pipeline.catalog.run_tables import RunRow, RunShootRow, RunStepRow
from pipeline.catalog.tables import AssetRow
from pipeline.catalog.version_tables import VersionRow
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput

SUMS = tuple(func.sum(getattr(RunStepRow, name)) for name in ("seconds", "cost_usd", "computed", "reused"))
NOTHING = (0.0, 0.0, 0, 0)  # seconds, USD, computed, reused: of a run or shoot in which no step ran


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
        steps = _by_step(session, [run.run_id for run in rows.rows])
        fates = _fates(session, [run.run_id for run in rows.rows])
        found = tuple(_whole(session, run, steps[run.run_id], fates[run.run_id]) for run in rows.rows)
        return Page(rows=found, next=rows.next)


def read_run(catalog: Catalog, run_id: str) -> tuple[RunCosts, tuple[StepCosts, ...]]:
    """A run as a whole, and by step in the order in which they ran. Raises BadInput for an unknown run."""
    with catalog.read() as session:
        run = _run(session, run_id)
        steps = _by_step(session, [run_id])[run_id]
        return _whole(session, run, steps, _fates(session, [run_id])[run_id]), steps


def list_run_shoots(
    catalog: Catalog, run_id: str, *, fate: str | None = None, cursor: str | None = None, limit: int = 50
) -> Page[ShootCosts]:
    """The shoots of a run, by sku, of one fate if given. Raises BadInput for an unknown run."""
    query = select(RunShootRow).where(RunShootRow.run_id == run_id).order_by(RunShootRow.sku).limit(limited(limit) + 1)
    query = query if fate is None else query.where(RunShootRow.fate == fate)
    query = query if cursor is None else query.where(RunShootRow.sku > cursor)
    with catalog.read() as session:
        run = _run(session, run_id)
        rows = page(session.scalars(query).all(), limit, lambda row: row.sku)
        skus = [row.sku for row in rows.rows]
        costs = (
            select(RunStepRow.sku, *SUMS)
            .where(RunStepRow.run_id == run_id, RunStepRow.sku.in_(skus))
            .group_by(RunStepRow.sku)
        )
        totals = {sku: values for sku, *values in session.execute(costs)}
        published = _published(session, run, skus)
        return Page(
            rows=tuple(_shoot(row, totals.get(row.sku, NOTHING), published.get(row.sku, 0)) for row in rows.rows),
            next=rows.next,
        )


def _shoot(row: RunShootRow, totals: Sequence[Any], published: int) -> ShootCosts:
    seconds, cost_usd, computed, reused = totals
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


def _fates(session: Session, run_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """The number of shoots by fate, by run."""
    fates: dict[str, dict[str, int]] = {run_id: {} for run_id in run_ids}
    shoot = RunShootRow
    query = select(shoot.run_id, shoot.fate, func.count()).where(shoot.run_id.in_(run_ids))
    for run_id, fate, count in session.execute(query.group_by(shoot.run_id, shoot.fate).order_by(shoot.fate)):
        fates[run_id][fate] = count
    return fates


def _by_step(session: Session, run_ids: Sequence[str]) -> dict[str, tuple[StepCosts, ...]]:
    """The costs of each step, by run, in the order in which the steps first ended."""
    row = RunStepRow
    query = select(row.run_id, row.step, row.state, func.count(), *SUMS).where(row.run_id.in_(run_ids))
    query = query.group_by(row.run_id, row.step, row.state).order_by(func.min(row.at))
    found: dict[str, dict[str, StepCosts]] = {run_id: {} for run_id in run_ids}
    for run_id, step, state, count, seconds, cost, computed, reused in session.execute(query):
        old = found[run_id].get(step, StepCosts(step=step))
        found[run_id][step] = StepCosts(
            step=step,
            states={**old.states, state: count},
            seconds=round(old.seconds + seconds, 3),
            cost_usd=round(old.cost_usd + cost, 6),
            wasted_usd=round(old.wasted_usd + (0.0 if state in {"done", "cached"} else cost), 6),
            computed=old.computed + int(computed),
            reused=old.reused + int(reused),
        )
    return {run_id: tuple(steps.values()) for run_id, steps in found.items()}


def _whole(session: Session, run: RunRow, steps: Sequence[StepCosts], fates: dict[str, int]) -> RunCosts:
    return RunCosts(
        run_id=run.run_id,
        started_at=run.started_at,
        fates=fates,
        seconds=round(sum(step.seconds for step in steps), 3),
        cost_usd=round(sum(step.cost_usd for step in steps), 6),
        wasted_usd=round(sum(step.wasted_usd for step in steps), 6),
        computed=sum(step.computed for step in steps),
        reused=sum(step.reused for step in steps),
        published=sum(_published(session, run).values()),
    )


def _published(session: Session, run: RunRow, skus: Sequence[str] | None = None) -> dict[str, int]:
    """How many images a run published first, by sku: those published between its start and the end of `publish`."""
    step = RunStepRow
    last = session.scalar(select(func.max(step.at)).where(step.run_id == run.run_id, step.step == "publish"))
    if last is None:
        return {}
    query = (
        select(AssetRow.sku, func.count())
        .select_from(VersionRow)
        .join(AssetRow, AssetRow.id == VersionRow.asset_id)
        .join(step, (step.run_id == run.run_id) & (step.sku == AssetRow.sku) & (step.step == "publish"))
        .where(VersionRow.published_at.between(run.started_at, last), VersionRow.published_at <= step.at)
        .group_by(AssetRow.sku)
    )
    query = query if skus is None else query.where(AssetRow.sku.in_(skus))
    return dict(session.execute(query).all())
