import cv2
import numpy as np
import pytest

from pipeline.core.arrays import Rgba
from pipeline.language.evidence.merge import colours, dimensions, gloss, pattern
from pipeline.language.evidence.photo import PhotoEvidence, measured
from tests.language.subjects import shirt

NAVY, WHITE, SLATE = (29, 43, 82), (246, 246, 245), (92, 125, 158)


def scaled(picture: Rgba, factor: float) -> Rgba:
    return cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_NEAREST)


def test_colours_are_weighted_by_the_visible_product() -> None:
    large = measured(shirt(NAVY, shading=0.0))
    small = large.model_copy(update={"share": large.share / 3, "colours": measured(shirt(WHITE, shading=0.0)).colours})
    found = colours({"a": large, "b": small})
    assert [(one.name, one.value, one.number, one.photos) for one in found] == [
        ("colour.navy", "navy", 0.75, ("a",)),
        ("colour.white", "white", 0.25, ("b",)),
    ]
    assert {one.unit for one in found} == {"share"} and all((one.deviation or 0) < 1 for one in found)


def test_deviation_tells_how_far_a_colour_is_from_its_name() -> None:
    off = (NAVY[0] + 14, NAVY[1] + 10, NAVY[2])
    (exact,), (near,) = (colours({"a": measured(shirt(rgb, shading=0.0))}) for rgb in (NAVY, off))
    assert exact.value == near.value == "navy" and exact.deviation == 0.0 and 2 < (near.deviation or 0) < 10


def test_colour_between_two_names_is_one_colour() -> None:
    photos = {
        "a": PhotoEvidence(share=0.4, colours=measured(shirt((105, 110, 118), shading=0.0)).colours),
        "b": PhotoEvidence(share=0.3, colours=measured(shirt((100, 113, 132), shading=0.0)).colours),
    }
    assert photos["a"].colours[0].family != photos["b"].colours[0].family
    (found,) = colours(photos)
    assert found.number == 1.0 and found.photos == ("a", "b")


def test_size_of_the_photo_does_not_change_what_is_measured() -> None:
    picture = shirt(SLATE, WHITE)
    one, two = measured(picture), measured(scaled(picture, 6))
    assert [colour.name for colour in one.colours] == [colour.name for colour in two.colours]
    assert one.share == pytest.approx(two.share, abs=0.01) and np.allclose(np.multiply(one.box, 6), two.box, atol=6)


@pytest.mark.parametrize("opaque_px", [0, 20])
def test_photo_without_product_shows_nothing(opaque_px: int) -> None:
    picture = np.zeros((80, 80, 4), np.uint8)
    picture[0, :opaque_px] = 255
    assert measured(picture) == PhotoEvidence(share=0.0)


def shows(share: float = 0.3, **fields: object) -> PhotoEvidence:
    return PhotoEvidence.model_validate({"share": share, "box": (10, 10, 100, 140), "whole": True, **fields})


def test_product_is_plain_only_if_all_photos_say_so() -> None:
    plain, printed = ({"pattern": {"kind": kind, "strength": 0.5}} for kind in ("plain", "printed"))
    assert [one.value for one in pattern({"a": shows(**plain), "b": shows(**plain)})] == ["plain"]
    (found,) = pattern({"a": shows(**plain), "b": shows(0.1, **printed), "c": shows()})
    assert (found.value, found.number, found.photos) == ("printed", 0.5, ("b",))
    assert pattern({"a": shows()}) == ()


def test_gloss_needs_photos_of_half_of_the_surface() -> None:
    glossy, matt = ({"gloss": {"kind": kind, "share": 0.04, "edge": 0.02}} for kind in ("glossy", "matt"))
    (found,) = gloss({"a": shows(0.4, **glossy), "b": shows(0.3, **matt)})
    assert (found.id, found.value, found.number, found.photos) == ("measured:gloss", "glossy", 0.04, ("a",))
    assert gloss({"a": shows(0.2, **glossy), "b": shows(0.3), "c": shows(0.1, **matt)}) == ()


def test_dimensions_use_photos_that_show_the_whole_product_from_a_known_side() -> None:
    photos = {"a": shows(), "b": shows(whole=False)}
    found = dimensions(photos, {"a": (0.0, 0.0), "b": (0.0, 0.0)}, {"height": "70 mm"})
    assert [(one.name, one.value, one.number, one.unit, one.photos) for one in found] == [
        ("proportion", "1.4 times as tall as it is wide", 1.4, "ratio", ("a",)),
        ("width", "50 mm", 50.0, "mm", ("a",)),
    ]
    assert dimensions(photos, {"b": (0.0, 0.0)}, {"height": "70 mm"}) == ()
    assert dimensions(photos, {}, {"height": "70 mm"}) == ()
