"""Five kills per stage. Every one resumes to the assets of an undisturbed run."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from pipeline.contract.manifest import Manifest
from pipeline.contract.store import Store
from pipeline.plan import STEPS, write_plan
from tests.resume.killed_step import POINTS
from tests.small_shoot import small_mug

QUICK = Path(__file__).parent / "quick.yaml"


@pytest.fixture(scope="module")
def shoot_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_mug(tmp_path_factory.mktemp("shoot") / "mug")


def environment(root: Path) -> dict[str, str]:
    return {**os.environ, "CATALOG_STORE": str(root / "store"), "CATALOG_PRESET": str(QUICK), "OMP_NUM_THREADS": "2"}


def step(root: Path, plan: str, name: str, point: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.resume.killed_step", plan, name, point],
        check=False,
        env=environment(root),
        timeout=300,
        capture_output=True,
        text=True,
    )


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


def run_all(root: Path, shoot_dir: Path, *, killing: bool) -> list[str]:
    _, plan = write_plan(shoot_dir, Store(root / "store"), str(QUICK))
    problems = []
    for name in STEPS:
        for point in POINTS if killing else ():
            before = whole_manifests(root)
            killed = step(root, plan, name, point)
            if killed.returncode != -signal.SIGKILL:
                problems.append(f"{name} at {point}: {killed.returncode} {killed.stdout} {killed.stderr[-2000:]}")
            assert before <= whole_manifests(root), "a finished step was lost or done again under another key"
        ended = step(root, plan, name, "never")
        expected = "cached" if killing and name != "publish" else "done"
        if ended.stdout.strip() != expected:
            problems.append(f"{name} at its end: {ended.stdout} {ended.stderr[-2000:]}")
    return problems


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_fifty_kills_resume_to_the_same_assets(tmp_path: Path, shoot_dir: Path) -> None:
    assert run_all(tmp_path / "calm", shoot_dir, killing=False) == []
    assert run_all(tmp_path / "killed", shoot_dir, killing=True) == []
    calm, killed = rows(tmp_path / "calm"), rows(tmp_path / "killed")
    assert calm, "the undisturbed run published nothing"
    assert killed == calm

    # a fresh database is filled again, and nothing is computed for it
    for path in (tmp_path / "killed").glob("catalog.db*"):
        path.unlink()
    before = whole_manifests(tmp_path / "killed")
    _, plan = write_plan(shoot_dir, Store(tmp_path / "killed" / "store"), str(QUICK))
    assert step(tmp_path / "killed", plan, "publish", "never").stdout.strip() == "done"
    assert rows(tmp_path / "killed") == calm
    assert whole_manifests(tmp_path / "killed") == before
    shutil.rmtree(tmp_path)
