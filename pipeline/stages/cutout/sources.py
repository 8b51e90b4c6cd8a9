"""What all photos of a shoot together tell about each: seeds for the engine `seeded`, and the table."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.core.records import SeenTable
from pipeline.imaging.cutout.choose import Sources
from pipeline.imaging.cutout.seeds import ShootSeeds


@dataclass
class SeedSources:
    """`photos`: files, upright; `focal_px`: of EXIF; `scratch`: a folder for working files.

    `table`: what the look at the whole photos saw, if the structure was asked for.
    """

    photos: Mapping[str, Path]
    focal_px: Mapping[str, float | None]
    scratch: Path
    table: SeenTable | None = None

    @property
    def sources(self) -> Sources:
        """The sources of seeds. Each runs when it is called, and may raise BadInput."""
        return {"still": self._still, "structure": self._structure}

    def _still(self) -> ShootSeeds:
        from pipeline.imaging.cutout.still.camera import still_seeds

        return still_seeds(self.photos)

    def _structure(self) -> ShootSeeds:
        """Seeds from a rough reconstruction: what stands on the table is product."""
        from pipeline.posing.scene.structure import MIN_PHOTOS, look
        from pipeline.posing.sight import seen_table

        if len(self.photos) < MIN_PHOTOS:
            return ShootSeeds({}, f"{len(self.photos)} photos are too few for a structure; {MIN_PHOTOS} suffice")
        found = look(self.photos, self.focal_px, self.scratch)
        self.table = seen_table(found)
        if found is None:
            return ShootSeeds({}, "no table with a product on it was found in the photos' structure")
        seeds = {photo: seed for photo in self.photos if (seed := found.seeds(photo)) is not None}
        why = f"the structure of {len(seeds)} of {len(self.photos)} photos"
        return ShootSeeds(seeds, why, found.agreement, found.corrected)
