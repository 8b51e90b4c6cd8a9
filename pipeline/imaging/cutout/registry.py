"""The settings of a cut-out, and the engine that they name. Shared by the stage and the `catalog cutout` command."""

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from pipeline.core.domain import Frozen

if TYPE_CHECKING:
    from pipeline.imaging.cutout.base import CutoutEngine

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class CutoutParams(Frozen):
    """Everything that changes a matte."""

    engine: Literal["backdrop", "seeded", "checkpoint"] = Field(
        default="backdrop",
        description="backdrop: a plain studio backdrop; seeded: any surroundings, with seed_box; checkpoint: weights",
    )
    seed_box: tuple[float, float, float, float] | None = Field(
        default=None,
        description="for engine seeded: left, top, right, bottom of what is surely product in every photo, 0 to 1",
    )
    work_side_px: int = Field(default=512, ge=128, le=2048, description="the product is found at this long side")
    matting_side_px: int | None = Field(
        default=None, ge=128, description="the outline is solved at this long side and enlarged; None: at full size"
    )
    grabcut_rounds: int = Field(default=3, ge=0, le=20)
    tint_limit: float = Field(
        default=5.0, gt=0, description="Lab distance from the backdrop's tint up to which a dark spot is its shadow"
    )
    checkpoint: str = Field(default="", description="folder of a segmentation checkpoint, for engine checkpoint")
    checkpoint_sha256: Sha256 | None = Field(default=None, description="pins the checkpoint; the error tells the value")
    allow_remote_code: bool = Field(default=False, description="let the checkpoint's own Python code run")
    checkpoint_side_px: int = Field(default=1024, ge=64, le=4096)
    device: str = Field(default="cpu", description="cpu or cuda, for engine checkpoint")

    @model_validator(mode="after")
    def _engine_has_what_it_needs(self) -> Self:
        if self.engine == "checkpoint" and not self.checkpoint:
            raise ValueError("engine checkpoint needs the field checkpoint: a folder")
        if self.engine == "seeded":
            left, top, right, bottom = self.seed_box or (0.0, 0.0, 0.0, 0.0)
            if not (0 <= left < right - 0.01 <= 0.99 and 0 <= top < bottom - 0.01 <= 0.99):
                raise ValueError("engine seeded needs seed_box: left, top, right, bottom, each from 0 to 1")
        return self


def engine_of(params: CutoutParams) -> "CutoutEngine":
    """The engine that the settings name, ready to cut. Raises MissingEngine."""
    if params.engine == "checkpoint":
        from pipeline.imaging.cutout.checkpoint import CheckpointCutout, CheckpointParams

        return CheckpointCutout(
            CheckpointParams(
                folder=params.checkpoint,
                sha256=params.checkpoint_sha256 or "",
                allow_remote_code=params.allow_remote_code,
                side_px=params.checkpoint_side_px,
                device=params.device,
            )
        )
    if params.engine == "seeded":
        from pipeline.imaging.cutout.seeded import SeededCutout

        return SeededCutout(
            seed_box=params.seed_box or (0.0, 0.0, 0.0, 0.0),
            work_side_px=params.work_side_px,
            matting_side_px=params.matting_side_px,
            grabcut_rounds=params.grabcut_rounds,
        )
    from pipeline.imaging.cutout.backdrop import BackdropCutout

    return BackdropCutout(
        work_side_px=params.work_side_px,
        matting_side_px=params.matting_side_px,
        grabcut_rounds=params.grabcut_rounds,
        tint_limit=params.tint_limit,
    )


def licence(params: CutoutParams) -> str:
    """Under which licence the engine's weights may be used; the embedded engines have none."""
    if params.engine != "checkpoint":
        return "no weights"
    from pipeline.core.weights import licence_of
    from pipeline.imaging.cutout.checkpoint import checked_folder

    return licence_of(checked_folder(params.checkpoint))
