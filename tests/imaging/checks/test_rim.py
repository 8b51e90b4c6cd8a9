import cv2
import numpy as np
import pytest

from pipeline.imaging.checks.rim import check_rim
from pipeline.imaging.checks.source import check_captured
from tests.imaging.products import make_product, on_studio

PRODUCT = make_product(440, 420)
PHOTO = on_studio(PRODUCT)


def with_rim(width_px, top=0.0, bottom=1.0):
    """The product with a rim of the studio's backdrop around it, between two heights from 0 to 1."""
    wide = cv2.dilate(PRODUCT[..., 3], cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * width_px + 1,) * 2))
    alpha = PRODUCT[..., 3].copy()
    rows = slice(round(top * len(alpha)), round(bottom * len(alpha)))
    alpha[rows] = wide[rows]
    picture = np.dstack([PHOTO, alpha])
    soft = PRODUCT[..., 3] == alpha
    picture[soft] = PRODUCT[soft]
    return picture


def test_product_without_a_rim_passes():
    (check,) = check_rim(PHOTO, PRODUCT)
    assert check.passed
    assert check.value <= 0.01


@pytest.mark.parametrize("width_px", [3, 4])
def test_rim_under_a_part_of_the_product_is_measured_in_px_and_area(width_px):
    """Along a tenth of the outline, where the share of the whole edge that shows backdrop stays below its limit."""
    picture = with_rim(width_px, 0.84)
    (check,) = check_rim(PHOTO, picture)
    assert not check.passed
    assert f"at least {width_px - 1} px wide" in check.words
    others = {other.name: other.passed for other in check_captured(PHOTO, picture, picture)}
    assert others["backdrop_rim"] is False
    assert others["old_backdrop"] is not False


def test_the_longer_the_rim_the_larger_its_value():
    values = [check_rim(PHOTO, with_rim(4, top))[0].value for top in (1.0, 0.84, 0.6, 0.3, 0.0)]
    assert values == sorted(values)
    assert values[-1] > 0.8


def test_dark_rim_of_a_mat_is_measured_too():
    mat = np.where(PRODUCT[..., 3:] > 0, PHOTO, 18).astype(np.uint8)
    picture = with_rim(4, 0.6)
    (check,) = check_rim(mat, np.dstack([mat, picture[..., 3]]))
    assert not check.passed


def test_empty_and_full_mattes_have_no_rim():
    for level in (0, 255):
        alpha = np.full(PHOTO.shape[:2], level, np.uint8)
        assert check_rim(PHOTO, np.dstack([PHOTO, alpha])) == ()
