"""`catalog init` as a person types it; `catalog plan` accepts the shoot.yaml that it writes."""

import errno
import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from PIL import Image
from typer.testing import CliRunner

from pipeline.cli.app import app
from pipeline.core.errors import BadInput
from pipeline.shoot import Shoot, read_shoot
from pipeline.starter.categories import category_names, load_category
from tests.small_shoot import SAMPLES

DATE_TIME_ORIGINAL = 36867


@pytest.fixture(autouse=True)
def _own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CATALOG_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.delenv("CATALOG_DATABASE_URL", raising=False)


def catalog(*arguments: object) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)))


def error_of(*arguments: object) -> str:
    done = catalog(*arguments)
    assert isinstance(done.exception, BadInput), done.output
    return str(done.exception)


def sample_photos(folder: Path, sku: str = "mug-001", photos: int = 4) -> Path:
    (folder / "photos").mkdir(parents=True)
    for source in sorted((SAMPLES / sku / "photos").iterdir())[:photos]:
        with Image.open(source) as photo:
            photo.thumbnail((320, 320))
            photo.save(folder / "photos" / source.name, exif=photo.getexif())
    return folder


def plain_photo(path: Path, level: int = 128, taken: str | None = None, seed: int | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full((90, 120, 3), level, np.uint8)
    if seed is not None:
        pixels = np.kron(np.random.default_rng(seed).integers(0, 256, (9, 12, 3)), np.ones((10, 10, 1))).astype(
            np.uint8
        )
    exif = Image.Exif()
    if taken:
        exif.get_ifd(0x8769)[DATE_TIME_ORIGINAL] = taken
    Image.fromarray(pixels).save(path, exif=exif)


def planned(folder: Path) -> Shoot:
    done = catalog("plan", folder)
    assert done.exit_code == 0, done.output
    return read_shoot(folder)


@pytest.mark.parametrize(("sku", "category"), [("mug-001", "mug"), ("tee-001", "apparel")])
def test_the_samples_photos_become_a_shoot_that_plan_accepts(tmp_path: Path, sku: str, category: str) -> None:
    folder = sample_photos(tmp_path / "autumn" / sku, sku)
    done = catalog("init", folder, "--category", category)
    assert done.exit_code == 0 and f"next: catalog plan {folder}" in done.stdout
    shoot = planned(folder)
    assert (shoot.sku, shoot.collection) == (sku, "autumn")
    assert (shoot.capture.rig, shoot.capture.front) == ("turntable", "DSC_0001.jpg")
    assert shoot.capture.named == {"front": "DSC_0001.jpg"}
    preset = load_category(category)
    assert (shoot.angles, shoot.category, shoot.capture.hangs) == (preset.angles, preset.category, preset.hangs)


def test_every_field_of_the_written_file_has_a_comment_above_it(tmp_path: Path) -> None:
    folder = sample_photos(tmp_path / "mug", photos=2)
    catalog("init", folder)
    lines = (folder / "shoot.yaml").read_text().splitlines()
    commented = ""
    for before, line in zip(["", *lines], lines, strict=False):
        if line and not line.lstrip().startswith(("#", "-")):
            assert before.lstrip().startswith("#") or line.startswith(("brand", "category", "capture")), line
        commented += line if line.lstrip().startswith("#") else ""
    for field in ("light:", "brief:", "edits:", "attributes:"):
        assert f"#   {field}" in commented


def test_json_lists_photos_guesses_and_other_files(tmp_path: Path) -> None:
    folder = sample_photos(tmp_path / "mug", photos=2)
    plain_photo(folder / "photos" / "scan.png")
    (folder / "photos" / "DSC_0001.CR2").write_bytes(b"raw")
    (folder / "notes.txt").write_text("mine")
    started = json.loads(catalog("init", folder, "--json").stdout)
    assert started["endings"] == {".jpg": 2, ".png": 1}
    assert started["left_out"] == ["notes.txt", "photos/DSC_0001.CR2"]
    assert started["sizes"] == ["320 x 240 px", "120 x 90 px"]
    assert (started["rig"], started["rig_reason"]) == ("handheld", "guessed: the photos differ in size")
    assert started["next"] == f"catalog plan {folder}"


def test_the_front_is_the_first_photo_by_exif_time(tmp_path: Path) -> None:
    folder = tmp_path / "cup"
    plain_photo(folder / "photos" / "a.jpg", taken="2026:03:09 10:12:44")
    plain_photo(folder / "photos" / "b.jpg", taken="2026:03:09 10:12:30")
    assert "front: b.jpg (guessed: the first photo by EXIF time)" in catalog("init", folder).stdout
    assert planned(folder).capture.front == "b.jpg"


def test_without_exif_the_front_is_the_first_name_with_numbers_by_value(tmp_path: Path) -> None:
    for name in ("IMG_10.jpg", "IMG_9.jpg"):
        plain_photo(tmp_path / "cup" / "photos" / name)
    assert "front: IMG_9.jpg (guessed: the first photo by name)" in catalog("init", tmp_path / "cup").stdout


def test_a_changing_edge_of_the_frame_is_guessed_as_handheld(tmp_path: Path) -> None:
    for seed in range(4):
        plain_photo(tmp_path / "cup" / "photos" / f"{seed}.jpg", seed=seed)
    catalog("init", tmp_path / "cup")
    assert planned(tmp_path / "cup").capture.rig == "handheld"
    assert "# Guessed: the edge of the frame changes" in (tmp_path / "cup" / "shoot.yaml").read_text()


def test_a_chosen_rig_and_sku_override_the_guesses(tmp_path: Path) -> None:
    folder = sample_photos(tmp_path / "mug", photos=2)
    catalog("init", folder, "--rig", "handheld", "--sku", "4006381333931")
    shoot = planned(folder)
    assert (shoot.sku, shoot.capture.rig) == ("4006381333931", "handheld")
    assert "# As requested." in (folder / "shoot.yaml").read_text()


@pytest.mark.parametrize(
    ("name", "sku", "title"),
    [
        ("Blue mug No. 7", "Blue-mug-No.-7", "Blue mug No 7"),
        ("007", "007", "007"),
        ("2026-03-09", "2026-03-09", "2026 03 09"),
        ("true", "true", "True"),
        ("Tasse grün #1: {a}", "Tasse-grun-1-a", "Tasse grün #1: {a}"),
        ("-_x", "x", "X"),
        ("a" * 120, "a" * 100, "A" + "a" * 119),
    ],
)
def test_odd_folder_names_become_a_safe_sku_and_a_title(tmp_path: Path, name: str, sku: str, title: str) -> None:
    plain_photo(tmp_path / name / "photos" / "1 (2).jpg".replace(" (2)", ""))
    assert catalog("init", tmp_path / name).exit_code == 0
    shoot = planned(tmp_path / name)
    assert (shoot.sku, shoot.title) == (sku, title)


def test_photos_beside_shoot_yaml_are_moved_only_with_consent(tmp_path: Path) -> None:
    folder = tmp_path / "mug"
    shutil.move(sample_photos(tmp_path / "shot", photos=2) / "photos", folder)
    assert "Run it again with --move" in error_of("init", folder)
    assert not (folder / "photos").exists() and not (folder / "shoot.yaml").exists()
    assert ", moved" in catalog("init", folder, "--move").stdout
    assert sorted(path.name for path in folder.iterdir()) == ["photos", "shoot.yaml"]
    planned(folder)


def test_shoot_yaml_is_overwritten_only_with_force(tmp_path: Path) -> None:
    folder = sample_photos(tmp_path / "mug", photos=2)
    (folder / "shoot.yaml").write_text("mine")
    assert "shoot.yaml exists already. Run it with --force" in error_of("init", folder)
    assert (folder / "shoot.yaml").read_text() == "mine"
    assert catalog("init", folder, "--force").exit_code == 0
    planned(folder)


def test_full_disk_keeps_the_old_shoot_yaml_and_moves_no_photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "mug"
    shutil.move(sample_photos(tmp_path / "shot", photos=2) / "photos", folder)
    (folder / "shoot.yaml").write_text("mine")
    before = sorted(path.name for path in folder.iterdir())
    write_text = Path.write_text

    def full(path: Path, text: str, encoding: str | None = None) -> int:
        write_text(path, text[:10], encoding=encoding)
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full)
        error = error_of("init", folder, "--force", "--move")
    assert "No space left on device. Free disk space and run it again" in error
    assert sorted(path.name for path in folder.iterdir()) == before
    assert (folder / "shoot.yaml").read_text() == "mine"


@pytest.mark.parametrize(
    "name",
    ["_MG_0001.JPG", "IMG 1 (2).jpg", "Möbel_1.jpg", "写真.jpg", "0189.jpg", "no.jpg", "-a.jpg", "'.jpg"],
)
def test_photos_with_the_names_of_cameras_and_systems_become_a_shoot(tmp_path: Path, name: str) -> None:
    plain_photo(tmp_path / "cup" / "photos" / name)
    (tmp_path / "cup" / "photos" / ".DS_Store").write_bytes(b"Bud1")
    (tmp_path / "cup" / "photos" / "a.mov").write_bytes(b"film")
    started = json.loads(catalog("init", tmp_path / "cup", "--json").stdout)
    assert (started["front"], started["left_out"]) == (name, ["photos/a.mov"])
    assert planned(tmp_path / "cup").capture.named == {"front": name}


@pytest.mark.parametrize("sku", ["0189", "1e5", "12e5", "2026-03-09", "no", "true", "1.50"])
def test_a_sku_that_yaml_would_take_for_a_number_or_date_is_quoted(tmp_path: Path, sku: str) -> None:
    plain_photo(tmp_path / "cup" / "photos" / "a.jpg")
    catalog("init", tmp_path / "cup", "--sku", sku)
    assert planned(tmp_path / "cup").sku == sku


def test_photos_in_both_places_are_refused_with_move(tmp_path: Path) -> None:
    folder = sample_photos(tmp_path / "mug", photos=2)
    shutil.copy(next((folder / "photos").iterdir()), folder / "DSC_0099.jpg")
    assert "photos both in" in error_of("init", folder, "--move")
    assert not (folder / "shoot.yaml").exists()
    assert "left out: DSC_0099.jpg" in catalog("init", folder).stdout


def test_unusable_photos_are_one_error_that_names_each(tmp_path: Path) -> None:
    folder = sample_photos(tmp_path / "mug", photos=2)
    whole = (folder / "photos" / "DSC_0001.jpg").read_bytes()
    (folder / "photos" / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "photos" / "text.jpg").write_text("text")
    error = error_of("init", folder)
    assert "2 of 4 photos cannot be used: " in error
    assert "cut.jpg: the picture is damaged or truncated" in error and "text.jpg: " in error
    assert not (folder / "shoot.yaml").exists()


def test_folders_without_photos_are_one_clear_error(tmp_path: Path) -> None:
    assert "nowhere is not a folder" in error_of("init", tmp_path / "nowhere")
    (tmp_path / "empty" / "photos").mkdir(parents=True)
    assert "contains no photos. Put files ending in .avif" in error_of("init", tmp_path / "empty")
    plain_photo(tmp_path / "写真" / "photos" / "a.jpg")
    assert "Give one with --sku" in error_of("init", tmp_path / "写真")
    plain_photo(tmp_path / "cup" / "photos" / "a.jpg")
    assert "there is no category 'hat'. Use one of apparel" in error_of("init", tmp_path / "cup", "--category", "hat")


@pytest.mark.parametrize("name", category_names())
def test_every_category_preset_is_accepted_by_plan(tmp_path: Path, name: str) -> None:
    plain_photo(tmp_path / "cup" / "photos" / "a.jpg")
    assert catalog("init", tmp_path / "cup", "--category", name).exit_code == 0
    assert planned(tmp_path / "cup").angles == load_category(name).angles


def test_the_rig_is_asked_for_on_a_terminal(tmp_path: Path) -> None:
    folder = sample_photos(tmp_path / "mug", photos=2)
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline", "init", str(folder)],
        stdin=follower, stderr=follower, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    os.write(leader, b"handheld\n")
    shown, _ = process.communicate(timeout=120)
    for end in (leader, follower):
        os.close(end)
    assert "rig: handheld (as requested)" in shown
    assert read_shoot(folder).capture.rig == "handheld"
