"""The store in a bucket does what the store in a folder, its plain twin, does; and what only a bucket has."""

import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.contract.artifact import Artifact
from pipeline.contract.budget import Budget
from pipeline.contract.manifest import Manifest, Provenance, Request
from pipeline.contract.runner import Runner
from pipeline.contract.storage.base import object_name
from pipeline.contract.storage.bucket import BucketStorage
from pipeline.contract.store import Store
from pipeline.contract.verify import verify
from pipeline.core.bucket.client import Bucket, Patience
from pipeline.core.bucket.url import BucketUrl
from pipeline.core.errors import CatalogError
from tests.contract.toy import TOY, Params, make_inputs
from tests.s3_server import S3, error, lose_answer, serve_s3, short

TEXTS = {"a": "one", "b": "two", "c": "three"}
PATIENCE = Patience(retries=2, first_wait_seconds=0.01, longest_wait_seconds=0.02)
Make = Callable[[str], Store]


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
    with serve_s3(monkeypatch) as server:
        yield server


@pytest.fixture
def in_bucket(s3: S3, tmp_path: Path) -> Make:
    """Makes the store as each machine of a cluster sees it: one bucket, copies of its own."""

    def make(machine: str, limit_bytes: int = 10**9) -> Store:
        return Store(BucketStorage(Bucket(BucketUrl("s3", "shop", "store"), PATIENCE), tmp_path / machine, limit_bytes))

    return make


@pytest.fixture(params=["folder", "bucket"])
def machines(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    if request.param == "folder":
        return lambda _machine: Store(tmp_path / "store")
    make: Make = request.getfixturevalue("in_bucket")
    return make


def manifest(host: str) -> Manifest:
    request = Request(stage="toy", version=1, params={}, inputs={})
    provenance = Provenance(started_at="", seconds=1, peak_memory_mb=1, device="cpu", host=host, versions={})
    return Manifest(key=request.key, request=request, outputs={}, provenance=provenance)


def test_one_machine_reads_what_another_has_written(machines: Make) -> None:
    first, second = machines("first"), machines("second")
    tree = first.put_tree({"a": first.put(b"photo", "image/png"), "b": first.put(b"", "text/plain")})
    first.point("plan", "sfm", "sfm", "key")
    first.save_snapshot("key", b"state\nof a fit")
    assert [second.read(file) for file in second.tree(tree).values()] == [b"photo", b""]
    assert second.is_whole(tree) and second.size_of(tree.sha256) == tree.size
    assert b"".join(second.parts(second.tree(tree)["a"])) == b"photo"
    assert second.pointer("plan", "sfm") == ("sfm", "key") and second.pointer("plan", "splat") is None
    assert second.load_snapshot("key") == b"state\nof a fit"
    second.drop_snapshot("key")
    assert first.load_snapshot("key") is None
    missing = Artifact(sha256="0" * 64, media_type="image/png", size=1)
    assert second.size_of(missing.sha256) is None and second.damaged(missing) == second.where(missing.sha256)
    with pytest.raises(CatalogError, match=r"is missing\. Run the shoot again"):
        second.read(missing)


def test_first_of_many_writers_wins_and_all_adopt_its_manifest(machines: Make) -> None:
    stores = [machines(f"machine {number}") for number in range(6)]
    barrier = threading.Barrier(6)

    def commit(number: int) -> Manifest:
        barrier.wait()
        return stores[number].commit(manifest(f"host {number}"))

    with ThreadPoolExecutor(6) as pool:
        standing = list(pool.map(commit, range(6)))
    assert all(one == standing[0] for one in standing)
    assert stores[0].manifest("toy", standing[0].key) == standing[0]
    again = manifest("redone")
    assert stores[1].commit(again, standing[0]) == again
    assert stores[2].commit(manifest("too late"), standing[0]) == again
    assert [found.provenance.host for found in stores[3].latest("toy", 5)] == ["redone"]


def test_damaged_manifest_counts_as_none_and_is_replaced(machines: Make) -> None:
    store, whole = machines("first"), manifest("first")
    name = f"manifests/toy/{whole.key}.json"
    store.storage.write(name, b"{half")
    assert store.manifest("toy", whole.key) is None
    assert [damage.path for damage in verify(store).damaged] == [store.storage.where(name)]
    assert store.commit(whole) == whole and store.manifest("toy", whole.key) == whole


def test_payments_of_all_machines_count_together(machines: Make) -> None:
    budgets = [Budget.of_run(machines(name).storage, "monday", 1.0) for name in ("first", "second")]
    for budget in budgets:
        budget.pay(0.3)
    assert [budget.left_usd for budget in budgets] == pytest.approx([0.4, 0.4])


def test_step_runs_once_and_damage_is_found_and_made_again(machines: Make) -> None:
    first, second = machines("first"), machines("second")
    outputs, made, computed = Runner(first).run(TOY, make_inputs(first, TEXTS), Params())
    assert computed
    again = Runner(second).run(TOY, make_inputs(second, TEXTS), Params())
    assert (again.outputs, again.manifest, again.computed) == (outputs, made, False)
    assert verify(second).damaged == ()
    damaged = second.tree(outputs.texts)["b"]
    first.storage.write(object_name(damaged.sha256), b"TWO?")
    (found,) = verify(second).damaged
    assert found.sha256 == damaged.sha256 and len(found.whose) >= 2
    third = machines("third")
    assert third.damaged(outputs.texts) == third.where(damaged.sha256)
    assert Runner(third).run(TOY, make_inputs(third, TEXTS), Params()).computed
    assert verify(second).damaged == ()


def test_toy_step_survives_a_service_that_fails_all_along(s3: S3, in_bucket: Make) -> None:
    store = in_bucket("first")
    inputs = make_inputs(store, TEXTS)
    for number in range(8):
        s3.fail("PUT /shop/store/manifests", (lose_answer, error("503 Slow Down"))[number % 2])
        s3.fail("PUT /shop/store/objects", (error("500 Internal Server Error"), lose_answer)[number % 2])
        s3.fail("GET /shop/store/objects", short)
        s3.fail("HEAD", error("503 Slow Down"))
    shutil.rmtree(store.root / "objects")  # so that the step has to fetch
    outputs, made, _ = Runner(store).run(TOY, inputs, Params())
    s3.faults.clear()
    assert store.read(outputs.joined) == b"ONE!\nTWO!\nTHREE!"
    assert len(store.latest("toy_text", 10)) == 3 and store.latest("toy", 10) == [made]
    assert verify(store).damaged == ()


def test_objects_are_fetched_once(s3: S3, in_bucket: Make) -> None:
    photo = in_bucket("first").put(b"photo", "image/png")
    second = in_bucket("second")
    for _ in range(3):
        assert second.read(photo) == b"photo" and second.is_whole(photo)
    assert sum("objects/" in request for request in s3.requests if request.startswith("GET")) == 1


def test_damaged_copy_is_fetched_again(s3: S3, in_bucket: Make) -> None:
    store = in_bucket("first")
    photo = store.put(b"photo", "image/png")
    (copy,) = (store.root / "objects").glob("*/*")
    copy.write_bytes(b"phone")
    assert store.is_whole(photo) and store.read(photo) == b"photo"


def test_limit_of_the_copies_takes_no_file_from_a_running_step(s3: S3, in_bucket: Callable[..., Store]) -> None:
    store = in_bucket("first", limit_bytes=1000)
    photos = [store.put(bytes([number]) * 300, "image/png") for number in range(8)]
    scratch = store.scratch("step")
    files = [store.file(photo, scratch) for photo in photos]
    assert sum(path.stat().st_size for path in (store.root / "objects").glob("*/*")) <= 1000
    assert [file.read_bytes() for file in files] == [store.read(photo) for photo in photos]
    assert [store.file(photo, scratch) for photo in photos] == files
