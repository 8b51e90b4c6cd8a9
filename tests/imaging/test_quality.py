import numpy as np
import pytest
from PIL import Image

from pipeline.imaging.quality import quality_of
from tests.core.photo.test_decode import picture


def test_sharpness_luminance_and_clipping_follow_the_photo():
    sharp = picture(400, 600)
    soft = np.array(Image.fromarray(sharp).resize((60, 40)).resize((600, 400), Image.Resampling.BICUBIC))
    assert quality_of(sharp).sharpness > 3 * quality_of(soft).sharpness
    gray = np.full((100, 100, 3), 188, np.uint8)  # half the light of white
    assert quality_of(gray).log2_luminance == pytest.approx(-1, abs=0.02)
    gray[:10] = (255, 40, 40)
    assert quality_of(gray).clipped_fraction == pytest.approx(0.1)
