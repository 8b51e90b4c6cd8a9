"""Procedural product backdrops without product and shadow: training data, and a starting picture for diffusion.

A scene is a floor that ends at a wall or curves up into it, of one material, under one key light, as the product's own
camera sees it (`sight`). The spec, the seed and the sight determine the scene; the picture's size only changes its
resolution.
"""

import cv2
import numpy as np

from pipeline.core.arrays import F32, F64, Rgb
from pipeline.core.domain import Frozen
from pipeline.core.linear import decode, encode, luminance
from pipeline.diffusion.scenes.laying import defocused, laid_out
from pipeline.diffusion.scenes.lighting import Lamp, illumination
from pipeline.diffusion.scenes.parameters import HARD, Midpoint, Sample, sample_of, sample_with
from pipeline.diffusion.scenes.sight import DISTANCE, Lens, Profile, Sight, profile_of
from pipeline.diffusion.scenes.vocabulary import (
    COLOURS,
    HORIZON_FRAC,
    MATERIALS,
    SIDES,
    SOFTNESSES,
    WOOD_COLOURS,
    ColourName,
    Horizon,
    Material,
    SceneSpec,
    Side,
    Softness,
    read_prompt,
)
from pipeline.diffusion.scenes.walls import wall_colour, wall_surface

DARK: tuple[ColourName, ...] = ("charcoal", "brown")  # marble whose veins are pale
PALE_VEINS = 3.0
BLUR_FRAC = 0.0075  # of the picture's height, at an infinite distance: the product is in focus
SHOULDER = 0.85  # brighter light is compressed, so that white surfaces keep their structure


class SceneLabels(Frozen):
    """The ground truth of a generated scene.

    `horizon_frac`: height above the picture's bottom as a fraction of its height; None if no line is in the picture.
    `lamp`: the key light, which draws the product's shadow too. `prompt`: says what is in the picture, for the model.
    """

    material: Material
    colour: ColourName
    light_side: Side
    lamp: Lamp
    softness: Softness
    horizon_frac: float | None
    prompt: str


def linear_from_srgb(srgb: Rgb | F32) -> F32:
    """Linear light 0-1 of sRGB 0-255, which may have fractions."""
    return decode(np.asarray(srgb, np.float32) / np.float32(255)).astype(np.float32)


def srgb_from_linear(linear: F32) -> Rgb:
    """Linear light 0-1 to sRGB uint8, clipped."""
    return np.round(encode(np.clip(linear, 0, 1)) * 255).astype(np.uint8)


def random_spec(rng: np.random.Generator) -> SceneSpec:
    """A scene drawn uniformly from the vocabulary, except that wood only has wood colours."""
    material = MATERIALS[int(rng.integers(len(MATERIALS)))]
    colours = WOOD_COLOURS if material == "wood" else tuple(COLOURS)
    horizons: tuple[Horizon, ...] = tuple(HORIZON_FRAC)
    return SceneSpec(
        material=material,
        colour=colours[int(rng.integers(len(colours)))],
        side=SIDES[int(rng.integers(len(SIDES)))],
        softness=SOFTNESSES[int(rng.integers(len(SOFTNESSES)))],
        horizon=horizons[int(rng.integers(len(horizons)))],
    )


def render_scene(
    spec: SceneSpec, seed: int, width_px: int = 256, height_px: int = 256, sight: Sight | None = None
) -> tuple[Rgb, SceneLabels]:
    """Render a scene: sRGB uint8 [height_px, width_px, 3] and its labels. Deterministic.

    `sight`: the product's camera, None for one that suits the spec's horizon.
    """
    sample = sample_of(spec, seed, sight)
    picture = srgb_from_linear(_shoulder(_picture(spec, sample, width_px, height_px)))
    return picture, _labels(spec, sample)


def scene_labels(spec: SceneSpec, seed: int, sight: Sight | None = None) -> SceneLabels:
    """The labels of `render_scene` without the picture."""
    return _labels(spec, sample_of(spec, seed, sight))


def lamp_of(prompt: str, seed: int | None = None) -> Lamp:
    """The key light of the scene that a prompt describes; without a seed, in the middle of its range."""
    spec = read_prompt(prompt)
    if seed is not None:
        return sample_of(spec, seed, None).lamp
    return sample_with(Midpoint(), spec, None, structured=False).lamp


def plain_scene(spec: SceneSpec, width_px: int = 256, height_px: int = 256) -> Rgb:
    """What all scenes of `spec` have in common, sRGB uint8 [height_px, width_px, 3].

    Camera, wall, light and colour are in the middle of their ranges, and the surface has no structure. This is about
    the mean of the scenes, and so the best prediction from the prompt alone.
    """
    sample = sample_with(Midpoint(), spec, None, structured=False)
    return srgb_from_linear(_shoulder(_picture(spec, sample, width_px, height_px)))


def scene_detail(
    spec: SceneSpec,
    seed: int,
    width_px: int,
    height_px: int,
    coarse_px: float = 256,
    beyond: float = 0.0,
    sight: Sight | None = None,
    *,
    one_colour: bool = False,
) -> F32:
    """The scene's fine structure: a gain in linear light, float32 [height_px, width_px, 3], near 1 on average.

    It contains the detail that a picture of `coarse_px` on its long side cannot resolve: multiplying an enlarged
    picture of that size by it restores surface, edges of light and horizon, without changing light and colour.
    `beyond`: how far the picture extends beyond the scene on every side, as a fraction of it; floor and wall continue.
    `one_colour`: the picture has lost which colours are where, see `coarse`; the gain restores them too.
    """
    sharp = _picture(spec, sample_of(spec, seed, sight), width_px, height_px, beyond)
    px = max(1.0, max(width_px, height_px) / coarse_px)
    smooth = coarse(sharp, px) if one_colour else cv2.GaussianBlur(sharp, (0, 0), 0.8 * px)
    return np.clip(sharp / np.maximum(smooth, 1e-3), 0.4, 2.0).astype(np.float32)


def coarse(linear: F32, px: float) -> F32:
    """What a small autoencoder keeps of a linear picture [h, w, 3]: brightness blurred by `px` px, and one colour.

    Its few latent channels let the brown of a floor bleed into a grey wall; the colour as a whole is right.
    """
    fine = luminance(np.asarray(cv2.GaussianBlur(linear, (0, 0), 0.8 * px), np.float32))
    colour = linear.mean((0, 1))
    return np.asarray(fine[:, :, None] * (colour / max(float(luminance(colour)), 1e-4)), np.float32)


def _labels(spec: SceneSpec, sample: Sample) -> SceneLabels:
    return SceneLabels(
        material=spec.material,
        colour=spec.colour,
        light_side=spec.side,
        lamp=sample.lamp,
        softness=spec.softness,
        horizon_frac=sample.horizon_frac,
        prompt=spec.model_copy(update={"horizon": sample.horizon}).prompt,
    )


def _picture(spec: SceneSpec, sample: Sample, width_px: int, height_px: int, beyond: float = 0.0) -> F32:
    """The scene in linear light, float32 [height_px, width_px, 3]; brightest surfaces may exceed 1."""
    whole, aspect = 1 + 2 * beyond, width_px / height_px
    lens = Lens(sample.tilt_deg)
    profile = profile_of(lens, sample.wall_y, sample.cove, _heights(height_px, beyond))
    columns = (((np.arange(width_px) + 0.5) / width_px - 0.5) * aspect * whole).astype(np.float32)
    x = columns[None, :] * (profile.depth / lens.focal).astype(np.float32)[:, None]
    floor_rgb = linear_from_srgb(np.array(COLOURS[spec.colour], np.uint8)) * np.array(sample.tint, np.float32)
    wall_rgb = wall_colour(floor_rgb, spec.material) if spec.material in HARD else floor_rgb
    lit = _reflectance(spec, sample, profile, x, floor_rgb, wall_rgb)
    lit *= sample.exposure * illumination(sample.lamp, profile, x, sample.wall_y, floor_rgb, wall_rgb)
    if spec.material == "gradient":
        lit *= (1.10 - 0.5 * _heights(height_px, beyond)).astype(np.float32)[:, None, None]
    blur_px = BLUR_FRAC * np.abs(1 - DISTANCE / profile.depth) * height_px / whole
    return defocused(lit, blur_px)


def _reflectance(spec: SceneSpec, sample: Sample, profile: Profile, x: F32, floor_rgb: F32, wall_rgb: F32) -> F32:
    """The materials of floor and wall laid out as the camera sees them, linear colour [h, w, 3]."""
    relative = laid_out(
        spec.material, sample.texture_seed, profile, x, bent=sample.cove > 0.5, structured=sample.structured
    )
    if spec.material == "marble" and spec.colour in DARK:
        relative = 1 + PALE_VEINS * (1 - relative)
    laid = floor_rgb * relative
    if spec.material not in HARD or sample.horizon == "flat":
        return laid
    wall = wall_rgb * wall_surface(
        sample.wall, sample.texture_seed, profile, x, sample.wall_y, structured=sample.structured
    )
    floor = profile.floor.astype(np.float32)
    if sample.horizon == "seamless":  # no line was asked for: the far end of the surface is lost in the distance
        floor = (1 / (1 + np.exp((profile.along - sample.wall_y + 1.4) / 0.35))).astype(np.float32)
    share = floor[:, None, None]
    return np.asarray(share * laid + (1 - share) * wall, np.float32)


def _shoulder(linear: F32) -> F32:
    """Compress light above SHOULDER towards 1."""
    room = np.float32(1 - SHOULDER)
    over = np.maximum(linear - np.float32(SHOULDER), 0) / room
    return np.where(linear > SHOULDER, np.float32(SHOULDER) + room * (1 - np.exp(-over)), linear)


def _heights(height_px: int, beyond: float) -> F64:
    """The height of each row [h] above the scene's bottom, in units of the scene's height."""
    y = (np.arange(height_px, dtype=np.float64)[::-1] + 0.5) / height_px
    return y * (1 + 2 * beyond) - beyond
