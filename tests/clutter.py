"""A hand-held shoot with known truth: a sample's cut-outs over a cluttered table that stands still in the world.

A dark mat with an edge, a colour chart, a ruler, printed text and crumbs lie on a wooden table in a room. All of it is
ray-traced for the sample's true cameras, which are rolled at random; exposure varies from photo to photo.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from pipeline.core.arrays import F32, F64, Alpha, Rgb, Rgba
from pipeline.core.domain import Camera, View
from pipeline.core.png import decode_png, encode_png
from pipeline.core.records import load_list
from pipeline.imaging.cutout.base import with_matte
from pipeline.posing.hull import PosedMatte, trimmed, visual_hull

COLLECTION = Path(__file__).parents[1] / "examples" / "collection"
TEXTURE_PX_PER_UNIT = 220
TABLE_HALF = 4.2  # product radii
ROOM_HALF = 9.0
FLOOR_BELOW_TABLE = 5.0


@dataclass(frozen=True)
class ClutteredShoot:
    """Files and truth of the shoot, in the sample's product frame (z up, unit: the product's radius).

    `photos`: stem -> PNG. `mattes`: stem -> [h, w] alpha. `cameras`: stem -> intrinsics.
    `poses`: stem -> cam_from_world [4, 4]. `table_z`: height of the table.
    """

    photos: Mapping[str, Path]
    mattes: Mapping[str, Alpha]
    cameras: Mapping[str, Camera]
    poses: Mapping[str, F64]
    table_z: float

    def up_in_camera(self, photo: str) -> F64:
        """The true up direction in the camera axes of a photo, [3]."""
        return self.poses[photo][:3, 2]


def clutter(
    folder: Path,
    *,
    sample: str = "mug-001",
    seed: int = 0,
    side_px: int = 900,
    every: int = 1,
    count: int | None = None,
    roll_deg: float = 15.0,
) -> ClutteredShoot:
    """Write every `every`-th photo of `sample`, `count` at most, over the cluttered table into `folder`."""
    views = load_list(View, (COLLECTION / sample / "truth" / "views.json").read_bytes())[::every][:count]
    generator = np.random.default_rng(seed)
    layers = {Path(view.photo).stem: _cutout(sample, Path(view.photo).stem, side_px) for view in views}
    cameras = {
        Path(view.photo).stem: view.camera.scaled(side_px / max(view.camera.width_px, view.camera.height_px))
        for view in views
    }
    hull = visual_hull(
        [PosedMatte(view.camera, view.pose, layers[Path(view.photo).stem][..., 3] >= 128) for view in views],
        np.zeros(3),
        1.5,
    )
    assert hull is not None
    table_z = float(trimmed(hull, np.array([np.linalg.inv(view.pose)[:3, 3] for view in views])).lowest[2])
    table = _table(generator, hull.samples[hull.samples[:, 2] < table_z + 0.25, :2])
    walls = [_wall(generator) for _ in range(6)]
    folder.mkdir(parents=True, exist_ok=True)
    photos, mattes, poses = {}, {}, {}
    for view in views:
        stem = Path(view.photo).stem
        roll = float(generator.uniform(-roll_deg, roll_deg))
        poses[stem] = _rolled(view.pose, roll)
        scene = _scene(cameras[stem], poses[stem], table_z, table, walls)
        layer = _turned(layers[stem], cameras[stem], roll)
        alpha = layer[..., 3:].astype(np.float32) / 255
        picture = layer[..., :3] * alpha + scene * (1 - alpha)
        picture = picture * 2 ** generator.uniform(-0.15, 0.15) + generator.normal(0, 2, picture.shape)
        photos[stem], mattes[stem] = folder / f"{stem}.png", layer[..., 3]
        photos[stem].write_bytes(encode_png(np.clip(picture, 0, 255).astype(np.uint8)))
    return ClutteredShoot(photos, mattes, cameras, poses, table_z)


def _cutout(sample: str, stem: str, side_px: int) -> Rgba:
    """The sample's cut-out with its true matte, straight alpha, [h, w, 4]."""
    photo = cv2.imread(str(COLLECTION / sample / "photos" / f"{stem}.jpg"))
    assert photo is not None
    matte = decode_png((COLLECTION / sample / "truth" / "mattes" / f"{stem}.png").read_bytes(), 1)
    factor = side_px / max(photo.shape)
    size = round(photo.shape[1] * factor), round(photo.shape[0] * factor)
    small = cv2.resize(photo[..., ::-1], size, interpolation=cv2.INTER_AREA)
    alpha = cv2.resize(matte.reshape(matte.shape[:2]), size, interpolation=cv2.INTER_AREA)
    return with_matte(np.ascontiguousarray(small, np.uint8), np.asarray(alpha, np.uint8))


def _rolled(pose: F64, roll_deg: float) -> F64:
    """The pose of the camera turned about its optical axis."""
    cosine, sine = np.cos(np.radians(roll_deg)), np.sin(np.radians(roll_deg))
    turn = np.eye(4)
    turn[:2, :2] = [[cosine, -sine], [sine, cosine]]
    return turn @ pose


def _turned(layer: Rgba, camera: Camera, roll_deg: float) -> Rgba:
    """The cut-out turned about the principal point, as the rolled camera sees it."""
    centre = camera.cx_px - 0.5, camera.cy_px - 0.5
    matrix = cv2.getRotationMatrix2D(centre, -roll_deg, 1.0)
    alpha = layer[..., 3:].astype(np.float32)
    premultiplied = np.concatenate([layer[..., :3] * (alpha / 255), alpha], axis=2)
    turned = cv2.warpAffine(premultiplied, matrix, (layer.shape[1], layer.shape[0]), flags=cv2.INTER_LINEAR)
    opaque = np.maximum(turned[..., 3:], 1e-3) / 255
    return np.clip(np.concatenate([turned[..., :3] / opaque, turned[..., 3:]], axis=2), 0, 255).round().astype(np.uint8)


def _scene(camera: Camera, pose: F64, table_z: float, table: Rgb, walls: list[Rgb]) -> F32:
    """Table and room as the camera sees them, [h, w, 3]; supersampled twice."""
    large = camera.scaled(2.0)
    columns, rows = np.meshgrid(np.arange(large.width_px) + 0.5, np.arange(large.height_px) + 0.5)
    flat = np.stack([(columns - large.cx_px) / large.fx_px, (rows - large.cy_px) / large.fy_px], axis=-1)
    ideal = flat.copy()
    for _ in range(4):  # inverts the radial distortion
        ideal = flat / (1 + camera.k1 * (ideal**2).sum(axis=-1, keepdims=True))
    rays = np.concatenate([ideal, np.ones_like(ideal[..., :1])], axis=-1) @ pose[:3, :3]
    origin = -pose[:3, :3].T @ pose[:3, 3]
    scene = _room(rays, origin, table_z, walls)
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = (table_z - origin[2]) / rays[..., 2]
        hit = origin[:2] + reach[..., None] * rays[..., :2]
    onto = (reach > 0) & (np.abs(hit) < TABLE_HALF).all(axis=-1)
    at = (np.nan_to_num(hit, posinf=0, neginf=0) + TABLE_HALF) * TEXTURE_PX_PER_UNIT
    seen = cv2.remap(table, at[..., 0].astype(np.float32), at[..., 1].astype(np.float32), cv2.INTER_LINEAR)
    scene = np.where(onto[..., None], seen, scene)
    small = cv2.resize(scene.astype(np.float32), (camera.width_px, camera.height_px), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


def _room(rays: F64, origin: F64, table_z: float, walls: list[Rgb]) -> Rgb:
    """The inside of a box: four walls, ceiling and floor, [h, w, 3]."""
    lowest = np.array([-ROOM_HALF, -ROOM_HALF, table_z - FLOOR_BELOW_TABLE])
    highest = lowest + 2 * ROOM_HALF
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = np.where(rays > 0, (highest - origin) / rays, (lowest - origin) / rays)
    axis = np.nanargmin(reach, axis=-1)
    side = 2 * axis + (np.take_along_axis(rays, axis[..., None], -1)[..., 0] > 0)
    at = (origin + np.take_along_axis(reach, axis[..., None], -1) * rays - lowest) / (2 * ROOM_HALF)
    first = np.where(axis == 0, at[..., 1], at[..., 0])
    second = np.where(axis == 2, at[..., 1], at[..., 2])
    column, row = ((np.clip(part, 0, 1) * (walls[0].shape[0] - 1)).astype(np.int32) for part in (first, second))
    return np.asarray(np.stack(walls)[side, row, column], np.uint8)


def _noise(generator: np.random.Generator, side_px: int, grain_px: int) -> F32:
    """Smooth noise [side, side] of unit deviation; `grain_px`: size of its blobs."""
    small = generator.normal(size=(side_px // grain_px + 2,) * 2).astype(np.float32)
    large = cv2.resize(small, (side_px, side_px), interpolation=cv2.INTER_CUBIC)
    return np.asarray(large / large.std(), np.float32)


def _wall(generator: np.random.Generator) -> Rgb:
    """A wall with stains and pictures, [1200, 1200, 3]."""
    side = 1200
    wall = (
        generator.uniform(110, 200, 3)
        + 6 * _noise(generator, side, 90)[..., None]
        + 3 * _noise(generator, side, 6)[..., None]
    )
    wall = np.ascontiguousarray(wall, np.float32)
    for _ in range(22):
        corner, size = generator.integers(0, side, 2), generator.integers(40, 240, 2)
        cv2.rectangle(wall, corner.tolist(), (corner + size).tolist(), generator.uniform(30, 230, 3).tolist(), -1)
        cv2.rectangle(wall, corner.tolist(), (corner + size).tolist(), generator.uniform(20, 80, 3).tolist(), 5)
    return np.clip(wall, 0, 255).astype(np.uint8)


def _table(generator: np.random.Generator, footprint: F64) -> Rgb:
    """The table from above, x to the right and y downwards, [side, side, 3]; the product's shadow is part of it."""
    side = round(2 * TABLE_HALF * TEXTURE_PX_PER_UNIT)
    grain = cv2.resize(_noise(generator, side, 12), (side, side * 12))[:side]
    table = np.array([168.0, 128.0, 88.0]) + 9 * grain[..., None] + 4 * _noise(generator, side, 3)[..., None]
    table = np.ascontiguousarray(table, np.float32)
    _lay(table, _mat(generator), (0.15, 0.2), 8.0)
    _lay(table, _chart(generator), (1.6, -0.7), -20.0)
    _lay(table, _chart(generator)[:70], (-0.5, -1.5), 6.0)
    for place, angle in (((-1.45, 0.4), 70.0), ((0.3, 1.6), 170.0)):
        _lay(table, _label(generator), place, angle)
    for _ in range(1500):  # crumbs, some on the mat beside the product
        spot = tuple(generator.integers(0, side, 2).tolist())
        axes = tuple(generator.integers(1, 8, 2).tolist())
        angle, colour = float(generator.uniform(0, 180)), generator.uniform(90, 220) + generator.uniform(-30, 30, 3)
        cv2.ellipse(table, spot, axes, angle, 0, 360, colour.tolist(), -1, cv2.LINE_AA)
    return np.clip(table * _shadow(footprint, side)[..., None], 0, 255).astype(np.uint8)


def _lay(table: F32, sheet: F32, centre: tuple[float, float], angle_deg: float) -> None:
    """Draw a sheet onto the table with its middle at `centre`, turned by `angle_deg`."""
    height, width = sheet.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle_deg, 1.0)
    matrix[:, 2] += (np.array(centre) + TABLE_HALF) * TEXTURE_PX_PER_UNIT - (width / 2, height / 2)
    cover = cv2.warpAffine(np.ones((height, width), np.float32), matrix, table.shape[:2])[..., None]
    table += cover * (cv2.warpAffine(sheet, matrix, table.shape[:2], borderMode=cv2.BORDER_REPLICATE) - table)


def _mat(generator: np.random.Generator) -> F32:
    """A mat of dark felt, 3.6 x 3 units, with a stitched edge."""
    height, width = round(3.0 * TEXTURE_PX_PER_UNIT), round(3.6 * TEXTURE_PX_PER_UNIT)
    felt = 5 * _noise(generator, width, 2) + 3 * _noise(generator, width, 9) + 3 * _noise(generator, width, 70)
    mat = np.ascontiguousarray(np.array([46.0, 48.0, 54.0]) + felt[:height, :, None], np.float32)
    cv2.rectangle(mat, (10, 10), (width - 11, height - 11), (88, 86, 80), 2)
    return mat


def _chart(generator: np.random.Generator) -> F32:
    """A colour chart of 6 x 4 patches with a ruler along it."""
    chart = np.full((190, 250, 3), 25, np.float32)
    for row in range(4):
        for column in range(6):
            top, left = 10 + 38 * row, 12 + 38 * column
            chart[top : top + 32, left : left + 32] = generator.uniform(20, 240, 3)
    chart[162:] = 235
    for tick in range(0, 250, 5):
        chart[162 : 172 + 8 * (tick % 25 == 0), tick] = 20
    return chart


def _label(generator: np.random.Generator) -> F32:
    """A sheet of paper with printed text."""
    label = np.full((170, 260, 3), 226, np.uint8)
    for line in range(7):
        words = "".join(generator.choice(list("ABCDEFGHKMNPRSTUVXYZ0123456789 "), 16))
        cv2.putText(label, words, (8, 24 + 22 * line), cv2.FONT_HERSHEY_SIMPLEX, 0.55, (40, 40, 60), 1, cv2.LINE_AA)
    return label.astype(np.float32)


def _shadow(footprint: F64, side: int) -> F32:
    """Light that reaches the table, 0 to 1, [side, side]: contact, ambient and cast shadow of the product."""
    unit = TEXTURE_PX_PER_UNIT / 4
    base = np.zeros((side // 4, side // 4), np.float32)
    for spot in ((footprint + TABLE_HALF) * unit).astype(int).tolist():
        cv2.circle(base, spot, 3, 1.0, -1)
    contact, ambient = (cv2.GaussianBlur(base, (0, 0), sigma * unit) for sigma in (0.05, 0.35))
    cast = cv2.GaussianBlur(np.roll(base, (-15, 27), (0, 1)), (0, 0), 0.15 * unit)
    light = (1 - 0.45 * contact) * (1 - 0.3 * ambient) * (1 - 0.45 * cast)
    return np.asarray(cv2.resize(light, (side, side), interpolation=cv2.INTER_LINEAR), np.float32)
