"""What all photos of a shoot together tell about each: the seeds for the engine `seeded`."""

from collections.abc import Mapping
from pathlib import Path

from pipeline.imaging.cutout.choose import Sources
from pipeline.imaging.cutout.seeds import ShootSeeds


def sources_of(photos: Mapping[str, Path], focal_px: Mapping[str, float | None], scratch: Path) -> Sources:
    """The sources of seeds for these photos: files, upright, and their EXIF focal lengths.

    `scratch`: a folder for working files. Each source runs when it is called, and may raise BadInput.
    """
    from pipeline.imaging.cutout.still.camera import still_seeds

    return {
        "still": lambda: still_seeds(photos),
        "structure": lambda: _structure_seeds(photos, focal_px, scratch),
    }


def _structure_seeds(photos: Mapping[str, Path], focal_px: Mapping[str, float | None], scratch: Path) -> ShootSeeds:
    """Seeds from a rough reconstruction: what stands on the table is product."""
    from pipeline.posing.scene.structure import MIN_PHOTOS, look

    if len(photos) < MIN_PHOTOS:
        return ShootSeeds({}, f"{len(photos)} photos are too few for a structure; {MIN_PHOTOS} suffice")
    found = look(photos, focal_px, scratch)
    if found is None:
        return ShootSeeds({}, "no table with a product on it was found in the photos' structure")
    seeds = {photo: seed for photo in photos if (seed := found.seeds(photo)) is not None}
    return ShootSeeds(seeds, f"the structure of {len(seeds)} of {len(photos)} photos", found.agreement)
