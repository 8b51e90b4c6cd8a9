import re
from types import SimpleNamespace

import numpy as np
import pytest

from pipeline.imaging.cutout.verdict.agreement import Matted, colours_of, disagreements, shaped, silhouette_of

RED, BLUE, GREEN = (176, 52, 44), (60, 90, 160), (40, 160, 60)


def matted(colour, coverage=0.2, fault=None, second=None):
    rgb = np.full((40, 40, 3), colour, np.uint8)
    if second is not None:
        rgb[:, :8] = second
    return Matted(coverage, colours_of(rgb, np.full((40, 40), 255, np.uint8)), 1.0, fault)


def test_colours_add_up_and_an_empty_matte_has_none():
    rgb = np.random.default_rng(0).integers(0, 255, (60, 80, 3)).astype(np.uint8)
    matte = np.zeros((60, 80), np.uint8)
    assert colours_of(rgb, matte) == ()
    matte[20:40, 20:50] = 255
    assert abs(sum(parts for _, parts in colours_of(rgb, matte)) - 1000) < 40


def test_a_matte_in_foreign_colours_has_a_fault_in_words():
    mattes = {f"p{index}": matted(RED) for index in range(5)} | {"odd": matted(GREEN)}
    assert disagreements(mattes, 4.0) == {"odd": "100% of the matte has colours that the product has in no other photo"}


def test_a_back_of_another_colour_is_no_fault():
    mattes = {f"f{index}": matted(RED) for index in range(3)} | {f"b{index}": matted(BLUE) for index in range(3)}
    assert disagreements(mattes, 4.0) == {}


def test_exposure_and_a_small_foreign_part_are_no_fault():
    mattes = {f"p{index}": matted(RED) for index in range(4)}
    brighter = tuple(min(255, round(1.15 * channel)) for channel in RED)
    assert disagreements({**mattes, "bright": matted(brighter), "part": matted(RED, second=GREEN)}, 4.0) == {}


def test_size_is_compared_with_the_median_of_sound_mattes():
    mattes = {f"p{index}": matted(RED) for index in range(4)}
    found = disagreements({**mattes, "tiny": matted(RED, 0.01), "wrong": matted(RED, 0.9, fault="leaks")}, 4.0)
    assert found == {"tiny": "the matte covers 1.0% of the picture, the shoot's median is 20.0%"}


def test_too_few_mattes_cannot_outvote_one():
    assert disagreements({"a": matted(RED), "b": matted(RED), "c": matted(GREEN)}, 4.0) == {}


def disc(side_px, cut=0.0):
    """The matte of a disc whose left part is cut off, as a share of its width."""
    y, x = np.mgrid[0:side_px, 0:side_px] / side_px - 0.5
    inside = (np.hypot(x, y) < 0.3) & (x > -0.3 + 0.6 * cut)
    return Matted(0.28, ((5, 1000),), 1.0, None, silhouette_of(np.where(inside, 255, 0).astype(np.uint8)))


def pieces(silhouettes):
    """What each has and lacks of what more than half of the silhouettes contain."""
    most = np.mean(list(silhouettes.values()), axis=0) > 0.5
    return {
        name: SimpleNamespace(extra=float((own & ~most).sum() / own.sum()), lost=float((most & ~own).sum() / own.sum()))
        for name, own in silhouettes.items()
    }


def fits(extra=0.0, lost=0.0):
    return SimpleNamespace(extra=extra, lost=lost)


@pytest.mark.parametrize("side_px", [256, 900, 3000])
def test_a_matte_that_lost_a_part_misfits_at_any_resolution(side_px):
    mattes = {f"p{index}": disc(side_px) for index in range(5)} | {
        "lost": disc(side_px, 0.3),
        "chip": disc(side_px, 0.05),
    }
    found = shaped(mattes, pieces)
    assert re.match(r"a piece of the product, 3\d% of the matte, is missing", str(found["lost"].fault))
    assert found["lost"].belief < 0.5
    assert {name for name, matte in found.items() if matte.fault is None and matte.belief == 1.0} == set(mattes) - {
        "lost"
    }


def test_a_piece_that_no_other_matte_has_is_a_fault_in_words():
    mattes = {f"p{index}": disc(200) for index in range(6)}
    found = shaped(mattes, lambda silhouettes: dict.fromkeys(silhouettes, fits()) | {"p3": fits(extra=0.1, lost=0.02)})
    assert found["p3"].fault == "10% of the matte is something beside the product, as the other photos show"
    assert (found["p3"].misfit, found["p2"].misfit) == (0.1, 0.0)


def test_what_all_mattes_of_a_thin_product_show_is_no_fault():
    mattes = {f"p{index}": disc(200) for index in range(6)}
    found = shaped(mattes, lambda silhouettes: dict.fromkeys(silhouettes, fits(0.02, 0.03)) | {"p3": fits(0.06, 0.03)})
    assert {matte.fault for matte in found.values()} == {None}


def test_where_all_mattes_misfit_none_vouches_for_another():
    mattes = {f"p{index}": disc(200) for index in range(6)}
    found = shaped(mattes, lambda silhouettes: dict.fromkeys(silhouettes, fits(lost=0.2)))
    assert all(matte.fault is not None for matte in found.values())


def test_three_mattes_are_too_few_to_tell_a_shape():
    mattes = {f"p{index}": disc(200) for index in range(3)}
    assert shaped(mattes, lambda silhouettes: dict.fromkeys(silhouettes, fits(0.5, 0.5))) == mattes


def test_a_matte_with_a_fault_of_its_own_is_not_compared():
    mattes = {f"p{index}": disc(200) for index in range(5)} | {"wrong": matted(RED, fault="leaks")}
    asked = []
    shaped(mattes, lambda silhouettes: asked.extend(silhouettes) or dict.fromkeys(silhouettes, fits()))
    assert "wrong" not in asked and len(asked) == 5
