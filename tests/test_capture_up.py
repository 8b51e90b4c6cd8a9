"""`capture.up` and `capture.level`, from shoot.yaml to the step that uses them."""

from pathlib import Path
from typing import Any

import pytest

from pipeline.core.errors import BadInput
from pipeline.plan import read_preset, step_params
from pipeline.shoot import Shoot, read_shoot
from pipeline.shoot_params import shoot_params
from tests.test_shoot import SHOOT, write

UP = [{"photo": "DSC_0001.jpg", "roll_deg": 11}, {"photo": "DSC_0002.jpg"}]


def with_capture(folder: Path, **capture: Any) -> Shoot:
    """The shoot of two photos with these fields of `capture`."""
    value = {**SHOOT, "capture": {"front": "DSC_0001.jpg", "rig": "handheld", **capture}}
    return read_shoot(write(folder, value, photos=("DSC_0001.jpg", "DSC_0002.jpg")))


def test_stated_rolls_reach_sfm_and_no_other_step(tmp_path: Path) -> None:
    params, without = (shoot_params(with_capture(tmp_path, **capture)) for capture in ({"up": UP, "level": True}, {}))
    sfm = step_params("sfm", {**read_preset("demo").get("sfm", {}), **params.pop("sfm")}).model_dump()
    assert sfm["up"] == ({"photo": "DSC_0001", "roll_deg": 11.0}, {"photo": "DSC_0002", "roll_deg": 0.0})
    assert sfm["level"] is True
    without.pop("sfm")
    assert params == without


@pytest.mark.parametrize(
    ("up", "words"),
    [
        ([{"photo": "DSC_0009.jpg"}], r"capture\.up\.0: 'DSC_0009\.jpg' is not in"),
        ([{"photo": "DSC_0001.jpg", "roll_deg": 200}], r"capture\.up\.0\.roll_deg: .*less than or equal to 180"),
        ([{"photo": "DSC_0001.jpg", "roll": 3}], r"capture\.up\.0\.roll: "),
        ("level", r"capture\.up: .*\(got 'level'\)"),
    ],
)
def test_a_roll_that_cannot_be_used_names_the_field(tmp_path: Path, up: Any, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        with_capture(tmp_path, up=up)
