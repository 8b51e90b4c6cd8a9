import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.language.evidence.proportion import Seen, proportion_of, words


def seen_at(
    name: str, azimuth_deg: float, elevation_deg: float, height: float, width: float, depth: float, flat: float = 1.0
) -> Seen:
    """A product of these sizes, from the front (0, 180) or the side (90, 270), by parallel rays.

    `flat`: 1 for a box, less if its top and bottom are rounded.
    """
    tilt = math.radians(elevation_deg)
    across, along = (width, depth) if azimuth_deg % 180 == 0 else (depth, width)
    return Seen(
        name, azimuth_deg, elevation_deg, 700 * across, 700 * (height * math.cos(tilt) + flat * along * math.sin(tilt))
    )


@given(
    st.floats(0.2, 5),
    st.floats(0.2, 3),
    st.floats(0, 20),
    st.floats(0, 20),
    st.sampled_from([90.0, 270.0]),
    st.floats(0.1, 1),
)
def test_front_and_side_give_the_height_of_any_shape_or_nothing(
    height: float, depth: float, front_deg: float, side_deg: float, azimuth_deg: float, flat: float
) -> None:
    seen = [
        seen_at("side", azimuth_deg, side_deg, height, 1.0, depth, flat),
        seen_at("front", 0.0, front_deg, height, 1.0, depth, flat),
    ]
    found = proportion_of(seen)
    if found is not None:
        assert found.photos == ("front", "side") and found.height == pytest.approx(height, rel=0.15)


@pytest.mark.parametrize("flat", [0.1, 0.5, 1.0])
def test_a_mug_from_twelve_degrees_above(flat: float) -> None:
    seen = [seen_at("side", 270.0, 12.0, 0.86, 1.0, 0.73, flat), seen_at("front", 0.0, 12.0, 0.86, 1.0, 0.73, flat)]
    found = proportion_of(seen)
    assert found is not None and found.height == pytest.approx(0.86, rel=0.1)
    assert found.depth is None or found.depth == pytest.approx(0.73, rel=0.12)


@given(st.floats(0.2, 5), st.floats(0.2, 3))
def test_level_cameras_give_exact_height_and_depth(height: float, depth: float) -> None:
    found = proportion_of([seen_at("a", 0.0, 0.0, height, 1.0, depth), seen_at("b", 90.0, 0.0, height, 1.0, depth)])
    assert found is not None
    assert (found.height, found.depth) == (pytest.approx(height), pytest.approx(depth))


@pytest.mark.parametrize("depth", [0.02, 0.5, 1.0])
def test_front_alone_counts_only_where_the_depth_matters_little(depth: float) -> None:
    found = proportion_of([seen_at("front", 0.0, 8.0, 1.4, 1.0, depth)])
    assert found is not None and found.depth is None and found.height == pytest.approx(1.4, rel=0.1)
    assert proportion_of([seen_at("front", 0.0, 18.0, 0.8, 1.0, depth)]) is None


@pytest.mark.parametrize(("azimuth_deg", "elevation_deg"), [(45.0, 5.0), (180.0, 5.0), (0.0, 60.0), (90.0, 5.0)])
def test_no_upright_photo_of_the_front_is_no_evidence(azimuth_deg: float, elevation_deg: float) -> None:
    assert proportion_of([Seen("A", azimuth_deg, elevation_deg, 100, 140)]) is None
    assert proportion_of([]) is None


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [
        (1.04, "as tall as it is wide"),
        (0.96, "as tall as it is wide"),
        (1.5, "1.5 times as tall as it is wide"),
        (0.5, "2.0 times as wide as it is tall"),
    ],
)
def test_words(ratio: float, expected: str) -> None:
    assert words(ratio) == expected
