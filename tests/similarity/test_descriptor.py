import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pipeline.core.errors import BadInput
from pipeline.core.png import decode_png
from pipeline.similarity.descriptor import LENGTH, Params, describe, vectors
from pipeline.similarity.registry import ENGINES
from tests.imaging.products import make_product

COLLECTION = Path(__file__).parents[2] / "examples" / "collection"


def cut_out(sample, number, side_px=500):
    """A sample's photo with its true matte, [h, w, 4]."""
    photo = cv2.imread(str(COLLECTION / sample / "photos" / f"DSC_{number:04d}.jpg"))[..., ::-1]
    matte = decode_png((COLLECTION / sample / "truth" / "mattes" / f"DSC_{number:04d}.png").read_bytes(), 1)
    layers = np.dstack([photo, matte.reshape(photo.shape[:2])])
    scale = side_px / max(layers.shape)
    return cv2.resize(layers, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


@pytest.fixture(scope="module")
def samples():
    """Vectors of the photos of each sample."""
    return {
        sample: vectors([cut_out(sample, number) for number in range(1, 25)], Params())
        for sample in ("mug-001", "tee-001")
    }


def alike(first, second):
    return float(describe(first) @ describe(second))


def turned(picture, angle_deg):
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle_deg, 1.0)
    return cv2.warpAffine(picture, matrix, (width, height), flags=cv2.INTER_LINEAR)


def test_descriptor_is_the_default_and_has_one_unit_vector_per_picture():
    assert ENGINES.names[0] == "descriptor"
    found = vectors([make_product(), make_product(base=(30, 120, 200))], Params())
    assert found.shape == (2, LENGTH)
    assert found.dtype == np.float32
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    assert vectors([], Params()).shape == (0, LENGTH)


@settings(max_examples=25, deadline=None)
@given(
    scale=st.floats(0.4, 1.6),
    left=st.integers(0, 200),
    top=st.integers(0, 200),
    backdrop=st.tuples(*[st.integers(0, 255)] * 3),
)
def test_size_place_and_backdrop_hardly_matter(scale, left, top, backdrop):
    product = make_product()
    resized = cv2.resize(product, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    placed = cv2.copyMakeBorder(resized, top, 20, left, 30, cv2.BORDER_CONSTANT, value=(0, 0, 0, 0))
    placed[placed[..., 3] == 0, :3] = backdrop
    assert alike(product, placed) > 0.98


@pytest.mark.parametrize("angle_deg", [-8, 5, 10])
def test_small_turns_hardly_matter(angle_deg):
    picture = cut_out("mug-001", 1)
    assert alike(picture, turned(picture, angle_deg)) > 0.95


def test_jpeg_compression_hardly_matters():
    picture = cut_out("mug-001", 1)
    file = io.BytesIO()
    Image.fromarray(picture[..., :3]).save(file, "JPEG", quality=60)
    assert alike(picture, np.dstack([np.asarray(Image.open(file)), picture[..., 3]])) > 0.99


def test_nearby_angles_are_more_alike_than_another_product(samples):
    mug, tee = samples["mug-001"], samples["tee-001"]
    others = mug @ tee.T
    for own in (mug, tee):
        nearest = (own @ own.T - 2 * np.eye(len(own))).max(axis=1)
        assert nearest.min() > others.max() + 0.1


def test_another_colour_is_another_product():
    picture = cut_out("mug-001", 1)
    hsv = cv2.cvtColor(np.ascontiguousarray(picture[..., :3]), cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0] + 60) % 180
    assert alike(picture, np.dstack([cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), picture[..., 3]])) < 0.8


def test_another_shape_of_one_colour_is_less_alike():
    square = np.full((200, 200, 4), (120, 60, 40, 255), np.uint8)
    ring = square.copy()
    ring[..., 3] = cv2.circle(np.zeros((200, 200), np.uint8), (100, 100), 80, 255, 12)
    tall = square[:, 70:130]
    for other in (ring, tall):
        assert alike(square, other) < 0.93
    assert alike(square, square[10:, 5:]) > 0.99


def test_plain_product_is_not_told_apart_by_its_noise():
    plain = np.zeros((300, 300, 4), np.uint8)
    plain[50:250, 80:220] = (180, 180, 176, 255)
    noisy = [plain.copy() for _ in range(2)]
    for seed, picture in enumerate(noisy):
        noise = np.random.default_rng(seed).normal(0, 4, (300, 300, 3))
        picture[..., :3] = np.clip(picture[..., :3] + noise, 0, 255)
    assert alike(*noisy) > 0.98


def test_empty_picture_is_refused():
    with pytest.raises(BadInput, match="no product"):
        describe(np.zeros((20, 30, 4), np.uint8))


@pytest.mark.parametrize("size", [(1, 1), (1, 400), (700, 1), (2, 3)])
def test_tiny_and_thin_products_have_a_vector(size):
    assert np.isfinite(describe(np.full((*size, 4), 255, np.uint8))).all()
