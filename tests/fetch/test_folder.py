import errno
import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.contract.store import Store
from pipeline.core.errors import BadInput, CatalogError, StoreFull
from pipeline.fetch import folder
from pipeline.fetch.folder import fetch
from pipeline.fetch.listing import FetchedFile, read_manifest
from tests.fetch.made import fetched


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "shop"


@pytest.fixture
def files(store: Store) -> list[FetchedFile]:
    """The files of two assets in two folders."""
    return [fetched(store, "mug/front.jpg", b"front"), fetched(store, "cup/left.jpg", b"left")]


def contents(out: Path) -> dict[str, bytes]:
    """The bytes of every file in the folder but the manifest."""
    found = {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    del found["manifest.csv"]
    return found


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


def damage(path: Path) -> None:
    path.write_bytes(b"frost")


@pytest.mark.parametrize(("harm", "word"), [(damage, "is damaged"), (Path.unlink, "is missing")])
def test_damage_leaves_out_that_file_alone_and_is_named(
    store: Store, files: list[FetchedFile], out: Path, harm: Callable[[Path], None], word: str
) -> None:
    path = Path(store.where(files[0].artifact.sha256))
    harm(path)
    named = rf"1 of 2 files could not be fetched: {path} {word} \({files[0].asset_id}\)\. Run their shoots again"
    for _ in range(2):
        with pytest.raises(CatalogError, match=named):
            fetch(store, files, out)
        assert contents(out) == {"cup/left.jpg": b"left"}
        assert set(read_manifest(out / "manifest.csv")) == {"cup/left.jpg"}
    path.write_bytes(b"front")
    assert fetch(store, files, out).written == ("mug/front.jpg",)


def test_the_earlier_file_stays_while_the_new_one_is_damaged(store: Store, files: list[FetchedFile], out: Path) -> None:
    fetch(store, files, out)
    newer = fetched(store, "mug/front.jpg", b"front, newer")
    damage(Path(store.where(newer.artifact.sha256)))
    with pytest.raises(CatalogError, match="is damaged"):
        fetch(store, [newer, files[1]], out)
    assert contents(out)["mug/front.jpg"] == b"front"
    assert read_manifest(out / "manifest.csv")["mug/front.jpg"]["sha256"] == files[0].sha256


def test_a_full_disk_is_named_by_the_file_that_did_not_fit(
    store: Store, files: list[FetchedFile], out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_path = Path.open

    def full(path: Path, mode: str = "r", **how: Any) -> Any:
        if path.parent.name == folder.PARTS:
            raise OSError(errno.EDQUOT, "Disk quota exceeded", str(path))
        return open_path(path, mode, **how)

    fetch(store, files[1:], out)
    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(StoreFull, match=r"no room left to write .*mug/front\.jpg\. Free disk space"):
        fetch(store, files, out)


def test_a_full_disk_keeps_what_was_fetched_and_the_next_call_goes_on(
    store: Store, files: list[FetchedFile], out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = Path.replace

    def full(part: Path, target: Path) -> Path:
        if target.name == "left.jpg":
            raise OSError(errno.ENOSPC, "No space left on device", str(part))
        return put(part, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        with pytest.raises(StoreFull, match=r"no room left to write .*cup/left\.jpg\. Free disk space"):
            fetch(store, files, out)
    assert contents(out) == {"mug/front.jpg": b"front"}
    assert set(read_manifest(out / "manifest.csv")) == {"mug/front.jpg"}
    done = fetch(store, files, out)
    assert (done.written, done.unchanged) == (("cup/left.jpg",), 1)


def _killed_at_the_second_file(store: Store, files: list[FetchedFile], out: Path) -> None:
    def kill(done: int, total: int, text: str) -> None:
        if done:
            os.kill(os.getpid(), signal.SIGKILL)

    fetch(store, files, out, kill)


def test_a_killed_fetch_is_finished_by_the_next(store: Store, files: list[FetchedFile], out: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_killed_at_the_second_file, args=(store, files, out))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert (out / folder.PARTS).is_dir()
    (out / folder.PARTS / "half").write_bytes(b"half a fi")
    done = fetch(store, files, out)
    assert (done.written, done.unchanged, done.kept) == (("cup/left.jpg",), 1, {})
    assert contents(out) == {"mug/front.jpg": b"front", "cup/left.jpg": b"left"}


def test_a_kill_before_the_first_manifest_does_not_block_the_folder(
    store: Store, files: list[FetchedFile], out: Path
) -> None:
    (out / folder.PARTS).mkdir(parents=True)
    assert len(fetch(store, files, out).written) == 2


def test_two_fetches_never_write_to_one_folder_at_once(store: Store, files: list[FetchedFile], out: Path) -> None:
    refused = []

    def second(done: int, total: int, text: str) -> None:
        with pytest.raises(BadInput, match=r"another fetch is writing to .*shop\. Wait until it has ended"):
            fetch(store, [], out)
        refused.append(text)

    fetch(store, files, out, second)
    assert refused == ["mug/front.jpg", "cup/left.jpg"]
    assert len(contents(out)) == 2


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
