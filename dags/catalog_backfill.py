"""On request: run every shoot of one collection again, changed or not. Unchanged results come from the store."""

from airflow.sdk import DAG, Param

from catalog_tasks import discover_shoots, run_shoots
from pipeline.settings import read_settings

with DAG(
    "catalog_backfill",
    description="One collection again, with today's settings and engines",
    schedule=None,
    max_active_runs=1,
    params={
        "collection": Param(type="string", minLength=1, description="as in shoot.yaml"),
        "shoots": Param(str(read_settings().shoots), type="string", description="the folder that holds the shoots"),
        "preset": Param(read_settings().preset, type="string", description="engines and quality: demo, standard"),
    },
    tags=["catalog"],
) as dag:
    run_shoots(
        discover_shoots("{{ params.shoots }}", "--collection", "{{ params.collection }}", preset="{{ params.preset }}")
    )
