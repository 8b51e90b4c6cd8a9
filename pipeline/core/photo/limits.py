"""File types and size limits of photos. Imports nothing slow, because planning a shoot needs it."""

from dataclasses import dataclass

from pipeline.core.errors import BadInput

PHOTO_ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp"})
MAX_FILE_MB = 300.0
MAX_MEGAPIXELS = 120.0
"""The limit for every picture that is read or written.

Only the largest digital backs exceed it. Decoding such a photo, rotating it upright and converting its colours takes
1.7 GB, and the pod that does so has 2 GiB.
"""
MAX_PX = int(MAX_MEGAPIXELS * 1e6)


@dataclass(frozen=True)
class Limits:
    """Limits of a photo's size. A photo beyond them is rejected before its pixels are decoded."""

    max_megapixels: float = MAX_MEGAPIXELS
    min_side_px: int = 64
    max_side_px: int | None = None
    """Photos with a longer side are scaled down to it; None: no photo is."""


DEFAULT_LIMITS = Limits()


def require_file_size(size_bytes: int, max_file_mb: float = MAX_FILE_MB) -> None:
    """Raise BadInput when a photo's file is larger than `max_file_mb`, in 10^6 bytes."""
    if size_bytes > max_file_mb * 1e6:
        raise BadInput(
            f"the file has {size_bytes / 1e6:.0f} MB, more than {max_file_mb:g} MB",
            remedy="Save it with compression or with fewer pixels",
        )
