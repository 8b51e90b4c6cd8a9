"""Runs pycolmap in a separate process: `python -m pipeline.posing.sfm.colmap_worker REQUEST.json`.

The process is separate because pycolmap aborts on some inputs, cannot be interrupted, and corrupts the heap when
Pillow is loaded beside it. Nothing in this module may import Pillow.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pycolmap

from pipeline.core.colmap.read import read_model
from pipeline.core.process import peak_memory_mb
from pipeline.posing.sfm.features import FeatureSet
from pipeline.posing.sfm.ladder import State, Ties, apart
from pipeline.posing.sfm.recipes import RECIPES, Features, SfmRecipe
from pipeline.posing.sfm.request import Attempt, PoseAnswer, PoseRequest
from pipeline.posing.sfm.strays import strays


def main(request_path: Path) -> None:
    """Try the recipes in turn until enough photos are registered, and write `result.json` into `request.out`."""
    request = PoseRequest.model_validate_json(request_path.read_bytes())
    pycolmap.logging.minloglevel = 2  # errors only: there are thousands of INFO lines
    pycolmap.set_random_seed(request.params.seed)
    started = time.perf_counter()
    attempts, best = [], None
    for attempt, folder, ties in tries(request, started):
        attempts.append(attempt)
        if best is None or attempt.rank > best[0].rank:
            best = (attempt, folder, ties)
    answer = PoseAnswer(
        sparse=str(best[1]) if best and best[0].registered else None,
        apart=apart(best[0], best[2]) if best else (),
        attempts=tuple(attempts),
        seconds=time.perf_counter() - started,
        peak_memory_mb=peak_memory_mb(),
    )
    (Path(request.out) / "result.json").write_text(answer.model_dump_json(indent=1))


def tries(request: PoseRequest, started: float) -> Iterator[tuple[Attempt, Path, Ties]]:
    """Yield attempts, their model folders and the ties between photos; see `State.calls_for` for when they end.

    None is begun when half of the time limit has passed.
    """
    state = State(request)
    sets: dict[Features, FeatureSet] = {}
    for recipe in RECIPES:
        if not state.calls_for(recipe):
            continue
        attempt_started = time.perf_counter()
        if sets and attempt_started - started > request.params.timeout_seconds / 2:
            return
        if recipe.features not in sets:
            sets[recipe.features] = FeatureSet(request, recipe.features, Path(request.out) / f"{recipe.name}.db")
        found = sets[recipe.features]
        found.match(recipe.every_pair)
        attempt, folder = map_photos(request, recipe, found, attempt_started)
        ties = found.ties()
        state.add(attempt, ties, found.counts)
        yield attempt, folder, ties


def map_photos(request: PoseRequest, recipe: SfmRecipe, found: FeatureSet, started: float) -> tuple[Attempt, Path]:
    """Run incremental mapping; returns the attempt and the folder of its model.

    COLMAP may split a shoot into several models; the one with the most photos is chosen.
    """
    out = Path(request.out) / recipe.name
    out.mkdir()
    models = pycolmap.incremental_mapping(found.path, request.photos, out, mapping_options(request, recipe))
    order = sorted(models, key=lambda i: (-models[i].num_reg_images(), -models[i].num_points3D(), i))
    chosen = models[order[0]] if order else None
    folder = out / str(order[0] if order else 0)
    if chosen is not None:
        refine(chosen)
        chosen.write(folder)
    attempt = Attempt(
        name=recipe.name,
        registered=0 if chosen is None else chosen.num_reg_images(),
        strays=0 if chosen is None else len(strays(read_model(folder), request.params.rig)),
        points=0 if chosen is None else chosen.num_points3D(),
        reprojection_error_px=0.0 if chosen is None else chosen.compute_mean_reprojection_error(),
        models=tuple(tuple(sorted(image.name for image in models[i].images.values() if image.has_pose)) for i in order),
        pairs=len(found.matched),
        seconds=time.perf_counter() - started,
    )
    return attempt, folder


def refine(model: Any) -> None:
    """Refine poses, points, focal lengths and now also distortions together, so that wrong matches count for little."""
    options = pycolmap.BundleAdjustmentOptions()
    options.print_summary = False
    options.ceres.loss_function_type = pycolmap.LossFunctionType.SOFT_L1
    options.ceres.solver_options.num_threads = 1
    options.ceres.solver_options.function_tolerance = 1e-6
    pycolmap.bundle_adjustment(model, options)
    model.update_point_3d_errors()


def mapping_options(request: PoseRequest, recipe: SfmRecipe) -> Any:
    """The options of pycolmap's mapper for this recipe.

    The lens keeps its prior distortion: on a small product in the middle of the picture the distortion is
    undetermined, drifts until COLMAP calls the camera bogus, and the finished model is discarded and begun again.
    COLMAP's registration without points takes minutes to fail for a photo that has nothing to tie it; a fifth
    fewer points than usual tie such photos better.
    """
    options = pycolmap.IncrementalPipelineOptions()
    options.num_threads = 1  # more would make the order of sums, and so the pose of a weakly connected photo, random
    seed = request.params.seed + recipe.seed
    options.random_seed = options.mapper.random_seed = options.triangulation.random_seed = seed
    options.min_model_size = 3
    options.structure_less_registration_fallback = False
    options.ba_refine_extra_params = options.mapper.abs_pose_refine_extra_params = False
    options.ba_global_function_tolerance = options.ba_local_function_tolerance = 1e-5
    options.mapper.abs_pose_min_num_inliers = 24
    if not recipe.strict:
        options.min_num_matches = 10
        options.mapper.init_min_num_inliers = 40
        options.mapper.init_min_tri_angle = 8.0
        options.mapper.abs_pose_min_num_inliers = 15
        options.mapper.abs_pose_min_inlier_ratio = 0.15
    return options


if __name__ == "__main__":
    main(Path(sys.argv[1]))
