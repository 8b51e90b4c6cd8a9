import os
import threading

import pytest

from pipeline.core.disk_cache import DiskCache
from pipeline.core.errors import CatalogError


def files(cache: DiskCache) -> set[bytes]:
    return {path.read_bytes() for path in cache.folder.glob("*/*")}


def test_a_file_is_made_once_also_by_another_process(tmp_path):
    made: list[int] = []

    def make() -> bytes:
        made.append(1)
        return b"picture"

    assert [DiskCache(tmp_path).get("key", make) for _ in range(3)] == [b"picture"] * 3
    assert len(made) == 1


def test_what_cannot_be_made_leaves_nothing_and_is_tried_again(tmp_path):
    cache = DiskCache(tmp_path)

    def fail() -> bytes:
        raise CatalogError("not now")

    with pytest.raises(CatalogError):
        cache.get("key", fail)
    assert cache.get("key", lambda: b"later") == b"later"


def test_the_longest_unused_files_go_when_the_limit_is_reached(tmp_path):
    cache = DiskCache(tmp_path, limit_bytes=1000)
    for number in range(8):
        cache.get(str(number), lambda number=number: bytes([number]) * 100)
        path = cache._path(str(number))
        os.utime(path, (number, number))
    cache.get("0", lambda: b"it is still there")  # used last
    for number in range(8, 12):
        cache.get(str(number), lambda number=number: bytes([number]) * 100)
    kept = {data[0] for data in files(cache)}
    assert sum(map(len, files(cache))) <= 1000
    assert 0 in kept and 11 in kept and 1 not in kept


def test_readers_never_see_half_a_file(tmp_path):
    cache, wrong = DiskCache(tmp_path), []
    data = os.urandom(1 << 20)

    def read() -> None:
        wrong.extend(1 for _ in range(20) if DiskCache(tmp_path).get("key", lambda: data) != data)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cache.get("key", lambda: b"") == data and not wrong
    assert len(list(tmp_path.glob("*/*"))) == 1


def test_an_open_and_a_linked_file_outlive_their_place_in_the_cache(tmp_path):
    cache = DiskCache(tmp_path / "cache", limit_bytes=1000)
    cache.put("key", b"picture")
    with cache.open("key", lambda: b"") as file:
        cache.link("key", lambda: b"", tmp_path / "mine")
        assert cache.drop("key") and not cache.drop("key")
        assert file.read() == b"picture" and (tmp_path / "mine").read_bytes() == b"picture"
    with cache.open("large", lambda: bytes(2000)) as file:  # more than the limit: not kept, but had
        assert len(file.read()) == 2000
    cache.link("other", lambda: b"made", tmp_path / "other")
    assert (tmp_path / "other").read_bytes() == b"made" and cache.get("other", lambda: b"again") == b"made"
