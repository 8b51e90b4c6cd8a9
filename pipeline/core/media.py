"""Media types and the file endings that stand for them, in one table."""

from pathlib import PurePosixPath

JSON = "application/json"
UNKNOWN = "application/octet-stream"
_TYPES = {  # of several endings, the first is the one that is written
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".avif": "image/avif",
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
    """The media type that a file name's ending stands for; `UNKNOWN` if the ending is not in the table."""
    return _TYPES.get(PurePosixPath(name).suffix.lower(), UNKNOWN)


def ending_of(media_type: str) -> str:
    """The file ending for a media type, with its dot. Raises KeyError if the type is not in the table."""
    return _ENDINGS[media_type]
