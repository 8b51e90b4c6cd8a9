"""Fit a splat to a folder in COLMAP's layout: `images/` (RGB or RGBA) and a model in `sparse/0/` or `sparse/`."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from pipeline.errors import BadInput
from pipeline.splatting.colmap_model import ColmapModel, read_model, undistort
from pipeline.splatting.fit_params import FitParams
from pipeline.splatting.photos import PosedPhoto
from pipeline.splatting.trainer import Fit, Hooks, fit

PIXELS_MAX = 100_000_000


def read_rgba(path: Path, *, matte: bool) -> NDArray[np.uint8]:
    """An image file as [H, W, 4] uint8; opaque where `matte` is False. Raises BadInput on what is no picture, or too large."""
    try:
        with Image.open(path) as image:
            if image.width * image.height > PIXELS_MAX:
                raise BadInput(f"{path}: {image.width} x {image.height} px is too large", remedy="Scale the photo down.")
            if matte and "A" not in image.getbands():
                raise BadInput(f"{path} has no alpha", remedy="Cut the photos out first, or fit with --no-matte.")
            rgba = np.array(image.convert("RGBA"))
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise BadInput(f"{path}: not a readable picture ({error})") from error
    if not matte:
        rgba[..., 3] = 255
    return rgba


def posed_photos(model: ColmapModel, images: Path, params: FitParams) -> list[PosedPhoto]:
    """The model's photos from the folder `images`, undistorted, matched by file name, or by stem where only that is there."""
    by_stem = {path.stem: path for path in sorted(images.iterdir())} if images.is_dir() else {}
    photos = []
    for image in model.images:
        path = by_stem.get(Path(image.name).stem)
        if path is None:
            raise BadInput(f"{images}: no picture for {image.name} of the model", remedy="Put the photos beside the model.")
        rgba, camera = undistort(read_rgba(path, matte=params.matte), image.camera)
        photos.append(PosedPhoto(Path(image.name).stem, rgba, camera, image.cam_from_world))
    return photos


def fit_colmap(folder: Path, params: FitParams, hooks: Hooks | None = None) -> Fit:
    """Fit to `folder`. Raises BadInput when the model, a photo or its alpha is missing."""
    model = read_model(folder)
    return fit(params, posed_photos(model, folder / "images", params), model.points, hooks)
