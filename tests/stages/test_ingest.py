import io
import sys

import numpy as np
import pytest
from PIL import Image

from pipeline.contract.runner import Runner
from pipeline.core.errors import BadInput, MissingEngine
from pipeline.core.media import media_type_of
from pipeline.core.png import decode_png
from pipeline.core.records import LeftOut, PhotoFacts, dump_json, load_list
from pipeline.stages.ingest import STAGE, Inputs, Params
from tests.core.photo.chart import P3, PATCHES, chart, coded, icc, saved
from tests.core.photo.test_raw import dng


def photo(level=120, seed=0, kind="JPEG"):
    noise = np.random.default_rng(seed).integers(-8, 9, (90, 120, 3))
    exif = Image.Exif()
    exif[271], exif[272], exif[306] = "Acme", "One", "2024:05:06 07:08:09"
    exif.get_ifd(0x8769)[41989] = 50
    out = io.BytesIO()
    Image.fromarray((level + noise).astype(np.uint8)).save(out, format=kind, exif=exif, quality=95)
    return out.getvalue()


def ingest(store, files, **params):
    tree = store.put_tree({name: store.put(data, media_type_of(name)) for name, data in files.items()})
    return Runner(store).run(STAGE, Inputs(photos=tree), Params(**params))


def test_a_shoot_becomes_upright_pngs_and_facts(store):
    files = {"b.jpg": photo(188, 1), "a.JPG": photo(188, 2), "c.png": photo(137, 3, "PNG")}
    outputs, _, _ = ingest(store, files)
    tree = store.tree(outputs.photos)
    facts = load_list(PhotoFacts, store.read(outputs.facts))
    assert list(tree) == ["a.png", "b.png", "c.png"]
    assert decode_png(store.read(tree["a.png"])).shape == (90, 120, 3)
    assert [fact.source_name for fact in facts] == ["a.JPG", "b.jpg", "c.png"]
    assert facts[0].camera == "Acme One"
    assert facts[0].captured_at.year == 2024
    assert facts[0].focal_px == pytest.approx(50 / 43.2666 * 150, rel=1e-4)
    assert facts[2].exposure_ev == pytest.approx(-1, abs=0.05)  # 188 is half the light of white, 137 a quarter
    assert facts[0].exposure_ev == pytest.approx(0, abs=0.02)
    assert outputs.report.photos == 3


def test_all_damaged_photos_are_named_at_once_and_the_others_are_kept(store):
    files = {"a.jpg": photo(), "b.jpg": b"text", "c.jpg": photo(seed=1)[:900], "d.jpg": photo(seed=2)}
    with pytest.raises(BadInput, match=r"2 of 4.*b\.jpg.*text.*c\.jpg"):
        ingest(store, files)
    files["b.jpg"], files["c.jpg"] = photo(seed=3), photo(seed=4)
    _, manifest, _ = ingest(store, files)
    assert {name: item.computed for name, item in manifest.items.items()} == {
        "a": False, "b": True, "c": True, "d": False,
    }  # fmt: skip


def test_replacing_or_renaming_a_photo_recomputes_no_other(store):
    files = {f"{name}.jpg": photo(seed=seed) for seed, name in enumerate("abcdef")}
    ingest(store, files)
    renamed = {**{name: data for name, data in files.items() if name != "a.jpg"}, "z.jpg": files["a.jpg"]}
    _, manifest, _ = ingest(store, {**renamed, "c.jpg": photo(seed=99)})
    assert [name for name, item in manifest.items.items() if item.computed] == ["c"]


@pytest.mark.parametrize(
    ("names", "message"), [([], "no photos"), ([f"p{n}.jpg" for n in range(5)], "5 files.*more than 4")]
)
def test_no_photos_and_too_many_are_bad_input(store, names, message):
    with pytest.raises(BadInput, match=message):
        ingest(store, dict.fromkeys(names, photo()), max_photos=4)


def test_photos_are_stored_under_safe_names_and_known_by_their_own(store):
    names = ["_MG_0001.JPG", "DSC_0002.jpg", "Möbel (1).jpg", "a.jpg", "A.JPG"]
    outputs, _, _ = ingest(store, {name: photo(seed=seed) for seed, name in enumerate(names)})
    facts = load_list(PhotoFacts, store.read(outputs.facts))
    assert sorted(fact.source_name for fact in facts) == sorted(names)
    stored = {fact.source_name: fact.photo for fact in facts}
    assert [stored[name] for name in names[:3]] == ["MG_0001", "DSC_0002", "Mobel-1"]
    assert len({name.lower() for name in stored.values()}) == 5
    assert [fact.photo + ".png" for fact in facts] == list(store.tree(outputs.photos))
    assert outputs.report.renamed == {name: file for file, name in stored.items() if file != "DSC_0002.jpg"}


def test_files_left_out_are_in_the_report(store):
    left_out = [LeftOut(file="photos/a.mov", reason="not a photo")]
    tree = store.put_tree({"a.jpg": store.put(photo(), "image/jpeg")})
    inputs = Inputs(photos=tree, left_out=store.put(dump_json(left_out), "application/json"))
    assert Runner(store).run(STAGE, inputs, Params()).outputs.report.left_out == tuple(left_out)


def test_a_file_above_max_file_mb_is_bad_input(store):
    with pytest.raises(BadInput, match="MB"):
        ingest(store, {"a.jpg": photo()}, max_file_mb=0.0001)


def test_guesses_are_in_the_report(store):
    out = io.BytesIO()
    Image.new("CMYK", (100, 100), (0, 80, 80, 0)).save(out, format="JPEG")
    outputs, _, _ = ingest(store, {"ink.jpg": out.getvalue()})
    assert outputs.report.notes == ("ink.jpg: CMYK without a profile: colours are approximate",)


def test_photos_are_scaled_down_to_max_side_px(store):
    outputs, _, _ = ingest(store, {"a.jpg": photo()}, max_side_px=80)
    assert decode_png(store.read(store.tree(outputs.photos)["a.png"])).shape == (60, 80, 3)


def test_conversions_are_noted_once_for_all_photos_and_in_the_facts(store):
    files = {f"{name}.png": saved(chart(coded(P3)), "PNG", icc_profile=icc("Display P3", P3)) for name in "ab"}
    outputs, _, _ = ingest(store, {**files, "c.jpg": photo()})
    note = "converted to sRGB from Display P3 (the embedded profile)"
    assert outputs.report.notes == (f"a.png and 1 more: {note}",)
    facts = load_list(PhotoFacts, store.read(outputs.facts))
    assert [fact.notes for fact in facts] == [(note,), (note,), ()]


def test_raw_files_are_photos(store):
    outputs, _, _ = ingest(store, {"a.jpg": photo(), "b.dng": dng(chart(PATCHES))})
    facts = load_list(PhotoFacts, store.read(outputs.facts))
    assert [fact.source_name for fact in facts] == ["a.jpg", "b.dng"]


def test_raw_files_without_the_extra_give_one_error(store, monkeypatch):
    monkeypatch.setitem(sys.modules, "rawpy", None)
    files = {f"{index}.dng": dng(chart(PATCHES // index)) for index in (1, 2, 3)}
    with pytest.raises(MissingEngine, match=r"1\.dng: it is a camera raw file, and rawpy is not installed\. Install"):
        ingest(store, files)
