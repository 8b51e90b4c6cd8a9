import io

import numpy as np
import pytest
from PIL import Image

from pipeline.core.domain import Angle
from pipeline.core.errors import BadInput
from pipeline.core.records import AssetRecord, LeftOut, Picture
from pipeline.imaging.sheet.data import AngleTile, AssetTile, PhotoTile
from pipeline.imaging.sheet.layout import draw_sheet
from pipeline.imaging.sheet.tiles import TONES, thumbnail
from tests.imaging.products import make_product


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "object-without-an-ending"
    Image.fromarray(make_product(120, 90)).save(path, "PNG")
    return path


def picture(name, source, reason="photo is 3 deg off"):
    return Picture(angle=Angle(name=name, azimuth_deg=0), source=source, reason=reason)


def asset(verdict, reasons=()):
    return AssetRecord(
        angle="front", backdrop="oak", channel="google", path="front/oak/google.jpg", media_type="image/jpeg",
        width_px=10, height_px=10, source="captured", verdict=verdict, reasons=reasons,
    )  # fmt: skip


def opened(data):
    return Image.open(io.BytesIO(data)).convert("RGB")


def has_colour(image, colour):
    rgb = tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return bool((np.asarray(image) == rgb).all(axis=-1).any())


@pytest.mark.parametrize("photos", [0, 1, 24, 60])
def test_any_number_of_photos_fits(file, photos):
    tiles = [PhotoTile(f"DSC_{n:04d}", file) for n in range(photos)]
    sheet = opened(draw_sheet("mug-1", "A mug", photos=tiles, cutouts=tiles, angles=[], assets=[]))
    assert sheet.width <= 2400 and sheet.height < 4000


def test_refused_angles_and_verdicts_have_their_colours(file):
    angles = [AngleTile(picture("front", "captured"), file), AngleTile(picture("left", "refused"), None)]
    assets = [AssetTile(asset("published"), file), AssetTile(asset("rejected", ("the outline has grown",)), file)]
    sheet = opened(draw_sheet("mug-1", "A mug", photos=[], cutouts=[], angles=angles, assets=assets))
    for state in ("captured", "refused", "published", "rejected"):
        assert has_colour(sheet, TONES[state]), state
    assert not has_colour(sheet, TONES["rendered"]) and not has_colour(sheet, TONES["in review"])


def test_more_assets_make_a_taller_sheet(file):
    few, many = (
        opened(draw_sheet("m", "M", photos=[], cutouts=[], angles=[], assets=[AssetTile(asset("published"), file)] * n))
        for n in (6, 19)
    )
    assert many.height > 2 * few.height


def test_files_left_out_are_named_below_the_assets(file):
    left_out = [LeftOut(file=f"photos/{n}.mov", reason="not a photo") for n in range(3)]
    without, named, more = (
        opened(draw_sheet("m", "M", photos=[], cutouts=[], angles=[], assets=[], left_out=entries))
        for entries in ([], left_out, [*left_out, LeftOut(file="mattes/a.jpg", reason="a matte must be a .png file")])
    )
    assert without.height < named.height < more.height
    written = np.asarray(named.convert("L"))[without.height - 60 + 76 : -60]
    assert (written < 160).any()


def test_sheet_is_deterministic(file):
    tiles = [PhotoTile("a", file)]
    first, second = (draw_sheet("m", "M", photos=tiles, cutouts=tiles, angles=[], assets=[]) for _ in range(2))
    assert first == second


def test_transparency_is_shown_as_a_checkerboard(file):
    tile = np.asarray(thumbnail(file, 120, 120, "checker"))
    assert {255, 228} <= set(tile[0].reshape(-1).tolist())
    assert tile.shape == (120, 120, 3)


def test_file_that_is_not_an_image_is_reported(tmp_path):
    bad = tmp_path / "bad"
    bad.write_bytes(b"nothing")
    with pytest.raises(BadInput, match="not a readable image"):
        thumbnail(bad, 10, 10, "white")


def test_a_damaged_png_is_reported(file, tmp_path):
    damaged = tmp_path / "damaged.png"
    damaged.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(BadInput, match="not a readable image"):
        thumbnail(damaged, 10, 10, "white")


@pytest.mark.parametrize(
    ("mode", "suffix"), [("RGB", "png"), ("RGBA", "png"), ("P", "png"), ("L", "png"), ("RGB", "jpg")]
)
def test_thumbnails_are_those_of_the_whole_picture(tmp_path, mode, suffix):
    y, x = np.mgrid[:600, :900]
    pixels = np.stack([x % 256, y % 256, (x + y) % 256, np.clip(x, 0, 255)], axis=-1).astype(np.uint8)
    path = tmp_path / f"picture.{suffix}"
    shown = pixels if mode == "RGBA" else np.ascontiguousarray(pixels[..., :3])
    Image.fromarray(shown).convert(mode).save(path, **({"quality": 95} if suffix == "jpg" else {}))
    with Image.open(path) as opened:
        whole = opened.convert("RGBA" if mode == "RGBA" else "RGB").resize((90, 60), Image.Resampling.LANCZOS)
    plain = Image.new("RGB", (90, 60), "white")
    plain.paste(whole, (0, 0), whole if mode == "RGBA" else None)
    off = np.abs(np.asarray(thumbnail(path, 90, 60, "white")).astype(int) - np.asarray(plain))
    assert off.mean() < 1.5
