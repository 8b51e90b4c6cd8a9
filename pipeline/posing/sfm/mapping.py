"""Maps photos with COLMAP from verified matches, and refines models."""

import time
from pathlib import Path
from typing import Any, NamedTuple

import pycolmap

from pipeline.core.colmap.read import read_model
from pipeline.posing.sfm.features import FeatureSet
from pipeline.posing.sfm.recipes import SfmRecipe
from pipeline.posing.sfm.request import Attempt, PoseRequest
from pipeline.posing.sfm.strays import strays


class Mapped(NamedTuple):
    """An attempt and the folders of its models, in the order of `attempt.models`."""

    attempt: Attempt
    folders: tuple[Path, ...]


def map_photos(request: PoseRequest, recipe: SfmRecipe, found: FeatureSet, started: float) -> Mapped:
    """Run incremental mapping. COLMAP may split a shoot into several models; that with the most photos is chosen."""
    out = Path(request.out) / recipe.name
    out.mkdir()
    models = pycolmap.incremental_mapping(found.path, request.photos, out, mapping_options(request, recipe))
    order = sorted(models, key=lambda i: (-models[i].num_reg_images(), -models[i].num_points3D(), i))
    chosen = models[order[0]] if order else None
    folders = tuple(out / str(i) for i in order)
    if chosen is not None:
        refine(chosen)
        chosen.write(folders[0])
    attempt = Attempt(
        name=recipe.name,
        registered=0 if chosen is None else chosen.num_reg_images(),
        strays=0 if chosen is None else len(strays(read_model(folders[0]), request.params.rig)),
        points=0 if chosen is None else chosen.num_points3D(),
        reprojection_error_px=0.0 if chosen is None else chosen.compute_mean_reprojection_error(),
        models=tuple(tuple(sorted(image.name for image in models[i].images.values() if image.has_pose)) for i in order),
        pairs=len(found.matched),
        seconds=time.perf_counter() - started,
    )
    return Mapped(attempt, folders)


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
    options = one_thread(request.params.seed + recipe.seed)
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


def one_thread(seed: int) -> Any:
    """Options of COLMAP's mapper that give the same in every run.

    More threads would make the order of sums, and so the pose of a weakly connected photo, random.
    """
    options = pycolmap.IncrementalPipelineOptions()
    options.num_threads = 1
    options.random_seed = options.mapper.random_seed = options.triangulation.random_seed = seed
    return options
