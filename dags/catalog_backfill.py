"""On request: make the cells (shoots by steps) of one collection that are not there. A later run goes on."""

from airflow.sdk import DAG, Param

from catalog_tasks import plan_backfill, run_shoots
from pipeline.settings import read_settings

ONLY = ["any", "missing", "failed", "held", "outdated"]

with DAG(
    "catalog_backfill",
    description="The shoots of one collection that lack results of today's settings and engines",
    schedule=None,
    max_active_runs=1,
    params={
        "collection": Param(type="string", minLength=1, description="as in shoot.yaml"),
        "steps": Param(
            "..",
            type="string",
            description="only cells of these steps: splat, splat.. (and those below it), ..coverage, sfm..splat",
        ),
        "only": Param("any", type="string", enum=ONLY, description="only shoots with such a cell among these steps"),
        "since": Param(
            None,
            type=["null", "string"],
            format="date",
            description="only shoots whose last run was on this day (UTC) or later, or that have none",
        ),
        "dry_run": Param(False, type="boolean", description="only show the cells and what they will take"),
        "shoots": Param(str(read_settings().shoots), type="string", description="the folder that holds the shoots"),
        "preset": Param(read_settings().preset, type="string", description="engines and quality: demo, standard"),
        "after": Param(
            "", type="string", description="only the shoots that the run of this name has postponed; set by that run"
        ),
    },
    tags=["catalog"],
) as dag:
    run_shoots(
        plan_backfill(
            "--steps={{ params.steps }}",
            "--only={{ params.only }}",
            "--since={{ params.since or '' }}",
            "--after={{ params.after }}",
            "{{ '--dry-run' if params.dry_run else '--no-dry-run' }}",
            "--",
            "{{ params.collection }}",
            "{{ params.shoots }}",
            preset="{{ params.preset }}",
        ),
        backfill=True,
    )
