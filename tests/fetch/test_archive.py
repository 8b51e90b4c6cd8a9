import io
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from pipeline.contract.storage.disk import PART_BYTES
from pipeline.contract.store import Store
from pipeline.core.errors import CatalogError
from pipeline.fetch.archive import zip_stream
from pipeline.fetch.listing import FetchedFile, manifest_csv
from tests.fetch.made import fetched


@pytest.fixture
def files(store: Store) -> list[FetchedFile]:
    """The files of two assets, one larger than two parts."""
    return [fetched(store, "mug/front.jpg", bytes(2 * PART_BYTES + 5)), fetched(store, "cup/Höhe.jpg", b"left")]


def test_zip_holds_the_files_and_their_manifest(store: Store, files: list[FetchedFile]) -> None:
    data = b"".join(zip_stream(store, files))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["mug/front.jpg", "cup/Höhe.jpg", "manifest.csv"]
        assert archive.read("manifest.csv") == manifest_csv(file.row for file in files)
        assert archive.read("cup/Höhe.jpg") == b"left"
        assert len(archive.read("mug/front.jpg")) == 2 * PART_BYTES + 5
        assert archive.getinfo("cup/Höhe.jpg").date_time == (2026, 11, 30, 8, 15, 2)
        assert archive.getinfo("cup/Höhe.jpg").compress_type == zipfile.ZIP_STORED


def test_zip_of_nothing_is_a_zip_with_an_empty_manifest(store: Store) -> None:
    with zipfile.ZipFile(io.BytesIO(b"".join(zip_stream(store, [])))) as archive:
        assert archive.namelist() == ["manifest.csv"]


def test_zip_needs_memory_for_one_part_and_not_for_a_file(store: Store) -> None:
    large = [fetched(store, f"{number}.jpg", bytes(20 * PART_BYTES + number)) for number in range(3)]
    tracemalloc.start()
    try:
        lengths = [len(part) for part in zip_stream(store, large)]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sum(lengths) > 60 * PART_BYTES
    assert peak < 8 * PART_BYTES


def test_a_missing_file_is_named_before_the_first_byte(store: Store, files: list[FetchedFile]) -> None:
    Path(store.where(files[1].artifact.sha256)).unlink()
    with pytest.raises(CatalogError, match=rf"1 of 2 files are missing .*{files[1].asset_id}.*Run their shoots again"):
        zip_stream(store, files)


def test_a_damaged_file_is_left_out_and_named(
    store: Store, files: list[FetchedFile], caplog: pytest.LogCaptureFixture
) -> None:
    Path(store.where(files[0].artifact.sha256)).write_bytes(bytes(files[0].size_bytes - 1) + b"x")
    with zipfile.ZipFile(io.BytesIO(b"".join(zip_stream(store, files)))) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["cup/Höhe.jpg", "manifest.csv", "missing.txt"]
        assert archive.read("manifest.csv") == manifest_csv([files[1].row])
        words = archive.read("missing.txt").decode()
    assert f"mug/front.jpg ({files[0].asset_id})" in words and "Run their shoots again" in words
    (line,) = caplog.messages
    assert "lacks 1 of 2 files" in line and "\n" not in line


def test_a_reader_may_stop_in_the_middle(store: Store, files: list[FetchedFile]) -> None:
    stream = zip_stream(store, files)
    assert next(stream).startswith(b"PK")
    stream.close()  # type: ignore[attr-defined]
    assert list(stream) == []
