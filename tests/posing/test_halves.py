from pipeline.posing.halves import half_of, halves
from tests.posing.test_judge import model, names


def photos(part):
    return [image.photo for image in part.images]


def test_a_product_that_was_never_turned_over_is_one_half():
    ring = model(range(0, 360, 30))
    assert halves(ring, ()) == [ring]


def test_each_photo_is_in_one_half_and_the_first_has_the_rest():
    parts = halves(model(range(0, 360, 30)), [["P03", "P04"], ["P11", "P05", "P99"]])
    assert [photos(part) for part in parts] == [
        [photo for photo in names(12) if photo not in ("P03", "P04", "P05", "P11")], ["P03", "P04"], ["P05", "P11"],
    ]  # fmt: skip


def test_half_of_a_photo_is_found_and_the_first_for_an_unregistered_one():
    ring = model(range(0, 360, 30))
    assert photos(half_of(ring, [["P03", "P04"]], "P04")) == ["P03", "P04"]
    assert len(photos(half_of(ring, [["P03", "P04"]], "P77"))) == 10
