import numpy as np

from pipeline.imaging.cutout.agreement import Matted, colours_of, disagreements

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
