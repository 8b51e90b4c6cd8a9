"""`python -m deploy.container`: one-time setup before Airflow's services start in containers."""

import json
import os
import subprocess
import sys
from pathlib import Path

from deploy.local.home import LOGIN, write_private
from pipeline.core.errors import BadInput, CatalogError


def main() -> None:
    """Write the login and migrate Airflow's metadata database. Raises CatalogError when the migration fails."""
    password = os.environ.get("CATALOG_PASSWORD")
    if not password:
        raise BadInput("CATALOG_PASSWORD is not set", remedy="Run `python -m deploy.compose_env`")
    home = Path(os.environ["AIRFLOW_HOME"])
    home.mkdir(parents=True, exist_ok=True)
    write_private(home / "passwords.json", json.dumps({LOGIN: password}))
    done = subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=False)
    if done.returncode:
        raise CatalogError("Airflow's database cannot be migrated", remedy="See the output above")


if __name__ == "__main__":
    try:
        main()
    except CatalogError as error:
        sys.exit(f"error: {error}")
