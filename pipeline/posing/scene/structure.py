"""Looks at whole photos once, roughly and in 3D: where the table is, which way is up, what stands on the table."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np

from pipeline.core.arrays import F32, F64, Mask, Pixels, Rgb
from pipeline.core.colmap.model import SparseModel
from pipeline.core.colmap.read import read_model
from pipeline.core.errors import BadInput
from pipeline.core.png import encode_png
from pipeline.posing.hull import PosedMatte, project_px
from pipeline.posing.scene.agreement import BACKDROP, PRODUCT, UNKNOWN, Others, ShapeFit, others
from pipeline.posing.scene.carve import SURE, Box, Shot, box_around, silhouettes
from pipeline.posing.scene.ground import plates
from pipeline.posing.scene.table import Table, find_table
from pipeline.posing.sfm.colmap import pose
from pipeline.posing.sfm.photos import PhotoFile
from pipeline.posing.sfm.recipes import ROUGH
from pipeline.posing.sfm.request import PoseParams

SFM_SIDE_PX, SFM_FEATURES = 1000, 4000  # with fewer features, a dark mat has none
PARTNERS = 8  # photos that each is matched with; more do not make a rough model better
ENOUGH = 0.8  # of the photos posed: then no further pairs are matched
SEEDS_SIDE_PX = 400
MIN_PHOTOS = 3
BOX_MARGIN = 0.5  # how far the product may reach beyond its points, as a share of its width
PRODUCT_ODDS, DEEP_ODDS = 0.5, -0.25  # log odds by colour above which a pixel inside, or deep inside, is a seed
BAND = 0.03  # of the silhouette's size: seeds keep this distance from its outline


@dataclass(frozen=True)
class Scene:
    """One rigid group of photos: its model in SfM's frame, its table, and the seeds of its photos.

    `shown`: photo -> [h, w] uint8, 255 surely product, 0 surely backdrop, 128 unknown.
    """

    model: SparseModel
    table: Table
    box: Box
    shown: Mapping[str, Pixels]

    def others(self, silhouettes: Mapping[str, Mask], unheard: Collection[str] = ()) -> dict[str, Others]:
        """What the silhouettes [h, w] of the scene's photos say about each other, except those `unheard`."""
        images = [image for image in self.model.images if image.photo in silhouettes]
        posed = [PosedMatte(self.model.camera_of(i), i.cam_from_world, silhouettes[i.photo]) for i in images]
        photos = [image.photo for image in images]
        return dict(zip(photos, others(posed, [photo not in unheard for photo in photos], self.box), strict=True))


@dataclass(frozen=True)
class Structure:
    """What a quick look found: scenes, largest first. A product turned over between photos gives two."""

    scenes: tuple[Scene, ...]

    @property
    def model(self) -> SparseModel:
        """The model of the largest scene, in SfM's frame."""
        return self.scenes[0].model

    @property
    def up(self) -> F64:
        """The table's normal towards the cameras in the frame of `model`, [3] unit."""
        return self.scenes[0].table.up

    @property
    def height(self) -> float:
        """The table is the plane `up @ x = height`, in the frame of `model`."""
        return self.scenes[0].table.height

    @property
    def table_confidence(self) -> float:
        """How sure the table is, 0 to 1: `Table.confidence`."""
        return self.scenes[0].table.confidence

    @cached_property
    def photos(self) -> tuple[str, ...]:
        """The photos that belong to a scene."""
        return tuple(sorted(photo for scene in self.scenes for photo in scene.shown))

    def up_in_camera(self, photo: str) -> F64 | None:
        """The table's normal in the camera axes of a photo, [3] unit; None for a photo of no scene."""
        for scene in self.scenes:
            for image in scene.model.images:
                if image.photo == photo:
                    return np.asarray(image.cam_from_world[:3, :3] @ scene.table.up)
        return None

    def seeds(self, photo: str) -> Pixels | None:
        """What surely is product (255) and backdrop (0) in a photo, [h, w] uint8, long side 400 px; else 128.

        None for a photo of no scene.
        """
        return next((scene.shown[photo] for scene in self.scenes if photo in scene.shown), None)

    def agreement(self, silhouettes: Mapping[str, Mask]) -> dict[str, ShapeFit]:
        """How far silhouettes (photo -> [h, w] bool, of any size) contradict the other photos' and the seeds.

        Photos of no scene are left out.
        """
        return {
            photo: told.fit(silhouettes[photo], scene.shown[photo])
            for scene in self.scenes
            for photo, told in scene.others(silhouettes).items()
        }

    def corrected(self, silhouettes: Mapping[str, Mask], doubted: Collection[str]) -> dict[str, Pixels]:
        """The seeds of the `doubted` photos, corrected by the shape that the silhouettes of the others show."""
        return {
            photo: told.corrected(silhouettes[photo], scene.shown[photo])
            for scene in self.scenes
            for photo, told in scene.others(silhouettes, doubted).items()
            if photo in doubted
        }


def look(
    photos: Mapping[str, Path], focal_px: Mapping[str, float | None], scratch: Path, seed: int = 0
) -> Structure | None:
    """Pose whole photos roughly, and find the table and what stands on it.

    `photos`: photo -> file, upright 8-bit; `focal_px`: photo -> EXIF focal length in px; `scratch`: a folder for
    working files. Returns None when fewer than three photos show one rigid scene, or no plane carries anything. Raises
    BadInput when a photo cannot be read, and what `pose` raises.
    """
    small, focal_small = _reduced(photos, focal_px, scratch / "whole")
    params = PoseParams(
        rig="handheld",
        max_side_px=SFM_SIDE_PX,
        max_features=SFM_FEATURES,
        partners=PARTNERS,
        enough_fraction=ENOUGH,
        seed=seed,
    )
    posed = pose(small, None, focal_small, params, scratch / "look", recipes=ROUGH)
    if posed.answer.sparse is None:
        return None
    files = {photo.photo: photo.path for photo in small}
    found = [scene_of(model, files, seed) for model in _models(Path(posed.answer.sparse))]
    scenes = tuple(scene for scene in found if scene is not None)
    return Structure(scenes) if scenes else None


def scene_of(model: SparseModel, files: Mapping[str, Path], seed: int = 0) -> Scene | None:
    """The scene that a model of whole photos shows; None without a table. `files`: photo -> picture of any size."""
    table = find_table(model, seed)
    if table is None:
        return None
    box = box_around(model.points.positions[table.product], table, BOX_MARGIN)
    return Scene(model, table, box, _seeds(model, table, box, files))


def _reduced(
    photos: Mapping[str, Path], focal_px: Mapping[str, float | None], folder: Path
) -> tuple[list[PhotoFile], dict[str, float | None]]:
    """Copies of the photos, 1000 px on the long side, and their focal lengths."""
    folder.mkdir(parents=True)
    small, focal_small = [], {}
    for photo, path in sorted(photos.items()):
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if picture is None:
            raise BadInput(f"{path}: not a picture that can be read", remedy="Convert it to PNG or JPEG")
        factor = min(1.0, SFM_SIDE_PX / max(picture.shape))
        size = round(picture.shape[1] * factor), round(picture.shape[0] * factor)
        file = folder / f"{photo}.png"
        file.write_bytes(encode_png(np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA)[..., ::-1])))
        focal = focal_px.get(photo)
        focal_small[photo] = None if focal is None else focal * factor
        small.append(PhotoFile(file, *size))
    return small, focal_small


def _models(chosen: Path) -> list[SparseModel]:
    """The models beside the chosen one with at least three photos, most photos first; no photo is in two."""
    models = [read_model(folder) for folder in sorted(chosen.parent.iterdir()) if folder.is_dir()]
    models.sort(key=lambda model: (-len(model.images), -len(model.points.positions)))
    kept, taken = [], set[str]()
    for model in models:
        rest = model.without(taken & {image.photo for image in model.images})
        if len(rest.images) >= MIN_PHOTOS and len(rest.points.positions):
            kept.append(rest)
            taken |= {image.photo for image in rest.images}
    return kept


def _seeds(model: SparseModel, table: Table, box: Box, files: Mapping[str, Path]) -> dict[str, Pixels]:
    """Seeds for every photo of the model, [h, w] uint8."""
    pictures = [_picture(files[image.photo]) for image in model.images]
    cameras = [
        model.camera_of(image).scaled(picture.shape[1] / model.camera_of(image).width_px)
        for image, picture in zip(model.images, pictures, strict=True)
    ]
    labs = [np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2LAB), np.uint8) for picture in pictures]
    poses = [image.cam_from_world for image in model.images]
    behind = plates(labs, cameras, poses, table, model.points.positions[table.product])
    solid = _solid_points(model, table)
    shots = {
        image.photo: Shot(
            camera, image.cam_from_world, lab, project_px(camera, image.cam_from_world, solid)[0], without
        )
        for image, lab, camera, without in zip(model.images, labs, cameras, behind, strict=True)
    }
    found, odds = silhouettes(shots, box, solid)
    return {photo: _trimap(found[photo], odds[photo]) for photo in shots}


def _picture(path: Path) -> Rgb:
    picture = np.asarray(cv2.imread(str(path), cv2.IMREAD_COLOR))
    factor = min(1.0, SEEDS_SIDE_PX / max(picture.shape))
    size = round(picture.shape[1] * factor), round(picture.shape[0] * factor)
    return np.ascontiguousarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA)[..., ::-1], np.uint8)


def _solid_points(model: SparseModel, table: Table) -> F64:
    """The product's points that three photos at least observe, [N, 3]: every photo's silhouette contains them."""
    ids, counts = np.unique(
        np.concatenate([image.point_ids[image.point_ids >= 0] for image in model.images]), return_counts=True
    )
    often = ids[counts >= MIN_PHOTOS].astype(np.uint64)
    return np.asarray(model.points.positions[table.product & np.isin(model.point_ids, often)])


def _trimap(silhouette: Mask, odds: F32) -> Pixels:
    """Seeds from a silhouette: unknown near its outline and where the colour contradicts it, with what both say."""
    solid = silhouette.astype(np.uint8)
    reach = max(2.0, BAND * float(np.sqrt(solid.sum())))
    inside = cv2.distanceTransform(np.pad(solid, 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    outside = cv2.distanceTransform(1 - solid, cv2.DIST_L2, 5)
    depth = np.clip((inside - outside) / reach, -1, 1)
    belief = 0.2 * depth + 0.4 * odds / SURE
    seeds = np.clip(np.round(UNKNOWN + 127 * belief), 1, 254).astype(np.uint8)
    seeds[((inside > reach) & (odds > PRODUCT_ODDS)) | ((inside > 2 * reach) & (odds > DEEP_ODDS))] = PRODUCT
    seeds[outside > reach] = BACKDROP
    return seeds
