"""The splat stage on a toy product: fit, judge, hold, resume."""

import io
import re
from itertools import count

import pytest
from PIL import Image
from pydantic import ValidationError

from pipeline.contract.runner import Runner
from pipeline.core.errors import BadInput, Held
from pipeline.core.records import Validation, load_list
from pipeline.splatting.fit.clock import Clock
from pipeline.splatting.ply import read_ply
from pipeline.stages.splat import STAGE, Inputs, Params
from tests.splatting.toy_product import colmap_files, cutout_files, photos, sparse

QUICK = {"side_px": 96, "iterations": 120, "max_seconds": 1e6, "gaussians": 800, "degree": 0, "holdout": 6}
LOW = {"min_psnr_db": 15.0, "min_alpha_iou": 0.7}


@pytest.fixture(scope="module")
def shot():
    return photos()


def tree(store, files, media_type):
    return store.put_tree({name: store.put(data, media_type) for name, data in files.items()})


def inputs(store, shot, to_render=True, cutouts=None):
    model = {f"sparse/0/{name}": data for name, data in colmap_files(shot, sparse()).items()}
    return Inputs(
        model=tree(store, model, "application/octet-stream"),
        cutouts=tree(store, cutouts or cutout_files(shot), "image/png"),
        to_render=store.put(b"true\n", "application/json") if to_render else None,
    )


def test_a_needed_splat_is_fitted_validated_and_cached(store, shot):
    stage_inputs, params = inputs(store, shot), Params(**QUICK, **LOW)
    outputs, _, computed = Runner(store).run(STAGE, stage_inputs, params)
    report = outputs.report
    assert computed
    assert report.fit.held_out == ("P03", "P09")
    assert report.fit.psnr_db > 15
    splat = read_ply(store.read(outputs.splat), "the splat")
    assert len(splat.gaussians) == report.fit.gaussians
    sheet = Image.open(io.BytesIO(store.read(outputs.sheet)))
    assert sheet.width > 3 * 300
    turntable = Image.open(io.BytesIO(store.read(outputs.turntable)))
    assert (turntable.format, turntable.n_frames, turntable.size) == ("WEBP", 24, (256, 256))
    scores = load_list(Validation, store.read(outputs.validation))
    assert {score.photo for score in scores} == {"P03", "P09"}
    assert report.fit.psnr_db == pytest.approx(sum(score.psnr_db for score in scores) / 2)
    assert report.fit.ssim == pytest.approx(sum(score.ssim for score in scores) / 2)
    assert not Runner(store).run(STAGE, stage_inputs, params).computed


def test_the_strategy_is_a_param_and_an_unknown_one_is_invalid(store, shot):
    params = Params.model_validate({**QUICK, **LOW, "strategy": "default", "iterations": 60})
    outputs, manifest, _ = Runner(store).run(STAGE, inputs(store, shot), params)
    assert manifest.request.params["fit"]["strategy"] == "default"
    assert outputs.report.fit.gaussians <= QUICK["gaussians"]
    with pytest.raises(ValidationError, match=r"strategy: .*use one of mcmc, default \(got 'mcmcm'\)"):
        Params.model_validate({"strategy": "mcmcm"})


def test_no_splat_is_fitted_when_no_angle_needs_it(store, shot):
    outputs = Runner(store).run(STAGE, inputs(store, shot, to_render=False), Params(**QUICK)).outputs
    assert (outputs.splat, outputs.sheet, outputs.turntable, outputs.report.fit) == (None, None, None, None)


def test_a_splat_unlike_its_validation_photos_holds_the_shoot(store, shot):
    stage_inputs = inputs(store, shot)
    with pytest.raises(Held, match=r"reaches .* dB on held-out photos \(P03, P09\), below 60") as held:
        Runner(store).run(STAGE, stage_inputs, Params(**QUICK | {"iterations": 5}, min_psnr_db=60))
    assert not held.value.passing
    request = STAGE.request(stage_inputs, Params(**QUICK | {"iterations": 5}, min_psnr_db=60))
    manifest = store.manifest("splat", request.key)
    sheet = Image.open(io.BytesIO(store.read(manifest.held.picture)))
    assert sheet.width > 3 * 300  # photo, render and difference
    with pytest.raises(Held, match=r"ended the fit after \d+ of 500000 iterations: .*goes on") as held:
        Runner(store).run(
            STAGE, stage_inputs, Params(**QUICK | {"iterations": 500_000, "max_seconds": 1e-3}, min_psnr_db=60)
        )
    assert held.value.passing
    with pytest.raises(Held, match="outline overlaps"):
        Runner(store).run(STAGE, stage_inputs, Params(**QUICK | {"iterations": 5}, min_psnr_db=0, min_alpha_iou=1))


def test_a_hurried_fit_is_held_and_the_next_run_goes_on_with_it(store, shot, monkeypatch):
    def of(cls, device):
        return cls(count(1).__next__)  # a second passes whenever the clock is read: about one per iteration

    monkeypatch.setattr(Clock, "of", classmethod(of))
    params = Params(**QUICK | {"iterations": 200, "max_seconds": 60}, min_psnr_db=5, min_alpha_iou=0.1)
    stage_inputs, runner = inputs(store, shot), Runner(store)
    with pytest.raises(Held, match=r"ended the fit after \d+ of 200 iterations\. Run it again") as held:
        runner.run(STAGE, stage_inputs, params)
    assert (held.value.code, held.value.passing) == ("splat-out-of-time", True)
    key = STAGE.request(stage_inputs, params).key
    assert store.load_snapshot(key) is not None
    first = int(re.search(r"after (\d+)", held.value.what)[1])
    outputs, _, computed = runner.run(STAGE, stage_inputs, params)
    assert computed and outputs.report.fit.iterations > 1.5 * first
    assert store.load_snapshot(key) is None
    assert not runner.run(STAGE, stage_inputs, params).computed


def test_an_empty_cutout_is_skipped_and_a_missing_one_is_bad_input(store, shot):
    files = cutout_files(shot)
    blank = io.BytesIO()
    Image.new("RGBA", (96, 96)).save(blank, "PNG")
    params = Params(**QUICK | {"iterations": 5}, min_psnr_db=0, min_alpha_iou=0)
    stage_inputs = inputs(store, shot, cutouts=files | {"P05.png": blank.getvalue()})
    assert Runner(store).run(STAGE, stage_inputs, params).outputs.report.skipped_photos == ("P05",)
    del files["P05.png"]
    with pytest.raises(BadInput, match=r"no file for P05\.png"):
        Runner(store).run(STAGE, inputs(store, shot, cutouts=files), params)
