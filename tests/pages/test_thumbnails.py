import io

import numpy as np
import pytest
from PIL import Image
from pillow_heif import register_heif_opener

from pipeline.contract.store import Store
from pipeline.core.disk_cache import DiskCache
from pipeline.core.errors import BadInput
from pipeline.core.png import encode_png
from pipeline.pages.thumbnails import Side, media_type_of, thumbnail


@pytest.fixture
def cache(tmp_path):
    return DiskCache(tmp_path / "cache")


def stored(tmp_path, data: bytes, media_type: str = "image/png") -> str:
    return Store(tmp_path).put(data, media_type).sha256


@pytest.mark.parametrize(("side", "size"), [(Side.CARD, (480, 240)), (Side.WHOLE, (1000, 500))])
def test_a_picture_is_scaled_to_a_side_and_never_enlarged(tmp_path, cache, side, size):
    sha256 = stored(tmp_path, encode_png(np.full((500, 1000, 3), 90, np.uint8)))
    data = thumbnail(Store(tmp_path), cache, sha256, side)
    assert (media_type_of(data), Image.open(io.BytesIO(data)).size) == ("image/jpeg", size)


def test_a_cut_out_keeps_its_transparency(tmp_path, cache):
    sha256 = stored(tmp_path, encode_png(np.zeros((50, 50, 4), np.uint8)))
    data = thumbnail(Store(tmp_path), cache, sha256, Side.TILE)
    assert media_type_of(data) == "image/webp" and Image.open(io.BytesIO(data)).mode == "RGBA"


def truncated() -> bytes:
    rows = np.random.default_rng(0).integers(0, 255, (400, 400, 3), dtype=np.uint8)
    return encode_png(rows)[:5000]


@pytest.mark.parametrize("data", [b'{"secret": 1}', b"", b"\x89PNG\r\n\x1a\n", b"<svg/>", truncated()])
def test_only_pictures_are_sent(tmp_path, cache, data):
    with pytest.raises(BadInput):
        thumbnail(Store(tmp_path), cache, stored(tmp_path, data), Side.TILE)
    assert not list(cache.folder.rglob("*"))


def test_a_picture_that_is_not_in_the_store_is_bad_input(tmp_path, cache):
    with pytest.raises(BadInput, match="has no artifact"):
        thumbnail(Store(tmp_path), cache, "0" * 64, Side.TILE)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_150_megapixels_are_refused_before_they_are_decoded(tmp_path, cache):
    data = io.BytesIO()
    Image.new("1", (15_000, 10_000)).save(data, "PNG")
    with pytest.raises(BadInput, match="too large to show: 15000x10000"):
        thumbnail(Store(tmp_path), cache, stored(tmp_path, data.getvalue()), Side.TILE)


@pytest.mark.parametrize("side", ["0", "1", "481", "1000000000", "-240", "x", ""])
def test_other_sides_are_refused(site, side):
    assert site.client("viewer").get(f"/pictures/{'0' * 64}", params={"side": side}).status_code == 422


@pytest.mark.parametrize("name", ["..%2f..%2fcatalog.db", "0" * 63, "0" * 65, "G" * 64, "%2e%2e", "0" * 63 + "%00"])
def test_only_digests_are_names_of_pictures(site, name):
    assert site.client("viewer").get(f"/pictures/{name}").status_code in {400, 404, 422}


@pytest.mark.parametrize("name", ["..%2fapp.py", "../app.py", "vendor/htmx.min.js", "pages.css%00", "no.css"])
def test_only_the_own_files_are_static(site, name):
    assert site.client("viewer").get(f"/static/{name}").status_code in {400, 404}


def test_a_photo_is_shown_upright(tmp_path, cache):
    rows = np.zeros((64, 128, 3), np.uint8)
    rows[:, 64:] = 255  # the right half is bright; turned right by 90 degrees, the lower half is
    exif = Image.Exif()
    exif[0x0112] = 6
    data = io.BytesIO()
    Image.fromarray(rows).save(data, "JPEG", exif=exif)
    shown = thumbnail(Store(tmp_path), cache, stored(tmp_path, data.getvalue()), Side.TILE)
    picture = Image.open(io.BytesIO(shown)).convert("L")
    assert picture.size == (64, 128)
    assert picture.getpixel((32, 20)) < 40 and picture.getpixel((32, 110)) > 215


def test_a_heic_photo_is_shown(tmp_path, cache):
    register_heif_opener()
    data = io.BytesIO()
    Image.new("RGB", (600, 300), "teal").save(data, "HEIF")
    shown = thumbnail(Store(tmp_path), cache, stored(tmp_path, data.getvalue()), Side.TILE)
    assert Image.open(io.BytesIO(shown)).size == (240, 120)
