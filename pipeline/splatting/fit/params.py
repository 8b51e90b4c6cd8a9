"""The settings of a fit; imports nothing heavy."""

from typing import Annotated

from pydantic import AfterValidator, Field

from pipeline.core.domain import Frozen
from pipeline.splatting.fit.strategy.registry import known


class PhotoSettings(Frozen):
    """The settings of every splat engine: which photos a fit sees, and at what size."""

    side_px: int = Field(default=512, ge=32, le=4096)
    """Long side of the photos that the fit sees (before they are cropped to the product)."""
    holdout: int = Field(default=8, ge=0)
    """Hold out every Kth photo to evaluate the fit; 0: none. Below 10 photos, none is held out."""
    held_out: tuple[str, ...] = ()
    """Hold out these photos, by name, instead of every Kth."""
    matte: bool = True
    """Fit the product alone, by its alpha; otherwise the whole frame counts as opaque."""
    front: str | None = None
    """The photo whose colours the splat keeps; the first if null."""


class FitParams(PhotoSettings):
    """The settings of the trainer. The defaults suit a turntable product, two cores and about five minutes."""

    side_px: int = Field(default=1024, ge=32, le=4096)
    """Long side of the photos that the fit sees (before they are cropped to the product)."""
    seed: int = 0
    """Seed of every random choice of the fit."""
    iterations: int = Field(default=2500, ge=1)
    """Steps of the fit, each on one photo."""
    max_seconds: float = Field(default=300.0, gt=0)
    """Time limit; on a machine too slow for `iterations`, the schedule is shortened to end by then.

    On a CPU, seconds of work: what a fit waits for a core that others use, and what compiling takes, does not count.
    """
    strategy: Annotated[str, AfterValidator(known)] = "mcmc"
    """How Gaussians are added, moved and removed: a name in `strategy.registry`."""
    gaussians: int = Field(default=150_000, ge=100)
    """The budget, which no strategy exceeds; `mcmc` grows to it."""
    degree: int = Field(default=2, ge=0, le=3)
    """Degree of the spherical harmonics; a small shoot cannot support more view dependence."""
    antialias: bool = True
    """Compensate the opacity of Gaussians that are smaller than a pixel (Mip-Splatting)."""
    ssim_weight: float = Field(default=0.2, ge=0, le=1)
    """Share of structural similarity in the colour loss; the rest is the absolute difference."""
    alpha_weight: float = Field(default=0.3, ge=0)
    """Weight of the difference between rendered alpha and matte."""
    mean_reach: float = Field(default=0.07, gt=0)
    """How far a mean can travel in the whole fit, in camera extents; its learning rate falls to a hundredth.

    This is not a rate per step: points on the hull must reach the surface even in a short fit, and large steps blur a
    long one.
    """
    scale_rate: float = Field(default=1.6e-2, gt=0)
    """Learning rate of the log scales."""
    quat_rate: float = Field(default=2e-3, gt=0)
    """Learning rate of the rotations."""
    opacity_rate: float = Field(default=5e-2, gt=0)
    """Learning rate of the opacities, before the sigmoid."""
    colour_rate: float = Field(default=5e-3, gt=0)
    """Learning rate of the colours."""
    view_colour_decay: float = Field(default=1e-3, ge=0, lt=1)
    """Share of view-dependent colour removed per iteration: what a single photo suggests is wrong between photos."""
    opacity_cost: float = Field(default=0.02, ge=0)
    """Weight of the mean opacity in the loss, which removes haze where few photos look, and lets rays see through."""
    scale_cost: float = Field(default=0.01, ge=0)
    """Cost of size, mean over the Gaussians; keeps them from growing where no photo looks."""
    noise: float = Field(default=1e5, ge=0)
    """Strength of the noise that `mcmc` adds to the means, relative to the learning rate."""
    grow_slope: float = Field(default=2e-4, gt=0)
    """Gradient above which `default` adds a Gaussian: mean |dL/d(2D mean)|, in half pictures."""
    exposure: bool = True
    """Learn an affine colour correction for each photo, anchored to `front`."""
    refine_poses: bool = False
    """Learn a small correction of each fitted photo's pose; held-out photos keep theirs."""
    pose_limit_px: float = Field(default=3.0, gt=0)
    """Limit of each pose correction, in px at the size fitted."""
    patience: int = Field(default=5, ge=1)
    """Evaluations of the held-out photos (one per 5% of the fit) without improvement before an early stop."""
    snapshot_seconds: float = Field(default=30.0, gt=0)
    """Seconds between the snapshots from which a killed fit resumes."""
