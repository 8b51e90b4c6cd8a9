"""The client against a real server that fails on demand."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from pipeline.core.bucket.client import PART_BYTES, Bucket, Patience
from pipeline.core.bucket.url import BucketUrl
from pipeline.core.errors import CatalogError
from tests.s3_server import S3, Fault, error, lose_answer, serve_s3, short, stall

URL = BucketUrl("s3", "shop", "store")
HURRIED = Patience(read_seconds=0.5, retries=2, first_wait_seconds=0.01, longest_wait_seconds=0.02)
PASSING: dict[str, list[Fault]] = {
    "500": [error("500 Internal Server Error")],
    "503": [error("503 Slow Down")] * 2,
    "time-out": [stall(0.8)],
    "lost answer": [lose_answer],
    "many": [error("500 Internal Server Error"), lose_answer, error("503 Slow Down"), lose_answer],
}


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
    with serve_s3(monkeypatch) as server:
        yield server


@pytest.fixture
def bucket(s3: S3) -> Bucket:
    return Bucket(URL, HURRIED)


def test_objects_are_written_read_listed_and_deleted(bucket: Bucket) -> None:
    assert bucket.read("a/b") is None and bucket.size("a/b") is None and bucket.list() == []
    bucket.write("a/b", b"photo")
    bucket.write("a/c", b"")
    stored = bucket.read("a/b")
    assert stored is not None and stored.data == b"photo" and bucket.size("a/b") == 5
    assert [(file.name, file.size) for file in bucket.list("a")] == [("a/b", 5), ("a/c", 0)]
    assert list(bucket.parts("a/b")) == [b"photo"] and list(bucket.parts("a/c")) == []
    bucket.delete("a/b")
    bucket.delete("a/b")
    assert bucket.read("a/b") is None
    with pytest.raises(FileNotFoundError):
        next(bucket.parts("a/b"))


def test_large_object_is_sent_and_read_in_parts(s3: S3) -> None:
    bucket = Bucket(URL)  # the server takes its time for large parts
    data = bytes(range(256)) * (PART_BYTES * 5 // 2 // 256)
    bucket.write("big", data)
    assert sum(request.startswith("PUT") for request in s3.requests) == 3
    parts = list(bucket.parts("big"))
    assert [len(part) for part in parts] == [PART_BYTES, PART_BYTES, PART_BYTES // 2] and b"".join(parts) == data


@pytest.mark.parametrize("faults", PASSING.values(), ids=PASSING.keys())
def test_write_survives_what_passes(s3: S3, bucket: Bucket, faults: list[Fault]) -> None:
    s3.fail("PUT", *faults)
    bucket.write("a", b"photo")
    assert s3.faults == [] and bucket.read("a") == bucket.read("a") and list(bucket.parts("a")) == [b"photo"]


@pytest.mark.parametrize("faults", PASSING.values(), ids=PASSING.keys())
@pytest.mark.parametrize("again", [False, True], ids=["first", "replacing"])
def test_conditional_write_happens_once_whatever_gets_lost(
    s3: S3, bucket: Bucket, faults: list[Fault], again: bool
) -> None:
    if again:
        bucket.write("a", b"damaged")
    before = bucket.read("a")
    s3.fail("PUT", *faults)
    assert bucket.swap("a", b"mine", before)
    assert s3.faults == []
    assert not bucket.swap("a", b"other", before) and not bucket.swap("a", b"other", None)
    assert list(bucket.parts("a")) == [b"mine"]


@pytest.mark.parametrize("fault", [short, error("500 Internal Server Error"), stall(0.8)])
def test_read_never_returns_part_of_an_object(s3: S3, bucket: Bucket, fault: Fault) -> None:
    data = bytes(range(256)) * 1000
    bucket.write("a", data)
    s3.fail("GET", fault, fault)
    stored = bucket.read("a")
    assert stored is not None and stored.data == data and s3.faults == []
    s3.fail("GET", fault, fault)
    assert b"".join(bucket.parts("a")) == data and s3.faults == []


def test_of_many_writers_at_once_exactly_one_wins(bucket: Bucket) -> None:
    def race(number: int) -> list[bool]:
        own = Bucket(URL, HURRIED)
        return [own.swap(f"a/{key}", f"{number}".encode(), None) for key in range(5)]

    with ThreadPoolExecutor(6) as pool:
        wins = list(pool.map(race, range(6)))
    for key in range(5):
        winner = [number for number in range(6) if wins[number][key]]
        assert list(bucket.parts(f"a/{key}")) == [f"{winner[0]}".encode()] and len(winner) == 1


def test_service_that_stays_down_is_one_clear_error(s3: S3, bucket: Bucket) -> None:
    s3.fail("GET", *[error("503 Slow Down")] * 100)
    with pytest.raises(CatalogError, match=r"s3://shop/store/a cannot be used: .*503.*finished work is kept") as failed:
        bucket.read("a")
    assert "\n" not in str(failed.value)


def test_refused_credentials_are_named_without_their_values(s3: S3, bucket: Bucket) -> None:
    s3.fail("PUT", error("403 Forbidden"))
    with pytest.raises(CatalogError, match=r"s3://shop/store/a .*Give this machine credentials") as failed:
        bucket.write("a", b"x")
    assert "the-secret" not in str(failed.value) and "the-id" not in str(failed.value)


def test_missing_bucket_is_named(s3: S3) -> None:
    nowhere = Bucket(BucketUrl("s3", "nowhere"), HURRIED)
    for use in (lambda: nowhere.write("a", b""), lambda: nowhere.swap("a", b"", None), nowhere.list):
        with pytest.raises(CatalogError, match="there is no bucket nowhere"):
            use()
