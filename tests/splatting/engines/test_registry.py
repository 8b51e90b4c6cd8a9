"""A registered engine is available to the plan, to doctor and to the splat stage."""

from pathlib import Path
from types import SimpleNamespace
from typing import Literal

import pytest
from pydantic import Field

from pipeline.cli.doctor import examine
from pipeline.contract.runner import Runner
from pipeline.contract.store import Store
from pipeline.core.errors import MissingEngine
from pipeline.plan import read_plan, write_plan
from pipeline.settings import Settings
from pipeline.splatting.engines.registry import ENGINES
from pipeline.splatting.fit.params import PhotoSettings
from pipeline.splatting.fit.report import FitReport, Progress
from pipeline.splatting.fit.result import Fit
from pipeline.splatting.photos import prepare
from pipeline.splatting.ply import read_ply
from pipeline.stages.splat import STAGE, Params
from tests.splatting.toy_product import photos, product
from tests.stages.test_splat import inputs

SHOOT = min(Path(__file__).parents[3].joinpath("examples", "collection").glob("*/shoot.yaml")).parent
PRESET = "splat: {engine: potter, turns: 3, side_px: 64, when: always}\n"


class PotterParams(PhotoSettings):
    engine: Literal["potter"] = "potter"
    turns: int = Field(default=1, ge=1)


def _fit(params, shot, points, hooks):
    """Return the toy product itself, whatever the photos show."""
    hooks.progress(Progress(iteration=1, total=params.turns, psnr_db=None, gaussians=None, seconds_left=0.0))
    splat, seen = product(), [prepare(photo, params.side_px, crop=params.matte) for photo in shot]
    report = FitReport(
        engine="potter", engine_version="potter 1", psnr_db=None, fitted_psnr_db=None, ssim=None, alpha_iou=None,
        train_psnr_db=99.0, held_out=(), photos=len(shot), gaussians=len(splat.gaussians), iterations=params.turns,
        seconds=0.0, seconds_per_iteration=0.0, peak_memory_mb=0.0, stopped="iterations",
    )  # fmt: skip
    return Fit(splat, report, {}, (seen[0],))


@pytest.fixture
def potter(monkeypatch):
    engine = SimpleNamespace(
        __doc__="A potter.", Params=PotterParams, require_here=lambda params: f"potter, {params.turns} turns", fit=_fit
    )
    monkeypatch.setitem(ENGINES.engines, "potter", engine)
    return engine


@pytest.fixture
def preset(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(PRESET)
    return str(path)


def _absent(params):
    raise MissingEngine("no potter's wheel here", remedy="Buy one")


def test_registered_engine_is_planned_with_its_own_settings(potter, preset, tmp_path):
    store = Store(tmp_path / "store")
    _, digest = write_plan(SHOOT, store, preset)
    settings = read_plan(store, digest).steps["splat"].params["fit"]
    assert (settings["engine"], settings["turns"], settings["side_px"]) == ("potter", 3, 64)
    assert settings["front"] and "iterations" not in settings


def test_registered_engine_missing_on_this_machine_fails_the_plan(potter, preset, tmp_path):
    potter.require_here = _absent
    with pytest.raises(MissingEngine, match=r"step splat: no potter's wheel here\. Buy one"):
        write_plan(SHOOT, Store(tmp_path / "store"), preset)


def test_doctor_examines_registered_engines(potter, preset, tmp_path):
    settings = Settings(store=tmp_path / "store", preset=preset)
    findings = {finding.what: finding for finding in examine(settings)}
    assert (findings["engine of splat"].state, findings["engine of splat"].words) == ("ok", "potter, 3 turns")
    potter.require_here = _absent
    assert {finding.what: finding.state for finding in examine(settings)}["engine of splat"] == "missing"


def test_splat_stage_runs_registered_engines(potter, tmp_path):
    store = Store(tmp_path)
    params = Params.model_validate({"engine": "potter", "turns": 2, "side_px": 64})
    outputs, manifest, _ = Runner(store).run(STAGE, inputs(store, photos(side_px=64)), params)
    assert manifest.request.params["fit"]["engine"] == outputs.report.fit.engine == "potter"
    assert outputs.report.fit.iterations == 2
    assert len(read_ply(store.read(outputs.splat)).gaussians) == len(product().gaussians)
