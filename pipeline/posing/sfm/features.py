"""Extracts features into COLMAP's database, and matches and verifies pairs of photos there.

Imported only by the SfM process: it loads pycolmap. Photos are added to the database first, in order, because mapping
follows that order. Extraction runs on as many threads as there is memory for and verification on all, since neither
depends on what another thread does; matching runs on numpy instead of the OpenBLAS inside pycolmap's wheel, which does
not lock its buffers.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pycolmap
from numpy.typing import NDArray

from pipeline.core.arrays import F32, I64, Pixels
from pipeline.posing.sfm.lift import Matches
from pipeline.posing.sfm.matching import mutual_matches
from pipeline.posing.sfm.memory import EXTRACTION_BYTES_PER_PX, at_once
from pipeline.posing.sfm.pairs import chosen_pairs, first_look, largest
from pipeline.posing.sfm.recipes import Features
from pipeline.posing.sfm.request import CameraGroup, Crop, PoseRequest

GUESSED_FOCAL = 1.2  # times the long side, as COLMAP assumes for a camera without EXIF

TIE_INLIERS = 20
TRIALS = 2000  # of RANSAC per pair; COLMAP's 10000 go to pairs that show nothing in common, half of verification's time
TIE_RATIO = 0.4  # of the matches; chance agrees with a fundamental matrix for up to a third of them


class FeatureSet:
    """The database of one set of features: which pairs are matched so far, and what they tie together."""

    def __init__(self, request: PoseRequest, features: Features, database: Path) -> None:
        """Extract the features of all photos into a new database."""
        self.path, self._request = database, request
        self.matched: set[tuple[str, str]] = set()
        crops = request.sides[features.side_px(request.params)]
        extracted = database.with_suffix(".crops.db")
        folder = Path(request.crops) / str(features.side_px(request.params))
        _extract(request, features, folder, crops, extracted)
        by_name = {crop.name: crop for crop in crops}
        self._descriptors: dict[str, Pixels] = {}
        few: dict[str, F32] = {}
        with pycolmap.Database.open(extracted) as source, pycolmap.Database.open(database) as target:
            for group in request.groups:
                for name, image_id in _add_photos(target, group).items():
                    keypoints, descriptors = _read(source, name, folder / f"{name}.npy", features.count(request.params))
                    target.write_keypoints(image_id, _in_photo(keypoints, by_name[name]))
                    self._descriptors[name] = descriptors
                    few[name] = largest(descriptors, _scales(keypoints)).astype(np.float32)
        self.counts = {name: len(found) for name, found in self._descriptors.items()}
        self._names = sorted(self._descriptors)
        self._few = [few[name] for name in self._names]

    def match(self, every_pair: bool) -> None:
        """Match and verify the chosen pairs, or every pair, except those matched before."""
        pairs = [pair for pair in self._wanted(every_pair) if pair not in self.matched]
        with ThreadPoolExecutor(self._request.threads) as pool:
            found = list(pool.map(self._matched, pairs))
        with pycolmap.Database.open(self.path) as database:
            ids = {image.name: image.image_id for image in database.read_all_images()}
            for (first, second), matches in zip(pairs, found, strict=True):
                database.write_matches(ids[first], ids[second], matches)
        self.matched |= set(pairs)
        listed = self.path.with_suffix(f".{len(self.matched)}.pairs.txt")
        listed.write_text("".join(f"{first} {second}\n" for first, second in pairs))
        options = pycolmap.TwoViewGeometryOptions()
        options.ransac.random_seed, options.ransac.max_num_trials = self._request.params.seed, TRIALS
        pycolmap.verify_matches(self.path, listed, options)

    def ties(self) -> dict[tuple[str, str], int]:
        """The inliers of the verified pairs that chance does not explain: pairs of image names -> inliers."""
        with pycolmap.Database.open(self.path) as database:
            names = {image.image_id: image.name for image in database.read_all_images()}
            ids, geometries = database.read_two_view_geometries()
            tied = {}
            for pair_id, geometry in zip(ids, geometries, strict=True):
                first, second = pycolmap.pair_id_to_image_pair(pair_id)
                inliers = len(geometry.inlier_matches)
                if inliers >= max(TIE_INLIERS, TIE_RATIO * len(database.read_matches(first, second))):
                    tied[names[first], names[second]] = inliers
        return tied

    @contextmanager
    def raw(self) -> Iterator[Matches]:
        """Give the matches of two images before verification, rows of their features [M, 2]; none for other pairs."""
        with pycolmap.Database.open(self.path) as database:
            ids = {image.name: image.image_id for image in database.read_all_images()}

            def matches(first: str, second: str) -> I64:
                return np.asarray(database.read_matches(ids[first], ids[second]), np.int64).reshape(-1, 2)

            yield matches

    def _matched(self, pair: tuple[str, str]) -> NDArray[np.uint32]:
        """The matches of a pair. Descriptors are kept as bytes: as float32, those of 200 photos would fill 500 MB."""
        first, second = (self._descriptors[name].astype(np.float32) for name in pair)
        return mutual_matches(first, second)

    def _wanted(self, every_pair: bool) -> list[tuple[str, str]]:
        if self._request.pairs is not None:
            return list(self._request.pairs)
        count = len(self._names)
        partners = count if every_pair else self._request.params.partners
        with ThreadPoolExecutor(self._request.threads) as pool:
            scores = first_look(self._few, pool.map) if partners < count - 1 else np.zeros((count, count), np.int64)
        return [(self._names[i], self._names[j]) for i, j in chosen_pairs(scores, partners)]


def _extract(request: PoseRequest, features: Features, folder: Path, crops: Sequence[Crop], database: Path) -> None:
    """Extract the features of all crops into a database of their own, each with a camera of its own."""
    options = pycolmap.FeatureExtractionOptions()
    options.max_image_size = features.side_px(request.params)
    largest_px = max(crop.width_px * crop.height_px for crop in crops)
    options.num_threads = at_once(largest_px, EXTRACTION_BYTES_PER_PX, request.threads)
    options.use_gpu = False
    options.sift.max_num_features = features.count(request.params)
    options.sift.peak_threshold = features.peak_threshold
    pycolmap.extract_features(
        database,
        folder,
        image_names=[crop.name for crop in crops],
        camera_mode=pycolmap.CameraMode.PER_IMAGE,
        extraction_options=options,
        device=pycolmap.Device.cpu,
    )


def _read(source: Any, name: str, allowed: Path, count: int) -> tuple[F32, Pixels]:
    """The `count` largest features where they are allowed: keypoints [N, 4 or 6] in crop px, descriptors [N, 128]."""
    image = source.read_image_with_name(name)
    keypoints = source.read_keypoints(image.image_id)
    descriptors = np.asarray(source.read_descriptors(image.image_id).data, np.uint8)
    if allowed.exists():
        mask = np.load(allowed)
        rows, columns = (np.clip(keypoints[:, axis].astype(int), 0, mask.shape[1 - axis] - 1) for axis in (1, 0))
        inside = mask[rows, columns]
        keypoints, descriptors = keypoints[inside], descriptors[inside]
    kept = np.sort(np.argsort(-_scales(keypoints), kind="stable")[:count])  # COLMAP keeps whole octaves
    return keypoints[kept], np.ascontiguousarray(descriptors[kept])


def _in_photo(keypoints: F32, crop: Crop) -> F32:
    """Keypoints [N, 4 or 6] of a crop in px of the whole photo."""
    moved = keypoints.copy()
    moved[:, 0] = (keypoints[:, 0] + crop.left_px) / crop.scale_x
    moved[:, 1] = (keypoints[:, 1] + crop.top_px) / crop.scale_y
    return moved


def _scales(keypoints: F32) -> F32:
    """The scale [N] of keypoints [N, 4: x, y, scale, angle] or [N, 6: x, y, affine shape]."""
    if keypoints.shape[1] == 4:
        return keypoints[:, 2]
    return np.sqrt(np.abs(np.linalg.det(keypoints[:, 2:].reshape(-1, 2, 2)))).astype(np.float32)


def _add_photos(database: Any, group: CameraGroup) -> dict[str, int]:
    """Add the photos of a group, which share a camera, in order; returns name -> image id."""
    width, height = group.width_px, group.height_px
    params = group.prior or (GUESSED_FOCAL * max(width, height), width / 2, height / 2, 0.0)
    camera = pycolmap.Camera(model="SIMPLE_RADIAL", width=width, height=height, params=params)
    camera.has_prior_focal_length = group.prior is not None
    camera.camera_id = database.write_camera(camera)
    rig = pycolmap.Rig()
    rig.add_ref_sensor(camera.sensor_id)
    rig_id = database.write_rig(rig)
    ids = {}
    for name in group.names:
        image = pycolmap.Image(name=name, camera_id=camera.camera_id)
        image.image_id = ids[name] = database.write_image(image)
        frame = pycolmap.Frame()
        frame.rig_id = rig_id
        frame.add_data_id(image.data_id)
        database.write_frame(frame)
    return ids
