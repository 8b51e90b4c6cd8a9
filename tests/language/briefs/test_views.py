"""Several views at once, and how high they are."""

import pytest

from tests.language.briefs.briefs import read

EIGHT = [0, 45, 90, 135, 180, 225, 270, 315]


@pytest.mark.parametrize(
    "text",
    [
        "all around, on white",
        "a full 360 of the mug, on white",
        "all sides in 45° steps, white",
        "Einmal komplett rundherum, auf Weiß",
        "tout autour, fond blanc",
    ],
)
def test_all_around_is_eight_views_where_no_number_is_given(text):
    shoot = read(text).shoot
    assert sorted(angle.azimuth_deg for angle in shoot.angles) == EIGHT and shoot.backdrops[0].name == "white"


@pytest.mark.parametrize("text", ["10% brighter all around", "crop 5% all round"])
def test_an_edit_all_around_is_no_view(text):
    assert not read(f"{text}. On white").shoot.angles


@pytest.mark.parametrize(
    "text",
    ["front & back at eye level", "vorne und hinten auf Augenhöhe", "de face et de dos à hauteur des yeux"],
)
def test_eye_level_is_of_all_views_that_and_joins(text):
    assert {(angle.azimuth_deg, angle.elevation_deg) for angle in read(text).shoot.angles} == {(0, 0), (180, 0)}


def test_a_height_is_not_of_a_view_that_has_its_own():
    shoot = read("front from above and back at eye level").shoot
    assert [angle.elevation_deg for angle in shoot.angles] == [45, 0]


@pytest.mark.parametrize("text", ["rear three-quarter left", "back left three quarter"])
def test_three_quarters_may_be_of_the_back(text):
    assert [angle.azimuth_deg for angle in read(text).shoot.angles] == [225]


@pytest.mark.parametrize(
    "text",
    [
        "Two shots, front and back. Front: crop 4:5.",
        "Bitte zwei Ansichten der Jacke, von vorne und von hinten. Vorne: 4:5.",
        "Deux vues : face et dos. Face : recadrer en 4:5.",
    ],
)
def test_a_count_of_views_counts_each_of_them_once(text):
    plan = read(text)
    assert [angle.azimuth_deg for angle in plan.shoot.angles] == [0, 180] and not plan.refused


def test_a_count_that_contradicts_the_views_is_refused():
    assert [one.text for one in read("Trois vues : face et dos.").refused] == ["Trois vues"]


@pytest.mark.parametrize(
    "text",
    [
        "Und korrigieren Sie die stürzenden Linien",
        "die stürzenden Linien bitte gerade ziehen",
        "Stürzende Linien bitte beseitigen",
        "get rid of the converging lines",
    ],
)
def test_converging_lines_are_corrected_by_any_verb(text):
    assert read(f"front. {text}.").shoot.edits["front"].perspective.vertical == 0.04


def test_vertical_lines_on_the_product_are_none_of_the_picture():
    assert not read("front. remove the vertical lines from the label.").shoot.edits
