"""Records in the catalog how a step ended that could not do so itself, because its process or pod was gone."""

import logging

from sqlalchemy.exc import SQLAlchemyError

from pipeline.catalog.shoots import StepFate, record_step
from pipeline.core.errors import CatalogError
from pipeline.settings import read_settings


def record_failed(log: logging.Logger, run_id: str, sku: str, step: str, reason: str, seconds: float = 0.0) -> None:
    """Record that a step failed, so that the run's summary says why. The next try's own record replaces this one.

    A catalog that cannot be reached is logged only: it must not hide why the step failed.
    """
    settings = read_settings()
    cost = seconds / 3600 * settings.cost_per_hour_usd
    fate = StepFate(step=step, state="failed", seconds=seconds, reason=reason, cost_usd=cost)
    try:
        record_step(settings.catalog_url, run_id, sku, fate)
    except (CatalogError, SQLAlchemyError) as error:
        log.error("The summary will not say why %s failed: the catalog cannot be written: %s", step, error)  # noqa: TRY400 - why is enough
