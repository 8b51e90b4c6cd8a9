"""The settings of the stage background."""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from pipeline.core.backdrops import Backdrop
from pipeline.core.device import require_device
from pipeline.core.domain import Frozen
from pipeline.diffusion.painting.base import PainterFacts
from pipeline.diffusion.painting.registry import ENGINES
from pipeline.language.llm.service import require_service
from pipeline.similarity.registry import ENGINES as VECTORS
from pipeline.stages.background.asset import EngineParams
from pipeline.stages.background.look import ComparingParams
from pipeline.stages.background.wording import RewriteParams
from pipeline.stages.background.worn import WornParams


class Params(Frozen):
    """Which backdrops to make, how large, and how to paint. They are square unless extended; channels crop them."""

    backdrops: tuple[Backdrop, ...] = ()
    size_px: int = Field(
        default=1600, ge=64, le=4096, description="side of the square backdrop that channels crop from"
    )
    diffusion: EngineParams = Field(default_factory=ENGINES.defaults)
    around: Literal["auto", "product", "empty"] = Field(
        default="auto",
        description="product: paint around each angle's product; empty: paint one empty set for all angles; auto: "
        "empty if the checkpoint paints behind the product anyway, so that all angles share one set",
    )
    seed: int = Field(default=0, ge=0, lt=2**31, description="seed of the painted backdrops")
    seed_per_angle: bool = Field(
        default=False, description="paint a different place for each angle instead of one for all"
    )
    shadow: Literal["layer", "painted"] = Field(
        default="layer",
        description="layer: composite draws the shadow; painted: the checkpoint paints it around each product",
    )
    tries: int = Field(
        default=3,
        ge=1,
        le=10,
        description="how often to paint a backdrop until the checks of its composite pass; the best is kept",
    )
    look: ComparingParams = Field(
        default=None,
        description="`{engine: transformers, checkpoint: FOLDER, checkpoint_sha256: ...}`: a CLIP or SigLIP checkpoint "
        "that also compares each composite with its prompt",
    )
    prompt_likeness_at_least: float = Field(
        default=0.2, ge=-1, le=1, description="cosine of composite and prompt, by `look`, below which to try again"
    )
    rewrite: RewriteParams | None = Field(
        default=None,
        description="`{engine: llm, model: ...}`: a language model words the prompt again, from the third try on",
    )

    worn: WornParams | None = Field(
        default=None, description="the checkpoint that shows garments on people, for backdrops of kind `worn`"
    )

    @model_validator(mode="after")
    def _can_dress(self) -> Self:
        if self.worn is None and any(backdrop.kind == "worn" for backdrop in self.backdrops):
            raise ValueError("kind worn: name the checkpoint that paints it in the preset's background.worn")
        return self

    @model_validator(mode="after")
    def _paints_shadows(self) -> Self:
        if self.shadow == "painted" and self.paints:
            if (painter := painter_facts(self)).paints_behind_product:
                raise ValueError(
                    f"shadow: painted: {painter.name} paints empty sets, without shadows; "
                    "use shadow: layer, or an inpainting checkpoint that sees the product"
                )
            if self.around == "empty":
                raise ValueError("shadow: painted requires a visible product; set around to product or auto")
        return self

    @model_validator(mode="before")
    @classmethod
    def _pin_weights(cls, values: Any) -> Any:
        """Write the weights' digest and defaults into the params, so that other weights make another request."""
        if not isinstance(values, dict) or not any(_kind(each) == "diffusion" for each in values.get("backdrops", ())):
            return values
        try:
            diffusion = ENGINES.parse(values.get("diffusion", {}))
        except ValueError:  # the field's own validation reports it, with its path
            return values
        return {**values, "diffusion": ENGINES.of(diffusion).pinned(diffusion)}

    @property
    def paints(self) -> bool:
        """Whether any backdrop is painted."""
        return any(backdrop.kind == "diffusion" for backdrop in self.backdrops)


def painter_facts(params: Params) -> PainterFacts:
    """What the stage must know of the engine that paints."""
    return ENGINES.of(params.diffusion).facts(params.diffusion)


def requires(params: Params) -> str:
    """Return what would paint, compare and word again, or an empty text if no backdrop is painted."""
    found = []
    if params.worn is not None and any(backdrop.kind == "worn" for backdrop in params.backdrops):
        require_device(params.worn.device)
        found.append(f"worn by the checkpoint {params.worn.checkpoint}")
    if not params.paints:
        return "; ".join(found)
    found += [ENGINES.of(params.diffusion).require_here(params.diffusion)]
    if params.look is not None:
        found.append(VECTORS.of(params.look).require_here(params.look))
    if params.rewrite is not None:
        found.append(require_service(params.rewrite))
    return "; ".join(found)


def _kind(backdrop: Any) -> str | None:
    return backdrop.get("kind") if isinstance(backdrop, dict) else getattr(backdrop, "kind", None)
