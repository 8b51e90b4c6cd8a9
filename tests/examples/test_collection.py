"""The shipped sample collection: photos, ground truth and the gap in the mug's ring."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.ExifTags import IFD, Base

from pipeline.core.domain import View, angle_between_deg, azimuth_elevation_deg, camera_centre, look_at
from pipeline.core.shoot_files import shoot_files
from pipeline.shoot import read_shoot

COLLECTION = Path(__file__).parents[2] / "examples" / "collection"
SKUS = ("tee-001", "mug-001")


def views(folder: Path) -> list[View]:
    return [View.model_validate(view) for view in json.loads((folder / "views.json").read_text())]


def matte(folder: Path, view: View) -> np.ndarray:
    with Image.open(folder / "mattes" / f"{Path(view.photo).stem}.png") as image:
        assert image.mode == "L"
        return np.asarray(image, dtype=np.float64) / 255


def project(view: View, point: np.ndarray) -> tuple[float, float]:
    """Project a world point through the true SIMPLE_RADIAL camera, px."""
    x, y, z = (view.pose @ np.append(point, 1.0))[:3]
    u, v = x / z, y / z
    bend = 1 + view.camera.k1 * (u * u + v * v)
    return view.camera.fx_px * u * bend + view.camera.cx_px, view.camera.fy_px * v * bend + view.camera.cy_px


@pytest.fixture(params=SKUS)
def folder(request: pytest.FixtureRequest) -> Path:
    return COLLECTION / request.param


def test_shoot_yaml_is_valid_and_its_photos_exist(folder):
    shoot = read_shoot(folder)
    assert shoot.sku == folder.name
    assert 20 <= len(shoot_files(folder).photos) <= 30
    assert shoot.channels == ("amazon_main", "shopify")
    assert {backdrop.kind for backdrop in shoot.backdrops} == {"solid", "diffusion"}


def test_photos_are_large_enough_and_have_lens_metadata(folder):
    for path in shoot_files(folder).photos:
        with Image.open(path) as photo:
            assert photo.format == "JPEG"
            assert min(photo.size) >= 1000
            tags = photo.getexif()
            detail = tags.get_ifd(IFD.Exif)
            assert tags[Base.Orientation] == 1
            assert tags[Base.Make] and tags[Base.Model]
            assert detail[Base.DateTimeOriginal].startswith("2026:")
            assert 0 < float(detail[Base.ExposureTime]) < 1 and detail[Base.ISOSpeedRatings] == 200
            focal_px = float(detail[Base.FocalLength]) * float(detail[Base.FocalPlaneXResolution]) / 10
            truth = views(folder / "truth")[0].camera
            assert focal_px == pytest.approx(truth.fx_px, rel=0.01)
            assert (truth.width_px, truth.height_px) == photo.size


def test_every_photo_has_truth_and_truth_is_not_discovered_as_a_shoot(folder):
    assert [view.photo for view in views(folder / "truth")] == [path.name for path in shoot_files(folder).photos]
    assert not list((folder / "truth").rglob("shoot.yaml"))
    assert not list((folder / "truth").rglob("photos"))


def test_true_poses_agree_with_azimuth_and_elevation(folder):
    for view in views(folder / "truth"):
        distance = float(np.linalg.norm(camera_centre(view.pose)))
        assert np.allclose(view.pose, look_at(view.azimuth_deg, view.elevation_deg, distance), atol=1e-9)
        azimuth, elevation = azimuth_elevation_deg(camera_centre(view.pose))
        assert abs((azimuth - view.azimuth_deg + 180) % 360 - 180) < 1e-6
        assert elevation == pytest.approx(view.elevation_deg)


def test_mattes_agree_with_the_true_poses(folder):
    for view in views(folder / "truth"):
        alpha = matte(folder / "truth", view)
        assert alpha.shape == (view.camera.height_px, view.camera.width_px)
        rows, columns = np.nonzero(alpha > 0.5)
        height, width = alpha.shape
        assert rows.min() > 0 and rows.max() < height - 1, "not cut off"
        assert columns.min() > 0 and columns.max() < width - 1, "not cut off"
        assert 0.08 < alpha.mean() < 0.6
        u, v = project(view, np.zeros(3))
        assert alpha[int(v), int(u)] > 0.99  # the product covers its centre
        assert abs((rows.min() + rows.max()) / 2 - v) < 0.12 * height
        radius_px = view.camera.fx_px / np.linalg.norm(camera_centre(view.pose))
        assert np.hypot(rows - v, columns - u).max() < 1.1 * radius_px  # the unit is the product's radius


def test_matte_shows_the_hole_of_the_handle():
    truth = COLLECTION / "mug-001" / "truth"
    front = views(truth)[0]
    alpha = matte(truth, front)
    right = [project(front, np.array([x, 0.0, 0.05]))[0] for x in (0.4, 1.05)]
    row = int(project(front, np.array([0.75, 0.0, 0.05]))[1])
    line = alpha[row, int(right[0]) : int(right[1])] > 0.5
    changes = np.flatnonzero(np.diff(line.astype(int)))
    assert len(changes) == 3  # wall, hole, handle, backdrop


def test_mattes_agree_with_the_photos(folder):
    """The photo changes across the matte's edge, and the light backdrop is outside."""
    for view in views(folder / "truth")[::6]:
        alpha = matte(folder / "truth", view)
        with Image.open(folder / "photos" / view.photo) as photo:
            pixels = np.asarray(photo.convert("RGB"), dtype=np.float64)
        outside = pixels[alpha < 0.01]
        assert np.median(outside) > 170
        assert (outside.max(axis=1) - outside.min(axis=1)).mean() < 15  # grey paper
        inside = pixels[alpha > 0.99]
        assert np.abs(np.median(inside, axis=0) - np.median(outside, axis=0)).max() > 60


def test_tee_has_a_full_ring_and_a_second_elevation():
    ring = views(COLLECTION / "tee-001" / "truth")
    assert {view.elevation_deg for view in ring} == {10.0, 35.0}
    azimuths = sorted(view.azimuth_deg for view in ring if view.elevation_deg == 10.0)
    assert max(np.diff([*azimuths, azimuths[0] + 360])) < 25


def test_gap_exceeds_the_spacing_by_45_degrees_and_has_withheld_photos():
    truth = COLLECTION / "mug-001" / "truth"
    azimuths = sorted(view.azimuth_deg for view in views(truth) if view.elevation_deg == 12.0)
    steps = np.diff([*azimuths, azimuths[0] + 360])
    gap = int(np.argmax(steps))
    assert steps[gap] - np.median(steps) >= 44
    withheld = views(truth / "withheld")
    assert len(withheld) == 3
    for view in withheld:
        assert azimuths[gap] + 10 < view.azimuth_deg < azimuths[gap + 1] - 10
        assert (truth / "withheld" / view.photo).is_file()
        assert matte(truth / "withheld", view).mean() > 0.08


def test_requested_angles_range_from_captured_to_refused(folder):
    cameras = [camera_centre(view.pose) for view in views(folder / "truth")]
    nearest = {}
    for angle in read_shoot(folder).angles:
        towards = camera_centre(look_at(angle.azimuth_deg, angle.elevation_deg, 1.0))
        nearest[angle.name] = min(angle_between_deg(towards, camera) for camera in cameras)
    assert sum(d < 2 for d in nearest.values()) >= 2
    assert sum(9 < d < 18 for d in nearest.values()) == 1
    assert sum(d > 25 for d in nearest.values()) == 1


def test_true_shadow_darkens_the_paper_beside_the_product(folder):
    for path in sorted((folder / "truth" / "shadows").glob("*.png")):
        with Image.open(path) as image:
            ratio = np.asarray(image, dtype=np.float64) / 255
        with Image.open(folder / "truth" / "mattes" / path.name) as image:
            free = np.asarray(image) == 0
        assert ratio[free].min() < 0.75
        assert np.median(ratio[free]) > 0.93


def test_collection_is_small():
    total = sum(path.stat().st_size for path in (COLLECTION.parent).rglob("*") if path.is_file())
    assert total <= 25_000_000
