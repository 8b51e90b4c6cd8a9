import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.core.errors import BadInput, StoreFull
from pipeline.posing.sfm.colmap import SfmFailed, pose, run_worker
from pipeline.posing.sfm.photos import PhotoFile, camera_groups
from pipeline.posing.sfm.recipes import ALL
from pipeline.posing.sfm.request import PoseParams, PoseRequest
from tests.core.test_process import ends_within
from tests.posing.can import Shot, write_shoot

NOISE = np.random.default_rng(0).integers(0, 255, (60, 80, 3)).astype(np.uint8)


def save(path, array=NOISE):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)
    return path


def photos_of(folder, count=3):
    return [PhotoFile(save(folder / f"P{i}.png"), 80, 60) for i in range(count)]


def request_for(folder, timeout_seconds):
    params = PoseParams(timeout_seconds=timeout_seconds)
    return PoseRequest(
        photos=".", crops=".", sides={}, out=str(folder), groups=(), pairs=None, params=params, recipes=ALL, threads=1
    )


def test_a_worker_that_hangs_is_killed_with_its_children(tmp_path):
    hangs = ("sh", "-c", f"tail -f /dev/null & echo $! > {tmp_path}/child; wait")
    with pytest.raises(SfmFailed, match=r"longer than 2 s.*timeout_seconds"):
        run_worker(request_for(tmp_path, 2.0), tmp_path / "request.json", hangs)
    assert ends_within(int((tmp_path / "child").read_text()), 30)


def test_a_worker_that_crashes_is_reported_with_the_end_of_its_log(tmp_path):
    crashes = (sys.executable, "-c", "import os, sys; print('heap corrupted', flush=True); os.abort()")
    with pytest.raises(SfmFailed, match=r"code -6: heap corrupted"):
        run_worker(request_for(tmp_path, 60.0), tmp_path / "request.json", crashes)


def test_a_worker_that_succeeds_without_an_answer_is_an_error(tmp_path):
    with pytest.raises(SfmFailed, match="code 0: its log is empty"):
        run_worker(request_for(tmp_path, 60.0), tmp_path / "request.json", (sys.executable, "-c", "pass"))


def test_a_killed_worker_and_a_full_disk_are_reported_with_a_remedy(tmp_path, monkeypatch):
    request, path = request_for(tmp_path, 60.0), tmp_path / "request.json"
    with pytest.raises(SfmFailed, match=r"code -9: its log is empty.*memory"):
        run_worker(request, path, ("sh", "-c", "kill -9 $$"))
    full = shutil._ntuple_diskusage(2**40, 2**40, 0)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)
    with pytest.raises(StoreFull, match="no room left on the disk of"):
        run_worker(request, path, ("sh", "-c", "exit 1"))


def test_the_parent_does_not_load_pycolmap():
    assert "pycolmap" not in sys.modules


def test_white_photos_give_no_model(tmp_path):
    white = np.full((60, 80, 3), 255, np.uint8)
    photos = [PhotoFile(save(tmp_path / "photos" / f"P{i}.png", white), 80, 60) for i in range(4)]
    posed = pose(photos, None, {}, PoseParams(timeout_seconds=120), tmp_path / "scratch")
    assert posed.model is None
    assert [attempt.registered for attempt in posed.answer.attempts] == [0, 0]


def test_a_mask_of_the_wrong_size_is_bad_input(tmp_path):
    photos = photos_of(tmp_path / "photos")
    masks = {photo.photo: save(tmp_path / "masks" / photo.name) for photo in photos}
    save(masks["P1"], np.zeros((30, 80, 4), np.uint8))
    with pytest.raises(BadInput, match=r"mask P1\.png has 80 x 30 px.*80 x 60"):
        pose(photos, masks, {}, PoseParams(), tmp_path / "scratch")


def test_a_missing_or_damaged_mask_is_bad_input(tmp_path):
    photos = photos_of(tmp_path / "photos")
    masks = {photo.photo: save(tmp_path / "masks" / photo.name) for photo in photos}
    masks["P2"].write_bytes(masks["P2"].read_bytes()[:60])
    with pytest.raises(BadInput, match=r"mask P2\.png cannot be decoded"):
        pose(photos, masks, {}, PoseParams(), tmp_path / "scratch")
    del masks["P0"]
    with pytest.raises(BadInput, match=r"P0\.png has no mask"):
        pose(photos, masks, {}, PoseParams(), tmp_path / "again")


def test_photos_with_an_empty_cut_out_are_left_out_and_listed(tmp_path):
    photos = photos_of(tmp_path / "photos")
    masks = {photo.photo: save(tmp_path / "masks" / photo.name, np.zeros((60, 80, 4), np.uint8)) for photo in photos}
    posed = pose(photos, masks, {}, PoseParams(), tmp_path / "scratch")
    assert posed.model is None
    assert [file.name for file in posed.unusable] == ["P0.png", "P1.png", "P2.png"]


def test_photos_of_one_size_and_focal_length_share_a_camera():
    photos = [
        PhotoFile(Path(f"P{i}.png"), *size) for i, size in enumerate([(800, 600), (800, 600), (600, 800), (800, 600)])
    ]
    focal = {"P0": 900.0, "P1": 903.0, "P3": 1800.0}
    groups = camera_groups(photos, focal)
    assert [group.names for group in groups] == [("P0.png", "P1.png"), ("P2.png",), ("P3.png",)]
    assert [group.prior for group in groups] == [(901.5, 400.0, 300.0, 0.0), None, (1800.0, 400.0, 300.0, 0.0)]


@pytest.fixture(scope="module")
def turned_over(tmp_path_factory):
    """A can of which two sides were shot that share nothing, as of a product that was turned over."""
    folder = tmp_path_factory.mktemp("turned")
    shots = [Shot(f"A{i}", 9.0 * i, 14.0) for i in range(8)] + [Shot(f"B{i}", 180.0 + 9.0 * i, 14.0) for i in range(5)]
    write_shoot(folder, shots)
    photos = [PhotoFile(folder / "photos" / f"{shot.photo}.png", 480, 400) for shot in shots]
    masks = {shot.photo: folder / "cutouts" / f"{shot.photo}.png" for shot in shots}
    params = PoseParams(max_side_px=480, max_features=1024, timeout_seconds=300)
    return pose(photos, masks, {}, params, folder / "scratch")


def test_two_sides_that_share_nothing_are_told_apart_without_costly_attempts(turned_over):
    answer = turned_over.answer
    assert {image.photo for image in turned_over.model.images} == {f"A{i}" for i in range(8)}
    assert answer.apart == (tuple(f"B{i}" for i in range(5)),)
    assert {attempt.name for attempt in answer.attempts} <= {"plain", "complete", "reseeded"}
