"""The pool in which the steps of backfills run, so that they never take the place of the night's."""

from airflow.listeners import hookimpl

from pipeline.settings import read_settings

BACKFILL_POOL = "catalog_backfill"


@hookimpl
def on_starting(component: object) -> None:
    """Make the pool when a service of Airflow starts: the tasks of a pool that is not there would wait for ever.

    Steps in pods count, too, although they are deferred. A pool that is there stays as it is.
    """
    from airflow.jobs.job import Job

    if not isinstance(component, Job):  # a task, which cannot reach Airflow's database
        return
    from airflow.models.pool import Pool

    if Pool.get_pool(BACKFILL_POOL) is None:
        slots = read_settings().backfill_tasks
        Pool.create_or_update_pool(BACKFILL_POOL, slots, "Steps of catalog_backfill", include_deferred=True)
