import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.contract.store import Store
from pipeline.core.errors import BadInput
from pipeline.fetch.folder import fetch
from pipeline.fetch.listing import FetchedFile, read_manifest
from tests.fetch.made import contents, fetched


def test_files_lie_in_the_folder_with_their_manifest(store: Store, files: list[FetchedFile], out: Path) -> None:
    seen: list[tuple[int, int, str]] = []
    done = fetch(store, files, out, lambda *progress: seen.append(progress))
    assert contents(out) == {"mug/front.jpg": b"front", "cup/left.jpg": b"left"}
    assert {name: row["sha256"] for name, row in read_manifest(out / "manifest.csv").items()} == {
        file.file: file.sha256 for file in files
    }
    assert (done.written, done.unchanged, done.removed) == (("mug/front.jpg", "cup/left.jpg"), 0, ())
    assert seen == [(0, 2, "mug/front.jpg"), (1, 2, "cup/left.jpg")]
    assert sorted(path.name for path in out.iterdir()) == ["cup", "manifest.csv", "mug"]


def test_an_edit_of_a_fetched_file_leaves_the_store_alone(store: Store, files: list[FetchedFile], out: Path) -> None:
    fetch(store, files, out)
    with (out / "mug/front.jpg").open("r+b") as file:
        file.write(b"EDITED")
    assert store.read(files[0].artifact) == b"front"


def test_only_what_changed_is_written(store: Store, files: list[FetchedFile], out: Path) -> None:
    fetch(store, files, out)
    before = {path: path.stat() for path in out.rglob("*")}
    done = fetch(store, files, out)
    assert (done.written, done.unchanged) == ((), 2)
    assert {path: path.stat() for path in out.rglob("*")} == before
    again = fetch(store, [fetched(store, "mug/front.jpg", b"front, newer"), files[1]], out)
    assert (again.written, again.unchanged, again.kept) == (("mug/front.jpg",), 1, {})
    assert contents(out) == {"mug/front.jpg": b"front, newer", "cup/left.jpg": b"left"}


def test_a_new_text_alone_changes_the_manifest_alone(store: Store, files: list[FetchedFile], out: Path) -> None:
    fetch(store, files, out)
    done = fetch(store, [files[0].model_copy(update={"alt_text": "A cup"}), files[1]], out)
    assert done.written == ()
    assert read_manifest(out / "manifest.csv")["mug/front.jpg"]["alt_text"] == "A cup"


def test_a_lost_file_is_written_again(store: Store, files: list[FetchedFile], out: Path) -> None:
    fetch(store, files, out)
    (out / "mug/front.jpg").unlink()
    assert fetch(store, files, out).written == ("mug/front.jpg",)


def test_what_is_not_selected_any_more_is_removed(store: Store, files: list[FetchedFile], out: Path) -> None:
    fetch(store, files, out)
    (out / "mug/notes.txt").write_text("mine")
    assert fetch(store, files[1:], out).removed == ("mug/front.jpg",)
    assert contents(out) == {"mug/notes.txt": b"mine", "cup/left.jpg": b"left"}
    assert fetch(store, [], out).removed == ("cup/left.jpg",)
    assert not (out / "cup").exists()


def test_a_changed_file_that_is_not_selected_any_more_stays(store: Store, files: list[FetchedFile], out: Path) -> None:
    fetch(store, files, out)
    (out / "mug/front.jpg").write_bytes(b"retouched")
    done = fetch(store, files[1:], out)
    assert (done.removed, done.left) == ((), ("mug/front.jpg",))
    assert contents(out)["mug/front.jpg"] == b"retouched"
    assert "mug/front.jpg" not in read_manifest(out / "manifest.csv")


def test_a_changed_file_makes_way_and_is_kept(store: Store, files: list[FetchedFile], out: Path) -> None:
    for number, mine in enumerate((b"retouched", b"retouched again"), 1):
        fetch(store, files, out)
        (out / "mug/front.jpg").write_bytes(mine)
        assert fetch(store, files, out).kept == {"mug/front.jpg": f"mug/front.changed-{number}.jpg"}
    assert contents(out) == {
        "mug/front.jpg": b"front",
        "mug/front.changed-1.jpg": b"retouched",
        "mug/front.changed-2.jpg": b"retouched again",
        "cup/left.jpg": b"left",
    }


def test_a_link_or_folder_in_place_of_a_file_is_kept(store: Store, files: list[FetchedFile], out: Path) -> None:
    fetch(store, files, out)
    (out.parent / "secret").write_bytes(b"front")
    (out / "mug/front.jpg").unlink()
    (out / "mug/front.jpg").symlink_to(out.parent / "secret")
    (out / "cup/left.jpg").unlink()
    (out / "cup/left.jpg").mkdir()
    assert fetch(store, files, out).kept == {
        "mug/front.jpg": "mug/front.changed-1.jpg",
        "cup/left.jpg": "cup/left.changed-1.jpg",
    }
    assert (out.parent / "secret").read_bytes() == b"front"
    assert not (out / "mug/front.jpg").is_symlink()


def test_nothing_is_written_or_removed_through_a_linked_folder(
    store: Store, files: list[FetchedFile], out: Path
) -> None:
    fetch(store, files, out)
    shutil.move(out / "mug", out.parent / "elsewhere")
    (out / "mug").symlink_to(out.parent / "elsewhere")
    with pytest.raises(BadInput, match=r"shop/mug is a link that leads out of .*shop\. Remove the link"):
        fetch(store, files, out)
    assert fetch(store, files[1:], out).removed == ()
    assert (out.parent / "elsewhere" / "front.jpg").read_bytes() == b"front"


def test_a_name_that_changed_only_by_case_is_not_removed_where_case_is_the_same(
    store: Store, files: list[FetchedFile], out: Path
) -> None:
    fetch(store, files, out)
    os.link(out / "mug/front.jpg", out / "mug/Front.jpg")  # as a file system would show it that ignores case
    done = fetch(store, [fetched(store, "mug/Front.jpg", b"front"), files[1]], out)
    assert done.removed == ()
    assert contents(out)["mug/Front.jpg"] == b"front"


def test_another_template_may_need_a_folder_where_a_file_was(store: Store, out: Path) -> None:
    for names in (["mug", "cup/left"], ["mug/front", "cup"]):
        assert fetch(store, [fetched(store, name, name.encode()) for name in names], out).kept == {}
        assert contents(out) == {name: name.encode() for name in names}


@pytest.mark.parametrize("name", ["mine.jpg", ".hidden", "manifest.csv"])
def test_a_folder_of_other_files_is_refused_and_unchanged(
    store: Store, files: list[FetchedFile], out: Path, name: str
) -> None:
    out.mkdir()
    (out / name).write_bytes(b"mine")
    with pytest.raises(BadInput, match=f"{name}.*hoose an empty or a new folder"):
        fetch(store, files, out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == {name: b"mine"}


def test_a_file_in_place_of_the_folder_is_refused(store: Store, files: list[FetchedFile], out: Path) -> None:
    out.write_bytes(b"mine")
    with pytest.raises(BadInput, match=r"shop cannot be written: .*Choose a folder"):
        fetch(store, files, out)


def test_a_file_in_place_of_a_folder_below_it_is_named(store: Store, files: list[FetchedFile], out: Path) -> None:
    fetch(store, files[1:], out)
    (out / "mug").write_bytes(b"mine")
    with pytest.raises(BadInput, match=r"mug/front\.jpg cannot be written: .*Choose a folder"):
        fetch(store, files, out)


NAMES = st.sampled_from(["a/x.jpg", "a/y.jpg", "b/x.jpg", "c.jpg"])
NIGHT = st.tuples(st.dictionaries(NAMES, st.binary(min_size=1, max_size=2)), st.sets(NAMES))


@settings(deadline=None)  # a busy disk is no failure
@given(st.lists(NIGHT, min_size=1, max_size=4))
def test_folder_follows_the_catalog_and_no_edit_is_lost(
    tmp_path_factory: pytest.TempPathFactory, nights: list[tuple[dict[str, bytes], set[str]]]
) -> None:
    root = tmp_path_factory.mktemp("nights")
    store, out = Store(root / "store"), root / "out"
    mine: set[bytes] = set()
    for number, (selected, edited) in enumerate(nights):
        fetch(store, [fetched(store, name, data) for name, data in selected.items()], out)
        found = contents(out)
        assert selected.items() <= found.items()
        assert set(read_manifest(out / "manifest.csv")) == set(selected)
        assert {data for name, data in found.items() if name not in selected} <= mine <= set(found.values())
        for name in edited & set(found):
            mine = mine - {found[name]} | {f"edit {number} of {name}".encode()}
            (out / name).write_text(f"edit {number} of {name}")
    shutil.rmtree(root)
