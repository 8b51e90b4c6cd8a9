import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.errors import Held
from pipeline.language.colours import TABLE, colours_of
from tests.language.subjects import shirt

FAR = [
    named
    for named in TABLE
    if named.name in {"black", "white", "red", "yellow", "green", "blue", "navy", "purple", "brown"}
]


def rgb(name: str) -> tuple[int, int, int]:
    text = next(named.rgb for named in TABLE if named.name == name)
    return int(text[:2], 16), int(text[2:4], 16), int(text[4:], 16)


@pytest.mark.parametrize("named", TABLE, ids=lambda named: named.name)
def test_plain_product_has_exactly_its_colour(named: object) -> None:
    colours = colours_of(shirt(rgb(named.name), shading=0.0))  # type: ignore[attr-defined]
    assert [(colour.name, colour.share) for colour in colours] == [(named.name, 1.0)]  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["red", "blue", "green", "yellow", "navy", "orange", "purple"])
def test_shading_does_not_change_the_family(name: str) -> None:
    colours = colours_of(shirt(rgb(name), shading=0.3))
    family = next(named.family for named in TABLE if named.name == name)
    assert colours[0].family == family and colours[0].share > 0.85


@settings(max_examples=20, deadline=None)
@given(st.permutations(FAR))
def test_print_is_found_with_its_share(order: list[object]) -> None:
    body, print_ = order[0], order[1]
    if body.family == print_.family:  # type: ignore[attr-defined]
        return
    colours = colours_of(shirt(rgb(body.name), rgb(print_.name), shading=0.0))  # type: ignore[attr-defined]
    assert [colour.name for colour in colours] == [body.name, print_.name]  # type: ignore[attr-defined]
    assert colours[1].share == pytest.approx(101 * 121 / 60_000, abs=0.02)


@pytest.mark.parametrize("shading", [0.1, 0.25, 0.4])
def test_white_product_in_soft_shadow_stays_white(shading: float) -> None:
    assert [(colour.name, colour.share) for colour in colours_of(shirt(rgb("white"), shading=shading))] == [
        ("white", 1.0)
    ]


def test_white_and_grey_stay_two_colours() -> None:
    colours = colours_of(shirt(rgb("white"), rgb("grey"), shading=0.25))
    assert [colour.name for colour in colours] == ["white", "grey"]


def test_transparent_pixels_do_not_count() -> None:
    picture = shirt(rgb("red"), shading=0.0)
    picture[picture[..., 3] == 0, :3] = rgb("green")
    assert [colour.name for colour in colours_of(picture)] == ["red"]


def test_colours_are_deterministic() -> None:
    picture = shirt(rgb("teal"), rgb("coral"))
    assert colours_of(picture) == colours_of(picture.copy())


def test_picture_without_a_product_is_held() -> None:
    with pytest.raises(Held, match="no product"):
        colours_of(np.zeros((50, 50, 4), dtype=np.uint8))
