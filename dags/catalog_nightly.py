"""Every night: turn each new or changed shoot into catalog assets."""

from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable, Param

from catalog_tasks import deadline_alert, discover_shoots, run_shoots
from pipeline.settings import read_settings

with DAG(
    "catalog_nightly",
    description="New and changed shoots become catalog assets",
    # The first run is next night's: with False instead of no time at all, Airflow runs last night's when it starts
    # within a tenth of the day after it.
    schedule=CronTriggerTimetable("0 2 * * *", timezone="UTC", run_immediately=timedelta(0)),
    catchup=False,
    max_active_runs=1,
    params={
        "shoots": Param(str(read_settings().shoots), type="string", description="the folder that holds the shoots"),
        "preset": Param(read_settings().preset, type="string", description="engines and quality: demo, standard"),
        "after": Param(
            "", type="string", description="only the shoots that the run of this name has postponed; set by that run"
        ),
    },
    deadline=deadline_alert(),
    tags=["catalog"],
) as dag:
    run_shoots(discover_shoots("--after={{ params.after }}", "{{ params.shoots }}", preset="{{ params.preset }}"))
