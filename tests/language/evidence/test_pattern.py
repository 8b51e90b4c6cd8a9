import numpy as np
import pytest

from pipeline.core.arrays import Rgba
from pipeline.language.evidence.pattern import Pattern, pattern_of
from pipeline.language.evidence.picture import product_box, to_measure
from tests.language.evidence.patterns import (
    Ink,
    body,
    checks,
    chest_print,
    dots,
    grid,
    lower_half,
    scribble,
    stripes,
)

NAVY, WHITE, RED, SLATE, GRAY, ORANGE = (
    (29, 43, 82),
    (246, 246, 245),
    (198, 33, 43),
    (92, 125, 158),
    (128,) * 3,
    (238, 125, 30),
)
PAIRS = [(NAVY, WHITE), (WHITE, RED), (SLATE, ORANGE)]


def pattern(picture: Rgba) -> Pattern:
    box = product_box(picture)
    assert box is not None
    found = pattern_of(to_measure(picture, box))
    assert found is not None
    return found


@pytest.mark.parametrize("ground", [NAVY, WHITE, RED, SLATE, GRAY])
@pytest.mark.parametrize("light", [{}, {"folds": 0.25}, {"noise": 12.0}, {"shading": 0.55, "folds": 0.2, "noise": 6.0}])
def test_folds_shadow_and_weave_make_no_pattern(ground: tuple[int, int, int], light: dict[str, float]) -> None:
    found = pattern(body(ground, **light))  # type: ignore[arg-type]
    assert found.kind == "plain" and found.strength > 0.9


@pytest.mark.parametrize("other", [WHITE, RED])
@pytest.mark.parametrize("angle_deg", [0, 30, 60, 90])
@pytest.mark.parametrize("period", [12, 25, 50, 90])
def test_stripes_of_any_width_and_direction(other: tuple[int, int, int], angle_deg: float, period: float) -> None:
    assert pattern(body(NAVY, other, stripes(period, angle_deg), folds=0.1, noise=4)).kind == "striped"


def test_thin_stripes_on_white() -> None:
    assert pattern(body(WHITE, NAVY, stripes(30, 90, duty=0.15))).kind == "striped"


@pytest.mark.parametrize("angle_deg", [0, 20, 45])
@pytest.mark.parametrize("period", [24, 40, 80])
@pytest.mark.parametrize("make", [checks, grid])
def test_checks_and_grids(make: object, period: float, angle_deg: float) -> None:
    assert pattern(body(WHITE, RED, make(period, angle_deg), folds=0.1, noise=4)).kind == "checked"  # type: ignore[operator]


@pytest.mark.parametrize(("period", "radius"), [(20, 5), (30, 9), (40, 8), (50, 12), (60, 20)])
@pytest.mark.parametrize("shifted", [False, True])
@pytest.mark.parametrize(("ground", "other"), PAIRS)
def test_dots_in_rows_or_shifted(
    period: float, radius: float, shifted: bool, ground: tuple[int, int, int], other: tuple[int, int, int]
) -> None:
    assert pattern(body(ground, other, dots(period, radius, shifted), folds=0.1, noise=4)).kind == "dotted"


@pytest.mark.parametrize(("ground", "other"), PAIRS)
@pytest.mark.parametrize(
    ("ink", "kind"), [(chest_print, "printed"), (lower_half, "colour-blocked"), (scribble, "patterned")]
)
def test_figures_parts_and_what_has_no_name(
    ground: tuple[int, int, int], other: tuple[int, int, int], ink: Ink, kind: str
) -> None:
    assert pattern(body(ground, other, ink, folds=0.1, noise=4)).kind == kind


def test_few_stripes_on_one_place_are_no_striped_product() -> None:
    picture = body(NAVY, WHITE, lambda x, y: (np.abs(y - 330) < 20) & (y % 10 < 5))
    assert pattern(picture).kind != "striped"


def test_pattern_is_deterministic_and_needs_a_surface() -> None:
    picture = body(NAVY, WHITE, dots(30, 9), noise=4)
    assert pattern(picture) == pattern(picture.copy())
    assert pattern_of(picture[200:206, 100:106]) is None
