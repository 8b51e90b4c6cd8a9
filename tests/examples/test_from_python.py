"""The Python example of the documentation, on a part of the sample mug's ring made smaller."""

from pathlib import Path

import pytest
from PIL import Image

from examples.from_python import view_of
from pipeline.posing.sfm.request import PoseParams
from pipeline.splatting.engines import cpu
from tests.small_shoot import small_mug


@pytest.mark.slow
def test_the_python_example_renders_a_new_view_from_a_folder_of_photos(tmp_path: Path) -> None:
    shoot = small_mug(tmp_path / "mug", photos=6)
    fit = cpu.Params(iterations=60, side_px=128, gaussians=1000, holdout=0)
    view = view_of(shoot / "photos", tmp_path / "out", PoseParams(max_side_px=960), fit)
    with Image.open(view) as image:
        assert (image.mode, image.size) == ("RGBA", (1024, 1024))
        alpha = image.getchannel("A")
    assert alpha.getpixel((512, 512)) > 128 and alpha.getpixel((5, 5)) < 20
