"""A fit's reports, during and at its end; imports nothing heavy."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pipeline.core.domain import Frozen


class FitReport(Frozen):
    """The quality and the cost of a fit. Held-out figures are None if no photo was held out.

    `psnr_db` and `ssim` are means over the held-out photos, inside the product (alpha above 1/2), sRGB;
    `fitted_psnr_db` is the PSNR after an affine colour fit, which discounts exposure drift; `alpha_iou` compares
    rendered and given alpha at 1/2. `seconds`: as the trainer's `clock` counts them; nerfstudio's, as they pass.
    `iterations_asked`: those of the settings; None in older reports. `pose_shift_*_px` is how far `refine_poses` moved
    the product in the fitted photos, px at the size fitted; None if it was off. `nerfstudio_method` and
    `checkpoint_sha256`, the digest of what ns-train trained, are None for other engines.
    """

    engine: str
    engine_version: str = ""
    nerfstudio_method: str | None = None
    checkpoint_sha256: str | None = None
    psnr_db: float | None
    fitted_psnr_db: float | None
    ssim: float | None
    alpha_iou: float | None
    train_psnr_db: float
    held_out: tuple[str, ...]
    photos: int
    gaussians: int
    iterations: int
    iterations_asked: int | None = None
    seconds: float
    seconds_per_iteration: float
    peak_memory_mb: float
    pose_shift_median_px: float | None = None
    pose_shift_max_px: float | None = None
    stopped: Literal["iterations", "seconds", "held-out"]


class Progress(Frozen):
    """The progress of a fit. `psnr_db` and `gaussians` are None for an engine that does not report them."""

    iteration: int
    total: int
    psnr_db: float | None
    gaussians: int | None
    seconds_left: float

    @property
    def message(self) -> str:
        """One line for a progress bar: PSNR on the photo just fitted, Gaussians, time left."""
        known = [] if self.psnr_db is None else [f"{self.psnr_db:.1f} dB"]
        known += [] if self.gaussians is None else [f"{self.gaussians} Gaussians"]
        return ", ".join([*known, f"{self.seconds_left:.0f} s left"])


@dataclass(frozen=True)
class Hooks:
    """The callbacks of a fit: `progress`, `save` for the bytes of a snapshot, and `load` for those to resume from."""

    progress: Callable[[Progress], None] = lambda _: None
    save: Callable[[bytes], None] = lambda _: None
    load: Callable[[], bytes | None] = lambda: None
