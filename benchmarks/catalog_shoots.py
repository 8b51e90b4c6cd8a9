"""Invents shoots for `benchmarks.catalog`: 20 assets and 200 edges each, in a graph shaped like the real one."""

import hashlib
import random
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from pipeline.catalog.entries import AssetEntry, InputEntry, ItemEntry, OutputEntry, Publication, StepEntry
from pipeline.core.domain import Angle, AngleDecision
from pipeline.core.media import JSON
from pipeline.core.records import AssetRecord, Check

PHOTOS, BACKDROPS, CHANNELS = 29, ("white", "oak"), ("shop", "feed")
ANGLES = {"front": 0.0, "right": 90.0, "back": 180.0, "left": 270.0, "three-quarter": 45.0}
ASSETS = len(ANGLES) * len(BACKDROPS) * len(CHANNELS)
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
COMMON = hashlib.sha256(b"a checkpoint behind every shoot").hexdigest()
RARE = hashlib.sha256(b"a checkpoint behind one shoot in a hundred").hexdigest()


def digest(*parts: object) -> str:
    """A SHA-256 that stands for bytes or a step."""
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()


@lru_cache
def settings(stage: str) -> dict[str, object]:
    """Twelve settings of a stage, nested as real ones are."""
    values = {f"setting_{number}": round(random.Random(f"{stage}{number}").random(), 3) for number in range(8)}
    return {**values, "light": {"azimuth_deg": -40.0, "softness": 0.35}, "engine": stage, "mode": "layer"}


class Shoot:
    """Shoot `number` as a Publication, in a collection of 200."""

    def __init__(self, number: int) -> None:
        self.number, self.sku = number, f"SKU-{number:07}"
        self.collection = f"collection-{number // 200}"
        self.title = f"{random.Random(number).choice(('Mug', 'Shirt', 'Chair', 'Lamp'))} number {number}"
        self.digests: dict[str, tuple[str, ...]] = {}  # each digest, and what it is one of
        self.steps: list[StepEntry] = []
        self.inputs: list[InputEntry] = []
        self.outputs: list[OutputEntry] = []
        self.items: list[ItemEntry] = []

    def publication(self) -> Publication:
        """The whole shoot."""
        photos = [f"DSC_{at:04}" for at in range(PHOTOS)]
        ingest, cutout = self.add("ingest", "whole"), self.add("cutout", "whole", checkpoint=self.checkpoint)
        cut = []
        for photo in photos:
            key = self.item(ingest, photo, "ingest_photo")
            for step in (ingest, key):
                self.reads(step, "photo", self.digest(self.sku, photo), None, f"{photo}.jpg" if step == ingest else "")
            cut.append(self.item(cutout, photo, "cutout_photo", checkpoint=self.checkpoint))
            self.reads(cut[-1], "photo", self.made(key), key)
        sfm, splat, render = (self.add(stage, "whole") for stage in ("sfm", "splat", "render"))
        for photo, key in zip(photos, cut, strict=True):
            self.reads(sfm, "cutouts", self.made(key), key, f"{photo}.png")
            self.reads(splat, "cutouts", self.made(key), key, f"{photo}.png")
        for step in (splat, render):
            self.reads(step, "model", self.made(sfm), sfm)
        assets = self.composed(render, splat, cut)
        angles = (
            AngleDecision(angle=Angle(name=name, azimuth_deg=at), source="captured", photo=photos[0], reason="near")
            for name, at in ANGLES.items()
        )
        return Publication(
            sku=self.sku,
            collection=self.collection,
            title=self.title,
            brand="Harbour",
            category="home",
            angles=tuple(angles),
            assets=tuple(assets),
            steps=tuple(self.steps),
            inputs=tuple(self.inputs),
            outputs=tuple(self.outputs),
            items=tuple(self.items),
        )

    @property
    def checkpoint(self) -> str:
        """One shoot in a hundred has the rare checkpoint, the others the common one."""
        return RARE if self.number % 100 == 0 else COMMON

    def composed(self, render: str, splat: str, cut: list[str]) -> list[AssetEntry]:
        """Correct every angle and compose its assets."""
        composite, assets = self.add("composite", "whole"), []
        for step in (render, composite):
            self.reads(step, "splat", self.made(splat), splat)
        self.reads(composite, "angles", self.made(render), render)
        for at, angle in enumerate(ANGLES):
            corrected = self.item(render, angle, "render_correction")
            self.reads(corrected, "picture", self.made(cut[at]), cut[at])
            self.reads(corrected, "splat", self.made(splat), splat)
            for backdrop in BACKDROPS:
                for channel in CHANNELS:
                    name = f"{angle}/{backdrop}/{channel}"
                    key = self.item(composite, name, "composite_asset")
                    self.reads(key, "picture", self.made(corrected), corrected)
                    self.reads(key, "cutout", self.made(cut[at]), cut[at])
                    assets.append(self.asset(angle, backdrop, channel, key))
        return assets

    def asset(self, angle: str, backdrop: str, channel: str, key: str) -> AssetEntry:
        """One asset: nine in ten are published, the others in review or rejected."""
        chance = random.Random(key).random()
        state = "published" if chance < 0.9 else "in review" if chance < 0.97 else "rejected"
        checks = (
            Check(name=f"check_{number}", value=0.5, unit="", passed=True, words="as it should be")
            for number in range(4)
        )
        record = AssetRecord.model_construct(
            angle=angle,
            backdrop=backdrop,
            channel=channel,
            path=f"{angle}/{backdrop}/{channel}.jpg",
            media_type="image/jpeg",
            width_px=2048,
            height_px=2048,
            source="captured",
            verdict=state,
            reasons=() if state == "published" else ("the edges have a halo",),
            checks=tuple(checks),
        )
        return AssetEntry.model_construct(
            record=record, sha256=self.made(key), size_bytes=400_000, state=state, step_key=key
        )

    def add(self, stage: str, name: str, **params: object) -> str:
        """Add a step; return its key."""
        key = self.digest(self.sku, stage, name)
        self.steps.append(
            StepEntry(
                key=key,
                stage=stage,
                version=3,
                engine=stage,
                params={**settings(stage), **params},
                report={"licence": "Apache-2.0"},
                started_at=BEGAN + timedelta(seconds=self.number),
                seconds=2.0,
                own_seconds=1.0,
                peak_memory_mb=900.0,
                cost_usd=0.002,
                own_cost_usd=0.001,
                device="cpu",
                host="node-1",
                versions={"python": "3.11", "numpy": "2.4", "torch": "2.13"},
            )
        )
        self.outputs.append(
            OutputEntry(step_key=key, name="out", path="", sha256=self.made(key), media_type="image/png", size_bytes=9)
        )
        return key

    def item(self, step: str, name: str, stage: str, **params: object) -> str:
        """Add an item of a step; return its key."""
        key = self.add(stage, name, **params)
        self.items.append(ItemEntry(step_key=step, name=name, item_key=key, computed=True))
        return key

    def made(self, key: str) -> str:
        """The digest of what a step made."""
        return self.digest("made", key)

    def digest(self, *parts: str) -> str:
        """The same as `digest`, and note it."""
        made = digest(*parts)
        self.digests[made] = parts
        return made

    def reads(self, step: str, name: str, sha256: str, producer: str | None, path: str = "") -> None:
        """Add an edge."""
        media_type = JSON if name == "model" else "image/png"
        self.inputs.append(
            InputEntry(
                step_key=step,
                name=name,
                path=path,
                sha256=sha256,
                media_type=media_type,
                size_bytes=9,
                producer_key=producer,
                source_path=path or None,
            )
        )
