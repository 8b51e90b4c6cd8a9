"""Shoots in a bucket: outlined, waited for, fetched while they are planned; a discovery over them, to a bucket."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from pipeline.catalog.shoots import known_shoots
from pipeline.cli.app import app
from pipeline.cli.doctor import _store
from pipeline.core.bucket.client import Bucket
from pipeline.core.bucket.url import BucketUrl
from pipeline.core.errors import BadInput
from pipeline.core.stored import Listed
from pipeline.mirror import Mirror, shoot_at, source_of, why_waiting
from pipeline.plan import read_plan
from pipeline.run import store_from
from pipeline.settings import read_settings
from tests.s3_server import S3, Call, error, serve_s3
from tests.test_shoot import SHOOT

URL = BucketUrl("s3", "shop", "shoots")
PHOTO = b"\xff\xd8 a photo"
MINUTE = 60 * 10**9


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[S3]:
    monkeypatch.setenv("CATALOG_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CATALOG_QUIET_MINUTES", "0")
    monkeypatch.setenv("CATALOG_SHOOTS", str(URL))
    monkeypatch.setenv("CATALOG_STORE", "s3://shop/store")
    monkeypatch.setenv("CATALOG_DATABASE_URL", f"sqlite:///{tmp_path / 'catalog.db'}")
    with serve_s3(monkeypatch) as server:
        yield server


def upload(sku: str, **files: bytes) -> None:
    bucket = Bucket(URL)
    files = files or {"photos/DSC_0001.jpg": PHOTO, "shoot.yaml": yaml.safe_dump({**SHOOT, "sku": sku}).encode()}
    for name, data in files.items():
        bucket.write(f"{sku}/{name}", data)


def mirror(tmp_path: Path, quiet_minutes: float = 0.0) -> Mirror:
    return Mirror(URL, tmp_path / "cache", quiet_minutes)


def discover(*arguments: str) -> dict[str, list[dict[str, str]]]:
    result = CliRunner().invoke(app, ["discover", *arguments, "--json"], catch_exceptions=False)
    value: dict[str, list[dict[str, str]]] = json.loads(result.stdout)
    return value


def test_outline_has_shoots_without_the_bytes_of_their_photos(s3: S3, tmp_path: Path) -> None:
    upload("mug")
    upload("mug", **{"photos/DSC 2 (ü).jpg": PHOTO, "photos/._DSC_0001.jpg": b"x", "photos/": b""})
    upload("notes", **{"readme.txt": b"no shoot"})
    shoots = mirror(tmp_path)
    assert shoots.outline() == []
    folder = shoots.root / "mug"
    photos = sorted((folder / "photos").iterdir())
    assert [photo.name for photo in photos] == ["DSC 2 (ü).jpg", "DSC_0001.jpg"]
    assert photos[0].read_bytes() == bytes(len(PHOTO)) and yaml.safe_load((folder / "shoot.yaml").read_text())
    assert [path.name for path in shoots.root.iterdir()] == ["mug"]
    times = [photo.stat().st_mtime_ns for photo in photos]
    with shoots.fetched(folder):
        assert [photo.read_bytes() for photo in photos] == [PHOTO, PHOTO]
    assert [photo.read_bytes() for photo in photos] == [bytes(len(PHOTO))] * 2
    assert shoots.outline() == [] and [photo.stat().st_mtime_ns for photo in photos] == times
    assert source_of(folder, tmp_path / "cache") == "s3://shop/shoots/mug"
    assert source_of(tmp_path, tmp_path / "cache") == str(tmp_path.resolve())


def test_outlines_of_several_shoots_are_read_at_once(s3: S3, tmp_path: Path) -> None:
    upload("mug")
    upload("tee")
    both = threading.Barrier(2, timeout=30)

    def meet(_call: Call) -> None:
        both.wait()  # fails the request, and so the outline, unless the other request is under way, too

    s3.fail("GET /shop/shoots/", meet, meet)
    shoots = mirror(tmp_path)
    assert shoots.outline() == [] and not both.broken
    assert [path.parent.name for path in sorted(shoots.root.rglob("shoot.yaml"))] == ["mug", "tee"]


def test_what_leaves_the_bucket_leaves_the_outline(s3: S3, tmp_path: Path) -> None:
    upload("mug")
    upload("tee")
    shoots = mirror(tmp_path)
    shoots.outline()
    upload("mug", **{"photos/DSC_0002.jpg": PHOTO})
    bucket = Bucket(URL)
    for name in ("mug/photos/DSC_0001.jpg", "tee/shoot.yaml", "tee/photos/DSC_0001.jpg"):
        bucket.delete(name)
    shoots.outline()
    assert [path.name for path in shoots.root.rglob("*.jpg")] == ["DSC_0002.jpg"]


@pytest.mark.parametrize(
    ("changed", "marker", "waits"),
    [((50, 40), None, False), ((50, 9), None, True), ((50, 9), 9, False), ((50, 9), 10, True), ((50, 40), 45, False)],
)
def test_shoot_waits_until_it_is_quiet_or_marked(changed: tuple[int, ...], marker: int | None, waits: bool) -> None:
    """Times are minutes ago; quiet is 10 minutes."""
    now = time.time_ns()
    files = [Listed(f"mug/{minutes}.jpg", 1, now - minutes * MINUTE) for minutes in changed]
    files += [Listed("mug/.complete", 0, now - marker * MINUTE)] if marker is not None else []
    assert bool(why_waiting("mug", files, now / 1e9, 600)) == waits


def test_half_uploaded_shoot_waits_and_keeps_what_it_was(s3: S3, tmp_path: Path) -> None:
    upload("mug")
    mirror(tmp_path).outline()
    upload("mug", **{"photos/DSC_0002.jpg": PHOTO})
    (waiting,) = mirror(tmp_path, 10).outline()
    assert waiting.source == "s3://shop/shoots/mug" and "has no .complete" in waiting.reason
    assert len(list(mirror(tmp_path).root.rglob("*.jpg"))) == 1
    with pytest.raises(BadInput, match=r"s3://shop/shoots/mug waits: .*Upload a file \.complete last"):
        next(shoot_at(URL.folder("mug"), tmp_path / "cache", 10).gen)
    upload("mug", **{".complete": b""})
    assert mirror(tmp_path, 10).outline() == []
    assert len(list(mirror(tmp_path).root.rglob("*.jpg"))) == 2


def test_night_runs_from_a_bucket_to_a_bucket(s3: S3, tmp_path: Path) -> None:
    upload("mug")
    upload("bad", **{"shoot.yaml": b"sku: [", "photos/a.jpg": PHOTO})
    s3.fail("GET /shop/shoots/mug/photos", error("503 Slow Down"))
    found = discover()
    assert [plan["sku"] for plan in found["plans"]] == ["mug"] and found["waiting"] == []
    assert [entry["code"] for entry in found["refused"]] == ["shoot-unusable"]
    settings = read_settings()
    assert known_shoots(settings.catalog_url)["mug"].source == "s3://shop/shoots/mug"
    store = store_from(settings)
    plan = read_plan(store, found["plans"][0]["plan"])
    assert [store.read(photo) for photo in store.tree(plan.photos).values()] == [PHOTO]
    names = [file.name for file in Bucket(BucketUrl("s3", "shop", "store")).list()]
    assert names and not (tmp_path / "store").exists()
    assert b"the-secret" not in b"".join(store.storage.read(name).data for name in names)  # type: ignore[union-attr]
    upload("cap")
    assert [plan["changed"] for plan in discover(str(URL))["plans"]] == ["new", "its last run: planned"]


def backfill(*arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(app, ["backfill", *arguments, "--plan-only", "--json"], catch_exceptions=False)
    value: dict[str, Any] = json.loads(result.stdout)
    return value


def photos_of(plan: str) -> list[bytes]:
    store = store_from(read_settings())
    return [store.read(photo) for photo in store.tree(read_plan(store, plan).photos).values()]


def test_backfill_over_a_bucket_reads_the_photos_only_of_changed_shoots(s3: S3) -> None:
    upload("mug")
    collection = SHOOT["collection"]
    (first,) = discover()["plans"]
    assert photos_of(first["plan"]) == [PHOTO]
    assert "GET /shop/shoots/mug/photos/DSC_0001.jpg" in s3.requests
    s3.requests.clear()
    (again,) = backfill(collection, str(URL))["plans"]
    assert photos_of(again["plan"]) == [PHOTO] and not any("photos" in request for request in s3.requests)
    known = known_shoots(read_settings().catalog_url)["mug"]
    assert known.source == "s3://shop/shoots/mug"


def test_backfill_over_a_bucket_makes_new_shoots_and_shows_what_waits(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    upload("mug")
    collection = SHOOT["collection"]
    (new,) = backfill(collection)["plans"]
    assert photos_of(new["plan"]) == [PHOTO]
    upload("mug", **{"photos/DSC_0001.jpg": PHOTO + b", another"})
    (changed,) = backfill(collection)["plans"]
    assert photos_of(changed["plan"]) == [PHOTO + b", another"]
    monkeypatch.setenv("CATALOG_QUIET_MINUTES", "10")
    upload("tee")
    shown = backfill(collection)
    assert [row["sku"] for row in shown["shoots"]] == ["mug"]
    assert {shoot["source"] for shoot in shown["waiting"]} == {"s3://shop/shoots/mug", "s3://shop/shoots/tee"}
    assert any(line.startswith("waits: s3://shop/shoots/tee: ") for line in shown["words"])
    with pytest.raises(BadInput, match=r"below s3://shop/shoots \(2 are still being uploaded\)"):
        backfill("none")


def test_backfill_refuses_a_shoot_whose_photo_changes_meanwhile(s3: S3, tmp_path: Path) -> None:
    upload("mug")

    def answer_shorter(call: Call) -> None:
        Bucket(URL).write("mug/photos/DSC_0001.jpg", PHOTO[:3])

    s3.fail("GET /shop/shoots/mug/photos", answer_shorter)
    planned = backfill(SHOOT["collection"])
    assert planned["plans"] == [] and "changed while it was read" in planned["refused"][0]["reason"]


def test_doctor_refuses_a_service_that_ignores_conditions(s3: S3) -> None:
    assert _store(read_settings()).state == "ok"

    def forget_the_condition(call: Call) -> None:
        call.environ.pop("HTTP_IF_NONE_MATCH")

    s3.fail("PUT /shop/store/scratch", forget_the_condition, forget_the_condition)
    finding = _store(read_settings())
    assert finding.state == "missing" and "ignores conditions of writes" in finding.words
    assert Bucket(BucketUrl("s3", "shop", "store")).list("scratch") == []


@pytest.mark.parametrize("place", ["s3://id:the-secret@shop/x", "s3://shop/x?token=the-secret", "ftp://shop/x"])
def test_unusable_place_is_refused_without_its_secret(s3: S3, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    monkeypatch.setenv("CATALOG_STORE", place)
    with pytest.raises(BadInput, match=r"CATALOG_STORE: .*(credentials|not the URL).*") as refused:
        read_settings()
    assert "the-secret" not in str(refused.value)
    monkeypatch.setenv("CATALOG_STORE", "s3://shop/store")
    result = CliRunner().invoke(app, ["discover", place])
    assert result.exit_code != 0 and "the-secret" not in f"{result.output} {result.exception}"
