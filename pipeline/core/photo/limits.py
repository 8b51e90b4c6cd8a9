"""File types and size limits of photos. Imports nothing slow, because planning a shoot needs it."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath

from pipeline.core.errors import BadInput

RAW_ENDINGS = frozenset(
    {".dng", ".cr2", ".cr3", ".nef", ".nrw", ".arw", ".raf", ".orf", ".rw2", ".pef", ".srw", ".3fr", ".iiq", ".erf"}
)
"""Endings of camera raw files, which the extra `raw` decodes."""
PHOTO_ENDINGS = RAW_ENDINGS | {
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".tif", ".tiff", ".webp", ".avif", ".heic", ".heif", ".hif"
}  # fmt: skip
"""Endings of photos, in lower case; a file's may be in upper case."""
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


def raw_twins(names: Iterable[str]) -> dict[str, str]:
    """Return the camera raw files that have a developed photo of the same stem beside them: raw -> that photo.

    A camera set to RAW+JPEG writes both. The developed photo is used, because it looks as the photographer saw it.
    """
    developed: dict[str, str] = {}
    raws: list[str] = []
    for name in sorted(names):
        if PurePath(name).suffix.lower() in RAW_ENDINGS:
            raws.append(name)
        else:
            developed.setdefault(_stem(name), name)
    return {name: developed[_stem(name)] for name in raws if _stem(name) in developed}


def _stem(name: str) -> str:
    path = PurePath(name)
    return str(path.with_name(path.stem)).lower()
