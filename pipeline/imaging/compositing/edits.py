"""Exact edits of one angle's picture: crop, perspective, rotation and size in one resampling, then light.

All edits work in linear light on colours premultiplied by alpha. A crop alone copies pixels, so they stay those of the
photo.
"""

import math

import cv2
import numpy as np

from pipeline.core.arrays import F32, F64, Alpha, Rgba
from pipeline.core.domain import View
from pipeline.core.edits import Edits
from pipeline.core.errors import BadInput
from pipeline.core.linear import linear_to_srgb, luminance, srgb_to_linear
from pipeline.core.photo.limits import MAX_PX
from pipeline.core.records import Homography
from pipeline.imaging.compositing.framing import HALF_LEVEL, premultiplied, product_mask

MIDDLE_GREY = 0.18  # linear light of a grey card; contrast leaves it unchanged
SIDE_AT_MOST_PX = 20_000


def apply_edits(picture: Rgba, edits: Edits) -> tuple[Rgba, F64]:
    """Return the edited picture, straight-alpha sRGB RGBA, and the homography [3, 3] from old px to new px.

    Pixel centres lie at +0.5 in both. The same picture and edits give the same pixels. Raises BadInput when the edits
    leave nothing of the product, or when the edited picture exceeds MAX_PX or SIDE_AT_MOST_PX.
    """
    moved, matrix = _moved(picture, edits)
    colour = srgb_to_linear(moved[..., :3])
    if edits.brightness_ev:
        colour = colour * np.float32(2.0**edits.brightness_ev)
    if edits.contrast != 1.0:
        colour = np.float32(MIDDLE_GREY) * (colour / np.float32(MIDDLE_GREY)) ** np.float32(edits.contrast)
    if edits.sharpen is not None:
        colour = _sharpened(colour, moved[..., 3], edits.sharpen.amount, edits.sharpen.radius_px)
    if edits.brightness_ev or edits.contrast != 1.0 or edits.sharpen is not None:
        moved = np.dstack([linear_to_srgb(colour), moved[..., 3]])
        moved[moved[..., 3] == 0] = 0
    if not product_mask(moved[..., 3]).any() and product_mask(picture[..., 3]).any():
        raise BadInput(
            f"edits leave no product in the picture ({describe_edits(edits)})", remedy="Crop less in shoot.yaml"
        )
    return moved, matrix


def edit_mapping(size_px: tuple[int, int], edits: Edits) -> tuple[F64, tuple[int, int]]:
    """Return what `apply_edits` makes of a picture of this size (width, height): the homography, and the new size.

    Raises BadInput when the edited picture exceeds MAX_PX or SIDE_AT_MOST_PX.
    """
    left, top, right, bottom = _crop_px(size_px, edits)
    shift = np.array([[1, 0, -left], [0, 1, -top], [0, 0, 1.0]])
    if _only_crops(edits):
        return shift, (right - left, bottom - top)
    shape, edited_px, _ = _shape(edits, right - left, bottom - top)
    return np.asarray(shape @ shift), edited_px


def edit_view(view: View, edits: Edits, homography: F64, size_px: tuple[int, int]) -> View | None:
    """Return the view of a picture that `apply_edits` gave this homography and this size (width, height) in px.

    `view` is the view of the unedited picture, in its px. A crop shifts the principal point, a new size scales the
    intrinsics, and a rotation rolls the camera about its axis; radial distortion is unchanged. None if no pinhole
    camera without skew can describe the edited picture: after a change of perspective, or after a rotation when px are
    not square.
    """
    camera = view.camera
    if edits.perspective is not None or (edits.rotate_deg and not math.isclose(camera.fx_px, camera.fy_px)):
        return None
    scale = scale_of(homography)
    cx_px, cy_px, _ = (homography @ (camera.cx_px, camera.cy_px, 1.0)).tolist()
    moved = {
        "width_px": size_px[0],
        "height_px": size_px[1],
        "fx_px": camera.fx_px * scale,
        "fy_px": camera.fy_px * scale,
        "cx_px": cx_px,
        "cy_px": cy_px,
    }
    roll = np.eye(4)
    roll[:2, :2] = homography[:2, :2] / scale
    pose = tuple(tuple(row) for row in (roll @ view.pose).tolist())
    return view.model_copy(update={"camera": camera.model_copy(update=moved), "cam_from_world": pose})


def scale_of(homography: F64) -> float:
    """How many times as large a homography [3, 3] makes lengths near the old picture's upper left corner."""
    a, b = homography[2, :2].tolist()
    (c, d), (e, f) = (homography[:2, :2] - np.outer(homography[:2, 2], (a, b)) / homography[2, 2]).tolist()
    return math.sqrt(abs(c * f - d * e)) / abs(float(homography[2, 2]))


def homography_rows(homography: F64) -> Homography:
    """The homography as nested tuples, as a record stores it."""
    first, second, third = (tuple(row) for row in homography.tolist())
    return first, second, third


def describe_edits(edits: Edits) -> str:
    """Describe the edits in words, for checks and messages."""
    parts = []
    if edits.crop is not None:
        parts.append("cropped" + (f" to {edits.crop.aspect}" if edits.crop.aspect else ""))
    if edits.perspective is not None:
        parts.append("perspective straightened")
    if edits.rotate_deg:
        parts.append(f"rotated {edits.rotate_deg:g} deg")
    if edits.resize != 1.0:
        parts.append(f"resized {edits.resize:g} times")
    if edits.size_px is not None:
        parts.append(f"scaled and cut to {edits.size_px[0]} x {edits.size_px[1]} px")
    if edits.brightness_ev:
        parts.append(f"brightness {edits.brightness_ev:+g} EV")
    if edits.contrast != 1.0:
        parts.append(f"contrast {edits.contrast:g}")
    if edits.sharpen is not None:
        parts.append(f"sharpened by {edits.sharpen.amount:g} at {edits.sharpen.radius_px:g} px")
    return ", ".join(parts) or "not edited"


def _moved(picture: Rgba, edits: Edits) -> tuple[Rgba, F64]:
    """The picture after crop, perspective, rotation and resizing: resampled once, or not at all, and its homography."""
    size_px = (picture.shape[1], picture.shape[0])
    left, top, right, bottom = _crop_px(size_px, edits)
    cropped = picture[top:bottom, left:right]
    matrix, _ = edit_mapping(size_px, edits)
    if _only_crops(edits):
        return cropped.copy(), matrix
    shape, (width_px, height_px), scale = _shape(edits, right - left, bottom - top)
    shrink = min(1.0, scale)
    size = (max(1, round(width_px / shrink)), max(1, round(height_px / shrink)))
    grown = np.diag([size[0] / width_px, size[1] / height_px, 1.0]) @ shape
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])
    warped = cv2.warpPerspective(
        premultiplied(cropped), np.linalg.inv(half) @ grown @ half, size, flags=cv2.INTER_CUBIC
    )
    if size != (width_px, height_px):
        warped = cv2.resize(warped, (width_px, height_px), interpolation=cv2.INTER_AREA)
    return _straight(warped), matrix


def _only_crops(edits: Edits) -> bool:
    """Whether pixels keep their places among each other."""
    return edits.perspective is None and not edits.rotate_deg and edits.resize == 1.0 and edits.size_px is None


def _crop_px(size_px: tuple[int, int], edits: Edits) -> tuple[int, int, int, int]:
    width_px, height_px = size_px
    if edits.crop is None:
        return 0, 0, width_px, height_px
    crop = edits.crop
    left = min(round(crop.left * width_px), width_px - 1)
    top = min(round(crop.top * height_px), height_px - 1)
    right = max(width_px - round(crop.right * width_px), left + 1)
    bottom = max(height_px - round(crop.bottom * height_px), top + 1)
    if crop.ratio is None:
        return left, top, right, bottom
    wide, high = right - left, bottom - top
    kept_wide = min(wide, max(1, round(high * crop.ratio)))
    kept_high = min(high, max(1, round(wide / crop.ratio)))
    left, top = left + (wide - kept_wide) // 2, top + (high - kept_high) // 2
    return left, top, left + kept_wide, top + kept_high


def _shape(edits: Edits, width_px: int, height_px: int) -> tuple[F64, tuple[int, int], float]:
    """The homography of perspective, rotation and resizing, its result's size (width, height) in px, and the scale."""
    corners = np.array([[0, 0], [width_px, 0], [width_px, height_px], [0, height_px]], np.float32)
    pulled = corners.copy()
    if edits.perspective is not None:
        across, along = edits.perspective.vertical * width_px / 2, edits.perspective.horizontal * height_px / 2
        pulled += np.array([[across, along], [-across, -along], [across, along], [-across, -along]], np.float32) / 2
    straighten = cv2.getPerspectiveTransform(corners, pulled)
    turn = np.vstack([cv2.getRotationMatrix2D((0, 0), edits.rotate_deg, edits.resize), [0, 0, 1]])
    ends = cv2.perspectiveTransform(corners[None], turn @ straighten)[0].astype(np.float64)
    low, high = ends.min(axis=0), ends.max(axis=0)
    scale, size = edits.resize, (high - low)
    if edits.size_px is not None:
        scale = float(max(edits.size_px / size))
        low = scale * low + (scale * size - edits.size_px) / 2
        size = np.array(edits.size_px, np.float64)
        turn = np.diag([scale, scale, 1.0]) @ turn
    width_px, height_px = (max(1, round(float(side))) for side in size)
    if max(width_px, height_px) > SIDE_AT_MOST_PX or width_px * height_px > MAX_PX:
        raise BadInput(
            f"edits: {describe_edits(edits)} makes a picture of {width_px} x {height_px} px",
            remedy=f"Keep the longer side below {SIDE_AT_MOST_PX} px and the whole picture below {MAX_PX // 10**6} MP",
        )
    return np.array([[1, 0, -low[0]], [0, 1, -low[1]], [0, 0, 1.0]]) @ turn @ straighten, (width_px, height_px), scale


def _straight(premultiplied_light: F32) -> Rgba:
    """Premultiplied linear light [h, w, 4] as straight-alpha sRGB; the kernel's overshoot is clipped."""
    alpha = np.clip(premultiplied_light[..., 3:], 0.0, 1.0)
    alpha[alpha < HALF_LEVEL] = 0.0
    colour = np.where(alpha > 0, premultiplied_light[..., :3] / np.maximum(premultiplied_light[..., 3:], HALF_LEVEL), 0)
    return np.dstack([linear_to_srgb(np.clip(colour, 0.0, 1.0)), np.rint(alpha * 255).astype(np.uint8)])


def _sharpened(colour: F32, alpha: Alpha, amount: float, radius_px: float) -> F32:
    """Sharpen the luminance by unsharp masking, weighted by the matte so that px outside it have no effect."""
    weight = alpha.astype(np.float32) / np.float32(255)
    light = luminance(colour)
    total = cv2.GaussianBlur(weight, (0, 0), radius_px)
    mean = cv2.GaussianBlur(light * weight, (0, 0), radius_px) / np.maximum(total, np.float32(1e-3))
    sharper = np.maximum(light + np.float32(amount) * (light - mean), 0.0)
    gain = np.where(light > 1e-5, sharper / np.maximum(light, np.float32(1e-5)), np.float32(1))
    return np.asarray(colour * gain[..., None], np.float32)
