"""The start of a fit: its held-out photos, the scene's extent, the first Gaussians, the request's digest."""

import hashlib

import numpy as np
import torch

from pipeline.core.colmap.model import Points
from pipeline.core.domain import camera_centre
from pipeline.core.errors import BadInput
from pipeline.splatting.carving.seeds import Seeds, starting_points, unoriented
from pipeline.splatting.fit.params import FitParams, PhotoSettings
from pipeline.splatting.gaussians import from_points
from pipeline.splatting.photos import PosedPhoto, PreparedPhoto
from pipeline.splatting.raster.base import VALUES, Cloud

SMALL_SHOOT = 10  # photos; below, the fit needs all of them and none is held out
# The first Gaussians: the share of the budget that the start places, and their size in distances to their neighbours.
# Smaller ones gain SSIM also in long fits: 0.862, 0.866 and 0.868 at 0.8, 0.57 and 0.45 (tee-001, 2000 iterations).
START, _SIZE = 0.75, 0.45


def held_out_names(names: list[str], params: PhotoSettings) -> tuple[str, ...]:
    """Return the photos held out of the fit. Raises BadInput for a name that is not among `names`."""
    for name in params.held_out:
        if name not in names:
            raise BadInput(f"held-out photo {name!r} is not among the {len(names)} posed photos")
    if params.held_out:
        return params.held_out
    if params.holdout == 0 or len(names) < SMALL_SHOOT:
        return ()
    chosen = sorted(names)[params.holdout // 2 :: params.holdout]
    return tuple(name for name in chosen if name != params.front)


def extent_of(photos: list[PreparedPhoto]) -> float:
    """Return the cameras' radius around their centre, world units, which scales the means' rate as in 3DGS."""
    centres = np.stack([camera_centre(p.cam_from_world) for p in photos])
    return float(1.1 * np.linalg.norm(centres - centres.mean(axis=0), axis=1).max())


def request_digest(params: FitParams, photos: list[PosedPhoto], sparse: Points) -> str:
    """Return a digest of everything that a fit is made from, which names its snapshots."""
    digest = hashlib.sha256(params.model_dump_json().encode())
    for photo in photos:
        digest.update(photo.name.encode() + photo.rgba.tobytes() + photo.cam_from_world.tobytes())
        digest.update(photo.camera.model_dump_json().encode())
    digest.update(sparse.positions.tobytes())
    return digest.hexdigest()


def starting_cloud(params: FitParams, photos: list[PreparedPhoto], sparse: Points, rng: np.random.Generator) -> Cloud:
    """Place Gaussians on the sparse points and on the surface that the photos show, within the budget, on the CPU."""
    seeds = unoriented(sparse)
    if params.matte:
        seeds = starting_points(sparse, photos, round(START * params.gaussians), rng)
    if len(seeds.positions) > params.gaussians:
        pick = rng.choice(len(seeds.positions), params.gaussians, replace=False)
        seeds = Seeds(seeds.positions[pick], seeds.normals[pick], seeds.colours[pick])
    g = from_points(
        seeds.positions, seeds.colours, degree=params.degree, size=_SIZE if params.matte else 1.0, normals=seeds.normals
    )
    return {name: torch.from_numpy(getattr(g, name).copy()) for name in VALUES}
