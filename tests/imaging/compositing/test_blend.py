import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.errors import BadInput
from pipeline.core.linear import linear_to_srgb, luminance, srgb_to_linear
from pipeline.imaging.channels.channel import Framing, load_channel
from pipeline.imaging.compositing.blend import backdrop_picture, make_layers, shadow_picture
from pipeline.imaging.compositing.framing import (
    Placement,
    box_of,
    place,
    premultiplied,
    product_mask,
    resample_backdrop,
    resample_product,
)
from tests.imaging.products import make_product

ARCHIVE = load_channel("archive")
SQUARE = load_channel("google").model_copy(update={"width_px": 300, "height_px": 300})
WHITE = np.full((200, 180, 3), 255, np.uint8)


@pytest.fixture(scope="module")
def product():
    return make_product(200, 180)


def test_the_archive_shows_the_pictures_own_pixels(product):
    layers = make_layers(product, WHITE, ARCHIVE, "solid", shadow="none")
    image = linear_to_srgb(layers.blended())
    opaque = product[..., 3] == 255
    np.testing.assert_array_equal(image[opaque], product[..., :3][opaque])
    assert (image[product[..., 3] == 0] == 255).all()


def test_blend_is_the_over_operator_in_linear_light(product):
    ground = np.full((200, 180, 3), 90, np.uint8)
    layers = make_layers(product, ground, ARCHIVE, "solid", shadow="none")
    alpha = product[..., 3:].astype(np.float64) / 255
    over = srgb_to_linear(product[..., :3]) * alpha + srgb_to_linear(ground) * (1 - alpha)
    np.testing.assert_allclose(layers.blended(), over, atol=1e-6)
    assert ((alpha > 0.2) & (alpha < 0.8)).sum() > 100, "the product needs a soft edge for this test to be meaningful"


@pytest.mark.parametrize("colour", [(200, 180, 150), (20, 60, 90), (255, 255, 255), (0, 0, 0)])
def test_layers_stacked_in_an_image_editor_give_the_composite(product, colour):
    ground = np.full((200, 180, 3), colour, np.uint8)
    layers = make_layers(product, ground, ARCHIVE, "solid")
    assert layers.shadow is not None and layers.shadow.max() > 0.3
    stacked, alpha = backdrop_picture(layers.backdrop), product[..., 3:] / 255
    for layer in (shadow_picture(layers), product):
        stacked = layer[..., :3] * (layer[..., 3:] / 255) + stacked * (1 - layer[..., 3:] / 255)
    hard = (alpha == 0) | (alpha == 1)  # a soft edge is a little darker where sRGB values are blended
    assert (np.abs(stacked - linear_to_srgb(layers.blended())) * hard).max() < 5
    none = make_layers(product, ground, ARCHIVE, "solid", shadow="none")
    assert not shadow_picture(none).any()


def test_floor_takes_the_products_colour_where_the_product_shades_it(product):
    red, grey = product.copy(), product.copy()
    red[..., :3], grey[..., :3] = (200, 30, 30), 90
    ground = np.full((200, 180, 3), 150, np.uint8)
    tinted, neutral = (make_layers(picture, ground, ARCHIVE, "solid") for picture in (red, grey))
    excess = tinted.behind[..., 0] - tinted.behind[..., 2]
    assert excess[tinted.shadow > 0.5].min() > 0.02
    assert (excess[tinted.shadow == 0] == 0).all() and (tinted.shadow == 0).any()
    np.testing.assert_allclose(luminance(tinted.behind), luminance(neutral.behind), atol=1e-5)
    assert np.ptp(neutral.behind, axis=2).max() < 1e-6


@settings(max_examples=40, deadline=None)
@given(st.integers(3, 120), st.integers(3, 120), st.floats(0.1, 1), st.one_of(st.none(), st.floats(0.2, 1)))
def test_the_product_is_placed_by_the_framing_rule(height, width, fill, foot):
    alpha = np.zeros((140, 130), np.uint8)
    alpha[9 : 9 + height, 5 : 5 + width] = 255
    channel = SQUARE.model_copy(update={"margin_at_least": 0.0})
    placement = place(alpha, channel, Framing(fill=fill, foot=foot))
    box = placement.of_box(box_of(alpha > 0))
    assert max(box.width, box.height) == pytest.approx(300 * fill)
    assert (box.left + box.right) / 2 == pytest.approx(150)
    assert box.top >= -1e-6 and box.bottom <= 300 + 1e-6
    if foot is None:
        assert (box.top + box.bottom) / 2 == pytest.approx(150)
    elif 300 * foot >= box.height:
        assert box.bottom == pytest.approx(300 * foot)


@pytest.mark.parametrize(("least_px", "side_px"), [(0, 150), (100, 150), (200, 200), (300, 300)])
def test_a_frame_shrinks_before_it_enlarges_the_photo_too_much(least_px, side_px):
    alpha = np.zeros((140, 130), np.uint8)
    alpha[20:120, 20:100] = 255
    frame = SQUARE.model_copy(update={"upscale_at_most": 1.2, "long_side_at_least_px": least_px})
    placement = place(alpha, frame, Framing(fill=0.8))
    assert (placement.width_px, placement.height_px) == (side_px, side_px)
    assert placement.scale == pytest.approx(side_px * 0.8 / 100)
    assert placement.scale <= 1.2 + 1e-9 or side_px == least_px


def test_resampling_preserves_the_mattes_area_and_box(product):
    placement = place(product[..., 3], SQUARE, SQUARE.plain)
    patch = resample_product(product, placement)
    covered = patch.alpha.sum() / placement.scale**2
    assert covered == pytest.approx(product[..., 3].sum() / 255, rel=0.002)
    landed = placement.of_box(box_of(product[..., 3] >= 128))
    actual = box_of(patch.alpha_in_frame(300, 300) >= 0.5)
    for name in ("left", "top", "right", "bottom"):
        assert abs(getattr(actual, name) - getattr(landed, name)) <= 1.5


@pytest.mark.parametrize("scale", [0.37, 1.0, 2.6])
def test_resampling_adds_no_matte_and_no_colour(scale):
    picture = np.zeros((60, 60, 4), np.uint8)
    picture[20:40, 15:45] = (200, 40, 90, 255)
    picture[0, 0] = (255, 255, 255, 0)
    size = round(60 * scale)
    patch = resample_product(picture, Placement(size, size, scale, 0.0, 0.0))
    opaque = patch.alpha == 1
    assert opaque.sum() > 0.7 * 600 * scale**2
    assert (linear_to_srgb(patch.pixels[opaque][:, :3]) == (200, 40, 90)).all()
    assert patch.pixels.min() >= 0 and (patch.pixels[..., :3] <= patch.alpha[..., None] + 1e-6).all()
    seen = patch.alpha > 0.05
    straight = patch.pixels[seen][:, :3] / patch.alpha[seen][:, None]
    np.testing.assert_allclose(
        straight, np.broadcast_to(srgb_to_linear(picture[30, 30, :3]), straight.shape), atol=0.03
    )


def test_a_whole_pixel_shift_copies_pixels_and_clips_them_at_the_frame(product):
    patch = resample_product(product, Placement(150, 120, 1.0, -40.0, 20.0))
    frame = np.zeros((120, 150, 4), np.float32)
    frame[patch.where] = patch.pixels
    np.testing.assert_array_equal(frame[20:, :140], premultiplied(product)[:100, 40:])
    assert not frame[:, 140:].any()
    assert not frame[:20].any()


def test_specks_do_not_move_the_product(product):
    dirty = product.copy()
    dirty[2:4, 2:4, 3] = 255
    assert place(dirty[..., 3], SQUARE, SQUARE.plain) == place(product[..., 3], SQUARE, SQUARE.plain)
    assert product_mask(np.zeros((5, 5), np.uint8)).sum() == 0


def test_backdrop_covers_the_frame_without_distortion():
    ramp = np.broadcast_to(np.linspace(0, 255, 400)[None, :, None], (200, 400, 3)).astype(np.uint8)
    square = linear_to_srgb(resample_backdrop(ramp, 100, 100)).astype(int)
    assert square.shape == (100, 100, 3)
    assert abs(square[50, 0, 0] - ramp[0, 101, 0]) <= 2 and abs(square[50, -1, 0] - ramp[0, 298, 0]) <= 2
    flat = resample_backdrop(WHITE, 33, 77)
    assert flat.shape == (77, 33, 3) and (flat == 1).all()


def test_a_pure_white_channel_has_no_shadow_and_a_pure_white_background(product):
    amazon = load_channel("amazon_main")
    layers = make_layers(product, WHITE, amazon, "solid")
    assert layers.shadow is None
    assert (linear_to_srgb(layers.blended())[:60] == 255).all()


def test_picture_without_product_or_alpha_is_refused(product):
    with pytest.raises(BadInput, match="no product"):
        make_layers(np.zeros_like(product), WHITE, SQUARE, "solid")
    with pytest.raises(BadInput, match="not RGBA"):
        make_layers(product[..., :3], WHITE, SQUARE, "solid")


@pytest.mark.parametrize("more", [(0, 0), (100, 0), (0, 100)], ids=["square", "tall", "wide"])
def test_a_backdrop_painted_around_the_picture_stays_aligned_with_it(product, more):
    """A mark painted at the product's foot lies at its foot in every frame, even if the backdrop was extended."""
    square = np.full((400, 400, 3), 220, np.uint8)
    box = box_of(product_mask(product[..., 3]))
    foot = (round((box.left + box.right) / 2 * 2) + 20, round(box.bottom * 2))  # the picture is in it at twice its size
    square[foot[1] - 6 : foot[1] + 6, foot[0] - 30 : foot[0] + 30] = 30
    square = np.pad(square, ((more[0], more[0]), (more[1], more[1]), (0, 0)), constant_values=220)
    for channel in (SQUARE, load_channel("instagram_4x5")):
        layers = make_layers(product, square, channel, "diffusion", shadow="painted")
        assert layers.shadow is None
        y, x = np.nonzero(layers.behind.mean(axis=-1) < 0.2)
        landed = layers.placement.of_box(box)
        assert x.mean() + 0.5 == pytest.approx((landed.left + landed.right) / 2, abs=3)
        assert y.mean() + 0.5 == pytest.approx(landed.bottom, abs=3)


def test_a_painted_set_is_cropped_so_that_a_high_product_stands_on_its_floor():
    backdrop = np.zeros((100, 100, 3), np.uint8)
    backdrop[70:] = 200  # the floor of the set
    even = resample_backdrop(backdrop, 50, 50)
    high = resample_backdrop(backdrop, 50, 50, foot_frac=0.6)
    assert even[29, 25].max() < 0.1, "the product's foot would be on the wall"
    assert high[30, 25].min() > 0.4
    assert np.array_equal(resample_backdrop(backdrop, 50, 50, foot_frac=0.86), even), "a shop's frame is not changed"
