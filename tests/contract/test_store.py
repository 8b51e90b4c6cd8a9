import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contract.artifact import canonical_json, checked_tree_path, digest_of
from pipeline.contract.storage.disk import PART_BYTES, write_whole
from pipeline.contract.store import Store
from pipeline.core.errors import BadInput, CatalogError, StoreFull


def test_objects_are_named_by_their_content(tmp_path: Path) -> None:
    store = Store(tmp_path)
    artifact = store.put(b"photo", "image/png")
    assert artifact.sha256 == digest_of(b"photo")
    assert store.read(artifact) == b"photo"
    assert store.put(b"photo", "image/png") == artifact


def test_parts_of_an_object_are_its_bytes(tmp_path: Path) -> None:
    store = Store(tmp_path)
    data = bytes(PART_BYTES) + b"photo"
    assert list(store.parts(store.put(data, "image/png"))) == [bytes(PART_BYTES), b"photo"]
    assert list(store.parts(store.put(b"", "image/png"))) == []


def test_damage_of_an_object_is_named_after_its_last_part(tmp_path: Path) -> None:
    store = Store(tmp_path)
    artifact = store.put(b"photo", "image/png")
    Path(store.where(artifact.sha256)).write_bytes(b"phone")
    parts = store.parts(artifact)
    assert next(parts) == b"phone"
    with pytest.raises(CatalogError, match=f"{store.where(artifact.sha256)} is damaged. Run the shoot again"):
        next(parts)
    Path(store.where(artifact.sha256)).unlink()
    with pytest.raises(CatalogError, match=r"is missing\. Run the shoot again"):
        next(store.parts(artifact))


def test_tree_does_not_depend_on_the_order_of_its_files(tmp_path: Path) -> None:
    store = Store(tmp_path)
    a, b = store.put(b"a", "text/plain"), store.put(b"b", "text/plain")
    assert store.put_tree({"x/a": a, "b": b}) == store.put_tree({"b": b, "x/a": a})


def test_damaged_tree_is_not_whole(tmp_path: Path) -> None:
    store = Store(tmp_path)
    file = store.put(b"a", "text/plain")
    tree = store.put_tree({"a": file})
    assert store.is_whole(tree)
    Path(store.where(file.sha256)).write_bytes(b"b")
    assert not store.is_whole(tree)


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../x", "a/../b", "a//b", "a\\b", "a\nb", "./a"])
def test_tree_path_cannot_leave_its_folder(path: str) -> None:
    with pytest.raises(BadInput, match="not a safe path inside a folder"):
        checked_tree_path(path)


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.booleans() | st.none()))
def test_canonical_json_depends_only_on_the_value(value: dict[str, object]) -> None:
    assert canonical_json(value) == canonical_json(dict(reversed(value.items())))


@pytest.mark.parametrize(
    ("number", "kind", "says"),
    [
        (errno.ENOSPC, StoreFull, "no room left to write .*Free disk space"),
        (errno.EDQUOT, StoreFull, "no room left to write .*Free disk space"),
        (errno.EROFS, CatalogError, "the folder .* cannot be written: Read-only file system.*CATALOG_STORE"),
        (errno.EFBIG, CatalogError, "the folder .* cannot be written: File too large"),
    ],
)
def test_unwritable_store_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[CatalogError], says: str
) -> None:
    def refuse(path: Path, *_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number), str(path))

    store = Store(tmp_path)
    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(kind, match=says):
        store.put(b"photo", "image/png")
    monkeypatch.setattr(Path, "mkdir", refuse)
    for make in (lambda: Store(tmp_path), lambda: store.scratch("key"), lambda: store.put(b"a", "image/png")):
        with pytest.raises(kind):
            make()


def test_unreadable_object_is_not_whole_and_named(tmp_path: Path) -> None:
    store = Store(tmp_path)
    file = store.put(b"a", "text/plain")
    path = Path(store.where(file.sha256))
    path.unlink()
    path.mkdir()  # opening it fails, and not because it is missing
    assert store.damaged(store.put_tree({"a": file})) == str(path)
    with pytest.raises(CatalogError, match=f"{path} cannot be read: Is a directory"):
        store.read(file)


def test_only_old_leftovers_of_killed_steps_are_removed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    old, fresh, part = store.scratch("old"), store.scratch("fresh"), tmp_path / "scratch" / "x.part"
    (old / "model").mkdir()
    part.touch()
    for path in (old, part):
        os.utime(path, (0, 0))
    new = store.scratch("new")
    assert set((tmp_path / "scratch").iterdir()) == {fresh, new}


@pytest.mark.parametrize("spoil", [lambda b: b[:-1], lambda b: b"", lambda b: b"\xff" + b[1:], lambda b: b + b"x"])
def test_damaged_snapshot_is_ignored(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    """Handed on, it would be refused by the fit that saved it, night after night."""
    store = Store(tmp_path)
    assert store.load_snapshot("key") is None
    store.save_snapshot("key", b"state\nof a fit")
    assert store.load_snapshot("key") == b"state\nof a fit"
    path = tmp_path / "snapshots" / "key"
    path.write_bytes(spoil(path.read_bytes()))
    assert store.load_snapshot("key") is None
    store.save_snapshot("key", b"again")
    assert store.load_snapshot("key") == b"again"


def test_two_writers_of_one_file_leave_one_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "sheets" / "mug.png"
    path.parent.mkdir()
    (path.parent / ".first.part").write_bytes(b"half of the fir")  # another writer, half-way
    write_whole(path, b"second", path.parent / ".second.part")
    assert path.read_bytes() == b"second"
    write_whole(path, b"first, whole", path.parent / ".first.part")
    assert path.read_bytes() == b"first, whole"
    assert list(path.parent.iterdir()) == [path]
