"""cutout_photo: cuts the product out of one photo."""

from typing import Annotated

from pydantic import Field, PlainValidator, SerializeAsAny

from pipeline.contract.artifact import Artifact
from pipeline.contract.stage import Stage
from pipeline.contract.work import Work
from pipeline.core.arrays import Alpha
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput
from pipeline.imaging.cutout.registry import ENGINES

EngineParams = Annotated[SerializeAsAny[Frozen], PlainValidator(ENGINES.parse)]


class PhotoInputs(Frozen):
    """One ingested photo. `matte`: made by hand, if any. `seeds`: gray PNG, what the whole shoot tells about it."""

    photo: Artifact
    matte: Artifact | None = None
    seeds: Artifact | None = None


class PhotoParams(Frozen):
    """The engine's settings; the defaults for a matte made by hand, because they do not matter then."""

    matte: EngineParams = Field(default_factory=ENGINES.defaults)


class PhotoReport(Frozen):
    """`coverage`: share of the picture that is product, 0 to 1. `belief`: how far the matte can be believed, 0 to 1.

    `fault`: why it cannot be, or None. `dropped`: pieces that are not the product. `colours`: see `agreement.Colours`.
    """

    coverage: float
    belief: float
    fault: str | None
    dropped: tuple[str, ...]
    colours: tuple[tuple[int, int], ...]


class PhotoOutputs(Frozen):
    """`cutout`: PNG, RGBA. `silhouette`: gray PNG, the matte at a long side of 256 px at most."""

    cutout: Artifact
    silhouette: Artifact
    report: PhotoReport


def run_photo(inputs: PhotoInputs, params: PhotoParams, work: Work) -> PhotoOutputs:
    """Cut out one photo. Raises BadInput for a matte that does not fit, MissingEngine."""
    from pipeline.core.png import decode_png, encode_png
    from pipeline.imaging.cutout.base import Cut, with_matte
    from pipeline.imaging.cutout.registry import cut_photo
    from pipeline.imaging.cutout.verdict.agreement import colours_of, silhouette_of
    from pipeline.imaging.cutout.verdict.verdict import Verdict

    rgb = decode_png(work.read(inputs.photo))
    if inputs.matte is None:
        cut = cut_photo(rgb, params.matte, None if inputs.seeds is None else decode_png(work.read(inputs.seeds)))
    else:
        cut = Cut(_by_hand(work.read(inputs.matte), rgb.shape[:2]), (), Verdict(1.0, None))
    report = PhotoReport(
        coverage=round(float((cut.alpha >= 128).mean()), 4),
        belief=cut.verdict.belief,
        fault=cut.verdict.fault,
        dropped=tuple(str(piece) for piece in cut.dropped),
        colours=colours_of(rgb, cut.alpha),
    )
    return PhotoOutputs(
        cutout=work.put_bytes(encode_png(with_matte(rgb, cut.alpha)), "image/png"),
        silhouette=work.put_bytes(encode_png(silhouette_of(cut.alpha)), "image/png"),
        report=report,
    )


PHOTO = Stage("cutout_photo", 4, PhotoInputs, PhotoParams, PhotoOutputs, run_photo)


def _by_hand(data: bytes, size: tuple[int, ...]) -> Alpha:
    """Decode a matte made by hand. Raises BadInput unless it is a one-channel 8-bit picture of the photo's size."""
    from pipeline.core.photo.decode import decode_matte

    matte = decode_matte(data)
    if matte.shape != size:
        raise BadInput(
            f"the matte has {matte.shape[1]}x{matte.shape[0]} px, its photo {size[1]}x{size[0]}",
            remedy="Save the matte at the size of the upright photo",
        )
    return matte
