"""Bookkeeping of backfills: what is known of a collection before one, and what one has planned."""

from collections.abc import Collection

from sqlalchemy import select

from pipeline.catalog.among import among
from pipeline.catalog.database import Catalog
from pipeline.catalog.rows import record_of
from pipeline.catalog.run_tables import RunStepRow
from pipeline.catalog.runs.fates import Entry, Made, run_row
from pipeline.catalog.shoots import StepFate
from pipeline.catalog.tables import ShootRow


def last_steps(url: str, skus: Collection[str]) -> dict[str, dict[str, StepFate]]:
    """How each step ended in the last run of these shoots, by sku and step."""
    query = select(RunStepRow).join(ShootRow, ShootRow.sku == RunStepRow.sku)
    query = query.where(among(ShootRow.sku, skus), RunStepRow.run_id == ShootRow.last_run_id)
    ended: dict[str, dict[str, StepFate]] = {sku: {} for sku in skus}
    with Catalog(url).read() as session:
        for row in session.scalars(query):
            ended[row.sku][row.step] = record_of(StepFate, row)
    return ended


def record_run(url: str, run_id: str) -> None:
    """Record that a run began, also if it has nothing to do."""
    with Catalog(url).write() as session:
        run_row(session, run_id)


def backfilled(
    *, sku: str, collection: str, source: str, listing_digest: str, plan_digest: str, edition: str | None
) -> Entry:
    """What is recorded of a shoot that a backfill planned: it stays as it is until its fate in the backfill is known.

    A backfill that is cancelled thus leaves the next night nothing to do. `edition`: None if the plan lacks steps, so
    that the shoot never takes it over.
    """
    made = Made(listing_digest=listing_digest, edition=edition)
    return Entry(
        sku=sku,
        fate="planned",
        collection=collection,
        source=source,
        plan_digest=plan_digest,
        hands_over=made,
        own=False,
    )
