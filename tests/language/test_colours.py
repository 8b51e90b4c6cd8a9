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
def test_a_plain_product_has_the_one_colour_that_it_was_painted_with(named: object) -> None:
    found = colours_of(shirt(rgb(named.name), shading=0.0))  # type: ignore[attr-defined]
    assert [(colour.name, colour.share) for colour in found] == [(named.name, 1.0)]  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["red", "blue", "green", "yellow", "navy", "orange", "purple"])
def test_shading_does_not_change_the_family(name: str) -> None:
    found = colours_of(shirt(rgb(name), shading=0.3))
    family = next(named.family for named in TABLE if named.name == name)
    assert found[0].family == family and found[0].share > 0.85


@settings(max_examples=20, deadline=None)
@given(st.permutations(FAR))
def test_a_print_is_found_with_its_share(order: list[object]) -> None:
    body, print_ = order[0], order[1]
    if body.family == print_.family:  # type: ignore[attr-defined]
        return
    found = colours_of(shirt(rgb(body.name), rgb(print_.name), shading=0.0))  # type: ignore[attr-defined]
    assert [colour.name for colour in found] == [body.name, print_.name]  # type: ignore[attr-defined]
    assert found[1].share == pytest.approx(101 * 121 / 60_000, abs=0.02)


@pytest.mark.parametrize("shading", [0.1, 0.25, 0.4])
def test_a_white_product_in_soft_shadow_stays_white(shading: float) -> None:
    assert [(colour.name, colour.share) for colour in colours_of(shirt(rgb("white"), shading=shading))] == [
        ("white", 1.0)
    ]


def test_white_and_grey_stay_two_colours() -> None:
    found = colours_of(shirt(rgb("white"), rgb("grey"), shading=0.25))
    assert [colour.name for colour in found] == ["white", "grey"]


def test_what_is_transparent_does_not_count() -> None:
    picture = shirt(rgb("red"), shading=0.0)
    picture[picture[..., 3] == 0, :3] = rgb("green")
    assert [colour.name for colour in colours_of(picture)] == ["red"]


def test_the_same_picture_gives_the_same_answer() -> None:
    picture = shirt(rgb("teal"), rgb("coral"))
    assert colours_of(picture) == colours_of(picture.copy())


def test_a_picture_without_a_product_is_held() -> None:
    with pytest.raises(Held, match="no product"):
        colours_of(np.zeros((50, 50, 4), dtype=np.uint8))
