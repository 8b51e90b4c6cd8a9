"""Shoots of one asset with vectors, published without running any step."""

import hashlib
from datetime import UTC, datetime

import numpy as np

from pipeline.catalog.database import Catalog
from pipeline.catalog.entries import AssetEntry, Publication, VectorEntry
from pipeline.catalog.publishing import Published, publish
from pipeline.core.records import AssetRecord

NOW = datetime(2026, 11, 30, tzinfo=UTC)
ALIKE = 0.9


def look(*values: float) -> np.ndarray:
    """A vector of unit length."""
    return (np.array(values, "<f4") / np.linalg.norm(values)).astype("<f4")


def entry(kind: str, name: str, vector: np.ndarray, engine: str = "toy", revision: str = "1") -> VectorEntry:
    digest = hashlib.sha256(vector.tobytes()).hexdigest()
    return VectorEntry(kind=kind, name=name, sha256=digest, engine=engine, revision=revision, vector=vector.tobytes())


def publication(sku: str, *looks: np.ndarray, verdict: str = "published", waits: bool = True, engine: str = "toy"):
    """A product with one photo per look, and one asset that looks like the first photo."""
    record = AssetRecord(
        angle="front", backdrop="white", channel="shop", path="front/white/shop.png", media_type="image/png",
        width_px=10, height_px=10, source="captured", verdict=verdict,
        reasons=() if verdict == "published" else ("the edges halo",),
    )  # fmt: skip
    states = {"published": "published", "rejected": "rejected", "in review": "in review"}
    asset = AssetEntry(record=record, sha256="a" * 64, size_bytes=1, state=states[verdict], step_key=None)
    photos = [entry("photo", f"p{number}", vector, engine) for number, vector in enumerate(looks)]
    return Publication(
        sku=sku, collection="autumn", title="", brand="", category="", assets=(asset,),
        vectors=(*photos, entry("asset", "front/white/shop", looks[0], engine)) if looks else None,
        alike_at_least=ALIKE, review_waits=waits,
    )  # fmt: skip


def published(catalog: Catalog, sku: str, *looks: np.ndarray, **how) -> Published:
    """Publish a product of these looks."""
    return publish(catalog, publication(sku, *looks, **how), NOW)
