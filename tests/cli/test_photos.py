"""ingest, `catalog cutout` and `catalog sfm` decode a file to the same pixels, or reject it with the same message."""

import io
import struct
import sys
import zlib

import numpy as np
import pillow_heif
import pytest
import tifffile
from PIL import Image
from typer.testing import CliRunner

from pipeline.cli.app import app
from pipeline.contract.runner import Runner
from pipeline.contract.store import Store
from pipeline.core.errors import BadInput, MissingEngine
from pipeline.core.media import media_type_of
from pipeline.core.png import decode_png
from pipeline.core.records import LeftOut
from pipeline.imaging.cutout.files import cut_files
from pipeline.imaging.cutout.registry import ENGINES
from pipeline.posing.folder import upright_photos
from pipeline.stages.ingest import STAGE, Inputs, Params
from pipeline.starter.photos import survey
from tests.core.photo.chart import png
from tests.core.photo.test_decode import swapped_profile
from tests.core.photo.test_raw import dng


def product(width=160, height=120):
    """A coloured block with a gradient on a light backdrop; it looks different when rotated."""
    rgb = np.full((height, width, 3), 225, np.uint8)
    across = np.linspace(30, 140, width // 2).astype(np.uint8)
    rgb[height // 4 : -height // 4, width // 4 : width // 4 + len(across)] = np.stack(
        [across, across[::-1], np.full_like(across, 60)], axis=-1
    )
    return Image.fromarray(rgb)


def saved(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def rotated(orientation=6):
    exif = Image.Exif()
    exif[274] = orientation
    return saved(product(), "JPEG", quality=95, exif=exif)


def gray16():
    gray = np.asarray(product().convert("L")).astype(np.uint16) * 257
    return saved(Image.fromarray(gray), "PNG")


def cmyk():
    return saved(product().convert("CMYK"), "JPEG", quality=95)


def other_primaries():
    """RGB with a profile that is not sRGB, as Display P3 and Adobe RGB are not."""
    return saved(product(), "JPEG", quality=95, icc_profile=swapped_profile())


def heic():
    pillow_heif.register_heif_opener()
    return saved(product(), "HEIF", quality=95)


def planar():
    out = io.BytesIO()
    deep = np.moveaxis(np.asarray(product()).astype(np.uint16) * 257, -1, 0)
    tifffile.imwrite(out, deep, photometric="rgb", planarconfig="separate")
    return out.getvalue()


def adobe_by_exif():
    exif = Image.Exif()
    exif[271] = "Acme"  # Pillow writes no sub-directory into an otherwise empty EXIF
    exif.get_ifd(0x8769).update({0xA001: 65535, 0xA005: {1: "R03"}})
    return saved(product(), "JPEG", quality=95, exif=exif)


PHOTOS = {
    "rotated.jpg": rotated(),
    "primaries.jpg": other_primaries(),
    "cmyk.jpg": cmyk(),
    "gray16.png": gray16(),
    "phone.HEIC": heic(),
    "planar.tif": planar(),
    "adobe.JPE": adobe_by_exif(),
    "web.jfif": saved(product(), "JPEG", quality=95),
    "new.avif": saved(product(), "AVIF", quality=95),
    "raw.DNG": dng(np.asarray(product())),
}
NOTED = ["adobe.JPE", "cmyk.jpg", "gray16.png", "planar.tif", "primaries.jpg", "raw.DNG"]


def by_ingest(files, folder):
    store = Store(folder)
    tree = store.put_tree({name: store.put(data, media_type_of(name)) for name, data in files.items()})
    outputs, _, _ = Runner(store).run(STAGE, Inputs(photos=tree), Params())
    return {name.removesuffix(".png"): store.read(file) for name, file in store.tree(outputs.photos).items()}


def put(folder, files):
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def test_file_has_the_same_pixels_in_ingest_cutout_and_sfm(tmp_path):
    folder = put(tmp_path / "photos", PHOTOS)
    upright = upright_photos(folder, tmp_path / "sfm")
    assert upright.unusable == ()
    assert sorted(upright.notes) == NOTED
    cut_files(sorted(folder.iterdir()), tmp_path / "cut", ENGINES.defaults(), lambda *_: None)
    for photo, data in by_ingest(PHOTOS, tmp_path / "store").items():
        rgb = decode_png(data)
        assert np.array_equal(decode_png((tmp_path / "sfm" / f"{photo}.png").read_bytes()), rgb), photo
        rgba = decode_png((tmp_path / "cut" / f"{photo}.png").read_bytes())
        opaque = rgba[..., 3] == 255
        assert opaque.mean() > 0.05, photo
        assert np.array_equal(rgba[opaque][:, :3], rgb[opaque]), photo
    assert rgb_of(tmp_path / "sfm" / "rotated.png").shape == (160, 120, 3)
    plain = np.asarray(Image.open(io.BytesIO(saved(product(), "JPEG", quality=95))))
    assert np.abs(rgb_of(tmp_path / "sfm" / "primaries.png").astype(int) - plain[..., [1, 0, 2]]).max() <= 4


def rgb_of(path):
    return decode_png(path.read_bytes())


def header_only(side):
    """A PNG with a header for a square picture of this side, but without pixels."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def pages():
    return saved(product(), "TIFF", save_all=True, append_images=[product()])


def zeroed(data):
    return data[: len(data) // 2] + bytes(300) + data[len(data) // 2 + 300 :]


def hdr():
    return png(np.asarray(product()), (b"cICP", bytes([9, 16, 0, 1])))


REJECTED = {
    "too many pixels": ("a.png", header_only(12_000), "144 MP, more than 120 MP"),
    "too small": ("a.png", saved(product(48, 48), "PNG"), "48x48 px, fewer than 64 px"),
    "several pages": ("a.tif", pages(), "2 pictures"),
    "truncated": ("a.jpg", rotated()[:1500], "damaged or truncated"),
    "a zeroed sector": ("a.jpg", zeroed(rotated()), "damaged"),
    "HDR": ("a.png", hdr(), "it is HDR"),
    "text": ("a.jpg", b"front is DSC_0001", "it is text"),
    "values beyond 16 bits": ("a.tif", saved(Image.fromarray(np.full((80, 80), 1e9, np.float32)), "TIFF"), "mode F"),
}


@pytest.mark.parametrize("fault", REJECTED)
def test_ingest_cutout_and_sfm_reject_a_file_with_the_same_message(tmp_path, fault):
    name, data, reason = REJECTED[fault]
    good = {f"good{i}.jpg": saved(product(), "JPEG", quality=95) for i in range(3)}
    folder = put(tmp_path / "photos", {**good, name: data})
    what, remedy = by_sfm_and_cutout(folder, name)
    assert reason in what
    with pytest.raises(BadInput) as ingested:
        by_ingest({**good, name: data}, tmp_path / "store")
    assert f"{name}: {what}. {remedy}" in ingested.value.what


def test_a_file_that_is_too_large_is_rejected_before_it_is_read(tmp_path):
    good = {f"good{i}.jpg": saved(product(), "JPEG", quality=95) for i in range(3)}
    folder = put(tmp_path / "photos", good)
    with (folder / "a.jpg").open("wb") as file:
        file.truncate(301_000_000)
    what, remedy = by_sfm_and_cutout(folder, "a.jpg")
    assert what == "the file has 301 MB, more than 300 MB"
    store = Store(tmp_path / "store")
    large = store.put(b"", "image/jpeg").model_copy(update={"size": 301_000_000})
    with pytest.raises(BadInput) as ingested:
        Runner(store).run(STAGE, Inputs(photos=store.put_tree({"a.jpg": large})), Params())
    assert f"a.jpg: {what}. {remedy}" in ingested.value.what


def by_sfm_and_cutout(folder, name):
    """The message with which both `catalog sfm` and `catalog cutout` reject a file, and the remedy."""
    (unusable,) = upright_photos(folder, folder.parent / "sfm").unusable
    with pytest.raises(BadInput) as cut:
        cut_files([folder / name], folder.parent / "cut", ENGINES.defaults(), lambda *_: None)
    assert cut.value.what == f"{folder / name}: {unusable.reason}"
    return unusable.reason, cut.value.remedy


def test_a_raw_file_beside_its_jpeg_is_left_out_by_every_command(tmp_path):
    files = {f"good{i}.jpg": saved(product(), "JPEG", quality=95) for i in range(3)}
    folder = put(tmp_path / "photos", {**files, "good1.NEF": b"unused"})
    assert [(file.name, file.reason) for file in upright_photos(folder, tmp_path / "sfm").unusable] == [
        ("good1.NEF", "good1.jpg is used instead")
    ]
    for paths in ([folder], sorted(folder.iterdir())):
        report = cut_files(paths, tmp_path / f"cut{len(paths)}", ENGINES.defaults(), lambda *_: None)
        assert report.left_out == (LeftOut(file=str(folder / "good1.NEF"), reason="good1.jpg is used instead"),)
        assert len(report.files) == 3


def test_sfm_and_cutout_refuse_a_linked_photo_and_name_other_files(tmp_path):
    folder = put(tmp_path / "photos", {f"good{i}.jpg": saved(product(), "JPEG") for i in range(3)})
    (folder / "notes.txt").write_text("white mug")
    left_out = LeftOut(file="notes.txt", reason="not a photo")
    (unusable,) = upright_photos(folder, tmp_path / "sfm").unusable
    report = cut_files([folder], tmp_path / "cut", ENGINES.defaults(), lambda *_: None)
    assert (unusable.name, unusable.reason) == (left_out.file, left_out.reason)
    assert report.left_out == (LeftOut(file=f"{folder}/notes.txt", reason="not a photo"),)
    (folder / "linked.jpg").symlink_to(folder / "good1.jpg")
    for command in (
        lambda: upright_photos(folder, tmp_path / "sfm"),
        lambda: cut_files([folder], tmp_path / "again", ENGINES.defaults(), lambda *_: None),
    ):
        with pytest.raises(BadInput, match=r"linked\.jpg is a link or a folder"):
            command()


def test_every_command_names_the_missing_extra_once(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "rawpy", None)
    folder = put(tmp_path / "photos", {f"{index}.DNG": dng(np.asarray(product())) for index in range(3)})
    reason = "0.DNG: it is a camera raw file, and rawpy is not installed"
    for command in (
        lambda: upright_photos(folder, tmp_path / "sfm"),
        lambda: cut_files(sorted(folder.iterdir()), tmp_path / "cut", ENGINES.defaults(), lambda *_: None),
        lambda: survey(folder, sorted(folder.iterdir()), lambda *_: None),
    ):
        with pytest.raises(MissingEngine, match="is not installed") as caught:
            command()
        assert caught.value.what == f"{folder}/{reason}"
        assert "pip install -e '.[raw]'" in caught.value.remedy


def test_cutout_prints_each_note_once_and_names_what_is_left_out(tmp_path):
    folder = put(tmp_path / "photos", {"a [1].jpg": other_primaries(), "b.jpg": other_primaries(), "b.cr2": b"unused"})
    files = [str(path) for path in sorted(folder.iterdir())]
    printed = CliRunner().invoke(app, ["cutout", *files, "--out", str(tmp_path / "cut")]).stdout
    assert printed.count("converted to sRGB") == 1
    assert f"{folder}/a [1].jpg and 1 more: converted to sRGB from " in printed
    assert f"left out, b.jpg is used instead: {folder}/b.cr2" in printed
