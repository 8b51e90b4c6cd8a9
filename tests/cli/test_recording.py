"""A failure to record how a run ended says what failed before it, too."""

import os
import subprocess
import sys

import pytest

from pipeline.cli.recording import recording
from pipeline.core.errors import StoreFull
from pipeline.run import StepResult
from tests.small_shoot import small_mug

LARGEST_BYTES = 120_000  # of a file: more than a photo of the shoot, less than its PNG and than the catalog database
LIMITED = f"""
import resource, runpy
resource.setrlimit(resource.RLIMIT_FSIZE, ({LARGEST_BYTES}, {LARGEST_BYTES}))
runpy.run_module("pipeline", run_name="__main__", alter_sys=True)
"""
FREE_SPACE = "Free disk space, then run again: finished work is kept"
FULL = StoreFull("the catalog database catalog.db failed: database or disk is full", remedy=FREE_SPACE)


def result(step, state, reason="", by=None):
    return StepResult(step=step, state=state, reason=reason, by=by)


def test_step_and_database_are_named_once_each_and_so_is_the_remedy():
    failed = result("ingest", "failed", f"no room left to write a.png. {FREE_SPACE}")
    with pytest.raises(StoreFull) as raised, recording([failed, result("cutout", "not run", "ingest did not finish")]):
        raise FULL
    assert str(raised.value) == (
        "ingest failed: no room left to write a.png; and how the run ended cannot be recorded: "
        f"the catalog database catalog.db failed: database or disk is full. {FREE_SPACE}"
    )


def test_error_of_the_database_stays_as_it_is_if_every_step_ended_well():
    ended = [result("ingest", "done"), result("render", "held", "held by cutout", by="cutout")]
    with pytest.raises(StoreFull) as raised, recording(ended):
        raise FULL
    assert raised.value is FULL


def test_run_on_a_disk_that_takes_no_photo_names_the_step_and_the_database(tmp_path):
    shoot = small_mug(tmp_path / "mug")
    environment = {**os.environ, "CATALOG_STORE": str(tmp_path / "store"), "CATALOG_PRESET": "standard"}
    environment.pop("CATALOG_DATABASE_URL", None)
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, "run", str(shoot)],
        env=environment, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    error = done.stderr.strip().splitlines()[-1]
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert error.startswith("error: ingest failed: ") and "File too large" in error
    assert error.count("cannot be recorded: the catalog database") == 1
