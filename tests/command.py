"""The command line as a person or Airflow starts it: in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def catalog_process(
    *arguments: object, home: Path, expect: int = 0, preset: str = "standard"
) -> subprocess.CompletedProcess[str]:
    """Run `catalog` with its store in `home`; fails unless it ends with the exit code `expect`."""
    environment = {**os.environ, "CATALOG_STORE": str(home / "store"), "CATALOG_PRESET": preset, "COLUMNS": "160"}
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", *map(str, arguments)],
        env=environment, capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == expect, done.stdout + done.stderr
    return done


def catalog_json(*arguments: object, home: Path, **more: Any) -> Any:
    """What `catalog` prints with `--json`."""
    return json.loads(catalog_process(*arguments, "--json", home=home, **more).stdout)
