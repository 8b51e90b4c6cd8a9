"""plugins/ importable as Airflow makes it, and an empty Airflow home."""

from tests.plugins.conftest import PROJECT

__all__ = ["PROJECT"]
