"""Every setting of a fit that changes its result, and the words in which a fit reports: no heavy imports."""

from typing import Literal, Self

from pydantic import Field, model_validator

from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput

NerfstudioMethod = Literal["splatfacto", "nerfacto"]


class FitParams(Frozen):
    """How Gaussians are fitted to photos. The defaults suit a turntable product, two cores and about two minutes."""

    engine: Literal["cpu", "gsplat", "nerfstudio"] = "cpu"
    """Which rasterizer draws; `nerfstudio` trains by itself and heeds what `fit_splatfacto`, `fit_nerfacto` say."""
    nerfstudio_method: NerfstudioMethod = "splatfacto"
    """What nerfstudio trains: Gaussians, or a radiance field on whose surface our own Gaussians begin."""
    nerfacto_iterations: int = Field(default=5000, ge=1)
    """Steps of the field; `iterations` and all else are then those of the Gaussians that begin on it."""
    seed: int = 0
    side_px: int = Field(default=512, ge=32, le=4096)
    """Long side of the photos that the fit sees (before they are cropped to the product)."""
    iterations: int = Field(default=2500, ge=1)
    max_seconds: float = Field(default=120.0, gt=0)
    """The schedule is hurried to end by then, on a machine too slow for `iterations`; not nerfstudio's."""
    nerfstudio_seconds: float = Field(default=1800.0, gt=0)
    """nerfstudio's training is ended by then, and the fit fails."""
    strategy: Literal["mcmc", "default"] = "mcmc"
    """How Gaussians come and go.

    `mcmc` (Kheradmand et al. 2024): the dead move to the living, noise explores; `default` (Kerbl et al. 2023): clone
    and split, prune, reset opacity.
    """
    gaussians: int = Field(default=60_000, ge=100)
    """The budget, which neither strategy exceeds; MCMC grows to it."""
    degree: int = Field(default=2, ge=0, le=3)
    """Degree of the spherical harmonics; a small shoot cannot hold more view dependence."""
    antialias: bool = True
    holdout: int = Field(default=8, ge=0)
    """Every Kth photo is kept out of the fit to judge it; 0: none. None either below 10 photos."""
    held_out: tuple[str, ...] = ()
    """Photos to keep out by name, instead of every Kth."""
    matte: bool = True
    """Fit the product alone, by its alpha; without, the whole frame counts as opaque."""
    ssim_weight: float = Field(default=0.2, ge=0, le=1)
    alpha_weight: float = Field(default=0.3, ge=0)
    mean_reach: float = Field(default=0.07, gt=0)
    """How far a mean can travel in the whole fit, in camera extents; its learning rate falls to a hundredth.

    Not a rate a step: in a short fit, points on the hull must still reach the surface; in a long one, large steps blur.
    """
    scale_rate: float = Field(default=1.6e-2, gt=0)
    quat_rate: float = Field(default=2e-3, gt=0)
    opacity_rate: float = Field(default=5e-2, gt=0)
    colour_rate: float = Field(default=5e-3, gt=0)
    view_colour_decay: float = Field(default=1e-3, ge=0, lt=1)
    """Share of view-dependent colour that fades at each iteration: what single photos ask for misleads between them."""
    opacity_cost: float = Field(default=0.05, ge=0)
    """What opacity costs, mean over the Gaussians: where few photos look, haze that none of them asks for fades."""
    scale_cost: float = Field(default=0.01, ge=0)
    noise: float = Field(default=1e5, ge=0)
    """Strength of MCMC's noise on the means, against the learning rate."""
    grow_slope: float = Field(default=2e-4, gt=0)
    """Where the pictures pull at a Gaussian by more, `default` adds one: mean |dL/d(2D mean)|, in half pictures."""
    exposure: bool = True
    """Learn an affine colour correction a photo, anchored to `front`."""
    refine_poses: bool = False
    """Learn a small correction of each fitted photo's pose; held-out photos keep theirs."""
    pose_limit_px: float = Field(default=3.0, gt=0)
    """No correction moves a photo further, in px of the size fitted."""
    front: str | None = None
    """The photo whose colours are the product's; the first when None."""
    patience: int = Field(default=5, ge=1)
    """Evaluations of the held-out photos (every 5% of the fit) without gain before an early stop."""
    checkpoint_seconds: float = Field(default=30.0, gt=0)

    @model_validator(mode="after")
    def _of_one_engine(self) -> Self:
        """Raise BadInput where another engine is asked for a method of nerfstudio's."""
        if self.nerfstudio_method == "nerfacto" and self.engine != "nerfstudio":
            raise BadInput(
                f"nerfstudio_method is nerfacto, but the splat's engine is {self.engine}",
                remedy="Set engine to nerfstudio, or leave nerfstudio_method out.",
            )
        return self


class FitReport(Frozen):
    """How good a fit became, and what it took. Held-out figures are None when no photo was held out.

    `psnr_db` and `ssim` are means over the held-out photos, inside the product (alpha above 1/2), sRGB;
    `fitted_psnr_db` the same after an affine colour fit (what exposure drift hides); `alpha_iou` compares rendered and
    given alpha at 1/2. `pose_shift_*_px` over the fitted photos: how far `refine_poses` moved the product in them, px
    of the size fitted; None when it was off. `nerfstudio_method` and `checkpoint_sha256`, of what ns-train left and all
    else was made from, are None for other engines.
    """

    engine: str
    engine_version: str = ""
    nerfstudio_method: NerfstudioMethod | None = None
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
    seconds: float
    seconds_per_iteration: float
    peak_memory_mb: float
    pose_shift_median_px: float | None = None
    pose_shift_max_px: float | None = None
    stopped: Literal["iterations", "seconds", "held-out"]


class Progress(Frozen):
    """Where a fit stands. `psnr_db` and `gaussians` are None from an engine that does not tell."""

    iteration: int
    total: int
    psnr_db: float | None
    gaussians: int | None
    seconds_left: float

    @property
    def words(self) -> str:
        """One live line: PSNR on the photo just fitted, Gaussians, time left."""
        told = [] if self.psnr_db is None else [f"{self.psnr_db:.1f} dB"]
        told += [] if self.gaussians is None else [f"{self.gaussians} Gaussians"]
        return ", ".join([*told, f"{self.seconds_left:.0f} s left"])
