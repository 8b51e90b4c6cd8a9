import json

import numpy as np
import pytest
from PIL import ExifTags, Image

from pipeline.core.colmap.read import read_model
from pipeline.core.domain import View
from pipeline.core.errors import BadInput, Held
from pipeline.core.records import load_list
from pipeline.posing.folder import pose_folder, upright_photos
from pipeline.posing.sfm.request import PoseParams
from pipeline.posing.sides import resolve
from tests.posing.can import ring, write_shoot
from tests.posing.posed_once import PosedOnce

SMALL = PoseParams(max_side_px=480, max_features=1024, timeout_seconds=300)


@pytest.fixture(scope="module")
def shoot(tmp_path_factory):
    folder = tmp_path_factory.mktemp("can")
    write_shoot(folder, ring(18))
    (folder / "photos" / "notes.jpg").write_text("front is DSC_0001")
    (folder / "photos" / "readme.txt").write_text("not a photo")
    return folder


POSED_ONCE = PosedOnce()


@pytest.fixture(scope="module")
def workspace(shoot, tmp_path_factory):
    """What pose_folder returned, and the folder that it wrote."""
    out = tmp_path_factory.mktemp("posed") / "colmap"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resolve, "pose", POSED_ONCE)
        return pose_folder(shoot / "photos", out, shoot / "cutouts", SMALL), out


def test_a_folder_becomes_a_colmap_workspace_in_the_product_frame(shoot, workspace):
    finished, out = workspace
    assert (finished.report.photos, finished.report.registered) == (18, 18)
    assert [file.name for file in finished.unusable] == ["readme.txt", "notes.jpg"]
    assert 0 < finished.report.reprojection_error_px < 1.0
    assert finished.report.seconds > 0
    assert finished.report.peak_memory_mb > 0
    assert finished.report.ring_residual_deg < 0.5
    views = load_list(View, (out / "views.json").read_bytes())
    for view, truth in zip(views, ring(18), strict=True):
        assert view.photo == truth.photo
        assert abs((view.azimuth_deg - truth.azimuth_deg + 180) % 360 - 180) < 2.0
        assert view.elevation_deg == pytest.approx(truth.elevation_deg, abs=2.0)
    model = read_model(out / "sparse" / "0")
    assert [image.name for image in model.images] == sorted(path.name for path in (out / "images").iterdir())
    for cutout in (shoot / "cutouts").iterdir():  # so that a splat of the product alone can be fitted
        with Image.open(out / "images" / cutout.name) as image, Image.open(cutout) as given:
            assert image.mode == "RGBA"
            assert image.getchannel("A").tobytes() == given.getchannel("A").tobytes()
    assert np.percentile(np.linalg.norm(model.points.positions, axis=1), 95) < 1.3  # unit: the product's radius
    assert json.loads((out / "report.json").read_text())["front"] == "DSC_0001"


def test_photos_that_cannot_be_registered_are_held_with_a_remedy(shoot, tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    for i in range(4):
        noise = np.random.default_rng(i).integers(100, 110, (100, 120, 3)).astype(np.uint8)
        Image.fromarray(noise).save(photos / f"P{i}.jpg")
    with pytest.raises(Held, match=r"0 of 4 photos registered.*no more than 15° apart"):
        pose_folder(photos, tmp_path / "out", None, SMALL)


def test_a_folder_with_other_files_is_not_overwritten(shoot, tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(BadInput, match="was not made by"):
        pose_folder(shoot / "photos", tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_missing_folders_photos_and_fronts_are_bad_input(shoot, tmp_path):
    with pytest.raises(BadInput, match="0 readable photos"):
        pose_folder(tmp_path, tmp_path / "out")
    with pytest.raises(BadInput, match="not a folder"):
        pose_folder(tmp_path / "nowhere", tmp_path / "out")
    with pytest.raises(BadInput, match="no photo 'DSC_9999'"):
        pose_folder(shoot / "photos", tmp_path / "out", front="DSC_9999")


def test_photos_are_turned_upright_and_exif_gives_the_focal_length(tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    for i in range(3):
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = 6
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.FocalLengthIn35mmFilm] = 50
        Image.new("RGB", (120, 90), (i, 50, 90)).save(source / f"P{i}.jpg", exif=exif)
    upright = upright_photos(source, tmp_path / "images")
    assert [(photo.width_px, photo.height_px) for photo in upright.photos] == [(90, 120)] * 3
    assert upright.focal_px["P0"] == pytest.approx(150 * 50 / 43.2666, rel=1e-4)
    assert upright.unusable == ()
    assert upright.notes == {}


def test_the_same_poses_give_a_bit_identical_workspace(shoot, workspace, monkeypatch, tmp_path):
    monkeypatch.setattr(resolve, "pose", POSED_ONCE)
    again = tmp_path / "again"
    pose_folder(shoot / "photos", again, shoot / "cutouts", SMALL)
    first, second = (
        {file.name: file.read_bytes() for file in (out / "sparse/0").iterdir()} for out in (workspace[1], again)
    )
    assert first == second
