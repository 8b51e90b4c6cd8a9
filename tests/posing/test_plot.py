import io

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pipeline.core.domain import Angle, direction
from pipeline.posing.coverage import CoverageParams, Photographed, best_arc, judge
from pipeline.posing.plot import COLOURS, SHADES, SIDE_PX, _renderable, coverage_plot

ANGLES = [
    Angle(name=n, azimuth_deg=a, elevation_deg=e) for n, a, e in (("front", 0, 10), ("side", 97, 12), ("top", 0, 85))
]


def drawn(posed):
    decisions = judge(ANGLES, {}, [], posed, CoverageParams())
    return np.array(Image.open(io.BytesIO(coverage_plot(decisions, posed, CoverageParams()))).convert("RGB"))


def has(picture, colour):
    return bool((picture == colour).all(axis=-1).any())


def test_photos_background_and_every_kind_of_decision_are_drawn():
    spots = np.array([direction(a, 10.0) for a in range(0, 360, 15)])
    picture = drawn(Photographed(tuple(f"P{i}" for i in range(24)), spots, (1.0,) * 24))
    ground = picture[:SIDE_PX]
    for colour in (*COLOURS.values(), *SHADES.values()):
        assert has(ground, colour)
    lower, right = picture[SIDE_PX // 2 : SIDE_PX], picture[:SIDE_PX, SIDE_PX // 2 :]
    assert has(lower, COLOURS["captured"])  # the front is at the bottom
    assert has(right[: SIDE_PX // 2 + 60], COLOURS["rendered"])  # azimuth 97 on the right


def test_without_views_only_the_requested_angles_are_drawn():
    picture = drawn(None)
    assert has(picture, COLOURS["refused"])
    assert not any(has(picture, shade) for shade in SHADES.values())


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 12), st.floats(0, 45), st.floats(1, 179))
def test_the_shaded_directions_are_those_that_coverage_may_render(seed, count, max_offset_deg, max_gap_deg):
    rng = np.random.default_rng(seed)
    directions, asked = (v / np.linalg.norm(v, axis=1)[:, None] for v in (rng.normal(size=(n, 3)) for n in (count, 50)))
    params = CoverageParams(max_offset_deg=max_offset_deg, max_gap_deg=max_gap_deg)
    posed = Photographed(tuple(map(str, range(count))), directions, (1.0,) * count)
    expected = [best_arc(directions, direction, params) is not None for direction in asked]
    assert _renderable(posed, asked, params).tolist() == expected
