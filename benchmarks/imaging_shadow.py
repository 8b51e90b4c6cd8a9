"""Compares the drawn shadow with the rendered ground truth of the sample collection (see `imaging`)."""

import math
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.splat_shoot import true_photos
from pipeline.core.colmap.model import Points
from pipeline.core.domain import View
from pipeline.core.records import Light, load_list
from pipeline.imaging.compositing.shadow import draw_shadow
from pipeline.imaging.compositing.shadow_camera import Ground, ground_of
from pipeline.splatting.engines import cpu
from pipeline.splatting.fit.report import Hooks
from pipeline.splatting.surface import surface_points

Floats = NDArray[np.float32]
Spot = tuple[float, float, float]
KEY, HALF_SIDE, BASE = (-5.2, -4.6, 5.4), 1.7, 0.67  # the studio's key softbox and the mug's base, product radii
SOFTBOXES = (  # examples/samples/studio.py: position, target, half side, radiance (Rec. 709 luminance)
    (KEY, (0.0, 0.0, 0.0), HALF_SIDE, 15.13),
    ((6.5, -4.5, 3.0), (0.0, 0.0, 0.0), 2.4, 2.55),
    ((0.3, 2.0, 8.0), (0.0, 1.5, 0.0), 2.6, 3.4),
)
ROOM = 0.165  # radiance of the surroundings
HANGS = {"tee-001": 0.073}  # 5 cm above the table, in units of `capture.hangs`
NOISE = 0.03  # noise level of the rendered truth
SIDE_PX = 640

HEAD = """| shoot | photo | shape from | shadow mass, truth | drawn | offset across | along | spread, truth | drawn |
|---|---|---|---|---|---|---|---|---|"""


def studio_light() -> Light:
    """The key softbox of examples/samples/studio.py in camera coordinates, and its share of the floor's light."""
    x, y, z = KEY[0], -KEY[1], KEY[2] + BASE
    distance = math.hypot(x, y, z)
    radius_deg = math.degrees(math.atan(2 * HALF_SIDE / math.sqrt(math.pi) / distance))
    return Light(
        azimuth_deg=math.degrees(math.atan2(x, y)),
        elevation_deg=math.degrees(math.asin(z / distance)),
        softness=(radius_deg - 2) / 28,
        strength=_key_share(),
    )


def _key_share() -> float:
    """The key's share of the direct light on the floor under the product, without interreflection of the paper."""
    shares = [_irradiance(*softbox) for softbox in SOFTBOXES]
    return shares[0] / (sum(shares) + math.pi * ROOM)


def _irradiance(position: Spot, target: Spot, half_side: float, radiance: float) -> float:
    """Irradiance of the floor under the product by a square lamp, integrated over 20 x 20 points of the lamp."""
    lamp, normal = np.array(position), np.subtract(target, position) / np.linalg.norm(np.subtract(target, position))
    across = np.cross(normal, (0, 0, 1)) / np.linalg.norm(np.cross(normal, (0, 0, 1)))
    steps = half_side * ((np.arange(20) + 0.5) / 10 - 1)
    points = lamp + steps[:, None, None] * across + steps[None, :, None] * np.cross(across, normal)
    towards = np.array((0, 0, -BASE)) - points
    squared = np.square(towards).sum(axis=-1)
    cosines = np.maximum(towards @ normal, 0) * np.maximum(-towards[..., 2], 0) / squared
    return float(radiance * (cosines / squared).mean() * (2 * half_side) ** 2)


def figures(shadow: Floats, visible: NDArray[np.bool_], width_px: float) -> tuple[float, NDArray[np.float64], float]:
    """Mass (squared product widths), centre [2] and spread (standard deviation), both in product widths."""
    mass = np.where(visible & (shadow > NOISE), shadow, 0).astype(np.float64)
    y, x = np.mgrid[: mass.shape[0], : mass.shape[1]]
    centre = np.array([(mass * x).sum(), (mass * y).sum()]) / mass.sum()
    spread = math.sqrt((mass * ((x - centre[0]) ** 2 + (y - centre[1]) ** 2)).sum() / mass.sum())
    return float(mass.sum() / width_px**2), centre / width_px, spread / width_px


def shadow_rows(shoot: Path, seconds: float) -> list[str]:
    """Markdown rows of one shoot: shape guessed from the matte, with and without a camera, and from a splat."""
    truth = shoot / "truth"
    views = {Path(view.photo).stem: view for view in load_list(View, (truth / "views.json").read_bytes())}
    params = cpu.Params.model_validate({"max_seconds": seconds})
    no_points = Points(np.zeros((0, 3)), np.zeros((0, 3), np.uint8))
    fitted = cpu.fit(params, true_photos(shoot / "photos", truth), no_points, Hooks()).splat
    points = surface_points(fitted).astype(float)
    rows = []
    for file in sorted((truth / "shadows").glob("*.png")):
        view = views[file.stem]
        for shape, ground in (("matte", None), ("matte, camera", (None,)), ("splat", (points,))):
            rows.append(_row(shoot.name, file, shape, view, ground))
    return rows


def _row(name: str, file: Path, shape: str, view: View, given: tuple[NDArray[np.float64] | None] | None) -> str:
    matte = cv2.imread(str(file.parents[1] / "mattes" / file.name), cv2.IMREAD_GRAYSCALE)
    factor = SIDE_PX / max(matte.shape)
    size = (round(matte.shape[1] * factor), round(matte.shape[0] * factor))
    alpha, lit = (
        cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        for picture in (matte, cv2.imread(str(file), cv2.IMREAD_GRAYSCALE))
    )
    ground: Ground | None = None if given is None else ground_of(view, size[0], given[0])
    drawn = draw_shadow(alpha, view.elevation_deg, studio_light(), ground, HANGS.get(name, 0.0))
    visible, width_px = alpha < 0.004, float(np.ptp(np.flatnonzero((alpha > 0.5).any(axis=0))) + 1)
    true, own = (figures(shadow, visible, width_px) for shadow in (1 - lit, drawn))
    across, along = (own[1] - true[1]).tolist()
    return (
        f"| {name} | {file.stem} | {shape} | {true[0]:.3f} | {own[0]:.3f} | {across:+.3f} | {along:+.3f} |"
        f" {true[2]:.2f} | {own[2]:.2f} |"
    )
