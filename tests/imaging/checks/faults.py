"""Plant faults in finished images, with code independent of the checks: numpy, scipy and Pillow only.

Every fault takes the finished image [H, W, 3], the image without the product [H, W, 3] and a random generator, and
returns a damaged copy. `product_pixels` finds the product by comparing the two images.
"""

import io

import numpy as np
from PIL import Image
from scipy import ndimage

WHITE_D65 = np.array([0.95047, 1.0, 1.08883])
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)


def product_pixels(image, empty):
    """Where the image differs from the backdrop."""
    return np.abs(image.astype(int) - empty.astype(int)).max(axis=2) > 12


def wide_mask(image, empty, rng):
    """Move the outline 2 px outwards, filled with the adjacent colours, as a matte that is too wide does."""
    seen = ndimage.binary_opening(product_pixels(image, empty), iterations=1)
    away, nearest = ndimage.distance_transform_edt(~seen, return_indices=True)
    ring = (away > 0) & (away <= 2.0)
    out = image.copy()
    out[ring] = image[nearest[0][ring], nearest[1][ring]]
    return out


def colour_cast(image, empty, rng, delta=3.0):
    """Shift the product's colours by `delta` CIE76 in a random direction of the a-b plane."""
    seen = product_pixels(image, empty)
    angle = rng.uniform(0, 2 * np.pi)
    lab = _lab(image[seen])
    lab[:, 1] += delta * np.cos(angle)
    lab[:, 2] += delta * np.sin(angle)
    out = image.copy()
    out[seen] = _srgb(lab)
    return out


def shifted_label(image, empty, rng, by=3, box=None):
    """Move a rectangle on the product, `box` = (top, bottom, left, right), by `by` px to one side."""
    top, bottom, left, right = box
    down, across = [(by, 0), (-by, 0), (0, by), (0, -by)][int(rng.integers(4))]
    out = image.copy()
    out[top + down : bottom + down, left + across : right + across] = image[top:bottom, left:right]
    return out


def grey_white(image, empty, rng, level=250):
    """Make white grey: everywhere, or in one patch of 24 px far from the product."""
    far = ndimage.distance_transform_edt(~product_pixels(image, empty)) > 20
    if rng.random() < 0.5:
        rows, columns = np.nonzero(ndimage.minimum_filter(far, 25))
        pick = int(rng.integers(len(rows)))
        patch = np.zeros_like(far)
        top, left = max(0, rows[pick] - 12), max(0, columns[pick] - 12)  # a patch at the frame's edge is clipped
        patch[top : rows[pick] + 12, left : columns[pick] + 12] = True
        far &= patch
    out = image.copy()
    out[far] = level
    return out


def blurred(image, empty, rng, sigma=1.5):
    """Blur everything, or the product alone."""
    soft = np.stack([ndimage.gaussian_filter(image[..., c].astype(float), sigma) for c in range(3)], axis=2)
    out = np.rint(soft).astype(np.uint8)
    if rng.random() < 0.5:
        seen = product_pixels(image, empty)
        out = np.where(seen[..., None], out, image)
    return out


def encode_jpeg(image, icc, xmp, quality=94):
    """Encode a damaged image as JPEG 4:4:4."""
    out = io.BytesIO()
    Image.fromarray(image).save(out, "JPEG", quality=quality, subsampling=0, icc_profile=icc, xmp=xmp)
    return out.getvalue()


def _lab(colours):
    x = colours / 255.0
    linear = np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)
    t = linear @ TO_XYZ.T / WHITE_D65
    f = np.where(t > 216 / 24389, np.cbrt(t), (24389 / 27 * t + 16) / 116)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)


def _srgb(lab):
    fy = (lab[:, 0] + 16) / 116
    f = np.stack([fy + lab[:, 1] / 500, fy, fy - lab[:, 2] / 200], axis=1)
    t = np.where(f > 6 / 29, f**3, (116 * f - 16) * 27 / 24389)
    linear = np.clip((t * WHITE_D65) @ np.linalg.inv(TO_XYZ).T, 0, 1)
    x = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.rint(x * 255).astype(np.uint8)
