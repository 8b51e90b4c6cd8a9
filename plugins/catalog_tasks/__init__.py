"""Turn a plan's steps into Airflow tasks. DAG files import only this module."""

from catalog_tasks.deadline import deadline_alert
from catalog_tasks.graph import discover_shoots, plan_backfill, read_request, run_shoots

__all__ = ["deadline_alert", "discover_shoots", "plan_backfill", "read_request", "run_shoots"]
