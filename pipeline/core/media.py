"""The table of media types and their file name extensions."""

from pathlib import PurePosixPath

JSON = "application/json"
UNKNOWN = "application/octet-stream"
_TYPES = {  # of several extensions, the first is used for writing
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".jpe": "image/jpeg",
    ".jfif": "image/jpeg",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".heic": "image/heic",
    ".heif": "image/heif",
    ".hif": "image/heif",
    ".dng": "image/x-adobe-dng",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".ply": "model/ply",
    ".json": JSON,
    ".yaml": "application/yaml",
    ".npz": "application/x-npz",
    ".mp4": "video/mp4",
}
_ENDINGS = {media_type: ending for ending, media_type in reversed(_TYPES.items())}


def media_type_of(name: str) -> str:
    """Return the media type for a file name's extension; `UNKNOWN` if the table lacks it."""
    return _TYPES.get(PurePosixPath(name).suffix.lower(), UNKNOWN)


def ending_of(media_type: str) -> str:
    """Return the file name extension for a media type, with its dot. Raises KeyError if the table lacks the type."""
    return _ENDINGS[media_type]
