"""Draws the products of the sample collection in front of painted backdrops: prompts x strengths.

    python -m benchmarks.diffusion_sheet [--checkpoint DIR] [--out benchmarks/diffusion.jpg]

One row per prompt; one column per strength for the first product, then the second product at the default strength,
framed for channel `shopify`. It served to choose the default `strength` by eye. The products are sample photos cut out
with their true mattes.
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
from pipeline.diffusion.scenes.vocabulary import read_prompt
from pipeline.imaging.channels.channel import load_channel
from pipeline.imaging.compositing.blend import make_layers

Rgb = NDArray[np.uint8]
COLLECTION = Path(__file__).parents[1] / "examples" / "collection"
PROMPTS = (
    "warm oak wood table, soft light from the left",
    "light marble kitchen counter, morning light",
    "dark walnut desk, hard light from the right",
    "sage plaster, low horizon, soft light from the right",
    "grey concrete, middle horizon, hard light from the left",
    "beige linen, seamless, soft light from the front",
    "ivory terrazzo floor, soft light from the left",
    "white paper, seamless, soft light from the right",
)
TILE_PX = 300


def product(shoot: str, photo: str = "DSC_0001") -> NDArray[np.uint8]:
    """A sample photo cut out with its true matte, straight-alpha sRGB [h, w, 4]."""
    rgb = np.asarray(Image.open(COLLECTION / shoot / "photos" / f"{photo}.jpg").convert("RGB"))
    matte = np.asarray(Image.open(COLLECTION / shoot / "truth" / "mattes" / f"{photo}.png").convert("L"))
    return np.dstack([rgb, matte])


def staged(picture: NDArray[np.uint8], backdrop: Rgb, prompt: str) -> Rgb:
    """The product with its shadow in front of the backdrop, sRGB uint8 [TILE_PX, TILE_PX, 3]."""
    scene = read_prompt(prompt)
    azimuth_deg = {"left": -55.0, "right": 55.0, "front": 0.0}[scene.side]
    light = Light(azimuth_deg=azimuth_deg, softness={"soft": 0.6, "hard": 0.25}[scene.softness])
    layers = make_layers(picture, backdrop, load_channel("shopify"), "diffusion", light=light)
    finished = linear_to_srgb(layers.blended())
    return np.asarray(cv2.resize(finished, (TILE_PX, TILE_PX), interpolation=cv2.INTER_AREA), np.uint8)


def sheet(engine: DiffusersEngine, strengths: tuple[float, ...]) -> Image.Image:
    """Draw all prompts: the first product at each strength, the second at the default strength."""
    mug, tee = product("mug-001"), product("tee-001")
    default = engine.facts.strength
    rows = []
    for seed, prompt in enumerate(PROMPTS):
        request = PaintRequest(prompt=prompt, width_px=1200, height_px=1200, seed=seed, guidance=engine.facts.guidance)
        painted = {
            strength: engine.paint(replace(request, strength=strength)).rgb for strength in {*strengths, default}
        }
        tiles = [staged(mug, painted[strength], prompt) for strength in strengths]
        tiles.append(staged(tee, painted[default], prompt))
        rows.append(np.hstack(tiles))
    picture = Image.fromarray(np.vstack(rows))
    draw = ImageDraw.Draw(picture)
    names = [f"strength {strength:g}" for strength in strengths] + [f"strength {default:g} (default)"]
    for row, prompt in enumerate(PROMPTS):
        draw.text((6, row * TILE_PX + 4), prompt, fill=(20, 20, 20))
        for column, name in enumerate(names):
            draw.text((column * TILE_PX + 6, (row + 1) * TILE_PX - 16), name, fill=(20, 20, 20))
    return picture


def main() -> None:
    """Parse the command line, paint and write the sheet."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--checkpoint", default="embedded")
    parser.add_argument("--strengths", type=float, nargs="+", default=[1.0, 0.6, 0.3])
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("diffusion.jpg"))
    options = parser.parse_args()
    sheet(load_engine(options.checkpoint), tuple(options.strengths)).save(options.out, quality=76, optimize=True)


if __name__ == "__main__":
    main()
