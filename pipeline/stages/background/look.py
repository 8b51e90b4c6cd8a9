"""The item of the stage background that looks at a painted backdrop with its product in front, as a shop will show it.

The product is composited small and without a drawn shadow, by composite's own code, and checked by composite's own
checks, as far as another backdrop can change their outcome.
"""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, PlainValidator, SerializeAsAny

from pipeline.contract.artifact import Artifact
from pipeline.contract.stage import Stage
from pipeline.contract.work import Work
from pipeline.core.domain import Frozen
from pipeline.core.records import Check, dump_json
from pipeline.similarity.registry import ENGINES as VECTORS

if TYPE_CHECKING:  # these modules load the imaging libraries
    from pipeline.core.arrays import Rgb, Rgba
    from pipeline.imaging.channels.channel import Channel

SIDE_PX = 512  # longer side of the look
SHARPER = 1.25  # pictures are reduced to this many times the look before they are resampled
COSTS = {"reject": 2.0, "review": 1.0, "info": 0.0}
LIKENESS_WEIGHT = 0.1


def _comparing(values: Any) -> Frozen | None:
    """Parse the settings of an engine that can compare words with pictures. Raises ValueError as validators do."""
    if values is None:
        return None
    params = VECTORS.parse(values)
    if not hasattr(VECTORS.of(params), "text_vector"):
        raise ValueError(
            f"look: engine {params.engine} compares pictures only; "  # type: ignore[attr-defined]
            "use transformers with a CLIP or SigLIP checkpoint"
        )
    return params


ComparingParams = Annotated[SerializeAsAny[Frozen] | None, PlainValidator(_comparing)]


class LookInputs(Frozen):
    """`picture`: the angle's, RGBA; `backdrop`: RGB."""

    picture: Artifact
    backdrop: Artifact


class LookParams(Frozen):
    """How the backdrop was made, and what its picture is compared with. `prompt`: None without an engine."""

    extend: Literal["tall", "wide"] | None = None
    shadow_painted: bool = False
    prompt: str | None = None
    vector: ComparingParams = None
    prompt_likeness_at_least: float = 0.0


class LookReport(Frozen):
    """What was found. `score`: see `score_of`. `prompt_likeness`: cosine of picture and prompt."""

    passed: bool
    score: float
    prompt_likeness: float | None = None
    failed: tuple[str, ...] = Field(default=(), description="the words of the failed checks")


class LookOutputs(Frozen):
    """`checks`: JSON list of `Check`; `seen`: JPEG of at most 512 px, None if the angle shows no product."""

    checks: Artifact
    seen: Artifact | None
    report: LookReport


def run_look(inputs: LookInputs, params: LookParams, work: Work) -> LookOutputs:
    """Composite the product small over the backdrop, and check what comes out. Raises MissingEngine."""
    from pipeline.imaging.channels.encode import decode_image
    from pipeline.imaging.compositing.framing import product_mask

    picture = _reduced(decode_image(work.read(inputs.picture), "the angle's picture", "RGBA"))
    seen: bytes | None = None
    checks: tuple[Check, ...] = ()
    if product_mask(picture[..., 3]).any():
        backdrop = decode_image(work.read(inputs.backdrop), "the backdrop")
        seen, checks = _seen(picture, backdrop, params)
    failed = tuple(check.words for check in checks if check.passed is False)
    likeness = next((check.value for check in checks if check.name == "prompt_likeness"), None)
    return LookOutputs(
        checks=work.put_bytes(dump_json(list(checks))),
        seen=None if seen is None else work.put_bytes(seen, "image/jpeg"),
        report=LookReport(passed=not failed, score=score_of(checks), prompt_likeness=likeness, failed=failed),
    )


def score_of(checks: tuple[Check, ...]) -> float:
    """How good a try is: 0 if all checks passed, less for every failed one, plus a tenth of the likeness to the prompt.

    A failed check costs 1 (review) or 2 (reject), and up to as much again by how far it misses its threshold.
    """
    score = 0.0
    for check in checks:
        if check.name == "prompt_likeness":
            score += LIKENESS_WEIGHT * check.value
        if check.passed is False and check.threshold is not None:
            largest = max(abs(check.value), abs(check.threshold), 1e-6)
            score -= COSTS[check.severity] * (1 + min(1.0, abs(check.value - check.threshold) / largest))
    return round(score, 4)


def _seen(picture: "Rgba", backdrop: "Rgb", params: LookParams) -> tuple[bytes, tuple[Check, ...]]:
    """The composite as a JPEG, and its checks."""
    import cv2

    from pipeline.core.linear import linear_to_srgb
    from pipeline.imaging.channels.encode import decode_image, encode_image
    from pipeline.imaging.channels.marking import digital_source_type, xmp_packet
    from pipeline.imaging.checks.evidence import Evidence
    from pipeline.imaging.checks.judge import check_backdrop
    from pipeline.imaging.compositing.blend import make_layers

    channel = _channel(params.extend)
    if (factor := round(min(backdrop.shape[:2]) / (SHARPER * SIDE_PX))) > 1:
        size = (backdrop.shape[1] // factor, backdrop.shape[0] // factor)
        backdrop = cv2.resize(backdrop, size, interpolation=cv2.INTER_AREA)
    shadow: Literal["painted", "none"] = "painted" if params.shadow_painted else "none"
    layers = make_layers(picture, backdrop, channel, "diffusion", shadow=shadow)
    finished = layers.blended()
    marking = digital_source_type("captured", "diffusion")
    file = encode_image(finished, channel, xmp_packet(marking), False)
    image = linear_to_srgb(finished)
    evidence = Evidence(
        picture=picture,
        placement=layers.placement,
        behind=layers.behind,
        image=image,
        file=file,
        decoded=decode_image(file, "the look"),
        channel=channel,
        kind="diffusion",
        source="captured",
        marking=marking,
        backdrop=layers.backdrop,
    )
    return file, (*check_backdrop(evidence), *_likeness(image, params))


def _channel(extend: str | None) -> "Channel":
    """The frame of a look: the product as large as shops show it, the whole backdrop around it."""
    from pipeline.imaging.channels.channel import Channel, Framing

    shorter_px = round(SIDE_PX / 1.5)
    return Channel(
        name="look",
        title="Look",
        rules="none: nobody else sees it",
        width_px=shorter_px if extend == "tall" else SIDE_PX,
        height_px=shorter_px if extend == "wide" else SIDE_PX,
        scene=Framing(fill=0.66, foot=0.86),
        media_type="image/jpeg",
        backdrops=("diffusion",),
        upscale_at_most=SIDE_PX,
    )


def _reduced(picture: "Rgba") -> "Rgba":
    """Every n-th pixel of a picture that is much larger than the look."""
    step = max(1, int(max(picture.shape[:2]) / (SHARPER * SIDE_PX)))
    return picture[::step, ::step].copy() if step > 1 else picture


def _likeness(image: "Rgb", params: LookParams) -> tuple[Check, ...]:
    """Check the cosine of the picture's vector and its prompt's; none without an engine."""
    import numpy as np

    from pipeline.imaging.checks.evidence import finding
    from pipeline.similarity.registry import text_vector, vectors_of

    if params.vector is None or params.prompt is None:
        return ()
    opaque = np.dstack([image, np.full(image.shape[:2], 255, np.uint8)])
    (seen,) = vectors_of([opaque], params.vector)
    likeness = float(seen @ text_vector(params.prompt, params.vector))
    least = params.prompt_likeness_at_least
    passed = likeness >= least
    words = f"picture and prompt have a likeness of {likeness:.2f}" + ("" if passed else f", less than {least:.2f}")
    return (
        finding("prompt_likeness", likeness, "cosine", words, threshold=least, passed=passed, severity="review"),
    )  # fmt: skip


LOOK = Stage("background_look", 2, LookInputs, LookParams, LookOutputs, run_look)
