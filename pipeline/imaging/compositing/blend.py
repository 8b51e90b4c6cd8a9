"""Composite a product over its backdrop in linear light, for one channel, and keep the layers for a retoucher."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from pipeline.core.arrays import F32, Rgb, Rgba
from pipeline.core.backdrops import BackdropKind
from pipeline.core.errors import BadInput
from pipeline.core.linear import encode, linear_to_srgb, luminance
from pipeline.core.records import Light
from pipeline.imaging.channels.channel import Channel
from pipeline.imaging.compositing.framing import (
    Patch,
    Placement,
    follow_picture,
    place,
    product_in_frame,
    resample_backdrop,
)
from pipeline.imaging.compositing.shadow import draw_shadow
from pipeline.imaging.compositing.shadow_camera import Ground

SOLID = 0.5  # a matte above this is product
FOOT_SHARE = 1 / 3  # of the product's height: the part whose colour the floor around it reflects
BAND_PX = 256  # rows at once: three channels of float64 of a large picture would not fit into memory
BOUNCE = 0.3  # share of the light that the product blocks which reaches the floor from the product instead
ShadowKind = Literal["layer", "painted", "none"]


@dataclass(frozen=True)
class Layers:
    """The layers of a channel's image, in the channel's frame and in linear light, float32.

    `product`: premultiplied RGBA of the part of the frame that the product touches. `shadow`: share of light blocked
    [H, W], or None. `backdrop`: RGB [H, W, 3], without shadow.
    """

    placement: Placement
    product: Patch
    shadow: F32 | None
    backdrop: F32

    @cached_property
    def behind(self) -> F32:
        """The backdrop with the shadow on it, which has some of the product's colour, [H, W, 3]."""
        if self.shadow is None:
            return self.backdrop
        shaded = np.empty_like(self.backdrop)
        for channel, tint in enumerate(_bounced(self.product).tolist()):
            np.multiply(self.backdrop[..., channel], 1 - self.shadow * (1 - tint), out=shaded[..., channel])
        return shaded

    def blended(self) -> F32:
        """The finished image, [H, W, 3]: the product over what lies behind it, in linear light."""
        finished = self.behind.copy()
        finished[self.product.where] = self.product.over(finished)
        return finished


def make_layers(
    picture: Rgba,
    backdrop: Rgb,
    channel: Channel,
    kind: BackdropKind,
    *,
    shadow: ShadowKind = "layer",
    light: Light | None = None,
    camera_elevation_deg: float = 15.0,
    ground: Ground | None = None,
    hangs: float = 0.0,
    enlarged: Rgba | None = None,
) -> Layers:
    """Place a straight-alpha sRGB picture [h, w, 4] over a backdrop [., ., 3] by the channel's framing rule.

    `shadow`: drawn as a layer, already painted into a backdrop made around this picture, or none. `ground`: how the
    picture shows its floor, None if its camera is unknown. `hangs`: see `draw_shadow`.
    `enlarged`: the picture with more px, to be resampled in its place.

    Raises BadInput when the picture shows no product.
    """
    if picture.ndim != 3 or picture.shape[2] != 4:
        raise BadInput(f"the angle picture has shape {picture.shape}, not RGBA", remedy="Run the render stage again")
    placement = place(picture[..., 3], channel, channel.framing(kind))
    product = product_in_frame(picture, placement, channel, enlarged)
    if shadow == "painted":
        behind = follow_picture(backdrop, (picture.shape[1], picture.shape[0]), placement)
    else:
        foot_frac = _foot_frac(product, placement.height_px) if kind == "diffusion" else None
        behind = resample_backdrop(backdrop, placement.width_px, placement.height_px, foot_frac)
    cast = None
    if shadow == "layer" and channel.shadow:
        alpha = product.alpha_in_frame(placement.width_px, placement.height_px)
        in_frame = None if ground is None else ground.moved(placement.matrix)
        cast = draw_shadow(alpha, camera_elevation_deg, light or Light(), in_frame, hangs)
    return Layers(placement, product, cast, behind)


def _bounced(product: Patch) -> F32:
    """Colour [3] of the light that the product's lower part reflects onto the floor, per blocked light.

    Without its brightness, -BOUNCE to BOUNCE: the share that the shadow blocks already counts that.
    """
    rows = np.flatnonzero((product.alpha >= SOLID).any(axis=1))
    if not rows.size:
        return np.zeros(3, np.float32)
    lower = product.pixels[round(rows[-1] - FOOT_SHARE * (rows[-1] - rows[0])) : rows[-1] + 1]
    rgb = lower[..., :3].sum((0, 1)) / lower[..., 3].sum()
    return np.asarray(BOUNCE * (rgb - luminance(rgb)), np.float32)


def _foot_frac(product: Patch, height_px: int) -> float | None:
    """Where the product ends below, from the frame's top as a fraction of its height; None without solid pixels."""
    rows = np.flatnonzero((product.alpha >= SOLID).any(axis=1))
    return float(product.top + rows[-1] + 1) / height_px if rows.size else None


def shadow_picture(layers: Layers) -> Rgba:
    """The shadow as a dark colour with straight alpha, RGBA [H, W, 4], for an image editor's stack of layers.

    Image editors blend sRGB values directly, so alpha is the largest share of the backdrop's sRGB values that the
    shadow removes; the share of linear light would look far too dark in an editor.
    """
    height_px, width_px = layers.backdrop.shape[:2]
    picture = np.empty((height_px, width_px, 4), np.uint8)
    for top in range(0, height_px, BAND_PX):
        band = slice(top, top + BAND_PX)
        picture[band] = _over(layers.behind[band], layers.backdrop[band])
    return picture


def _over(behind: F32, backdrop: F32) -> Rgba:
    """The layer with the least alpha that an editor's stack needs to turn linear `backdrop` into darker `behind`."""
    lit, dimmed = (encode(np.clip(layer, 0, 1).astype(np.float64)) for layer in (backdrop, behind))
    removed = np.clip(lit - dimmed, 0, None) / np.maximum(lit, 1e-6)
    alpha = np.rint(255 * removed.max(axis=2, keepdims=True)) / 255
    colour = (dimmed - lit * (1 - alpha)) / np.maximum(alpha, 1 / 255)
    picture = np.concatenate([np.clip(colour, 0, 1) * (alpha > 0), alpha], axis=2)
    return np.asarray(np.rint(255 * picture), np.uint8)


def backdrop_picture(backdrop: F32) -> Rgb:
    """The backdrop layer as 8-bit sRGB [H, W, 3]."""
    return linear_to_srgb(backdrop)
