"""The benchmark of all engines: what it measures on a small shoot, what it says of engines that are not there."""

import json

import pytest
from PIL import Image

from benchmarks.splat_gpu import COLUMNS, RECORD_FILE, compared, measure, missing, recorded, told
from pipeline.splatting.ply import Splat, write_ply
from tests.splatting.nerfstudio.fake_nerfstudio import install, point_cloud
from tests.splatting.toy_product import photos, product, surface

ROW = dict.fromkeys(COLUMNS, 1.0) | {"version": "1"}


@pytest.fixture
def shoot(tmp_path):
    """A shoot with its truth, as the samples have theirs."""
    for folder in ("shoot/photos", "shoot/truth/mattes"):
        (tmp_path / folder).mkdir(parents=True)
    views = []
    for photo in photos():
        rgba = Image.fromarray(photo.rgba)
        rgba.convert("RGB").save(tmp_path / "shoot" / "photos" / f"{photo.name}.png")
        rgba.getchannel("A").save(tmp_path / "shoot" / "truth" / "mattes" / f"{photo.name}.png")
        camera = photo.camera.model_dump(mode="json")
        views.append({"photo": f"{photo.name}.png", "camera": camera, "cam_from_world": photo.cam_from_world.tolist()})
    (tmp_path / "shoot" / "truth" / "views.json").write_text(json.dumps(views))
    return tmp_path / "shoot"


def test_each_engines_fit_becomes_a_row(shoot, tmp_path, monkeypatch):
    still = {"transform": [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]], "scale": 1}
    (tmp_path / "theirs.ply").write_bytes(write_ply(Splat(product().gaussians, antialias=False)))
    skin = surface(1500)
    (tmp_path / "points.ply").write_bytes(point_cloud(skin.positions, skin.colours))
    install(tmp_path, ply=tmp_path / "theirs.ply", cloud=tmp_path / "points.ply", transforms=still)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    changes = {"iterations": 60, "side_px": 96, "gaussians": 800, "degree": 0}
    rows = [measure(engine, shoot, changes) for engine in ("cpu", "splatfacto", "nerfacto")]
    assert not [row["error"] for row in rows if "error" in row]
    text = told(rows, {}, hurried=False)
    for row in rows:
        assert row["iterations"] == 60 and row["PSNR dB"] > 15 and row["alpha IoU"] > 0.8 and row["memory MB"] > 10
        assert f"| shoot | {row['engine']} | {row['PSNR dB']:.2f} |" in text
    assert rows[1]["PSNR dB"] > rows[0]["PSNR dB"]  # the truth itself against a short fit


def test_what_cannot_run_is_said_with_its_reason(shoot, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    absent = missing(["cpu", "splatfacto", "nerfacto"])
    assert list(absent) == ["splatfacto", "nerfacto"]
    for engine in absent:
        assert f"- **{engine} did not run**: splat engine 'nerfstudio' needs" in told([], absent, hurried=False)
        failed = measure(engine, shoot, {})
        assert f"**{engine} failed** on shoot: splat engine" in told([failed], {}, hurried=False)


def test_engines_are_compared_by_shoot_and_only_after_the_same_iterations():
    dbs = {("mug", "cpu"): 30.0, ("mug", "gsplat"): 30.2, ("tee", "cpu"): 30.0, ("tee", "gsplat"): 29.6}
    rows = [ROW | {"shoot": shoot, "engine": engine, "PSNR dB": db} for (shoot, engine), db in dbs.items()]
    assert [words.split(", ")[1] for words in compared(rows, hurried=False)] == [
        "within 0.3 dB",
        "**NOT within** 0.3 dB",
    ]
    assert "not compared" in compared(rows, hurried=True)[0]
    assert compared(rows[:1], hurried=False) == []


def test_each_table_is_recorded_in_its_own_place(tmp_path):
    file = tmp_path / "GPU.md"
    file.write_text(RECORD_FILE.read_text())
    for place in ("trainer", "nerfstudio", "trainer"):
        recorded(file, place, f"the table of {place}")
    text = file.read_text()
    assert text.count("the table of trainer") == text.count("the table of nerfstudio") == 1
    assert text.startswith(RECORD_FILE.read_text().split("<!-- trainer -->")[0])
