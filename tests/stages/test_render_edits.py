"""Angles whose pictures are edited as shoot.yaml asks."""

import numpy as np
import pytest

from pipeline.core.errors import BadInput
from pipeline.core.png import decode_png
from pipeline.splatting.show.render import render
from tests.splatting.toy_product import photos, product
from tests.stages.test_render import drawn, overlap

CROP = {"left": 0.17, "top": 0.1, "right": 0.05}


@pytest.fixture(scope="module")
def shot():
    return photos(6)


def test_edited_angles_replace_their_pictures_and_keep_the_unedited(store, shot):
    plain = drawn(store, shot)[2]
    edits = {"front": {"crop": CROP}, "side": {"crop": CROP, "rotate_deg": 20, "resize": 1.5}, "back": {"resize": 2}}
    outputs, pictures, files, manifest = drawn(store, shot, edits=edits)
    assert store.tree(outputs.unedited) == plain
    before, after = (decode_png(store.read(tree["front.png"])) for tree in (plain, files))
    np.testing.assert_array_equal(after, before[10:, 16:91])  # 0.1, 0.17 and 0.05 of 96 px
    assert manifest.items["side/edited"].stage == "render_edit"
    assert pictures["front"].edits.crop.left == 0.17
    assert (pictures["back"].source, pictures["back"].edits) == ("refused", None)
    for name in ("front", "side"):  # the recorded view is that of the edited picture
        view, rgba = pictures[name].view, decode_png(store.read(files[f"{name}.png"]))
        assert pictures[name].picture_from_view is None
        assert overlap(rgba, render(product(), view.camera, view.pose).rgba) > 0.97


def test_a_change_of_perspective_is_recorded_as_a_homography(store, shot):
    import cv2

    outputs, pictures, files, _ = drawn(store, shot, edits={"side": {"perspective": {"vertical": 0.2}, "crop": CROP}})
    assert sorted(store.tree(outputs.unedited)) == ["side.png"]
    side, rgba = pictures["side"], decode_png(store.read(files["side.png"]))
    seen = render(product(), side.view.camera, side.view.pose).rgba
    size = rgba.shape[1::-1]
    assert overlap(rgba, cv2.warpPerspective(seen, np.array(side.picture_from_view), size)) > 0.95
    assert pictures["front"].picture_from_view is None and pictures["front"].edits is None


def test_an_angle_of_unknown_camera_is_edited_without_one(store, shot):
    _, pictures, files, _ = drawn(store, shot, views=False, edits={"front": {"resize": 0.5}})
    assert decode_png(store.read(files["front.png"])).shape == (48, 48, 4)
    assert pictures["front"].view is None and pictures["front"].edits.resize == pictures["front"].resized == 0.5


def test_without_edits_there_are_no_unedited_pictures(store, shot):
    assert drawn(store, shot)[0].unedited is None


def test_edits_that_leave_no_product_are_bad_input(store, shot):
    with pytest.raises(BadInput, match=r"edits leave no product.*Crop less"):
        drawn(store, shot, edits={"front": {"crop": {"right": 0.9}}})
