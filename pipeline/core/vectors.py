"""The records that say what each row of an array of vectors stands for."""

from typing import Literal

from pydantic import Field

from pipeline.core.domain import Frozen


class EmbeddedPicture(Frozen):
    """One picture with a vector.

    `name`: of a photo, its safe name; of an asset, `<angle>/<backdrop>/<channel>`. `sha256`: digest of the cut-out of
    that photo, or of the asset's file.
    """

    kind: Literal["photo", "asset"]
    name: str
    sha256: str


class VectorIndex(Frozen):
    """What the rows of an array of vectors [n, d] stand for, in their order.

    Vectors can be compared where `engine` and `revision` are the same. `alike_at_least`: two shoots whose photos are
    as alike as that may show one product.
    """

    engine: str
    revision: str
    alike_at_least: float = Field(ge=-1, le=1)
    pictures: tuple[EmbeddedPicture, ...]
