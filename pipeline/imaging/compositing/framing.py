"""Place the product in a channel's frame, and resample it once to get there."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.core.arrays import F32, F64, Alpha, Rgb, Rgba
from pipeline.core.errors import BadInput
from pipeline.core.linear import srgb_to_linear
from pipeline.imaging.channels.channel import Channel, Framing

SPECK = 0.01  # a loose piece below this share of the largest piece is dirt and must not affect the placement
HALF_LEVEL = 0.5 / 255
KERNEL_PX = 2  # support of the cubic kernel
SEEN = 0.1  # a matte below this is haze, which must end close to the product on a white backdrop
BLOCK_PX = 10  # about the diagonal of a codec's block, within which one pixel affects all others
FOOT_ON_FLOOR, LEAST_CUT = (0.72, 0.97), 0.5  # heights from a painted set's top in front of its wall; share shown
GRID_PX, ROOM_PX = 8, 16  # codecs work in blocks of 8 px; checks look a little beyond the product


@dataclass(frozen=True)
class Box:
    """A rectangle in px, right and bottom exclusive."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """Width in px."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Height in px."""
        return self.bottom - self.top


@dataclass(frozen=True)
class Placement:
    """How a picture lies in a frame: `frame_px = scale * picture_px + (x_px, y_px)`, pixel centres at +0.5 in both."""

    width_px: int
    height_px: int
    scale: float
    x_px: float
    y_px: float

    @property
    def is_identity(self) -> bool:
        """Whether pixels are copied instead of resampled."""
        return self.scale == 1.0 and self.x_px == int(self.x_px) and self.y_px == int(self.y_px)

    @property
    def matrix(self) -> F64:
        """The placement as a homography [3, 3]."""
        return np.array([[self.scale, 0, self.x_px], [0, self.scale, self.y_px], [0, 0, 1]])

    def of_larger(self, factor: float) -> "Placement":
        """How the picture lies in the frame once it has `factor` times as many px per side."""
        return Placement(self.width_px, self.height_px, self.scale / factor, self.x_px, self.y_px)

    def of_box(self, box: Box) -> Box:
        """Map a box from picture px to frame px."""
        return Box(
            box.left * self.scale + self.x_px,
            box.top * self.scale + self.y_px,
            box.right * self.scale + self.x_px,
            box.bottom * self.scale + self.y_px,
        )


@dataclass(frozen=True)
class Patch:
    """The part of a frame that the product touches: premultiplied linear light, float32 [h, w, 4], at `top`, `left`."""

    top: int
    left: int
    pixels: F32

    @property
    def where(self) -> tuple[slice, slice]:
        """The patch's rows and columns in the frame."""
        h, w = self.pixels.shape[:2]
        return slice(self.top, self.top + h), slice(self.left, self.left + w)

    @property
    def alpha(self) -> F32:
        """The patch's matte, [h, w], 0 to 1."""
        return self.pixels[..., 3]

    def alpha_in_frame(self, width_px: int, height_px: int) -> F32:
        """Return the matte in the whole frame, [height_px, width_px]."""
        alpha = np.zeros((height_px, width_px), dtype=np.float32)
        alpha[self.where] = self.alpha
        return alpha

    def over(self, behind: F32) -> F32:
        """Composite the patch over its part of the frame `behind` [H, W, 3], in linear light; returns [h, w, 3]."""
        return self.pixels[..., :3] + behind[self.where] * (1 - self.pixels[..., 3:])


def product_mask(alpha: Alpha) -> NDArray[np.bool_]:
    """The product's pieces, [h, w] bool: at least half opaque, without specks. All False if there is no product."""
    solid = (alpha >= 128).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(solid, connectivity=8)
    if count == 1:
        return np.zeros(alpha.shape, dtype=bool)
    areas = stats[:, cv2.CC_STAT_AREA]
    keep = areas >= SPECK * areas[1:].max()
    keep[0] = False
    return keep[labels]


def box_of(mask: NDArray[np.bool_]) -> Box:
    """The bounding box of the True pixels. Raises BadInput when there are none."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if rows.size == 0:
        raise BadInput("the picture shows no product: its matte is empty", remedy="Look at the cut-out of this angle")
    return Box(float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1))


def place(alpha: Alpha, channel: Channel, framing: Framing) -> Placement:
    """Apply the channel's framing rule to a picture's matte [h, w].

    The product's box is scaled to `framing.fill` of the frame on its limiting side and centred horizontally; vertically
    it is centred or stands on the line `framing.foot`, never nearer to an edge than the channel's margin. A frame that
    would enlarge the picture by more than `upscale_at_most` is made smaller, as far as the channel allows, because
    enlarging adds no detail. A channel without a size keeps the picture as it is. Raises BadInput when the matte is
    empty and the channel has a size.
    """
    height_px, width_px = alpha.shape
    if channel.width_px is None or channel.height_px is None:
        return Placement(width_px, height_px, 1.0, 0.0, 0.0)
    box = box_of(product_mask(alpha))
    full_scale = framing.fill * min(channel.width_px / box.width, channel.height_px / box.height)
    frame_w, frame_h = channel.frame_px(channel.upscale_at_most / full_scale)
    scale = framing.fill * min(frame_w / box.width, frame_h / box.height)
    foot = frame_h / 2 + scale * box.height / 2 if framing.foot is None else framing.foot * frame_h
    margin = channel.margin_at_least * min(frame_w, frame_h)
    foot = min(max(foot, margin + scale * box.height), frame_h - margin)
    x = frame_w / 2 - scale * (box.left + box.right) / 2
    return Placement(frame_w, frame_h, scale, x, foot - scale * box.bottom)


def premultiplied(picture: Rgba) -> F32:
    """Convert a straight-alpha sRGB RGBA picture to premultiplied linear light, float32 [h, w, 4], 0 to 1."""
    alpha = picture[..., 3:].astype(np.float32) / np.float32(255)
    return np.concatenate([srgb_to_linear(picture[..., :3]) * alpha, alpha], axis=-1)


def product_in_frame(picture: Rgba, placement: Placement, channel: Channel, enlarged: Rgba | None = None) -> Patch:
    """Resample the picture into its frame; for a pure white channel its faint haze fades out within the guard.

    `enlarged`: the same picture with more px, which then is what is resampled.
    """
    if enlarged is None:
        patch = resample_product(picture, placement)
    else:
        patch = resample_product(enlarged, placement.of_larger(enlarged.shape[1] / picture.shape[1]))
    if not channel.pure_white or not patch.alpha.size:
        return patch
    reach_px = max(1.0, channel.white_guard_px - BLOCK_PX)
    away_px = cv2.distanceTransform((patch.alpha < SEEN).astype(np.uint8), cv2.DIST_L2, 5)
    fade = np.clip(1 - away_px / np.float32(reach_px), 0, 1)
    return Patch(patch.top, patch.left, patch.pixels * fade[..., None])


def resample_product(picture: Rgba, placement: Placement) -> Patch:
    """Resample the picture into its frame, premultiplied linear light; the patch is empty if the matte is.

    Antialiased Catmull-Rom on premultiplied linear light. It has one negative lobe, whose effect is removed by clipping
    to 0 <= colour <= alpha <= 1; a Lanczos kernel's second lobe would leave a faint ring in the matte. Opaque interiors
    stay exactly opaque.
    """
    rows, columns = np.flatnonzero(picture[..., 3].any(axis=1)), np.flatnonzero(picture[..., 3].any(axis=0))
    if rows.size == 0:
        return Patch(0, 0, np.zeros((0, 0, 4), dtype=np.float32))
    support = Box(float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1))
    target = placement.of_box(support)
    reach = KERNEL_PX * max(1.0, placement.scale) + ROOM_PX
    left, right = (_on_grid(v, placement.width_px) for v in (target.left - reach, target.right + reach + GRID_PX))
    top, bottom = (_on_grid(v, placement.height_px) for v in (target.top - reach, target.bottom + reach + GRID_PX))
    source = premultiplied(picture[int(support.top) : int(support.bottom), int(support.left) : int(support.right)])
    if placement.is_identity:
        x, y = int(placement.x_px + support.left) - left, int(placement.y_px + support.top) - top
        return Patch(top, left, _copied(source, np.zeros((bottom - top, right - left, 4), np.float32), x, y))
    window = Box(
        (left - target.left) / placement.scale,
        (top - target.top) / placement.scale,
        (right - target.left) / placement.scale,
        (bottom - target.top) / placement.scale,
    )
    *colours, alpha = _resize(source, window, right - left, bottom - top)
    np.maximum(alpha, 0.0, out=alpha)
    # where the kernel overshoots, it overshoots in colour and matte alike
    over = np.where(alpha > 1 - HALF_LEVEL, alpha, np.float32(1))
    alpha /= over
    alpha[alpha < HALF_LEVEL] = 0.0
    pixels = np.empty((*alpha.shape, 4), dtype=np.float32)
    for channel, colour in enumerate(colours):
        np.clip(colour / over, 0.0, alpha, out=pixels[..., channel])
    pixels[..., 3] = alpha
    return Patch(top, left, pixels)


def resample_backdrop(backdrop: Rgb, width_px: int, height_px: int, foot_frac: float | None = None) -> F32:
    """Scale a backdrop [h, w, 3] sRGB to cover a frame; returns linear light, float32 [H, W, 3].

    It is cropped evenly, or more where a painted set's product, at `foot_frac` from the top, would stand on its wall.
    """
    first = backdrop[0, 0]
    if (backdrop == first).all():
        return np.broadcast_to(srgb_to_linear(first), (height_px, width_px, 3)).copy()
    linear = srgb_to_linear(backdrop)
    h, w = backdrop.shape[:2]
    if (h, w) == (height_px, width_px):
        return linear
    window = _cut(w, h, width_px / height_px, foot_frac)
    return np.clip(np.stack(_resize(linear, window, width_px, height_px, pad=False), axis=-1), 0.0, 1.0)


def _cut(w: int, h: int, aspect: float, foot_frac: float | None) -> Box:
    """The part of a backdrop of w x h px that a frame of this shape shows, see `resample_backdrop`."""
    cut_w, cut_h = min(w, h * aspect), min(h, w / aspect)
    frac = 0.5 if foot_frac is None else min(max(foot_frac, 1e-6), 1 - 1e-6)
    top = (h - cut_h) / 2
    foot = min(max(top + frac * cut_h, FOOT_ON_FLOOR[0] * h), FOOT_ON_FLOOR[1] * h)
    if foot_frac is not None and foot != top + frac * cut_h:
        share = max(LEAST_CUT, min(1.0, foot / frac / cut_h, (h - foot) / (1 - frac) / cut_h))
        cut_w, cut_h = share * cut_w, share * cut_h
        top = min(max(0.0, foot - frac * cut_h), h - cut_h)
    return Box((w - cut_w) / 2, top, (w + cut_w) / 2, top + cut_h)


def follow_picture(backdrop: Rgb, picture_px: tuple[int, int], placement: Placement) -> F32:
    """Resample a backdrop painted around a picture (width, height) so that it lies where the picture does.

    The picture was centred in a square, as large as fits; the backdrop is that square, or the square extended on two
    sides. Returns linear light, float32 [H, W, 3]; beyond the backdrop its edge pixels are repeated.
    """
    side, (w, h) = min(backdrop.shape[:2]), picture_px
    scale = placement.scale * max(w, h) / side
    x = placement.x_px + (placement.scale * w - scale * backdrop.shape[1]) / 2
    y = placement.y_px + (placement.scale * h - scale * backdrop.shape[0]) / 2
    matrix = np.array([[scale, 0, x + scale / 2 - 0.5], [0, scale, y + scale / 2 - 0.5]])
    source = srgb_to_linear(backdrop)
    if scale < 1:  # a warp skips pixels where it shrinks
        source = cv2.GaussianBlur(source, (0, 0), 0.4 / scale)
    size = (placement.width_px, placement.height_px)
    laid = cv2.warpAffine(source, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(np.clip(laid, 0.0, 1.0), np.float32)


def _resize(planes: F32, window: Box, width_px: int, height_px: int, pad: bool = True) -> list[F32]:
    """Resample a window (in px) of `planes` [h, w, n], antialiased cubic; returns n planes [height_px, width_px].

    With `pad` the window may reach beyond the planes, which are zero there.
    """
    h, w, depth = planes.shape
    border = 0
    if pad:
        border = max(0, math.ceil(max(-window.left, -window.top, window.right - w, window.bottom - h))) + 1
        planes = np.pad(planes, ((border, border), (border, border), (0, 0)))
    limits = (
        max(0.0, window.left + border),
        max(0.0, window.top + border),
        min(float(w + 2 * border), window.right + border),
        min(float(h + 2 * border), window.bottom + border),
    )
    size = (width_px, height_px)
    return [
        np.array(
            Image.fromarray(np.ascontiguousarray(planes[..., plane])).resize(size, Image.Resampling.BICUBIC, box=limits)
        )
        for plane in range(depth)
    ]


def _on_grid(value_px: float, limit_px: int) -> int:
    """Round a value down to the codec's block grid, within 0 to `limit_px`."""
    return int(min(max(0, math.floor(value_px) // GRID_PX * GRID_PX), limit_px))


def _copied(source: F32, frame: F32, x: int, y: int) -> F32:
    """Copy `source` into `frame` at whole pixels, clipped at the frame's edges."""
    h, w = source.shape[:2]
    top, bottom = max(0, y), min(frame.shape[0], y + h)
    left, right = max(0, x), min(frame.shape[1], x + w)
    if top < bottom and left < right:
        frame[top:bottom, left:right] = source[top - y : bottom - y, left - x : right - x]
    return frame
