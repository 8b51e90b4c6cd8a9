import cv2
import numpy as np
import pytest

from pipeline.core.errors import BadInput
from pipeline.diffusion.painting.enlarge import enlarge, in_square, square_crop
from pipeline.diffusion.scenes.plain import dithered, gradient, solid
from pipeline.diffusion.scenes.scene import render_scene
from pipeline.diffusion.scenes.vocabulary import SceneSpec


def test_solid_is_exactly_one_colour():
    picture = solid("#Ff8001", 5, 3)
    assert picture.shape == (3, 5, 3)
    assert (picture == (255, 128, 1)).all()


def test_gradient_runs_top_to_bottom_and_keeps_its_mean():
    picture = gradient("#ffffff", "#808080", 64, 128).astype(float)
    rows = picture.mean((1, 2))
    assert (np.diff(rows[::8]) < 0).all()
    assert rows[0] == pytest.approx(255, abs=1.5)
    assert rows[-1] == pytest.approx(128, abs=1.5)
    assert rows.mean() == pytest.approx((255 + 128) / 2, abs=0.5)
    assert (gradient("#ffffff", "#ffffff", 9, 9) == 255).all()


@pytest.mark.parametrize("colour", ["white", "#fff", "ffffff", "#gggggg", "#fffffff"])
def test_invalid_colour_is_reported(colour):
    with pytest.raises(BadInput, match=r"#rrggbb"):
        solid(colour, 2, 2)


def test_dithering_keeps_the_mean():
    levels = np.full((100, 100, 3), 100.3)
    assert dithered(levels, 1).mean() == pytest.approx(100.3, abs=0.05)
    assert set(np.unique(dithered(levels, 1))) == {100, 101}
    assert (dithered(levels, 1) == dithered(levels, 1)).all()


@pytest.mark.parametrize(("width", "height"), [(100, 100), (200, 100), (70, 140)])
def test_square_crop_matches_where_in_square_places_a_picture(width, height):
    picture = np.full((height, width, 4), 200, np.uint8)
    square = in_square(picture, 50, fill=0)
    rows, columns = square_crop(width, height, 50)
    assert (square[rows, columns] == 200).all()
    assert square.sum() == square[rows, columns].astype(int).sum()
    assert (rows.stop - rows.start) / (columns.stop - columns.start) == pytest.approx(height / width)


def test_enlarging_adds_structure_and_keeps_light_and_colour():
    ramp = np.linspace(60, 200, 64)[None, :, None] * np.array([1, 0.9, 0.8])
    painted = np.broadcast_to(ramp, (64, 64, 3)).astype(np.uint8)
    plain = enlarge(painted, 320, 240, None, 5)
    wooden = enlarge(painted, 320, 240, SceneSpec(material="wood", colour="tan"), 5)
    assert plain.shape == wooden.shape == (240, 320, 3)
    assert np.abs(plain.astype(float).mean((0,)) - wooden.astype(float).mean((0,))).mean() < 4
    assert wooden.astype(float).std((0, 2)).mean() > plain.astype(float).std((0, 2)).mean()
    assert (wooden == enlarge(painted, 320, 240, SceneSpec(material="wood", colour="tan"), 5)).all()
    assert (wooden != enlarge(painted, 320, 240, SceneSpec(material="wood", colour="tan"), 6)).any()


@pytest.mark.parametrize("material", ["wood", "marble", "linen"])
def test_enlarging_restores_the_detail_of_a_blurred_scene(material):
    spec = SceneSpec(material=material, colour="tan", horizon="low")
    scene = render_scene(spec, 3, 256, 256)[0]
    blurred = cv2.GaussianBlur(scene, (0, 0), 0.8 * 256 / 48)
    restored, plain = (enlarge(blurred, 256, 256, spec, 3, coarse_px).astype(float) for coarse_px in (48, None))
    assert np.abs(restored - scene).mean() < 0.6 * np.abs(plain - scene).mean()
