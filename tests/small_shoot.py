"""A part of the sample mug's ring made smaller, and `QUICK`, a preset for it: a whole shoot at seconds per stage."""

import json
from pathlib import Path

from PIL import Image

SAMPLES = Path(__file__).parents[1] / "examples" / "collection"
QUICK = str(Path(__file__).with_name("quick.yaml"))
PHOTO_SIDE_PX = 960


def small_mug(folder: Path, photos: int = 12) -> Path:
    """Write the photos of its lower ring nearest to azimuth 315 degrees and its shoot.yaml into `folder`.

    Neighbours stand 15 degrees apart, so that even small photos are related to each other without doubt.
    """
    source = SAMPLES / "mug-001"
    (folder / "photos").mkdir(parents=True)
    views = json.loads((source / "truth" / "views.json").read_text())
    ring = [view for view in views if view["elevation_deg"] < 20]
    ring.sort(key=lambda view: abs((view["azimuth_deg"] - 315 + 180) % 360 - 180))
    for view in ring[:photos]:
        with Image.open(source / "photos" / view["photo"]) as photo:
            photo.thumbnail((PHOTO_SIDE_PX, PHOTO_SIDE_PX))
            photo.save(folder / "photos" / view["photo"], quality=92, exif=photo.getexif())
    (folder / "shoot.yaml").write_bytes((source / "shoot.yaml").read_bytes())
    return folder
