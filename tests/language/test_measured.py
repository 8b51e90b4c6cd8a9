from dataclasses import replace

import numpy as np
import pytest

from pipeline.core.domain import Angle
from pipeline.core.errors import BadInput, Held
from pipeline.language import measured
from pipeline.language.checks import LIMITS, faults_of
from tests.language.subjects import DESK, shirt, subject


def write(subject):
    return measured.write(subject, measured.Params(), DESK)


def test_caption_contains_given_and_measured_facts() -> None:
    caption = write(subject()).caption
    assert caption.engine == "measured" and caption.model is None
    assert caption.title == "Nordlys Harbour Tee"
    assert caption.description == (
        "Nordlys Harbour Tee. Colour navy, material cotton. "
        "Measured in the picture: mostly navy with white, 1.5 times as tall as it is wide."
    )
    assert caption.alt_text == "Nordlys Harbour Tee, mostly navy with white, front view"
    assert caption.attributes["colour"] == "navy"
    assert caption.attributes["measured_height_over_width"] == "1.50"
    assert caption.attributes["measured_colours"].startswith("navy ")
    assert caption.prompt == "a product photo of one navy cotton t-shirt"


def test_caption_can_be_written_from_the_picture_alone() -> None:
    caption = write(subject(title="", brand="", category="", attributes={})).caption
    assert faults_of(caption) == ()
    assert "navy" in caption.prompt


def test_long_texts_are_cut_between_words() -> None:
    caption = write(subject(title="Harbour " * 60, attributes={"story": "sea " * 400})).caption
    for name, limit in LIMITS.items():
        assert 0 < len(getattr(caption, name)) <= limit
    assert caption.title.endswith("Harbour…")


def test_alt_text_of_each_angle_names_its_view() -> None:
    others = tuple(
        Angle(name=name, azimuth_deg=azimuth, elevation_deg=elevation)
        for name, azimuth, elevation in (
            ("a1", 180.0, 35.0),
            ("b", 322.0, 22.0),
            ("top", 0.0, 80.0),
            ("hem", 95.0, -40.0),
        )
    )
    caption = write(replace(subject(), others=others)).caption
    product = "Nordlys Harbour Tee, mostly navy with white, "
    assert caption.alt_text == caption.alt_texts["front"]
    assert {angle: text.removeprefix(product) for angle, text in caption.alt_texts.items()} == {
        "front": "front view", "a1": "back view from above", "b": "front left view", "top": "top view",
        "hem": "right view from below",
    }  # fmt: skip
    long = write(replace(subject(title="Harbour " * 60), others=others)).caption
    assert all(len(text) <= LIMITS["alt_text"] for text in long.alt_texts.values())
    assert long.alt_texts["a1"].endswith("…, back view from above")


def test_given_colour_that_is_not_visible_is_noted() -> None:
    wrong = replace(subject(attributes={"colour": "red"}), picture=shirt((29, 43, 82)))
    assert write(wrong).notes == ("shoot.yaml gives the colour 'red'; the picture shows navy",)
    assert write(subject()).notes == ()


def test_other_languages_are_refused() -> None:
    with pytest.raises(BadInput, match="writes English, not 'de'"):
        write(replace(subject(), language="de"))


def test_empty_picture_is_held() -> None:
    with pytest.raises(Held, match="no product"):
        write(replace(subject(), picture=np.zeros((9, 9, 4), dtype=np.uint8)))
