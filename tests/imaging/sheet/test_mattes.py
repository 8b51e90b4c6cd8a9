import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageColor

from pipeline.core.errors import CatalogError
from pipeline.core.png import encode_png
from pipeline.imaging.sheet.mattes import COLUMNS, PICTURES_MAX, MatteTile, matte_sheet, outlined
from pipeline.imaging.sheet.tiles import GREEN, RED


def tile(folder: Path, fault: str | None, *, rgba: bool = False) -> MatteTile:
    """A gray photo of 200 x 100 px whose matte is the square from (50, 25) to (100, 75)."""
    alpha = np.zeros((100, 200), np.uint8)
    alpha[25:75, 50:100] = 255
    photo = np.full((100, 200, 3), 90, np.uint8)
    matte = np.dstack([photo, alpha]) if rgba else alpha
    paths = folder / "photo", folder / f"matte-{rgba}"
    for path, pixels in zip(paths, (photo, matte), strict=True):
        path.write_bytes(encode_png(pixels))
    return MatteTile("IMG_0001", *paths, fault)


def opened(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


@pytest.mark.parametrize(("fault", "tone"), [(None, GREEN), ("the matte touches all four borders", RED)])
@pytest.mark.parametrize("rgba", [True, False])
def test_the_matte_is_outlined_and_its_surroundings_faded(tmp_path, fault, tone, rgba):
    picture = np.asarray(outlined(tile(tmp_path, fault, rgba=rgba), 200))
    assert picture.shape == (100, 200, 3)
    coloured = (picture == ImageColor.getrgb(tone)).all(axis=-1)
    rows, columns = np.flatnonzero(coloured.any(axis=1)), np.flatnonzero(coloured.any(axis=0))
    assert abs(rows.min() - 25) <= 2 and abs(rows.max() - 74) <= 2
    assert abs(columns.min() - 50) <= 2 and abs(columns.max() - 99) <= 2
    assert (picture[50, 75] == 90).all() and (picture[50, 150] > 150).all()


def test_a_photo_without_a_matte_is_shown_as_it_is(tmp_path):
    bare = replace(tile(tmp_path, "it could not be matched"), matte=None)
    assert (np.asarray(outlined(bare, 200)) == 90).all()


def test_only_the_first_tiles_are_drawn(tmp_path):
    one = tile(tmp_path, "no product was found")
    full, more = (opened(matte_sheet("mug", "held", [one] * count)) for count in (PICTURES_MAX, PICTURES_MAX + 40))
    assert full.shape == more.shape
    assert opened(matte_sheet("mug", "held", [one] * COLUMNS)).shape[0] < full.shape[0] / 2
    assert not (full != more).all(axis=-1).all()


def test_the_sheet_is_deterministic_and_shows_any_name(tmp_path):
    named = MatteTile(
        "青い花瓶 Größe 0001", *(getattr(tile(tmp_path, None), field) for field in ("photo", "matte")), None
    )
    first, second = (matte_sheet("青い花瓶", "cutout is held", [named, tile(tmp_path, "a fault")]) for _ in range(2))
    assert first == second


def test_no_photos_make_an_empty_sheet():
    assert opened(matte_sheet("mug", "held", [])).shape[1] == 2000


def test_a_damaged_matte_is_reported(tmp_path):
    bad = tile(tmp_path, None)
    bad.matte.write_bytes(b"nothing")
    with pytest.raises(CatalogError, match="cannot be read"):
        outlined(bad, 200)
