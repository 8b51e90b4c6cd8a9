"""Finished files without a catalog: their bytes are in a store, their names are given."""

from datetime import UTC, datetime
from pathlib import Path

from pipeline.catalog.files import FinishedFile
from pipeline.contract.artifact import digest_of
from pipeline.contract.store import Store
from pipeline.fetch.listing import FetchedFile


def finished(asset_id: str, data: bytes = b"picture", **given: str) -> FinishedFile:
    """The file of an asset `<sku>/<angle>/<backdrop>/<channel>` or `<sku>/<request>/...`."""
    sku, *request, angle, backdrop, channel = asset_id.split("/")
    values = {
        "asset_id": asset_id, "sku": sku, "collection": "autumn", "request": "".join(request), "angle": angle,
        "backdrop": backdrop, "channel": channel, "sha256": digest_of(data), "media_type": "image/jpeg",
        "size_bytes": len(data), "width_px": 10, "height_px": 12, "state": "published", "source": "captured",
        "title": "Mug", "alt_text": "A mug", "published_at": datetime(2026, 11, 30, 8, 15, 2, tzinfo=UTC),
    }  # fmt: skip
    return FinishedFile.model_validate(values | given)


def fetched(store: Store, name: str, data: bytes, **given: str) -> FetchedFile:
    """A file of this name, whose bytes are in the store."""
    store.put(data, "image/jpeg")
    return FetchedFile(file=name, **finished(f"MUG/{name.replace('/', '-')}/white/shop", data, **given).model_dump())


def contents(out: Path) -> dict[str, bytes]:
    """The bytes of every file in the folder but the manifest."""
    found = {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    del found["manifest.csv"]
    return found
