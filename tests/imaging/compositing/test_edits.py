import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from pipeline.core.edits import Edits
from pipeline.core.errors import BadInput
from pipeline.core.linear import srgb_to_linear
from pipeline.imaging.compositing.edits import apply_edits, describe_edits, edit_view, homography_rows, scale_of
from pipeline.imaging.compositing.shadow_camera import ground_of, project
from tests.imaging.compositing.test_shadow import view_of
from tests.imaging.products import make_product

PRODUCT = make_product(200, 180)


def edit(**fields):
    return apply_edits(PRODUCT, Edits.model_validate(fields))


def mapped(matrix, x, y):
    u, v, w = matrix @ (x, y, 1)
    return u / w, v / w


def middle(picture):
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]] + 0.5
    weight = picture[..., 3].astype(float)
    return (x * weight).sum() / weight.sum(), (y * weight).sum() / weight.sum()


def test_no_edits_change_nothing():
    same, matrix = edit()
    np.testing.assert_array_equal(same, PRODUCT)
    np.testing.assert_array_equal(matrix, np.eye(3))


def test_a_crop_copies_pixels():
    cut, matrix = edit(crop={"left": 0.1, "bottom": 0.25})
    np.testing.assert_array_equal(cut, PRODUCT[:150, 18:])
    assert mapped(matrix, 18, 0) == (0, 0)


def test_a_crop_to_a_shape_keeps_the_largest_frame_about_the_middle():
    tall, matrix = edit(crop={"aspect": "4:5"})  # of 180 x 200 px
    np.testing.assert_array_equal(tall, PRODUCT[:, 10:170])
    assert mapped(matrix, 10, 0) == (0, 0)
    square, _ = edit(crop={"top": 0.2, "aspect": "1:1"})
    np.testing.assert_array_equal(square, PRODUCT[40:, 10:170])


@settings(max_examples=25, deadline=None)
@given(st.integers(16, 300), st.integers(16, 300), st.floats(-180, 180))
def test_an_exact_size_fills_the_frame_about_the_middle_without_distortion(width_px, height_px, turn):
    sized, matrix = edit(size_px=[width_px, height_px], rotate_deg=turn)
    assert sized.shape == (height_px, width_px, 4)
    across, down = matrix[:2, 0], matrix[:2, 1]
    assert np.linalg.norm(across) == pytest.approx(np.linalg.norm(down)) == pytest.approx(scale_of(matrix))
    assert mapped(matrix, 90, 100) == pytest.approx((width_px / 2, height_px / 2), abs=1e-3 * max(width_px, height_px))
    grown = edit(rotate_deg=turn)[0].shape[:2]
    assert scale_of(matrix) == pytest.approx(max(height_px / grown[0], width_px / grown[1]), rel=0.01)


def test_scale_of_a_homography_is_that_of_its_upper_left_corner():
    perspective = np.array([[2, 0, 5], [0, 2, 3], [0.001, 0.002, 1.0]])
    near = [mapped(perspective, *point) for point in ((0, 0), (1e-3, 0), (0, 1e-3))]
    area = np.linalg.det(np.array([np.subtract(near[1], near[0]), np.subtract(near[2], near[0])]) / 1e-3)
    assert scale_of(perspective) == pytest.approx(abs(area) ** 0.5, rel=1e-3)


@settings(max_examples=25, deadline=None)
@given(
    st.floats(-180, 180), st.floats(0.4, 2), st.floats(-0.2, 0.2), st.floats(-0.2, 0.2), st.floats(0, 0.1)
)  # fmt: skip
def test_the_homography_maps_the_product_to_its_new_place(turn, size, vertical, horizontal, left):
    moved, matrix = edit(
        rotate_deg=turn, resize=size, crop={"left": left}, perspective={"vertical": vertical, "horizontal": horizontal}
    )
    x, y = middle(PRODUCT)
    around = [mapped(matrix, x + dx, y + dy) for dx in (-40, 0, 40) for dy in (-50, 0, 50)]
    assert np.abs(np.mean(around, axis=0) - middle(moved)).max() < 8 * size + 1
    area = abs(np.linalg.det(matrix[:2, :2])) if not vertical and not horizontal else None
    if area is not None:
        assert moved[..., 3].sum() == pytest.approx(PRODUCT[..., 3].sum() * area, rel=0.02)
    assert moved.shape[:2] == tuple(np.array(moved.shape[:2])) and moved.dtype == np.uint8
    again, _ = edit(
        rotate_deg=turn, resize=size, crop={"left": left}, perspective={"vertical": vertical, "horizontal": horizontal}
    )
    np.testing.assert_array_equal(moved, again)


@pytest.mark.parametrize(
    "fields",
    [
        {"crop": {"left": 0.2, "top": 0.05}},
        {"resize": 0.37},
        {"rotate_deg": 33},
        {"crop": {"right": 0.3, "bottom": 0.1}, "rotate_deg": -100, "resize": 1.7, "brightness_ev": 1},
        {"crop": {"left": 0.1, "aspect": "4:5"}},
        {"size_px": [160, 120]},
        {"crop": {"aspect": "3:2"}, "rotate_deg": 20, "size_px": [500, 500]},
    ],
)
def test_the_edited_view_projects_points_to_where_the_edits_moved_them(fields):
    view, edits = view_of().scaled_to(PRODUCT.shape[1]), Edits.model_validate(fields)
    after, matrix = apply_edits(PRODUCT, edits)
    seen = edit_view(view, edits, matrix, (after.shape[1], after.shape[0]))
    assert (seen.camera.width_px, seen.camera.height_px) == (after.shape[1], after.shape[0])
    assert seen.pose[:3, :3] @ seen.pose[:3, :3].T == pytest.approx(np.eye(3), abs=1e-9)
    points = np.random.default_rng(0).uniform(-0.7, 0.7, (50, 3))
    before, now = ground_of(view, PRODUCT.shape[1]), ground_of(seen, after.shape[1])
    np.testing.assert_allclose(project(now.camera, points), project(before.moved(matrix).camera, points), atol=1e-6)


def test_no_view_after_a_change_of_perspective_or_a_rotation_of_oblong_px():
    view, size = view_of(), (400, 400)
    tilted, turned = Edits.model_validate({"perspective": {"vertical": 0.1}}), Edits(rotate_deg=5)
    assert edit_view(view, tilted, np.eye(3), size) is None
    oblong = view.model_copy(update={"camera": view.camera.model_copy(update={"fy_px": 700.0})})
    assert edit_view(oblong, turned, np.eye(3), size) is None
    assert edit_view(oblong, Edits(resize=2), np.diag([2, 2, 1.0]), (800, 800)).camera.fy_px == 1400
    assert homography_rows(np.eye(3)) == ((1, 0, 0), (0, 1, 0), (0, 0, 1))


@pytest.mark.parametrize(("turn", "times"), [(90, 1), (180, 2), (-90, 3)])
def test_a_quarter_turn_equals_rot90(turn, times):
    turned, _ = edit(rotate_deg=turn)
    plain = np.rot90(PRODUCT, times)
    assert turned.shape == plain.shape
    opaque = (plain[..., 3] == 255) & (turned[..., 3] == 255)
    assert opaque.sum() > 0.97 * (plain[..., 3] == 255).sum()
    assert np.abs(turned[opaque].astype(int) - plain[opaque]).mean() < 1


def test_perspective_widens_the_side_that_it_names():
    wide = lambda picture, row: (picture[row, :, 3] > 128).sum()  # noqa: E731 - a one-line measure
    straight, _ = edit(perspective={"vertical": 0.3})
    top, bottom = round(straight.shape[0] * 0.3), round(straight.shape[0] * 0.75)
    assert wide(straight, bottom) / wide(straight, top) > 1.1 * wide(PRODUCT, 150) / wide(PRODUCT, 60)


def test_brightness_is_in_stops_of_light():
    brighter, _ = edit(brightness_ev=1)
    inside = (PRODUCT[..., 3] == 255) & (PRODUCT[..., :3].max(axis=-1) < 170)
    ratio = srgb_to_linear(brighter[inside][:, :3]).sum() / srgb_to_linear(PRODUCT[inside][:, :3]).sum()
    assert ratio == pytest.approx(2, rel=0.01)
    np.testing.assert_array_equal(brighter[..., 3], PRODUCT[..., 3])


def test_contrast_pivots_about_middle_grey():
    grey = np.zeros((40, 40, 4), np.uint8)
    grey[..., 3] = 255
    grey[:20, :, :3], grey[20:, :20, :3], grey[20:, 20:, :3] = 118, 60, 200
    more, _ = apply_edits(grey, Edits(contrast=1.3))
    assert abs(int(more[0, 0, 0]) - 118) <= 1
    assert more[30, 0, 0] < 50 and more[30, 30, 0] > 210


def test_sharpening_raises_detail_and_leaves_flat_colour_and_outline_alone():
    sharp, _ = edit(sharpen={"amount": 1.0, "radius_px": 1.5})
    inside = PRODUCT[..., 3] == 255
    assert sharp[inside][:, :3].astype(float).std() > 1.02 * PRODUCT[inside][:, :3].astype(float).std()
    np.testing.assert_array_equal(sharp[..., 3], PRODUCT[..., 3])
    flat = np.zeros((30, 30, 4), np.uint8)
    flat[8:22, 8:22] = (90, 140, 60, 255)
    np.testing.assert_array_equal(apply_edits(flat, Edits.model_validate({"sharpen": {"amount": 3}}))[0], flat)


def test_edits_are_described_in_words():
    assert describe_edits(Edits()) == "not edited"
    edits = Edits.model_validate(
        {"crop": {"top": 0.1}, "rotate_deg": -1.5, "brightness_ev": 0.2, "sharpen": {"amount": 1}}
    )
    assert describe_edits(edits) == "cropped, rotated -1.5 deg, brightness +0.2 EV, sharpened by 1 at 1 px"


def test_a_shape_and_an_exact_size_are_described():
    edits = Edits.model_validate({"crop": {"aspect": "4:5"}, "size_px": [400, 500]})
    assert describe_edits(edits) == "cropped to 4:5, scaled and cut to 400 x 500 px"


def test_edits_that_leave_no_product_are_refused():
    with pytest.raises(BadInput, match="edits leave no product in the picture"):
        edit(crop={"left": 0.9})
    with pytest.raises(BadInput, match="resized 4 times makes a picture"):
        apply_edits(np.full((6000, 20, 4), 255, np.uint8), Edits(resize=4))
    with pytest.raises(BadInput, match=r"16000 x 14000 px.*below 120 MP"):
        apply_edits(np.broadcast_to(np.uint8(255), (3500, 4000, 4)), Edits(resize=4))
    with pytest.raises(BadInput, match=r"scaled and cut to 20000 x 20000 px"):
        apply_edits(PRODUCT, Edits(size_px=(20_000, 20_000)))


def test_a_picture_without_a_product_can_be_edited():
    empty, _ = apply_edits(np.zeros_like(PRODUCT), Edits.model_validate({"crop": {"left": 0.9}}))
    assert empty.shape == (200, 18, 4) and not empty.any()


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (7, 2)])
def test_a_crop_of_the_smallest_picture_leaves_a_pixel(shape):
    dot = np.full((*shape, 4), 255, np.uint8)
    cut, _ = apply_edits(dot, Edits.model_validate({"crop": {"left": 0.9, "top": 0.9}, "resize": 2}))
    assert cut.shape[0] >= 1 and cut.shape[1] >= 1 and (cut[..., 3] > 127).any()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"crop": {"left": 0.6, "right": 0.5}}, "left and right cut away"),
        ({"crop": {"left": -0.1}}, "crop.left"),
        ({"rotate_deg": 270}, "rotate_deg"),
        ({"resize": 0}, "resize"),
        ({"brightness": 1}, "brightness"),
        ({"sharpen": {"radius_px": 1}}, "sharpen.amount"),
        ({"perspective": {"vertical": 2}}, "perspective.vertical"),
        ({"crop": {"aspect": "4/5"}}, "crop.aspect"),
        ({"crop": {"aspect": "1:11"}}, "aspect 1:11 is a strip"),
        ({"size_px": [0, 500]}, "size_px"),
        ({"size_px": [500, 500], "resize": 2}, "resize and size_px"),
    ],
)
def test_an_edit_out_of_range_is_named_in_the_error(fields, message):
    with pytest.raises(ValidationError, match=message):
        Edits.model_validate(fields)
