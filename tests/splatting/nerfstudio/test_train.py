"""The nerfstudio engine against programs that answer as nerfstudio does: frames, arguments, failures, time limits."""

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
from pipeline.splatting.nerfstudio.files import Frame, in_product_frame, read_frame
from pipeline.splatting.nerfstudio.run import run_nerfstudio
from pipeline.splatting.ply import Splat, read_ply, write_ply
from pipeline.splatting.show.render import planes
from pipeline.stages.splat import STAGE, Params
from tests.splatting.nerfstudio.fake_nerfstudio import asked, install
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
    """Round or not, where nerfstudio would have fitted them; colours of degree 0, which turn with nothing."""
    g = gaussians
    q = Rotation.from_matrix(frame.rotation) * Rotation.from_quat(g.quats[:, [1, 2, 3, 0]])
    means = frame.scale * (g.means @ frame.rotation.T + frame.shift)
    quats, scales = q.as_quat()[:, [3, 0, 1, 2]], g.log_scales + np.log(frame.scale)
    return Gaussians(means.astype(np.float32), scales.astype(np.float32), quats.astype(np.float32), g.logits, g.sh)


@pytest.fixture
def nerfstudio(tmp_path, monkeypatch):
    """Puts stand-ins on the PATH, which holds nothing else of that name."""

    def put(frame=FRAME, **changes):
        ply = tmp_path / "theirs.ply"
        ply.write_bytes(write_ply(Splat(moved(product().gaussians, frame), antialias=False)))
        install(tmp_path, **{"ply": ply, "transforms": transforms(frame), **changes})
        monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
        return tmp_path

    return put


def test_a_splat_comes_back_in_the_product_frame_and_is_judged_by_photos_it_never_saw(nerfstudio, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "secret")
    folder, steps = nerfstudio(), []
    shot = photos(splat=Splat(product().gaussians, antialias=False))
    done = fit_photos(PARAMS, shot, sparse(), Hooks(progress=lambda p: steps.append((p.iteration, p.total, p.words))))
    report = done.report
    assert (report.engine, report.engine_version) == ("nerfstudio", "nerfstudio 1.1.5")
    assert (report.nerfstudio_method, report.checkpoint_sha256) == ("splatfacto", sha256(b"splatfacto").hexdigest())
    assert report.held_out == ("P03", "P09") and report.photos == 12 and report.gaussians == 1500
    assert report.psnr_db > 30 and report.alpha_iou > 0.99 and report.train_psnr_db > 30
    assert {photo.name for photo in done.judged} == {"P03", "P09"} and not done.splat.antialias
    np.testing.assert_allclose(done.splat.gaussians.means, product().gaussians.means, atol=1e-5)
    assert steps and all(total == 300 and "s left" in words and "dB" not in words for _, total, words in steps)
    assert not any(name.startswith(("ANTHROPIC", "PYTHONPATH")) for name in asked(folder)["environment"])


def test_the_splat_step_runs_it_and_its_manifest_says_so(nerfstudio, tmp_path):
    nerfstudio()
    store = Store(tmp_path / "store")
    given = inputs(store, photos(splat=Splat(product().gaussians, antialias=False)))
    params = Params(**PARAMS.model_dump())
    outputs, manifest, _ = Runner(store).run(STAGE, given, params)
    assert manifest.request.params["fit"]["engine"] == "nerfstudio"
    assert outputs.report.fit.engine_version == "nerfstudio 1.1.5"
    assert {one.photo for one in load_list(Validation, store.read(outputs.validation))} == {"P03", "P09"}
    kept = read_ply(store.read(outputs.splat))
    np.testing.assert_allclose(kept.gaussians.means, product().gaussians.means, atol=1e-5)
    assert not kept.antialias


def test_nerfstudio_gets_a_workspace_of_cut_out_photos_without_the_held_out_ones(nerfstudio):
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
        x, y = (round(c - v) for c, v in zip(camera.params[2:], (48, 48), strict=True))  # how far it was cropped
        assert abs((rgba[..., 3] > 127).sum() - whole.sum()) <= 2
        assert (rgba[:, :, 3] == np.roll(photo.rgba[..., 3], (y, x), (0, 1))[: rgba.shape[0], : rgba.shape[1]]).all()


def test_the_call_moves_nothing_and_fits_its_schedule_into_the_iterations(nerfstudio):
    folder = nerfstudio()
    fit_photos(PARAMS.model_copy(update={"seed": 7, "degree": 2}), photos(), sparse())
    options, data = asked(folder)["options"], asked(folder)["data"]
    still = {"orientation-method": "none", "center-method": "none", "auto-scale-poses": "False"}
    assert still.items() <= data.items() and data["assume-colmap-world-coordinate-convention"] == "False"
    assert (data["eval-mode"], data["downscale-factor"], data["colmap-path"]) == ("all", "1", "sparse/0")
    assert 0.15 < float(data["scale-factor"]) < 0.3  # the cameras are 5 units away
    assert (options["machine.seed"], options["pipeline.model.sh-degree"]) == ("7", "2")
    assert options["pipeline.model.background-color"] == "random" and options["pipeline.model.stop-split-at"] == "150"
    assert options["max-num-iterations"] == options["optimizers.means.scheduler.max-steps"] == "300"
    assert "viewer" not in options["vis"]


def test_colours_turn_with_the_frame():
    r = np.random.default_rng(2)
    n = 60
    values = (r.normal(size=(n, 3)) * 0.2, r.uniform(-4, -2.5, (n, 3)), r.normal(size=(n, 4)), r.normal(size=n) + 1,
              r.normal(size=(n, 16, 3)) * 0.3)  # fmt: skip
    theirs = Gaussians(*(v.astype(np.float32) for v in values))
    ours = in_product_frame(theirs, FRAME)
    pose, there = look_at(35, 20, 5.0), np.eye(4)
    there[:3, :3] = pose[:3, :3] @ FRAME.rotation.T
    there[:3, 3] = FRAME.scale * (pose[:3, 3] - there[:3, :3] @ FRAME.shift)
    wanted, shown = (planes(Splat(g, True), camera(), p, 1) for g, p in ((theirs, there), (ours, pose)))
    assert wanted[3].max() > 0.5
    np.testing.assert_allclose(shown[:4], wanted[:4], atol=1e-4)


def test_a_frame_that_was_only_scaled_keeps_its_turns_and_colours_bit_for_bit():
    g = product().gaussians
    ours = in_product_frame(g, Frame(np.eye(3), np.zeros(3), 0.5))
    assert np.array_equal(ours.quats, g.quats) and np.array_equal(ours.sh, g.sh)
    np.testing.assert_allclose(ours.means, 2 * g.means)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ('{"transform": [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, -1, 0]], "scale": 1}', "no rigid way"),
        ('{"transform": [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]], "scale": 0}', "no rigid way"),
        ('{"transform": [[1, 0, 0]], "scale": 1}', "no rigid way"),
        ('{"scale": 1}', "in which frame"),
        ("{", "in which frame"),
    ],
)
def test_a_frame_that_makes_no_sense_is_refused(tmp_path, said, words):
    path = tmp_path / "dataparser_transforms.json"
    path.write_text(said)
    with pytest.raises(CatalogError, match=words):
        read_frame(path)


def test_without_its_programs_the_error_names_the_image(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingEngine, match=r"ns-export.*deploy/nerfstudio\.Dockerfile"):
        fit_photos(PARAMS, photos(), sparse())


@pytest.mark.parametrize("there", [False, True])
def test_doctor_says_whether_the_presets_engine_is_there(nerfstudio, monkeypatch, tmp_path, there):
    preset = tmp_path / "mine.yaml"
    preset.write_text("splat: {engine: nerfstudio}\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    if there:
        nerfstudio()
    found = examine(Settings(store=tmp_path / "store", preset=str(preset)))
    (finding,) = [f for f in found if f.what == "engine of splat"]
    assert finding.state == ("ok" if there else "missing")
    assert str(tmp_path / "bin" / "ns-train") in finding.words if there else "nerfstudio.Dockerfile" in finding.words


def test_a_crash_is_told_with_its_last_words_and_a_missing_frame_too(nerfstudio):
    folder = nerfstudio(crash=True)
    with pytest.raises(CatalogError, match=r"ns-train ended with code 1: .*: CUDA out of memory") as caught:
        fit_photos(PARAMS, photos(), sparse())
    assert "\x1b" not in str(caught.value) and "\n" not in str(caught.value)
    assert not isinstance(caught.value, BadInput)  # it may go well another time
    (folder / "bin").rename(folder / "crashing")
    (folder / "photos").rename(folder / "first")
    nerfstudio(transforms=None)
    with pytest.raises(CatalogError, match="in which frame"):
        fit_photos(PARAMS, photos(), sparse())


def test_too_little_time_and_too_few_photos_are_refused(nerfstudio):
    folder = nerfstudio()
    with pytest.raises(BadInput, match="too few"):
        fit_photos(PARAMS, photos()[:2], sparse())
    (folder / "bin" / "ns-train").write_text("#!/bin/sh\nexec tail -f /dev/null\n")  # never ends by itself
    with pytest.raises(CatalogError, match=r"took longer.*nerfstudio_seconds"):
        fit_photos(PARAMS.model_copy(update={"nerfstudio_seconds": 1e-3}), photos(), sparse())


@pytest.fixture
def hanging(tmp_path):
    """A program that heeds no polite signal, with a child that holds a lock as long as it lives."""
    program = tmp_path / "ns-train"
    program.write_text(
        "#!/bin/sh\ntrap '' TERM INT HUP\nexec 9>lock\nflock 9\nsleep 600 &\necho '10 (1.00%) x'\nwait\n"
    )
    program.chmod(0o755)
    return [str(program)]


def test_at_the_time_limit_its_children_die_too(hanging, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CatalogError, match=r"took longer than 2 s: 10 \(1\.00%\) x\. Hurry\."):
        run_nerfstudio(hanging, tmp_path / "log", 2.0, when_late="Hurry.")
    with (tmp_path / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # returns when nobody holds it


def test_when_we_are_stopped_its_children_die_too(hanging, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def stop(step):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_nerfstudio(hanging, tmp_path / "log", 600.0, stop, when_late="")
    with (tmp_path / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)


def test_its_image_runs_as_the_user_of_the_pods_and_pins_what_nerfstudio_needs():
    deploy = Path(__file__).parents[3] / "deploy"
    written, common = ((deploy / name).read_text() for name in ("nerfstudio.Dockerfile", "Dockerfile"))
    users = [re.findall(r"^USER (.*)$", text, re.MULTILINE) for text in (written, common)]
    assert users[0] == users[1] == ["10001:10001"]
    pins = dict(re.findall(r"^([\w.-]+)==(\S+)$", (deploy / "nerfstudio.txt").read_text(), re.MULTILINE))
    wanted = {"nerfstudio": "1.1.5", "gsplat": "1.4.0", "protobuf": "3.20.3", "torch": "2.4.1", "torchvision": "0.19.1"}
    assert wanted.items() <= pins.items()
    for line in re.findall(r"^COPY (?!--from)(.*)$", written, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (deploy.parent / source).exists(), source
            allowed = (deploy.parent / ".dockerignore").read_text().splitlines()
            assert f"!{source.split('/')[0]}" in allowed
