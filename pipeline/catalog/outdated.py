"""Which shoots were made with other code, settings or checkpoints than today's."""

from sqlalchemy import ColumnElement

from pipeline.catalog.tables import ShootRow


def is_outdated(edition: str) -> ColumnElement[bool]:
    """Whether a shoot has been planned, and with another edition than this (`pipeline.editions`)."""
    return ShootRow.plan_digest.is_not(None) & ShootRow.edition.is_distinct_from(edition)
