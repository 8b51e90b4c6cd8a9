"""The sample T-shirt made smaller: a whole shoot in seconds a stage."""

import json
from pathlib import Path

import yaml
from PIL import Image

SAMPLES = Path(__file__).parents[1] / "examples" / "collection"
PHOTO_SIDE_PX = 640


def small_tee(folder: Path, photos: int = 12) -> Path:
    """Write the first photos of its lower ring and its shoot.yaml into `folder`, which is made."""
    source = SAMPLES / "tee-001"
    (folder / "photos").mkdir(parents=True)
    views = json.loads((source / "truth" / "views.json").read_text())
    ring = sorted(views, key=lambda view: (round(view["elevation_deg"] / 10), view["azimuth_deg"]))[:photos]
    for view in ring:
        with Image.open(source / "photos" / view["photo"]) as photo:
            photo.thumbnail((PHOTO_SIDE_PX, PHOTO_SIDE_PX))
            photo.save(folder / "photos" / view["photo"], quality=92, exif=photo.getexif())
    (folder / "shoot.yaml").write_text(yaml.safe_dump(yaml.safe_load((source / "shoot.yaml").read_text())))
    return folder
