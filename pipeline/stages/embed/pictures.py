"""The item stage of embed: the vectors of all photos, or of all assets."""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, PlainValidator, SerializeAsAny

from pipeline.contract.artifact import Artifact
from pipeline.contract.stage import Stage
from pipeline.contract.work import Work
from pipeline.core.domain import Frozen
from pipeline.core.npy import NPY, npy
from pipeline.similarity.registry import ENGINES

if TYPE_CHECKING:
    from pipeline.core.arrays import F32, Rgba

EngineParams = Annotated[SerializeAsAny[Frozen], PlainValidator(ENGINES.parse)]
AT_ONCE = 8  # pictures in memory; does not change the result


class PicturesInputs(Frozen):
    """`pictures`: tree of image files; a transparent one shows the product alone."""

    pictures: Artifact


class PicturesParams(Frozen):
    """The engine and its settings."""

    vector: EngineParams = Field(default_factory=ENGINES.defaults)


class PicturesReport(Frozen):
    """The paths of the pictures in the order of their vectors; `empty`: those without one, for they show nothing."""

    paths: tuple[str, ...]
    dimensions: int
    empty: tuple[str, ...] = ()


class PicturesOutputs(Frozen):
    """`vectors`: .npy, [n, d] float32, each row of unit length."""

    vectors: Artifact
    report: PicturesReport


def run(inputs: PicturesInputs, params: PicturesParams, work: Work) -> PicturesOutputs:
    """Compute the vectors. Raises BadInput for a file that is not an image, MissingEngine."""
    import numpy as np

    from pipeline.similarity.registry import vectors_of

    files = list(work.tree(inputs.pictures).items())
    paths: list[str] = []
    parts: list[F32] = []
    for start in range(0, len(files), AT_ONCE):
        decoded = {path: _pixels(path, file, work) for path, file in files[start : start + AT_ONCE]}
        pictures = {path: picture for path, picture in decoded.items() if (picture[..., 3] >= 128).any()}
        if pictures:
            parts.append(vectors_of(list(pictures.values()), params.vector))
        paths += pictures
        work.progress(min(start + AT_ONCE, len(files)), len(files))
    vectors = np.concatenate(parts) if parts else np.zeros((0, 0), np.float32)
    report = PicturesReport(
        paths=tuple(paths),
        dimensions=vectors.shape[1],
        empty=tuple(path for path, _ in files if path not in set(paths)),
    )
    return PicturesOutputs(vectors=work.put_bytes(npy(vectors), NPY), report=report)


def _pixels(path: str, file: Artifact, work: Work) -> "Rgba":
    from pipeline.imaging.channels.encode import decode_image

    return decode_image(work.read(file), path, "RGBA")


PICTURES_ITEM = Stage("embed_pictures", 1, PicturesInputs, PicturesParams, PicturesOutputs, run)
