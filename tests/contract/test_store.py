from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contract.artifact import canonical_json, checked_tree_path, digest_of
from pipeline.contract.store import FolderStore
from pipeline.errors import BadInput


def test_objects_are_named_by_what_they_contain(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    artifact = store.put(b"photo", "image/png")
    assert artifact.sha256 == digest_of(b"photo")
    assert store.read(artifact) == b"photo"
    assert store.put(b"photo", "image/png") == artifact


def test_a_tree_does_not_depend_on_the_order_of_its_files(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    a, b = store.put(b"a", "text/plain"), store.put(b"b", "text/plain")
    assert store.put_tree({"x/a": a, "b": b}) == store.put_tree({"b": b, "x/a": a})


def test_a_damaged_tree_is_not_whole(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    file = store.put(b"a", "text/plain")
    tree = store.put_tree({"a": file})
    assert store.is_whole(tree)
    store.path(file).write_bytes(b"b")
    assert not store.is_whole(tree)


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../x", "a/../b", "a//b", "a\\b", "a\nb", "./a"])
def test_a_tree_path_never_leaves_its_folder(path: str) -> None:
    with pytest.raises(BadInput, match="no path inside a folder"):
        checked_tree_path(path)


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.booleans() | st.none()))
def test_canonical_json_depends_on_the_value_alone(value: dict[str, object]) -> None:
    assert canonical_json(value) == canonical_json(dict(reversed(value.items())))
