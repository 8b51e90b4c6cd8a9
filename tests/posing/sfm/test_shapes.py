from dataclasses import replace

import cv2
import numpy as np
import pytest

from pipeline.core.rotations import rotation_from_quaternion
from pipeline.posing.sfm.photos import PhotoFile, silhouette_of
from pipeline.posing.sfm.shapes import shapes_agree
from tests.posing import can
from tests.posing.drawn_scene import model_of


@pytest.fixture(scope="module")
def halves():
    """Models of the can upright and turned over, in one frame, and the silhouettes of all photos."""
    shots = [can.Shot(f"A{n}", 40.0 * n, 35.0) for n in range(9)]
    shots += [can.Shot(f"B{n}", 7 + 51.0 * n, 25.0, can.TURNED_OVER) for n in range(7)]
    silhouettes = {
        shot.photo: silhouette_of(
            can.picture_at(shot.pose)[1], PhotoFile(None, can.CAMERA.width_px, can.CAMERA.height_px)
        )
        for shot in shots
    }
    models = [
        model_of(
            np.zeros((0, 3)),
            {shot.photo: can.CAMERA for shot in shots if shot.photo[0] == half},
            {shot.photo: shot.pose for shot in shots if shot.photo[0] == half},
            {shot.photo: np.zeros(0, np.int64) for shot in shots},
        )
        for half in "AB"
    ]
    return *models, silhouettes


def tilted(model, degrees):
    half = np.radians(degrees) / 2
    return model.moved(rotation_from_quaternion([np.cos(half), np.sin(half), 0.0, 0.0]), np.zeros(3), 1.0)


def test_halves_that_belong_together_have_one_shape(halves):
    first, second, silhouettes = halves
    assert shapes_agree(first, second, silhouettes)
    assert shapes_agree(first, tilted(second, 1.0), silhouettes)


@pytest.mark.parametrize("wrong", ["tilted", "larger", "beside"])
def test_halves_that_are_placed_wrong_have_no_common_shape(halves, wrong):
    first, second, silhouettes = halves
    placed = {
        "tilted": tilted(second, 25.0),
        "larger": second.moved(np.eye(3), np.zeros(3), 1.25),
        "beside": second.moved(np.eye(3), np.array([0.3, 0.0, 0.0]), 1.0),
    }[wrong]
    assert not shapes_agree(first, placed, silhouettes)


def test_ragged_mattes_of_one_half_do_not_hide_that_shapes_agree(halves):
    first, second, silhouettes = halves
    kernel = np.ones((5, 5), np.uint8)
    ragged = {
        photo: cv2.dilate(inside.astype(np.uint8), kernel) > 0 if photo[0] == "B" else inside
        for photo, inside in silhouettes.items()
    }
    assert shapes_agree(first, second, ragged)


def test_without_silhouettes_of_both_halves_nothing_agrees(halves):
    first, second, silhouettes = halves
    assert not shapes_agree(first, second, {photo: s for photo, s in silhouettes.items() if photo[0] == "A"})
    assert not shapes_agree(replace(first, images=()), second, silhouettes)
