import io

import numpy as np
import pytest
from PIL import Image

from pipeline.core.png import encode_png
from pipeline.imaging.cutout.held import product_not_found
from pipeline.imaging.sheet.mattes import MatteTile


def tiles(folder, faults):
    photo, matte = folder / "photo", folder / "matte"
    photo.write_bytes(encode_png(np.full((60, 80, 3), 90, np.uint8)))
    matte.write_bytes(encode_png(np.full((60, 80), 255, np.uint8)))
    return [MatteTile(f"P{number}", photo, matte, fault) for number, fault in enumerate(faults)]


def test_a_hold_lists_the_worst_three_and_shows_a_picture(tmp_path):
    held = product_not_found(tiles(tmp_path, [None, *["it touches all borders"] * 5]), "backdrop")
    assert held.what.startswith("the product was not found in 5 of 6 photos: P1, P2 and P3: it touches all borders")
    assert held.what.endswith("; and 2 more") and "P4" not in held.what
    assert held.picture is not None and Image.open(io.BytesIO(held.picture)).format == "PNG"
    assert len(str(held)) < 700


def test_the_remedy_gives_a_mattes_exact_name_and_size(tmp_path):
    held = product_not_found(tiles(tmp_path, [None, "no product was found"]), "backdrop")
    assert "mattes/P1.png, 80 x 60 px, 8-bit gray" in held.remedy


@pytest.mark.parametrize(("engine", "suggested"), [("backdrop", True), ("seeded", False)])
def test_the_remedy_names_engines_other_than_the_one_that_failed(tmp_path, engine, suggested):
    held = product_not_found(tiles(tmp_path, ["no product was found"]), engine)
    assert ("seeded (" in held.remedy) == suggested and "checkpoint (" in held.remedy


def test_a_shoot_given_up_early_says_how_many_photos_were_tried(tmp_path):
    held = product_not_found(tiles(tmp_path, ["no product was found"] * 3), "auto", photos=32)
    assert "in 3 of 3 photos tried, of 32: P0, P1 and P2" in held.what
