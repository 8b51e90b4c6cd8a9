"""The benchmark of all splat engines: its rows for a small shoot, and its report on missing engines."""

import json

import pytest
from PIL import Image

from benchmarks.splat_gpu import COLUMNS, RECORD_FILE, compared, measure, missing, record, report
from pipeline.splatting.ply import Splat, write_ply
from tests.splatting.nerfstudio.fake_nerfstudio import install, point_cloud
from tests.splatting.toy_product import photos, product, surface

ROW = dict.fromkeys(COLUMNS, 1.0) | {"version": "1"}


@pytest.fixture
def shoot(tmp_path):
    """A shoot with ground truth in the layout of the samples."""
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


def test_fit_of_each_engine_becomes_a_row(shoot, tmp_path, monkeypatch):
    still = {"transform": [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]], "scale": 1}
    (tmp_path / "theirs.ply").write_bytes(write_ply(Splat(product().gaussians, antialias=False)))
    skin = surface(1500)
    (tmp_path / "points.ply").write_bytes(point_cloud(skin.positions, skin.colours))
    install(tmp_path, ply=tmp_path / "theirs.ply", cloud=tmp_path / "points.ply", transforms=still)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    changes = {"iterations": 60, "side_px": 96, "gaussians": 800, "degree": 0}
    rows = [measure(engine, shoot, changes) for engine in ("cpu", "splatfacto", "nerfacto")]
    assert not [row["error"] for row in rows if "error" in row]
    text = report(rows, {}, limited=False)
    for row in rows:
        assert row["iterations"] == 60 and row["PSNR dB"] > 15 and row["alpha IoU"] > 0.8 and row["memory MB"] > 10
        assert f"| shoot | {row['engine']} | {row['PSNR dB']:.2f} |" in text
    assert rows[1]["PSNR dB"] > rows[0]["PSNR dB"]  # the true splat, compared with a short fit


def test_missing_engines_are_reported_with_their_reason(shoot, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    absent = missing(["cpu", "splatfacto", "nerfacto"])
    assert list(absent) == ["splatfacto", "nerfacto"]
    for engine in absent:
        assert f"- **{engine} did not run**: splat engine 'nerfstudio' requires" in report([], absent, limited=False)
        failed = measure(engine, shoot, {})
        assert f"**{engine} failed** on shoot: splat engine" in report([failed], {}, limited=False)


def test_gsplat_and_cpu_are_compared_per_shoot_without_a_time_limit():
    dbs = {("mug", "cpu"): 30.0, ("mug", "gsplat"): 30.2, ("tee", "cpu"): 30.0, ("tee", "gsplat"): 29.6}
    rows = [ROW | {"shoot": shoot, "engine": engine, "PSNR dB": db} for (shoot, engine), db in dbs.items()]
    assert [sentence.split(", ")[1] for sentence in compared(rows, limited=False)] == [
        "within 0.3 dB",
        "**NOT within** 0.3 dB",
    ]
    assert "not compared" in compared(rows, limited=True)[0]
    assert compared(rows[:1], limited=False) == []


def test_each_table_is_recorded_in_its_own_section(tmp_path):
    file = tmp_path / "GPU.md"
    file.write_text(RECORD_FILE.read_text())
    for section in ("trainer", "nerfstudio", "trainer"):
        record(file, section, f"the table of {section}")
    text = file.read_text()
    assert text.count("the table of trainer") == text.count("the table of nerfstudio") == 1
    assert text.startswith(RECORD_FILE.read_text().split("<!-- trainer -->")[0])
