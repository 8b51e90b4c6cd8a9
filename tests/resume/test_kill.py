"""Five kills per step. Every one resumes to the assets of an undisturbed run."""

import multiprocessing
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from pipeline.contract.manifest import Manifest
from pipeline.contract.store import Store
from pipeline.plan import STEPS, write_plan
from pipeline.settings import Settings
from tests.conftest import MugRun
from tests.resume.killed_step import POINTS, run_until
from tests.small_shoot import QUICK

# What the steps import while they work: imported once, in the process from which each step's process is forked. None of
# it starts OpenMP (as pymatting does), which does not survive a fork.
PRELOADED = [
    "tests.resume.killed_step",
    "torch",
    "rapidocr",
    "skimage.color",
    "diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion_inpaint",
    "pipeline.imaging.cutout.base",
    "pipeline.imaging.silhouette.correct",
    "pipeline.splatting.colmap_folder",
]
STARTER = multiprocessing.get_context("forkserver")
STARTER.set_forkserver_preload(PRELOADED)
LIMIT_SECONDS = 600


@dataclass(frozen=True)
class Ended:
    """How a step's process ended: `code` as of multiprocessing, and what it said, if it was not killed."""

    code: int | None
    said: str


def step(root: Path, plan: str, name: str, point: str) -> Ended:
    """Run a step in a process of its own, until `point`."""
    reading, writing = STARTER.Pipe(duplex=False)
    settings = Settings(store=root / "store", database_url=f"sqlite:///{root / 'catalog.db'}")
    process = STARTER.Process(target=run_until, args=(point, settings, plan, name, writing))
    process.start()
    writing.close()
    process.join(LIMIT_SECONDS)
    if process.is_alive():
        process.kill()
        pytest.fail(f"{name} at {point} did not end in {LIMIT_SECONDS} s")
    try:
        return Ended(process.exitcode, reading.recv())
    except EOFError:
        return Ended(process.exitcode, "")


def rows(root: Path) -> list[tuple[object, ...]]:
    engine = create_engine(f"sqlite:///{root / 'catalog.db'}")
    with engine.connect() as connection:
        asked = text("SELECT id, verdict, source FROM assets ORDER BY id")
        return [tuple(row) for row in connection.execute(asked)]


def whole_manifests(root: Path) -> set[str]:
    """Every visible manifest reads, and everything that it promises is there and whole."""
    store = Store(root / "store")
    names = set()
    for path in (root / "store" / "manifests").glob("*/*.json"):
        manifest = Manifest.model_validate_json(path.read_bytes())
        for output in (manifest.outputs or {}).values():
            if isinstance(output, dict) and "sha256" in output:
                from pipeline.contract.artifact import Artifact

                assert store.is_whole(Artifact.model_validate(output)), path
        names.add(f"{manifest.request.stage}/{manifest.key}")
    return names


def run_killing_every_step(root: Path, shoot: Path) -> list[str]:
    """Run a shoot's steps, each killed at every point and then run to its end; returns what went otherwise."""
    _, plan = write_plan(shoot, Store(root / "store"), QUICK)
    problems = []
    for name in STEPS:
        for point in POINTS:
            before = whole_manifests(root)
            killed = step(root, plan, name, point)
            if killed != Ended(-signal.SIGKILL, ""):
                problems.append(f"{name} at {point}: {killed}")
            assert before <= whole_manifests(root), "a finished step was lost or done again under another key"
        ended = step(root, plan, name, "never")
        if ended != Ended(0, "done" if name == "publish" else "cached"):
            problems.append(f"{name} at its end: {ended}")
    return problems


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_steps_killed_at_every_point_resume_to_the_same_assets(tmp_path: Path, mug_run: MugRun) -> None:
    assert run_killing_every_step(tmp_path, mug_run.shoot) == []
    calm, killed = rows(mug_run.home), rows(tmp_path)
    assert calm, "the undisturbed run published nothing"
    assert killed == calm

    # a fresh database is filled again, and nothing is computed for it
    for path in tmp_path.glob("catalog.db*"):
        path.unlink()
    before = whole_manifests(tmp_path)
    _, plan = write_plan(mug_run.shoot, Store(tmp_path / "store"), QUICK)
    assert step(tmp_path, plan, "publish", "never") == Ended(0, "done")
    assert rows(tmp_path) == calm
    assert whole_manifests(tmp_path) == before
    shutil.rmtree(tmp_path)
