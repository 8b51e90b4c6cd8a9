"""Airflow for tests of the task factory: an empty home, and plugins/ on the path, as Airflow puts it there."""

import os
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="catalog-airflow-"))
os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
sys.path.append(str(PROJECT / "plugins"))
