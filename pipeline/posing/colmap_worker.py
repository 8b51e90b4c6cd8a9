"""Runs pycolmap in a separate process: `python -m pipeline.posing.colmap_worker REQUEST.json`.

The process is separate because pycolmap aborts on some inputs, cannot be interrupted, and corrupts the heap when
Pillow is loaded beside it. Nothing in this module may import Pillow.
"""

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pycolmap

from pipeline.core.colmap.read import read_model
from pipeline.core.process import peak_memory_mb
from pipeline.posing.request import Attempt, PoseAnswer, PoseParams, PoseRequest
from pipeline.posing.strays import strays


@dataclass(frozen=True)
class Features:
    """How features are extracted and matched. The factors multiply values of PoseParams.

    `guided`: match again along epipolar lines.
    """

    side_factor: float
    count_factor: float
    peak_threshold: float
    guided: bool


@dataclass(frozen=True)
class SfmRecipe:
    """The settings of one attempt: features, whether the mapper is strict, and an offset for the request's seed."""

    name: Literal["plain", "reseeded", "relaxed", "dense"]
    features: Features
    strict: bool
    seed: int = 0


PLAIN = Features(side_factor=1.0, count_factor=1.0, peak_threshold=0.0067, guided=False)
DENSE = Features(
    side_factor=1.5, count_factor=2.0, peak_threshold=0.0022, guided=True
)  # for products with little texture
RECIPES = (
    SfmRecipe("plain", PLAIN, True),
    SfmRecipe("reseeded", PLAIN, True, seed=1),
    SfmRecipe("relaxed", PLAIN, False),
    SfmRecipe("dense", DENSE, False),
)


def main(request_path: Path) -> None:
    """Try the recipes in turn until enough photos are registered, and write `result.json` into `request.out`."""
    request = PoseRequest.model_validate_json(request_path.read_bytes())
    pycolmap.logging.minloglevel = 2  # errors only: there are thousands of INFO lines
    pycolmap.set_random_seed(request.params.seed)
    started = time.perf_counter()
    attempts, best = [], None
    for attempt, folder in tries(request, started):
        attempts.append(attempt)
        if best is None or rank(attempt) > rank(best[0]):
            best = (attempt, folder)
    answer = PoseAnswer(
        sparse=str(best[1]) if best and best[0].registered else None,
        attempts=tuple(attempts),
        seconds=time.perf_counter() - started,
        peak_memory_mb=peak_memory_mb(),
    )
    (Path(request.out) / "result.json").write_text(answer.model_dump_json(indent=1))


def rank(attempt: Attempt) -> tuple[int, int]:
    """Sort key of attempts, higher is better: registered photos without strays, then points."""
    return attempt.registered - attempt.strays, attempt.points


def tries(request: PoseRequest, started: float) -> Iterator[tuple[Attempt, Path]]:
    """Yield attempts and their model folders until half of the time limit has passed.

    Another seed is tried when there are strays, another recipe when too few photos are in place.
    """
    enough = request.params.enough_fraction * sum(len(group.names) for group in request.groups)
    in_place, strayed = 0, 0
    databases: dict[Features, Path] = {}
    for recipe in RECIPES:
        if not strayed if recipe.seed else in_place >= enough:
            continue
        attempt_started = time.perf_counter()
        if databases and attempt_started - started > request.params.timeout_seconds / 2:
            return
        if recipe.features not in databases:
            databases[recipe.features] = find_features(request, recipe)
        attempt, folder = map_photos(request, recipe, databases[recipe.features], attempt_started)
        yield attempt, folder
        in_place, strayed = max(in_place, rank(attempt)[0]), attempt.strays


def find_features(request: PoseRequest, recipe: SfmRecipe) -> Path:
    """Extract and match features into a new database; returns its path.

    The photos are added first, in order: extraction would add them in the order in which its threads finish, and
    matching and mapping follow the order in the database, which changes the pose of a weakly connected photo.
    """
    database = Path(request.out) / f"{recipe.name}.db"
    pycolmap.Database.open(database).close()
    for group in request.groups:
        reader = pycolmap.ImageReaderOptions()
        reader.camera_model = "SIMPLE_RADIAL"
        if request.masks is not None:
            reader.mask_path = request.masks
        if group.prior is not None:
            reader.camera_params = ",".join(map(repr, group.prior))
        names, mode = list(group.names), pycolmap.CameraMode.SINGLE
        pycolmap.import_images(database, request.photos, mode, image_names=names, options=reader)
        pycolmap.extract_features(
            database,
            request.photos,
            image_names=names,
            camera_mode=mode,
            reader_options=reader,
            extraction_options=extraction_options(request.params, recipe.features, request.threads),
            device=pycolmap.Device.cpu,
        )
    match_features(request, recipe, database)
    return database


def extraction_options(params: PoseParams, features: Features, threads: int) -> Any:
    """The extraction options of pycolmap for these features."""
    options = pycolmap.FeatureExtractionOptions()
    options.max_image_size = round(params.max_side_px * features.side_factor)
    options.num_threads = threads
    options.use_gpu = False
    options.sift.max_num_features = round(params.max_features * features.count_factor)
    options.sift.peak_threshold = features.peak_threshold
    return options


def matching_options(features: Features) -> Any:
    """The matching options of pycolmap for these features: one thread that matches and one that verifies.

    FAISS calls the OpenBLAS inside pycolmap's wheel, which is built for a single thread: it hands out its work buffers
    without a lock, so that two matchers sometimes share one and corrupt each other's products.
    """
    options = pycolmap.FeatureMatchingOptions()
    options.num_threads = 1
    options.use_gpu = False
    options.guided_matching = features.guided
    return options


def match_features(request: PoseRequest, recipe: SfmRecipe, database: Path) -> None:
    """Match every pair, or only the pairs in the request, and verify the matches geometrically."""
    verification = pycolmap.TwoViewGeometryOptions()
    verification.ransac.random_seed = request.params.seed
    common = {
        "matching_options": matching_options(recipe.features),
        "verification_options": verification,
        "device": pycolmap.Device.cpu,
    }
    if request.pairs is None:
        pycolmap.match_exhaustive(database, **common)
        return
    pairs = database.with_suffix(".pairs.txt")
    pairs.write_text("".join(f"{first} {second}\n" for first, second in request.pairs))
    pairing = pycolmap.ImportedPairingOptions()
    pairing.match_list_path = pairs
    pycolmap.match_image_pairs(database, pairing_options=pairing, **common)


def map_photos(request: PoseRequest, recipe: SfmRecipe, database: Path, started: float) -> tuple[Attempt, Path]:
    """Run incremental mapping; returns the attempt and the folder of its model.

    COLMAP may split a shoot into several models; the one with the most photos is chosen.
    """
    options = pycolmap.IncrementalPipelineOptions()
    options.num_threads = 1  # more would make the order of sums, and so the pose of a weakly connected photo, random
    seed = request.params.seed + recipe.seed
    options.random_seed = options.mapper.random_seed = options.triangulation.random_seed = seed
    options.min_model_size = 3
    if not recipe.strict:
        options.min_num_matches = 10
        options.mapper.init_min_num_inliers = 40
        options.mapper.init_min_tri_angle = 8.0
        options.mapper.abs_pose_min_num_inliers = 15
        options.mapper.abs_pose_min_inlier_ratio = 0.15
    out = Path(request.out) / recipe.name
    out.mkdir()
    models = pycolmap.incremental_mapping(database, request.photos, out, options)
    chosen = max(models, key=lambda i: (models[i].num_reg_images(), models[i].num_points3D()), default=None)
    folder = out / str(chosen)
    attempt = Attempt(
        name=recipe.name,
        registered=0 if chosen is None else models[chosen].num_reg_images(),
        strays=0 if chosen is None else len(strays(read_model(folder), request.params.rig)),
        points=0 if chosen is None else models[chosen].num_points3D(),
        reprojection_error_px=0.0 if chosen is None else models[chosen].compute_mean_reprojection_error(),
        models=len(models),
        seconds=time.perf_counter() - started,
    )
    return attempt, folder


if __name__ == "__main__":
    main(Path(sys.argv[1]))
