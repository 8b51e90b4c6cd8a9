"""Plain pycolmap for benchmarks/sfm.py: every pair, its defaults, in a process of its own.

It must not be loaded beside Pillow: the two crash each other.
"""

import json
import sys
from pathlib import Path
from typing import Any

import pycolmap


def plain(spec: dict[str, Any]) -> None:
    """Run plain pycolmap on spec["photos"]; writes the models into spec["out"]."""
    pycolmap.logging.minloglevel = 2
    out, database = Path(spec["out"]), Path(spec["out"]) / "plain.db"
    reader, extraction = pycolmap.ImageReaderOptions(), pycolmap.FeatureExtractionOptions()
    reader.camera_model = "SIMPLE_RADIAL"
    if spec["masks"]:
        reader.mask_path = spec["masks"]
    if spec["camera"]:
        reader.camera_params = ",".join(map(repr, spec["camera"]))
    extraction.max_image_size, extraction.sift.max_num_features = spec["side"], spec["features"]
    mode, cpu = pycolmap.CameraMode.SINGLE, pycolmap.Device.cpu
    pycolmap.extract_features(
        database, spec["photos"], camera_mode=mode, reader_options=reader, extraction_options=extraction, device=cpu
    )
    pycolmap.match_exhaustive(database, device=cpu)
    pycolmap.incremental_mapping(database, spec["photos"], out)


if __name__ == "__main__":
    plain(json.loads(sys.argv[1]))
