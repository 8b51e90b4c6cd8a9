"""Quick ways to list and read shoots, each beside its plain twin."""

import os
from pathlib import Path

import pytest
import yaml

from pipeline.core.errors import BadInput
from pipeline.finding import Listed, Product, listing_digest, read_all
from pipeline.shoot import listing, quick_listing, read_shoot
from tests.test_shoot import SHOOT

PLAIN = ("photos/DSC_0001.jpg", "photos/DSC_0002.JPEG", "photos/b 1.png", "notes.txt")


def shoot(folder: Path, *files: str, **change: object) -> Path:
    """A shoot with these files besides its first photo."""
    for file in ("photos/DSC_0001.jpg", *files):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(b"\xff\xd8")
    (folder / "shoot.yaml").write_text(yaml.safe_dump({**SHOOT, "sku": folder.name, **change}))
    return folder


@pytest.mark.parametrize(
    "more",
    [
        (),
        ("photos/.DS_Store",),
        ("photos/._DSC_0001.jpg",),
        ("photos/DSC_0001.NEF",),
        ("photos/~$DSC_0001.jpg",),
        ("photos/notes.txt",),
        ("photos/ring/DSC_0009.jpg",),
        ("photos/Größe.jpg",),
        ("mattes/DSC_0001.png",),
        ("masks/a.png", "people/b.jpg"),
        ("shoot.yml",),
        ("Masks/a.png",),
    ],
)
def test_quick_listing_is_the_listing_or_leaves_it_to_it(tmp_path: Path, more: tuple[str, ...]) -> None:
    folder = shoot(tmp_path / "mug", *PLAIN, *more)
    quick = quick_listing(folder)
    assert quick in (None, listing(folder))
    assert (quick is None) == bool(more and more != ("shoot.yml",))


def test_a_shoot_with_a_link_or_without_photos_has_no_quick_listing(tmp_path: Path) -> None:
    mug, tee, cap = (shoot(tmp_path / name) for name in ("mug", "tee", "cap"))
    (mug / "photos" / "a.jpg").symlink_to(mug / "photos" / "DSC_0001.jpg")
    (tee / "shoot.yaml").rename(tee / "other")
    (tee / "shoot.yaml").symlink_to(tee / "other")
    (cap / "photos" / "DSC_0001.jpg").unlink()
    assert [quick_listing(folder) for folder in (mug, tee, cap, tmp_path)] == [None] * 4


def test_unchanged_shoots_are_not_read_again_and_the_result_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("mug", "tee", "bag", "cap"):
        shoot(tmp_path / name, collection="autumn" if name == "mug" else "spring")
    shoot(tmp_path / "hat", "photos/DSC_0001.NEF")
    products, _ = read_all(tmp_path)
    known = {Listed(str(at.resolve()), listing_digest(at)): product for at, product in products.items()}
    shoot(tmp_path / "a" / "copy", sku="bag")
    shoot(tmp_path / "new")
    shoot(tmp_path / "tee", sku="shirt")
    os.utime(tmp_path / "tee" / "shoot.yaml", ns=(1, 1))
    (tmp_path / "cap" / "shoot.yaml").write_text("sku: [")
    plain = read_all(tmp_path)
    read: list[str] = []
    monkeypatch.setattr("pipeline.finding.read_shoot", lambda at: read.append(at.name) or read_shoot(at))
    assert read_all(tmp_path, known) == plain
    assert plain[0][tmp_path / "tee"] == Product("shirt", SHOOT["collection"], listing_digest(tmp_path / "tee"))
    assert plain[0][tmp_path / "hat"].listed is None
    assert {at.name for at in plain[1]} == {"bag", "cap", "copy"}
    assert sorted(read) == ["cap", "copy", "hat", "new", "tee"]


def test_a_root_that_is_not_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="CATALOG_SHOOTS"):
        read_all(tmp_path / "nowhere", {})
