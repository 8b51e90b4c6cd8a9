"""nerfacto: from the points of a field to a splat, with fakes of nerfstudio's programs."""

import json
import os
import sys
from hashlib import sha256

import numpy as np
import pytest

from pipeline.cli.app import main
from pipeline.contract.runner import Runner
from pipeline.contract.store import Store
from pipeline.core.colmap.model import Points
from pipeline.core.colmap.read import read_model
from pipeline.core.errors import BadInput, CatalogError
from pipeline.splatting.engines import nerfstudio as engine
from pipeline.splatting.engines.registry import ENGINES
from pipeline.splatting.evaluate import score
from pipeline.splatting.fit.report import Hooks
from pipeline.splatting.gaussians import from_points
from pipeline.splatting.nerfstudio.files import Frame, read_cloud
from pipeline.splatting.nerfstudio.nerfacto import on_product
from pipeline.splatting.photos import prepare
from pipeline.splatting.ply import Splat, read_ply
from pipeline.splatting.show.render import planes
from pipeline.stages.splat import STAGE, Params
from tests.splatting.nerfstudio.fake_nerfstudio import export_request, install, point_cloud, train_request
from tests.splatting.nerfstudio.test_train import FRAME, fit_photos, transforms
from tests.splatting.toy_product import colmap_files, cutout_files, photos, sparse, surface
from tests.stages.test_splat import inputs

PARAMS = engine.Params(
    nerfstudio_method="nerfacto", nerfacto_iterations=200, side_px=96, iterations=120,
    max_seconds=1e6, gaussians=2000, degree=0, holdout=6,
)  # fmt: skip
STILL = Frame(np.eye(3), np.zeros(3), 1.0)


def to_frame(positions, frame):
    return frame.scale * (positions @ frame.rotation.T + frame.shift)


@pytest.fixture(scope="module")
def shot():
    return photos()


@pytest.fixture(scope="module")
def skin():
    return surface(2200)


@pytest.fixture
def nerfstudio(tmp_path, monkeypatch):
    """Return a function that puts fakes on the PATH which export the given points."""

    def put(positions, colours):
        ply = tmp_path / "theirs.ply"
        ply.write_bytes(point_cloud(to_frame(positions, FRAME), colours))
        install(tmp_path, cloud=ply, transforms=transforms(FRAME))
        monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
        return tmp_path

    return put


def test_gaussians_from_a_field_become_a_splat_of_the_product(nerfstudio, skin, shot):
    haze = np.random.default_rng(5).uniform(-2, 2, (300, 3))  # as a field leaves beside the product
    greys = np.full((300, 3), 128, np.uint8)
    folder = nerfstudio(np.concatenate([skin.positions, haze]), np.concatenate([skin.colours, greys]))
    steps = []
    result = fit_photos(
        PARAMS, shot, sparse(), Hooks(progress=lambda p: steps.append((p.iteration, p.total, p.message)))
    )
    report = result.report
    assert (report.engine, report.nerfstudio_method) == ("nerfstudio", "nerfacto")
    assert report.engine_version.startswith("nerfstudio 1.1.5; catalog-pipeline ") and "numba" in report.engine_version
    assert report.checkpoint_sha256 == sha256(b"nerfacto").hexdigest()
    assert report.held_out == ("P03", "P09") and report.photos == 12 and report.iterations == 120
    assert report.alpha_iou > 0.96 and report.psnr_db > 24
    assert result.splat.gaussians.means.max() < 1.2 and result.splat.antialias
    assert {total for _, total, _ in steps} == {320}
    assert [at for at, _, _ in steps] == sorted(at for at, _, _ in steps) and steps[-1][0] >= 285
    assert "Gaussians" not in steps[0][2] and "Gaussians" in steps[-1][2]
    assert export_request(folder)["num-points"] == "2000"


def test_field_is_trained_over_random_backgrounds_with_fixed_cameras(nerfstudio, skin, shot):
    folder = nerfstudio(skin.positions, skin.colours)
    fit_photos(PARAMS.model_copy(update={"seed": 7, "iterations": 5}), shot, sparse())
    request = train_request(folder)
    options, data = request["options"], request["data"]
    assert request["method"] == "nerfacto"
    assert options["pipeline.model.background-color"] == "random"  # otherwise ns-export treats every ray as solid
    assert options["pipeline.model.camera-optimizer.mode"] == "off"
    assert options["pipeline.model.implementation"] == "torch"
    assert options["max-num-iterations"] == options["optimizers.fields.scheduler.max-steps"] == "200"
    assert (options["machine.seed"], data["eval-mode"], data["load-3D-points"]) == ("7", "all", "False")
    assert "sh-degree" not in " ".join(options)
    model = read_model(folder / "photos")
    assert len(model.images) == 10 and not len(model.points.positions)


def test_points_return_to_the_product_frame_with_their_colours(tmp_path, skin):
    (tmp_path / "point_cloud.ply").write_bytes(point_cloud(to_frame(skin.positions, FRAME), skin.colours))
    cloud = read_cloud(tmp_path / "point_cloud.ply", FRAME)
    np.testing.assert_allclose(cloud.positions, skin.positions, atol=1e-5)
    assert np.array_equal(cloud.colours, skin.colours)


def test_points_of_the_true_surface_look_like_the_product_unfitted(skin, shot):
    """The start of the fit has the outline and roughly the colours, so that the fit has little to do."""
    seen = [prepare(photo, 96, crop=True) for photo in shot]
    start = on_product(PARAMS.model_copy(update={"gaussians": 2500}), skin, seen)
    splat = Splat(from_points(start.positions, start.colours, degree=0, size=0.8), antialias=True)
    scores = [score(planes(splat, p.full.camera, p.cam_from_world, 1), p.full) for p in seen]
    assert min(s.alpha_iou for s in scores) > 0.93
    assert min(s.psnr_db for s in scores) > 15


def test_haze_is_left_out_and_a_field_off_the_product_is_refused(skin, shot):
    seen = [prepare(photo, 96, crop=True) for photo in shot]
    haze = np.random.default_rng(3).uniform(1.2, 3, (500, 3)) * np.random.default_rng(4).choice([-1, 1], (500, 3))
    both = Points(np.concatenate([skin.positions, haze]), np.full((2700, 3), 9, np.uint8))
    kept = on_product(PARAMS.model_copy(update={"gaussians": 10_000}), both, seen).positions
    assert len(kept) > 0.9 * len(skin.positions) and np.abs(kept).max() < 1.2
    with pytest.raises(CatalogError, match=r"only 0 of 500 points .* nerfacto_iterations"):
        on_product(PARAMS, Points(haze, np.zeros((500, 3), np.uint8)), seen)


def test_fit_starts_with_its_share_of_the_budget(skin, shot):
    seen = [prepare(photo, 96, crop=True) for photo in shot]
    first, again, other = (
        on_product(PARAMS.model_copy(update={"gaussians": 1000, "seed": seed}), skin, seen) for seed in (0, 0, 1)
    )
    assert len(first.positions) == 750
    assert np.array_equal(first.positions, again.positions) and not np.array_equal(first.positions, other.positions)


def test_splat_step_runs_nerfacto_and_records_it_in_the_manifest(nerfstudio, tmp_path, skin, shot):
    nerfstudio(skin.positions, skin.colours)
    store = Store(tmp_path / "store")
    params = Params(**PARAMS.model_dump(), min_psnr_db=15.0, min_alpha_iou=0.8)
    outputs, manifest, _ = Runner(store).run(STAGE, inputs(store, shot), params)
    settings = manifest.request.params["fit"]
    assert (settings["engine"], settings["nerfstudio_method"]) == ("nerfstudio", "nerfacto")
    assert outputs.report.fit.checkpoint_sha256 == sha256(b"nerfacto").hexdigest()


@pytest.mark.parametrize("name", ["cpu", "gsplat"])
def test_other_engines_refuse_the_method(name):
    with pytest.raises(ValueError, match=rf"nerfstudio_method: engine {name} has no such setting \(got 'nerfacto'\)"):
        ENGINES.parse({"engine": name, "nerfstudio_method": "nerfacto"})


def test_command_takes_the_method_and_refuses_it_for_other_engines(
    nerfstudio, monkeypatch, capsys, tmp_path, skin, shot
):
    nerfstudio(skin.positions, skin.colours)
    workspace, out = tmp_path / "colmap", tmp_path / "egg.ply"
    files = {f"sparse/0/{name}": data for name, data in colmap_files(shot, sparse()).items()}
    for name, data in (files | {f"images/{name}": data for name, data in cutout_files(shot).items()}).items():
        (workspace / name).parent.mkdir(parents=True, exist_ok=True)
        (workspace / name).write_bytes(data)

    def run(*arguments):
        common = ["catalog", "splat", str(workspace), "--out", str(out), "--nerfstudio-method", "nerfacto"]
        monkeypatch.setattr(sys, "argv", [*common, "--iterations", "3", "--gaussians", "500", *arguments])
        with pytest.raises(SystemExit) as exit_:
            main()
        return (exit_.value.code or 0, *capsys.readouterr())

    code, _, error = run("--engine", "cpu")
    assert code == 30 and "nerfstudio_method: engine cpu has no such setting" in " ".join(error.split())
    code, output, _ = run("--engine", "nerfstudio", "--json")
    assert code == 0 and json.loads(output)["nerfstudio_method"] == "nerfacto"
    assert len(read_ply(out.read_bytes()).gaussians) >= 375


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda d: d[:-100], "truncated"),
        (lambda d: d.replace(b"uchar red", b"uchar rot"), "no property red"),
        (lambda d: b"solid" + d, "is not a PLY file"),
    ],
)
def test_damaged_cloud_is_refused(tmp_path, skin, damage, message):
    ply = tmp_path / "point_cloud.ply"
    ply.write_bytes(damage(point_cloud(skin.positions, skin.colours)))
    with pytest.raises(BadInput, match=message):
        read_cloud(ply, STILL)


def test_missing_export_is_an_error(tmp_path):
    with pytest.raises(CatalogError, match=r"ns-export wrote no point_cloud\.ply"):
        read_cloud(tmp_path / "point_cloud.ply", STILL)
