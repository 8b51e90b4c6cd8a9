"""What a reader of one file format returns: a photo's pixels as stored, and what they mean."""

from dataclasses import dataclass

from PIL import Image

from pipeline.core.photo.colour import Encoding, Values


@dataclass(frozen=True)
class Shot:
    """A photo as stored. `orientation`: EXIF's tag 274, 1 to 8, that makes `values` upright."""

    values: Values
    encoding: Encoding
    orientation: int
    exif: Image.Exif
    notes: tuple[str, ...] = ()
