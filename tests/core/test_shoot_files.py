import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.core.errors import BadInput
from pipeline.core.records import LeftOut
from pipeline.core.shoot_files import by_reason, shoot_files

APPLE_DOUBLE = b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X"


def shoot(folder: Path, *files: str) -> Path:
    for file in files:
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(APPLE_DOUBLE if "._" in file else b"\xff\xd8")
    return folder


def left_out(folder: Path) -> dict[str, str]:
    return {entry.file: entry.reason for entry in shoot_files(folder).left_out}


def test_what_systems_leave_in_folders_is_ignored(tmp_path: Path) -> None:
    system = ["._a.jpg", ".DS_Store", "Thumbs.db", "desktop.ini", "@eaDir/a.jpg/SYNOPHOTO_THUMB.jpg"]
    shoot(tmp_path, "photos/a.jpg", "mattes/a.png", *[f"photos/{name}" for name in system], "mattes/._a.png")
    (tmp_path / "photos" / "a.aae").touch()
    files = shoot_files(tmp_path)
    assert [path.name for path in files.photos] == ["a.jpg"]
    assert files.left_out == ()


def test_a_raw_file_beside_its_jpeg_is_left_out_and_named(tmp_path: Path) -> None:
    shoot(tmp_path, "photos/a.jpg", "photos/A.NEF", "photos/b.NEF", "mattes/a.png")
    files = shoot_files(tmp_path)
    assert [path.name for path in files.photos] == ["a.jpg", "b.NEF"]
    assert files.left_out == (LeftOut(file="photos/A.NEF", reason="a.jpg is used instead"),)
    assert list(files.mattes) == ["a.jpg"]


def test_an_empty_photo_is_not_ignored(tmp_path: Path) -> None:
    shoot(tmp_path, "photos/a.jpg")
    (tmp_path / "photos" / "b.jpg").touch()
    assert [path.name for path in shoot_files(tmp_path).photos] == ["a.jpg", "b.jpg"]


def test_everything_else_that_is_left_out_is_named_with_its_reason(tmp_path: Path) -> None:
    shoot(
        tmp_path, "photos/a.jpg", "photos/a.mov", "photos/a.xmp", "photos/ring1/b.jpg", "photos/ring1/far/c.jpg",
        "photos/notes/list.txt", "photos/.b.jpg", "photos/~$a.jpg", "mattes/a.jpg", "mattes/b.png", "b.jpg",
        "ring2/a.jpg", "notes.txt", "shoot.yaml", "shoot.yml", "truth/mattes/a.png",
    )  # fmt: skip
    assert left_out(tmp_path) == {
        "photos/a.mov": "not a photo",
        "photos/a.xmp": "not a photo",
        "photos/ring1/b.jpg": "in a subfolder, which is not read",
        "photos/ring1/far/c.jpg": "in a subfolder, which is not read",
        "photos/notes/": "a folder",
        "photos/.b.jpg": "a hidden file",
        "photos/~$a.jpg": "a temporary file",
        "mattes/a.jpg": "a matte must be a .png file",
        "mattes/b.png": "no photo has this name",
        "b.jpg": "a photo outside photos/",
        "ring2/": "a folder of pictures beside photos/",
        "shoot.yml": "shoot.yaml is read instead",
    }


@pytest.mark.parametrize("matte", ["DSC 1.png", "DSC 1.JPG.png", "dsc 1.PNG", "dsc 1.jpg.png"])
def test_a_matte_is_named_like_its_photo_with_or_without_its_ending(tmp_path: Path, matte: str) -> None:
    shoot(tmp_path, "photos/DSC 1.JPG", "photos/b.jpg", f"mattes/{matte}")
    assert shoot_files(tmp_path).mattes == {"DSC 1.JPG": tmp_path / "mattes" / matte}


def test_a_matte_that_may_belong_to_two_photos_needs_both_endings(tmp_path: Path) -> None:
    shoot(tmp_path, "photos/a.jpg", "photos/a.png", "mattes/a.jpg.png")
    assert list(shoot_files(tmp_path).mattes) == ["a.jpg"]
    shoot(tmp_path, "mattes/a.png")
    with pytest.raises(BadInput, match=r"a.png could belong to a.jpg or a.png. Name it a.jpg.png"):
        shoot_files(tmp_path)


def test_two_mattes_of_one_photo_are_refused(tmp_path: Path) -> None:
    shoot(tmp_path, "photos/a.jpg", "mattes/a.jpg.png", "mattes/a.png")
    with pytest.raises(BadInput, match=r"a.jpg.png and .*a.png both belong to a.jpg. Remove one"):
        shoot_files(tmp_path)


def test_photos_may_lie_in_a_folder_with_capital_letters(tmp_path: Path) -> None:
    shoot(tmp_path, "Photos/a.jpg", "Mattes/a.png", "Photos/b.mov")
    files = shoot_files(tmp_path)
    assert files.photos == (tmp_path / "Photos" / "a.jpg",)
    assert files.mattes == {"a.jpg": tmp_path / "Mattes" / "a.png"}
    assert [entry.file for entry in files.left_out] == ["Photos/b.mov"]


def test_photos_in_two_folders_of_one_name_are_refused(tmp_path: Path) -> None:
    shoot(tmp_path, "Photos/a.jpg", "PHOTOS/b.jpg")
    with pytest.raises(BadInput, match=r"has PHOTOS and Photos. Move them into one"):
        shoot_files(tmp_path)


@pytest.mark.parametrize("folder", ["photos", "mattes"])
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path.symlink_to("/etc/passwd"), "passwd.png is a link or a folder"),
        (lambda path: path.mkdir(), "passwd.png is a link or a folder"),
        (os.mkfifo, "passwd.png is a link or a folder"),
        (lambda path: path.with_name("new\nline.png").touch(), r"'new\\nline.png' cannot be used. Rename"),
        (lambda path: path.with_name(os.fsdecode(b"a\xff.png")).touch(), r"'a\\udcff.png' cannot be used. Rename"),
    ],
)
def test_a_link_folder_or_unusable_name_is_reported_and_not_skipped(
    tmp_path: Path, folder: str, make: Callable[[Path], None], message: str
) -> None:
    shoot(tmp_path, "photos/a.jpg")
    (tmp_path / folder).mkdir(exist_ok=True)
    make(tmp_path / folder / "passwd.png")
    with pytest.raises(BadInput, match=message):
        shoot_files(tmp_path)


def test_a_folder_without_photos_says_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    with pytest.raises(BadInput, match=r"photos has no photos\. Put files ending in"):
        shoot_files(tmp_path)
    shoot(tmp_path, "photos/a.mov", "photos/ring/a.jpg")
    with pytest.raises(BadInput, match=r"no photos; not a photo: photos/a.mov; in a subf.*: photos/ring/a.jpg"):
        shoot_files(tmp_path)


def test_a_long_list_is_shortened_by_reason() -> None:
    entries = [LeftOut(file=f"{n}.xmp", reason="not a photo") for n in range(5)] + [LeftOut(file="a", reason="a link")]
    assert by_reason(entries, 3) == ["not a photo: 0.xmp, 1.xmp, 2.xmp and 2 more", "a link: a"]
