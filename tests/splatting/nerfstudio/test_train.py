"""The nerfstudio engine with fakes of nerfstudio's programs: frames, arguments, failures, time limits."""

import fcntl
import os
import re
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.spatial.transform import Rotation

from pipeline.cli.doctor import examine
from pipeline.contract.runner import Runner
from pipeline.contract.store import Store
from pipeline.core.colmap.read import read_model
from pipeline.core.domain import look_at
from pipeline.core.errors import BadInput, CatalogError, MissingEngine
from pipeline.core.records import Validation, load_list
from pipeline.settings import Settings
from pipeline.splatting.engines import nerfstudio as engine
from pipeline.splatting.fit.report import Hooks
from pipeline.splatting.gaussians import Gaussians
from pipeline.splatting.nerfstudio.files import Frame, read_frame, to_product_frame
from pipeline.splatting.nerfstudio.run import run_nerfstudio
from pipeline.splatting.ply import Splat, read_ply, write_ply
from pipeline.splatting.show.render import planes
from pipeline.stages.splat import STAGE, Params
from tests.splatting.nerfstudio.fake_nerfstudio import install, train_request
from tests.splatting.toy_product import camera, photos, product, sparse
from tests.stages.test_splat import inputs

PARAMS = engine.Params(side_px=96, iterations=300, gaussians=400, degree=0, holdout=6)
TURN = Rotation.from_rotvec([0.4, -0.9, 0.7]).as_matrix()
FRAME = Frame(TURN, np.array([0.3, -0.2, 0.5]), 0.25)


def fit_photos(params, shot, points, hooks=None):
    return engine.fit(params, shot, points, hooks or Hooks())


def transforms(frame):
    return {"transform": np.column_stack([frame.rotation, frame.shift]).tolist(), "scale": frame.scale}


def moved(gaussians, frame):
    """Move Gaussians to nerfstudio's frame; colours must be of degree 0, which no rotation changes."""
    g = gaussians
    q = Rotation.from_matrix(frame.rotation) * Rotation.from_quat(g.quats[:, [1, 2, 3, 0]])
    means = frame.scale * (g.means @ frame.rotation.T + frame.shift)
    quats, scales = q.as_quat()[:, [3, 0, 1, 2]], g.log_scales + np.log(frame.scale)
    return Gaussians(means.astype(np.float32), scales.astype(np.float32), quats.astype(np.float32), g.logits, g.sh)


@pytest.fixture
def nerfstudio(tmp_path, monkeypatch):
    """Return a function that puts fakes of nerfstudio's programs on the PATH."""

    def put(frame=FRAME, **changes):
        ply = tmp_path / "theirs.ply"
        ply.write_bytes(write_ply(Splat(moved(product().gaussians, frame), antialias=False)))
        install(tmp_path, **{"ply": ply, "transforms": transforms(frame), **changes})
        monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
        return tmp_path

    return put


def test_splat_returns_to_the_product_frame_with_held_out_scores(nerfstudio, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "secret")
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    folder, steps = nerfstudio(), []
    shot = photos(splat=Splat(product().gaussians, antialias=False))
    result = fit_photos(
        PARAMS, shot, sparse(), Hooks(progress=lambda p: steps.append((p.iteration, p.total, p.message)))
    )
    report = result.report
    assert (report.engine, report.engine_version) == ("nerfstudio", "nerfstudio 1.1.5")
    assert (report.nerfstudio_method, report.checkpoint_sha256) == ("splatfacto", sha256(b"splatfacto").hexdigest())
    assert report.held_out == ("P03", "P09") and report.photos == 12 and report.gaussians == 1500
    assert report.psnr_db > 30 and report.alpha_iou > 0.99 and report.train_psnr_db > 30
    assert {photo.name for photo in result.judged} == {"P03", "P09"} and not result.splat.antialias
    np.testing.assert_allclose(result.splat.gaussians.means, product().gaussians.means, atol=1e-5)
    assert steps and all(total == 300 and "s left" in message and "dB" not in message for _, total, message in steps)
    assert not any(
        name.startswith(("ANTHROPIC", "OPENAI", "PYTHONPATH")) for name in train_request(folder)["environment"]
    )


def test_splat_step_runs_splatfacto_and_records_it_in_the_manifest(nerfstudio, tmp_path):
    nerfstudio()
    store = Store(tmp_path / "store")
    given = inputs(store, photos(splat=Splat(product().gaussians, antialias=False)))
    params = Params(**PARAMS.model_dump())
    outputs, manifest, _ = Runner(store).run(STAGE, given, params)
    assert manifest.request.params["fit"]["engine"] == "nerfstudio"
    assert outputs.report.fit.engine_version == "nerfstudio 1.1.5"
    assert {v.photo for v in load_list(Validation, store.read(outputs.validation))} == {"P03", "P09"}
    kept = read_ply(store.read(outputs.splat))
    np.testing.assert_allclose(kept.gaussians.means, product().gaussians.means, atol=1e-5)
    assert not kept.antialias


def test_workspace_contains_the_cut_out_photos_except_held_out_ones(nerfstudio):
    folder, shot = nerfstudio(), photos()
    fit_photos(PARAMS, shot, sparse())
    model = read_model(folder / "photos")
    kept = [photo for photo in shot if photo.name not in ("P03", "P09")]
    assert len(model.images) == len(kept) == len(list((folder / "photos" / "images").iterdir()))
    assert len(model.points.positions) >= 100
    for i, (image, photo) in enumerate(zip(model.images, kept, strict=True), start=1):
        np.testing.assert_allclose(image.cam_from_world, photo.cam_from_world, atol=1e-12)
        with Image.open(folder / "photos" / "images" / image.name) as picture:
            rgba = np.array(picture)
        camera = model.cameras[i]
        assert rgba.shape == (camera.height_px, camera.width_px, 4)
        whole = photo.rgba[..., 3] > 127
        x, y = (round(c - v) for c, v in zip(camera.params[2:], (48, 48), strict=True))  # offset of the crop
        assert abs((rgba[..., 3] > 127).sum() - whole.sum()) <= 2
        assert (rgba[:, :, 3] == np.roll(photo.rgba[..., 3], (y, x), (0, 1))[: rgba.shape[0], : rgba.shape[1]]).all()


def test_command_moves_nothing_and_fits_the_schedule_into_the_iterations(nerfstudio):
    folder = nerfstudio()
    fit_photos(PARAMS.model_copy(update={"seed": 7, "degree": 2}), photos(), sparse())
    options, data = train_request(folder)["options"], train_request(folder)["data"]
    still = {"orientation-method": "none", "center-method": "none", "auto-scale-poses": "False"}
    assert still.items() <= data.items() and data["assume-colmap-world-coordinate-convention"] == "False"
    assert (data["eval-mode"], data["downscale-factor"], data["colmap-path"]) == ("all", "1", "sparse/0")
    assert 0.15 < float(data["scale-factor"]) < 0.3  # the cameras are 5 units away
    assert (options["machine.seed"], options["pipeline.model.sh-degree"]) == ("7", "2")
    assert options["pipeline.model.background-color"] == "random" and options["pipeline.model.stop-split-at"] == "150"
    assert options["max-num-iterations"] == options["optimizers.means.scheduler.max-steps"] == "300"
    assert "viewer" not in options["vis"]


def test_colours_rotate_with_the_frame():
    r = np.random.default_rng(2)
    n = 60
    values = (r.normal(size=(n, 3)) * 0.2, r.uniform(-4, -2.5, (n, 3)), r.normal(size=(n, 4)), r.normal(size=n) + 1,
              r.normal(size=(n, 16, 3)) * 0.3)  # fmt: skip
    theirs = Gaussians(*(v.astype(np.float32) for v in values))
    ours = to_product_frame(theirs, FRAME)
    pose, their_pose = look_at(35, 20, 5.0), np.eye(4)
    their_pose[:3, :3] = pose[:3, :3] @ FRAME.rotation.T
    their_pose[:3, 3] = FRAME.scale * (pose[:3, 3] - their_pose[:3, :3] @ FRAME.shift)
    expected, shown = (planes(Splat(g, True), camera(), p, 1) for g, p in ((theirs, their_pose), (ours, pose)))
    assert expected[3].max() > 0.5
    np.testing.assert_allclose(shown[:4], expected[:4], atol=1e-4)


def test_scaled_frame_keeps_rotations_and_colours_bit_for_bit():
    g = product().gaussians
    ours = to_product_frame(g, Frame(np.eye(3), np.zeros(3), 0.5))
    assert np.array_equal(ours.quats, g.quats) and np.array_equal(ours.sh, g.sh)
    np.testing.assert_allclose(ours.means, 2 * g.means)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"transform": [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, -1, 0]], "scale": 1}', "is not a similarity"),
        ('{"transform": [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]], "scale": 0}', "is not a similarity"),
        ('{"transform": [[1, 0, 0]], "scale": 1}', "is not a similarity"),
        ('{"scale": 1}', "is missing"),
        ("{", "is missing"),
    ],
)
def test_invalid_frame_is_refused(tmp_path, content, message):
    path = tmp_path / "dataparser_transforms.json"
    path.write_text(content)
    with pytest.raises(CatalogError, match=message):
        read_frame(path)


def test_missing_programs_error_names_the_image(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingEngine, match=r"ns-export.*deploy/nerfstudio\.Dockerfile"):
        fit_photos(PARAMS, photos(), sparse())


@pytest.mark.parametrize("installed", [False, True])
def test_doctor_reports_whether_the_presets_engine_is_installed(nerfstudio, monkeypatch, tmp_path, installed):
    preset = tmp_path / "mine.yaml"
    preset.write_text("splat: {engine: nerfstudio}\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    if installed:
        nerfstudio()
    findings = examine(Settings(store=tmp_path / "store", preset=str(preset)))
    (finding,) = [f for f in findings if f.what == "engine of splat"]
    assert finding.state == ("ok" if installed else "missing")
    assert (
        str(tmp_path / "bin" / "ns-train") in finding.words if installed else "nerfstudio.Dockerfile" in finding.words
    )


def test_crash_is_reported_with_the_logs_end_and_missing_frame_too(nerfstudio):
    folder = nerfstudio(crash=True)
    with pytest.raises(CatalogError, match=r"ns-train ended with code 1: .*: CUDA out of memory") as caught:
        fit_photos(PARAMS, photos(), sparse())
    assert "\x1b" not in str(caught.value) and "\n" not in str(caught.value)
    assert not isinstance(caught.value, BadInput)  # it may succeed another time
    (folder / "bin").rename(folder / "crashing")
    (folder / "photos").rename(folder / "first")
    nerfstudio(transforms=None)
    with pytest.raises(CatalogError, match="frame that nerfstudio fitted in is missing"):
        fit_photos(PARAMS, photos(), sparse())


def test_too_little_time_and_too_few_photos_are_errors(nerfstudio):
    folder = nerfstudio()
    with pytest.raises(BadInput, match="too few"):
        fit_photos(PARAMS, photos()[:2], sparse())
    (folder / "bin" / "ns-train").write_text("#!/bin/sh\nexec tail -f /dev/null\n")  # never ends
    with pytest.raises(CatalogError, match=r"took longer.*nerfstudio_seconds"):
        fit_photos(PARAMS.model_copy(update={"nerfstudio_seconds": 1e-3}), photos(), sparse())


@pytest.fixture
def hanging(tmp_path):
    """A program that ignores SIGTERM, with a child that holds a lock while it lives."""
    program = tmp_path / "ns-train"
    program.write_text(
        "#!/bin/sh\ntrap '' TERM INT HUP\nexec 9>lock\nflock 9\nsleep 600 &\necho '10 (1.00%) x'\nwait\n"
    )
    program.chmod(0o755)
    return [str(program)]


def test_time_limit_kills_the_children_too(hanging, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CatalogError, match=r"took longer than 2 s: 10 \(1\.00%\) x\. Hurry\."):
        run_nerfstudio(hanging, tmp_path / "log", 2.0, when_late="Hurry.")
    with (tmp_path / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # returns once it is free


def test_interrupt_kills_the_children_too(hanging, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def stop(step):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_nerfstudio(hanging, tmp_path / "log", 600.0, stop, when_late="")
    with (tmp_path / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)


def test_image_runs_as_the_pods_user_and_pins_nerfstudios_needs():
    deploy = Path(__file__).parents[3] / "deploy"
    written, common = ((deploy / name).read_text() for name in ("nerfstudio.Dockerfile", "Dockerfile"))
    users = [re.findall(r"^USER (.*)$", text, re.MULTILINE) for text in (written, common)]
    assert users[0] == users[1] == ["10001:10001"]
    pins = dict(re.findall(r"^([\w.-]+)==(\S+)$", (deploy / "nerfstudio.txt").read_text(), re.MULTILINE))
    expected = {
        "nerfstudio": "1.1.5",
        "gsplat": "1.4.0",
        "protobuf": "3.20.3",
        "torch": "2.4.1",
        "torchvision": "0.19.1",
    }
    assert expected.items() <= pins.items()
    for line in re.findall(r"^COPY (?!--from)(.*)$", written, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (deploy.parent / source).exists(), source
            allowed = (deploy.parent / ".dockerignore").read_text().splitlines()
            assert f"!{source.split('/')[0]}" in allowed
