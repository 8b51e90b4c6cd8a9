import json

import numpy as np
import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.core.png import decode_png, encode_png
from tests.imaging.studio import iou, photograph


@pytest.fixture
def folder(tmp_path):
    """Two photos of a product, one of noise; hidden files and others."""
    photos = tmp_path / "photos"
    photos.mkdir()
    scenes = {f"p{seed}": photograph(size=240, seed=seed) for seed in range(2)}
    for name, scene in scenes.items():
        (photos / f"{name}.png").write_bytes(encode_png(scene.rgb))
    (photos / "._p0.png").write_bytes(b"not a photo")
    (photos / "notes.txt").write_text("mine")
    return photos, scenes


def catalog(*arguments):
    return CliRunner().invoke(app.app, ["cutout", *map(str, arguments)])


def test_a_folder_is_cut_out_by_the_engine_that_succeeds_on_it(folder, tmp_path):
    photos, scenes = folder
    done = catalog(photos, "--out", tmp_path / "cut", "--json")
    report = json.loads(done.stdout)
    assert done.exit_code == 0
    assert (report["engine"], report["why"]) == ("backdrop", "backdrop: 2 of 2 believed")
    assert [file["engine"] for file in report["files"]] == ["backdrop"] * 2
    for name, scene in scenes.items():
        assert iou(decode_png((tmp_path / "cut" / f"{name}.png").read_bytes())[..., 3], scene.alpha) > 0.98


def test_a_matte_that_is_not_to_be_believed_ends_the_command_as_held(folder, tmp_path):
    photos, _ = folder
    noise = np.random.default_rng(0).integers(0, 255, (30, 40, 3)).astype(np.uint8).repeat(8, 0).repeat(8, 1)
    (photos / "p9.png").write_bytes(encode_png(noise))
    done = catalog(photos, "--out", tmp_path / "cut", "--engine", "backdrop", "--json")
    faults = {file["source"][-6:]: file["fault"] for file in json.loads(done.stdout)["files"]}
    assert done.exit_code == 20
    assert faults["p0.png"] is None and faults["p1.png"] is None and faults["p9.png"]


def test_a_hopeless_folder_names_what_was_not_tried(tmp_path):
    (tmp_path / "photos").mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (5, 30, 40, 3)).astype(np.uint8)
    for index, part in enumerate(noise):
        (tmp_path / "photos" / f"p{index}.png").write_bytes(encode_png(part.repeat(8, 0).repeat(8, 1)))
    done = catalog(tmp_path / "photos", "--out", tmp_path / "cut", "--engine", "backdrop")
    assert done.exit_code == 20 and "2 more images were not tried" in done.stdout
    assert "backdrop: 0 of 3 believed" in done.stdout and len(list((tmp_path / "cut").iterdir())) == 3


def test_a_folder_without_photos_is_bad_input(tmp_path):
    done = catalog(tmp_path, "--out", tmp_path / "cut")
    assert f"{tmp_path} has no photos" in str(done.exception)
