"""The item stages that enlarge: an angle's picture, or a painted backdrop, that has fewer pixels than its frame."""

from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, Field, SerializeAsAny

from pipeline.contract.artifact import Artifact
from pipeline.contract.stage import Stage
from pipeline.contract.work import Work
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput
from pipeline.core.records import Check
from pipeline.imaging.enlarging.registry import ENGINES

if TYPE_CHECKING:  # loads numpy
    from pipeline.core.arrays import Rgba

SURE, LETTER_PX = 0.8, 14  # score and height from which a reading of the picture counts
GAIN_AT_LEAST_DB = 0.0


def _parsed(value: object) -> Frozen:
    """The params of an engine: its settings, or its name alone."""
    return ENGINES.parse({"engine": value} if isinstance(value, str) else value)


UpscaleParams = SerializeAsAny[Annotated[Frozen, BeforeValidator(_parsed)]]
"""The settings of an engine that enlarges, or its name."""


class EnlargeInputs(Frozen):
    """What is enlarged: the RGBA picture of an angle, or the RGB picture of a backdrop."""

    picture: Artifact


class EnlargeParams(Frozen):
    """The engine and the whole factor. `reader`: settings of what reads the words on the product."""

    upscale: UpscaleParams = Field(default_factory=ENGINES.defaults)
    factor: int = Field(ge=2)
    reader: dict[str, object] = {}


class EnlargeReport(Frozen):
    """What was enlarged, and what it did. `share`: of the picture's area, that the product covers.

    `gain_db`: how much closer than Lanczos the engine comes to the product's own pixels; None if that was not measured.
    """

    engine: str
    factor: int
    share: float
    gain_db: float | None = None
    checks: tuple[Check, ...] = ()


class EnlargeOutputs(Frozen):
    """`picture`: PNG with `factor` times as many px per side."""

    picture: Artifact
    report: EnlargeReport


def enlarge_picture(inputs: EnlargeInputs, params: EnlargeParams, work: Work) -> EnlargeOutputs:
    """Enlarge the picture of an angle, and compare its words and its detail with those before.

    Raises BadInput when the engine turns out to invent detail and may not alter products, MissingEngine as it does.
    """
    from pipeline.core.png import encode_png
    from pipeline.imaging.channels.encode import decode_image
    from pipeline.imaging.enlarging.product import enlarge_product, gain_db

    engine = ENGINES.of(params.upscale)
    name = engine.require_here(params.upscale)
    picture = decode_image(work.read(inputs.picture), "the angle's picture", "RGBA")
    gain = gain_db(picture, params.factor, params.upscale)
    if engine.invents(params.upscale) is None and gain is not None and gain < GAIN_AT_LEAST_DB:
        require_permission(params.upscale, f"is {-gain:.1f} dB farther from this product than Lanczos resampling")
    large = enlarge_product(picture, params.factor, params.upscale)
    checks = (*_gain_check(gain), _words_check(picture, large, params))
    share = round(float((picture[..., 3] > 0).mean()), 4)
    return EnlargeOutputs(
        picture=work.put_bytes(encode_png(large), "image/png"),
        report=EnlargeReport(engine=name, factor=params.factor, share=share, gain_db=gain, checks=checks),
    )


def require_fidelity(upscale: Frozen) -> None:
    """Raise ValueError for the settings of an engine that invents detail, unless they allow it to alter products."""
    if ENGINES.of(upscale).invents(upscale) and not getattr(upscale, "alter_product", False):
        raise ValueError(
            f"upscale: checkpoint {getattr(upscale, 'checkpoint', '')} is declared trained_for: gan, so it invents "
            "detail and must not touch a product; use it for upscale_backdrops, or set alter_product: true"
        )


def require_permission(upscale: Frozen, why: str) -> None:
    """Raise BadInput unless the settings of an engine that may invent detail allow it to alter products."""
    if getattr(upscale, "alter_product", False):
        return
    raise BadInput(
        f"composite.upscale: checkpoint {getattr(upscale, 'checkpoint', '')} {why}: it invents detail, and must not "
        "touch a product",
        remedy="Use it for upscale_backdrops only, set alter_product: true and look at every asset, or use `embedded`",
    )


def enlarge_backdrop(inputs: EnlargeInputs, params: EnlargeParams, work: Work) -> EnlargeOutputs:
    """Enlarge a backdrop's picture, which shows no product."""
    from pipeline.core.png import decode_png, encode_png
    from pipeline.imaging.enlarging.registry import enlarge

    name = ENGINES.require_here(params.upscale)
    large = enlarge(decode_png(work.read(inputs.picture)), params.factor, params.upscale)
    return EnlargeOutputs(
        picture=work.put_bytes(encode_png(large), "image/png"),
        report=EnlargeReport(engine=name, factor=params.factor, share=0.0),
    )


def _gain_check(gain: float | None) -> tuple[Check, ...]:
    from pipeline.imaging.checks.evidence import finding

    if gain is None:
        return ()
    passed = gain >= GAIN_AT_LEAST_DB
    how = "closer to" if passed else "farther from"
    words = f"shrunk and enlarged again, the product is {abs(gain):.1f} dB {how} itself than after Lanczos resampling"
    return (finding("enlarged_gain", gain, "dB", words, threshold=GAIN_AT_LEAST_DB, passed=passed, severity="review"),)


def _words_check(before: "Rgba", after: "Rgba", params: EnlargeParams) -> Check:
    """Whether the words that can be read in the picture can be read in the enlarged one, at the same size."""
    import cv2
    import numpy as np

    from pipeline.imaging.checks.words import enlarged_text
    from pipeline.language.evidence.picture import product_box, to_read
    from pipeline.language.evidence.readers.registry import ENGINES as READERS

    box, reader = product_box(after), READERS.parse(params.reader)
    if box is None:
        return enlarged_text((), ())
    read = READERS.of(reader).read
    plain = np.asarray(cv2.resize(before, after.shape[1::-1], interpolation=cv2.INTER_CUBIC), np.uint8)
    lines = read(to_read(plain, box).rgb, reader)
    sure = [line for line in lines if line.score >= SURE and min(line.box[2:]) >= LETTER_PX]
    return enlarged_text(sure, read(to_read(after, box).rgb, reader) if sure else ())


ENLARGE_ITEM = Stage("composite_enlarged", 1, EnlargeInputs, EnlargeParams, EnlargeOutputs, enlarge_picture)
ENLARGE_ALTERING_ITEM = Stage(
    "composite_enlarged_altering", 1, EnlargeInputs, EnlargeParams, EnlargeOutputs, enlarge_picture, alters=True
)
ENLARGE_BACKDROP_ITEM = Stage(
    "composite_enlarged_backdrop", 1, EnlargeInputs, EnlargeParams, EnlargeOutputs, enlarge_backdrop
)
