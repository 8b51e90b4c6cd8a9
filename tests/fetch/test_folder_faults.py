"""Damaged objects, full disks, kills, and two fetches at once."""

import errno
import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.contract.store import Store
from pipeline.core.errors import BadInput, CatalogError, StoreFull
from pipeline.fetch import folder
from pipeline.fetch.folder import fetch
from pipeline.fetch.listing import FetchedFile, read_manifest
from tests.fetch.made import contents, fetched


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
