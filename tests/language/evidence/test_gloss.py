import pytest

from pipeline.core.arrays import Rgba
from pipeline.language.evidence.gloss import Gloss, gloss_of
from pipeline.language.evidence.picture import product_box, to_measure
from tests.language.evidence.patterns import body, chest_print, dots
from tests.language.evidence.shiny import vase

Colour = tuple[float, float, float]
TEAL, RED, BLACK, GRAY, CREAM = (0.02, 0.2, 0.2), (0.5, 0.03, 0.03), (0.02,) * 3, (0.25,) * 3, (0.8, 0.7, 0.5)
LAMPS = [6.0, 18.0]


def gloss(picture: Rgba) -> Gloss | None:
    box = product_box(picture)
    assert box is not None
    return gloss_of(to_measure(picture, box))


@pytest.mark.parametrize("colour", [TEAL, RED, BLACK, GRAY])
@pytest.mark.parametrize("lamp_deg", LAMPS)
@pytest.mark.parametrize("roughness", [0.05, 0.12])
def test_smooth_glaze_is_glossy_under_any_lamp(colour: Colour, lamp_deg: float, roughness: float) -> None:
    found = gloss(vase(colour, roughness, lamp_deg=lamp_deg))
    assert found is not None and found.kind == "glossy" and 0.01 < found.share < 0.15


@pytest.mark.parametrize("colour", [TEAL, RED, BLACK])
@pytest.mark.parametrize("lamp_deg", LAMPS)
def test_rougher_glaze_is_satin(colour: Colour, lamp_deg: float) -> None:
    found = gloss(vase(colour, 0.25, lamp_deg=lamp_deg))
    assert found is not None and found.kind == "satin"


@pytest.mark.parametrize("colour", [TEAL, RED, BLACK, GRAY, CREAM])
@pytest.mark.parametrize("lamp_deg", LAMPS)
@pytest.mark.parametrize("roughness", [0.6, 1.0])
def test_rough_surface_is_matt(colour: Colour, lamp_deg: float, roughness: float) -> None:
    assert gloss(vase(colour, roughness, lamp_deg=lamp_deg)) == Gloss(kind="matt", share=0.0, edge=0.0)


@pytest.mark.parametrize("folds", [0.0, 0.25])
def test_folded_cloth_is_matt(folds: float) -> None:
    assert gloss(body((29, 43, 82), folds=folds)) == Gloss(kind="matt", share=0.0, edge=0.0)


@pytest.mark.parametrize("colour", [TEAL, RED, BLACK, GRAY, CREAM])
@pytest.mark.parametrize("lamp_deg", LAMPS)
@pytest.mark.parametrize("roughness", [0.4, 1.0])
def test_white_paint_is_never_taken_for_a_highlight(colour: Colour, lamp_deg: float, roughness: float) -> None:
    found = gloss(vase(colour, roughness, lamp_deg=lamp_deg, paint=True))
    assert found is None or found.kind != "glossy"


@pytest.mark.parametrize("ink", [chest_print, dots(50, 12)])
def test_print_on_cloth_leaves_the_gloss_open(ink: object) -> None:
    assert gloss(body((29, 43, 82), (246, 246, 245), ink)) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("roughness", [0.05, 1.0])
def test_white_product_cannot_be_told(roughness: float) -> None:
    assert gloss(vase((0.85,) * 3, roughness)) is None
