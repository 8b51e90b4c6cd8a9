"""Every night: turn each new or changed shoot into catalog assets."""

from airflow.sdk import DAG, Param

from catalog_tasks import discover_shoots, run_shoots
from pipeline.settings import read_settings

with DAG(
    "catalog_nightly",
    description="New and changed shoots become catalog assets",
    schedule="0 2 * * *",
    catchup=False,  # and no start date: the first run is next night's, not last night's
    max_active_runs=1,
    params={
        "shoots": Param(str(read_settings().shoots), type="string", description="the folder that holds the shoots"),
        "preset": Param(read_settings().preset, type="string", description="engines and quality: demo, standard"),
    },
    tags=["catalog"],
) as dag:
    run_shoots(discover_shoots("{{ params.shoots }}", preset="{{ params.preset }}"))
