"""Draws the products of the sample collection in front of painted backdrops: prompts x strengths.

    python -m benchmarks.diffusion_sheet [--checkpoint DIR] [--out benchmarks/diffusion.jpg]

One row per prompt: the mug at each strength, then at the default strength the mug seen from higher up and the T-shirt,
framed for channel `shopify`. It served to choose the default `strength` by eye. The products are sample photos cut out
with their true mattes; each is lit by its scene's lamp and stands on the floor of its own camera.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from pipeline.core.linear import linear_to_srgb
from pipeline.core.records import Light
from pipeline.diffusion.painting.engine import DiffusersEngine, PaintRequest
from pipeline.diffusion.painting.loading import load_engine
from pipeline.diffusion.scenes.lighting import Lamp
from pipeline.diffusion.scenes.scene import lamp_of
from pipeline.imaging.channels.channel import load_channel
from pipeline.imaging.compositing.blend import make_layers
from pipeline.stages.composite.settings import LAMP_SOFTNESS

Rgb = NDArray[np.uint8]
COLLECTION = Path(__file__).parents[1] / "examples" / "collection"
PROMPTS = (
    "warm oak wood table, soft light from the left",
    "light marble kitchen counter, morning light",
    "dark walnut desk, hard light from the right",
    "sage plaster, window light from the left",
    "grey concrete, middle horizon, hard light from the left",
    "beige linen, seamless, soft light from the front",
    "ivory terrazzo floor, window light from the left",
    "bright studio, daylight from the left",
    "pink paper, hard light from the left",
    "black marble counter, soft light from the right",
)
TILE_PX = 300
VIEWS = {"mug": ("mug-001", "DSC_0001"), "high": ("mug-001", "DSC_0022"), "tee": ("tee-001", "DSC_0001")}
ELEVATIONS_DEG = {"mug": 10.0, "high": 30.0, "tee": 10.0}  # in the stage's steps of 5


def product(shoot: str, photo: str = "DSC_0001") -> NDArray[np.uint8]:
    """A sample photo cut out with its true matte, straight-alpha sRGB [h, w, 4]."""
    rgb = np.asarray(Image.open(COLLECTION / shoot / "photos" / f"{photo}.jpg").convert("RGB"))
    matte = np.asarray(Image.open(COLLECTION / shoot / "truth" / "mattes" / f"{photo}.png").convert("L"))
    return np.dstack([rgb, matte])


def staged(picture: NDArray[np.uint8], backdrop: Rgb, lamp: Lamp, elevation_deg: float) -> Rgb:
    """The product with its shadow in front of the backdrop, sRGB uint8 [TILE_PX, TILE_PX, 3]."""
    light = Light(
        azimuth_deg=lamp.azimuth_deg,
        elevation_deg=lamp.elevation_deg,
        softness=LAMP_SOFTNESS[lamp.softness],
        strength=lamp.strength,
    )
    frame = {"width_px": 2 * TILE_PX, "height_px": 2 * TILE_PX, "long_side_at_least_px": 2 * TILE_PX}
    channel = load_channel("shopify").model_copy(update=frame)
    layers = make_layers(picture, backdrop, channel, "diffusion", light=light, camera_elevation_deg=elevation_deg)
    finished = linear_to_srgb(layers.blended())
    return np.asarray(cv2.resize(finished, (TILE_PX, TILE_PX), interpolation=cv2.INTER_AREA), np.uint8)


def sheet(engine: DiffusersEngine, strengths: tuple[float, ...]) -> Image.Image:
    """Draw all prompts: the mug at each strength, the other two at the default strength."""
    products = {name: product(*photo) for name, photo in VIEWS.items()}
    default = engine.facts.strength
    columns = [*(("mug", strength) for strength in strengths), ("high", default), ("tee", default)]
    rows = []
    for seed, prompt in enumerate(PROMPTS):
        request = PaintRequest(prompt=prompt, width_px=1024, height_px=1024, seed=seed, guidance=engine.facts.guidance)
        painted: dict[tuple[float, float], Rgb] = {}
        tiles = []
        for name, strength in columns:
            elevation_deg = ELEVATIONS_DEG[name]
            if (strength, elevation_deg) not in painted:
                asked = replace(request, strength=strength, camera_elevation_deg=elevation_deg)
                painted[strength, elevation_deg] = engine.paint(asked).rgb
            backdrop = painted[strength, elevation_deg]
            tiles.append(staged(products[name], backdrop, lamp_of(prompt, seed), elevation_deg))
        rows.append(np.hstack(tiles))
    picture = Image.fromarray(np.vstack(rows))
    draw = ImageDraw.Draw(picture)
    names = [f"strength {strength:g}" for _, strength in columns]
    for row, prompt in enumerate(PROMPTS):
        draw.text((6, row * TILE_PX + 4), prompt, fill=(20, 20, 20))
        for column, name in enumerate(names):
            draw.text((column * TILE_PX + 6, (row + 1) * TILE_PX - 16), name, fill=(20, 20, 20))
    return picture


def main() -> None:
    """Parse the command line, paint and write the sheet."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--checkpoint", default="embedded")
    parser.add_argument("--strengths", type=float, nargs="+", default=[1.0, 0.3])
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("diffusion.jpg"))
    options = parser.parse_args()
    sheet(load_engine(options.checkpoint), tuple(options.strengths)).save(options.out, quality=76, optimize=True)


if __name__ == "__main__":
    main()
