"""The two sample shoots: their camera positions and their shoot.yaml."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from samples import products
from samples.develop import SENSOR_LONG_MM
from samples.studio import Lens, Product


@dataclass(frozen=True)
class Shot:
    """One photo: its file name and the camera's direction in degrees, product frame."""

    name: str
    azimuth_deg: float
    elevation_deg: float


@dataclass(frozen=True)
class SampleShoot:
    """A product, the lens, the delivered and the withheld photos, and shoot.yaml."""

    sku: str
    product: Callable[[], Product]
    lens: Lens
    lens_mm: int
    k1: float
    exposure: float
    shots: tuple[Shot, ...]
    withheld: tuple[Shot, ...]
    yaml: str


def _shots(rings: list[tuple[float, list[float]]], prefix: str, seed: int, wobble_deg: float = 0.4) -> tuple[Shot, ...]:
    """The shots in the order in which they are taken; the turntable is turned by hand, so azimuths vary a little."""
    rng = np.random.default_rng(seed)
    places = [(azimuth, elevation) for elevation, azimuths in rings for azimuth in azimuths]
    turned = [
        (a + (0.0 if i == 0 else float(rng.uniform(-wobble_deg, wobble_deg))), e) for i, (a, e) in enumerate(places)
    ]
    return tuple(Shot(f"{prefix}{i + 1:04d}.jpg", round(a % 360, 3), e) for i, (a, e) in enumerate(turned))


def _lens(width_px: int, height_px: int, lens_mm: int, distance: float) -> Lens:
    return Lens(width_px, height_px, lens_mm / SENSOR_LONG_MM * max(width_px, height_px), distance)


TEE_YAML = """\
sku: tee-001
collection: sample
title: North Ridge ringer T-shirt
brand: North Ridge
category: apparel/t-shirt
attributes: {colour: heather slate blue, material: 100% cotton jersey, fit: regular, neck: crew}
capture:
  rig: turntable
  backdrop: light paper sweep
  light: {azimuth_deg: -49, elevation_deg: 41, softness: 0.35}
  hangs: 0.07
  front: DSC_0001.jpg
  named: {front: DSC_0001.jpg, back: DSC_0009.jpg}
angles:
  - {name: front, azimuth_deg: 0, elevation_deg: 10}
  - {name: back, azimuth_deg: 180, elevation_deg: 10}
  - {name: three-quarter-right, azimuth_deg: 34, elevation_deg: 22}
  - {name: hem-from-below, azimuth_deg: 0, elevation_deg: -80}
backdrops:
  - {name: white, kind: solid, colour: '#ffffff'}
  - {name: oak, kind: diffusion, prompt: 'warm oak wood table, soft light from the left'}
channels: [amazon_main, shopify]
brief: Unisex ringer tee with a sunset print on the chest and a trail map on the back.
"""

MUG_YAML = """\
sku: mug-001
collection: sample
title: Harbour stoneware mug
brand: Harbour Coffee Roasters
category: home/kitchen/mug
attributes: {colour: teal, material: stoneware, capacity: 350 ml, care: dishwasher safe}
capture:
  rig: turntable
  backdrop: light paper sweep
  light: {azimuth_deg: -49, elevation_deg: 41, softness: 0.35}
  front: DSC_0001.jpg
  named: {front: DSC_0001.jpg, left: DSC_0016.jpg}
angles:
  - {name: front, azimuth_deg: 0, elevation_deg: 12}
  - {name: left, azimuth_deg: 270, elevation_deg: 12}
  - {name: three-quarter-left, azimuth_deg: 322, elevation_deg: 22}
  - {name: back-right, azimuth_deg: 135, elevation_deg: 12}
backdrops:
  - {name: white, kind: solid, colour: '#ffffff'}
  - {name: marble, kind: diffusion, prompt: 'light marble kitchen counter, morning light'}
channels: [amazon_main, shopify]
brief: A hand-glazed mug with a harbour drawn all the way round.
"""


def tee() -> SampleShoot:
    """A full ring of 16 photos at 10 degrees, and 8 more at 35 degrees."""
    rings = [(10.0, [22.5 * i for i in range(16)]), (35.0, [45.0 * i for i in range(8)])]
    shots = _shots(rings, "DSC_", 1)
    return SampleShoot(
        "tee-001", products.tee_product, _lens(1080, 1440, 35, 5.1), 35, -0.042, 1.22, shots, (), TEE_YAML
    )


def mug() -> SampleShoot:
    """A ring at 12 degrees, every 15 degrees except 120, 135 and 150: the gap is 45 degrees wider than the spacing."""
    ring = [15.0 * i for i in range(24)]
    gap = [120.0, 135.0, 150.0]
    shots = _shots([(12.0, [a for a in ring if a not in gap]), (30.0, [0.0, 225.0, 300.0])], "DSC_", 2)
    withheld = _shots([(12.0, gap)], "WITHHELD_", 3, 0.0)
    return SampleShoot(
        "mug-001", products.mug_product, _lens(1800, 1350, 25, 4.0), 25, 0.036, 1.18, shots, withheld, MUG_YAML
    )


SHOOTS: dict[str, Callable[[], SampleShoot]] = {"tee": tee, "mug": mug}
