"""Runs both sample shoots through the whole graph, once per session, for every test of this folder.

Two workers run them at the same time, as the demo does.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipeline.contract.artifact import Artifact
from pipeline.contract.plan import Plan
from pipeline.plan import write_plan
from pipeline.run import StepResult, manifest_of, run_plan, runner_from
from pipeline.settings import Settings

COLLECTION = Path(__file__).parents[2] / "examples" / "collection"
SKUS = ("tee-001", "mug-001")


@dataclass(frozen=True)
class SampleRun:
    """A sample shoot and the results of its run."""

    folder: Path
    settings: Settings
    plan: Plan
    digest: str
    results: list[StepResult]

    def outputs(self, step: str) -> dict[str, Any]:
        manifest = manifest_of(runner_from(self.settings), self.digest, step)
        assert manifest is not None and manifest.outputs is not None
        return manifest.outputs

    def report(self, step: str) -> dict[str, Any]:
        return self.outputs(step)["report"]

    def output(self, step: str, name: str) -> Artifact:
        return Artifact.model_validate(self.outputs(step)[name])

    def read(self, step: str, name: str) -> bytes:
        return runner_from(self.settings).store.read(self.output(step, name))

    def tree(self, step: str, name: str) -> dict[str, bytes]:
        store = runner_from(self.settings).store
        return {path: store.read(file) for path, file in store.tree(self.output(step, name)).items()}

    def truth(self) -> dict[str, dict[str, Any]]:
        views = json.loads((self.folder / "truth" / "views.json").read_text())
        return {Path(view["photo"]).stem: view for view in views}


@pytest.fixture(scope="session", params=SKUS)
def sample_run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> SampleRun:
    root = tmp_path_factory.mktemp("samples")
    settings = Settings(store=root / "store", database_url=f"sqlite:///{root / 'catalog.db'}")
    runner = runner_from(settings)
    folder = COLLECTION / request.param
    plan, digest = write_plan(folder, runner.store, "demo")
    return SampleRun(folder, settings, plan, digest, run_plan(runner, plan, digest))
