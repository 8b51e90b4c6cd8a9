"""Turns the steps of a plan into Airflow tasks. The only module that DAG files need."""

from catalog_tasks.graph import discovered, run_shoots

__all__ = ["discovered", "run_shoots"]
