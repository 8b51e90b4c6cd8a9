import pytest

from pipeline.core.edits import Edits
from pipeline.language.briefs.plan import Overlay
from pipeline.overlay import with_request
from pipeline.shoot import parse_shoot
from tests.language.briefs.briefs import SHOOT


@pytest.mark.parametrize(
    ("own", "added", "expected"),
    [
        ({"resize": 2, "contrast": 1.1}, {"size_px": [500, 400]}, {"size_px": [500, 400], "contrast": 1.1}),
        ({"size_px": [500, 400]}, {"resize": 0.5}, {"resize": 0.5}),
        ({"resize": 2}, {"brightness_ev": 0.3}, {"resize": 2, "brightness_ev": 0.3}),
    ],
)
def test_a_request_replaces_the_size_that_the_shoot_gives_an_angle(own, added, expected):
    shoot = parse_shoot(SHOOT.read_bytes(), SHOOT).model_copy(update={"edits": {"front": Edits.model_validate(own)}})
    changed = with_request(shoot, Overlay.model_validate({"edits": {"front": added}}))[0]
    edits = changed.edits["front"]
    assert edits == Edits.model_validate(expected) == Edits.model_validate(edits.model_dump())
