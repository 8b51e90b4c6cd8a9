"""The parameters of a scene: what its seed and its camera determine beyond the words of its spec."""

from typing import Any

import numpy as np

from pipeline.core.domain import Frozen
from pipeline.diffusion.scenes.lighting import Lamp
from pipeline.diffusion.scenes.sight import Lens, Sight
from pipeline.diffusion.scenes.vocabulary import HORIZON_FRAC, Horizon, Material, SceneSpec
from pipeline.diffusion.scenes.walls import WALLS, WallKind

TILTS_DEG: dict[Horizon, tuple[float, float]] = {  # of a camera that is not known
    "seamless": (5, 24), "low": (4, 8), "middle": (9, 14), "high": (16, 23), "flat": (50, 85),
}  # fmt: skip
WALL_Y: dict[Horizon, float] = {"seamless": 5.0, "low": 2.7, "middle": 4.0, "high": 7.0, "flat": 9.0}
HARD: tuple[Material, ...] = ("wood", "marble", "terrazzo")  # boards and slabs do not bend: a wall stands behind them
HIGHEST_LINE = 0.97  # a line above is not in the picture


class Sample(Frozen):
    """The parameters of a scene that seed and sight determine, beyond the spec."""

    tilt_deg: float
    wall_y: float
    cove: float
    horizon_frac: float | None
    horizon: Horizon
    lamp: Lamp
    exposure: float
    tint: tuple[float, float, float]
    wall: WallKind
    texture_seed: int
    structured: bool  # False replaces the surface by its mean


class Midpoint:
    """Stands in for a random generator and returns the middle of every range."""

    def uniform(self, low: float, high: float, size: int | None = None) -> Any:
        """Return the middle."""
        middle = (low + high) / 2
        return middle if size is None else np.full(size, middle)

    def integers(self, high: int) -> int:  # noqa: ARG002 - the first choice stands for all
        """Return 0."""
        return 0


def sample_of(spec: SceneSpec, seed: int, sight: Sight | None) -> Sample:
    """The parameters of the scene with this seed. `sight`: None for a camera that suits the spec's horizon."""
    return sample_with(np.random.default_rng([seed, 77]), spec, sight, structured=True)


def sample_with(
    rng: np.random.Generator | Midpoint, spec: SceneSpec, sight: Sight | None, *, structured: bool
) -> Sample:
    """Draw the parameters. The sight takes no random number, so that every sight shows the same set."""
    tilt_deg, line = float(rng.uniform(*TILTS_DEG[spec.horizon])), HORIZON_FRAC[spec.horizon]
    jitter = float(rng.uniform(-0.02, 0.02))
    wall_y = WALL_Y[spec.horizon]
    if sight is not None:
        tilt_deg = sight.tilt_deg
    elif line is not None:
        wall_y = Lens(tilt_deg).floor_y(line + jitter)
    cove = _cove(spec)
    seen = Lens(tilt_deg).height_frac(wall_y)
    horizon = spec.horizon if sight is None else _seen_horizon(seen, bent=line is None)
    tint = rng.uniform(-0.008, 0.008, 3) + rng.uniform(-0.02, 0.02)
    return Sample(
        tilt_deg=tilt_deg,
        wall_y=wall_y,
        cove=cove,
        horizon_frac=seen if horizon in {"low", "middle", "high"} else None,
        horizon=horizon,
        lamp=_lamp(rng, spec),
        exposure=float(rng.uniform(0.96, 1.02)),
        tint=tuple((1 + tint).tolist()),
        texture_seed=int(rng.integers(2**31)),
        wall=_wall(rng, spec),
        structured=structured,
    )


def _seen_horizon(line_frac: float, *, bent: bool) -> Horizon:
    """The word for what a picture shows whose line, or the middle of whose sweep, is at this height."""
    if line_frac > HIGHEST_LINE:
        return "flat"
    lines: dict[Horizon, float] = {name: line for name, line in HORIZON_FRAC.items() if line is not None}
    return "seamless" if bent else min(lines, key=lambda name: abs(lines[name] - line_frac))


def _cove(spec: SceneSpec) -> float:
    """Radius of the curve between floor and wall: a sweep, a bent sheet, or the corner of a built set."""
    if spec.horizon in {"seamless", "flat"}:
        return 0.6 if spec.material in HARD else 2.2
    if spec.material in HARD:
        return 0.0
    return 0.12 if spec.material in {"concrete", "plaster"} else 0.35


def _wall(rng: np.random.Generator | Midpoint, spec: SceneSpec) -> WallKind:
    kinds = WALLS.get(spec.material, ("plaster",))
    drawn = kinds[int(rng.integers(len(kinds)))]
    return "plaster" if spec.horizon == "seamless" else drawn


def _lamp(rng: np.random.Generator | Midpoint, spec: SceneSpec) -> Lamp:
    turn = {"left": -1.0, "right": 1.0, "front": 0.0}[spec.side]
    window = spec.softness == "window"
    off_deg = float(rng.uniform(*((38, 58) if window else (40, 70))))
    elevation_deg = float(rng.uniform(*((30, 38) if window else (38, 52))))
    strength = {"soft": 0.42, "hard": 0.44, "window": 0.36}[spec.softness]
    spread_deg = {"soft": 46.0, "hard": 21.0, "window": 46.0}[spec.softness]
    return Lamp(
        softness=spec.softness,
        azimuth_deg=turn * off_deg + float(rng.uniform(-6, 6)),
        elevation_deg=elevation_deg,
        strength=strength + float(rng.uniform(-0.04, 0.04)),
        aim_x=turn * float(rng.uniform(0.4, 1.0)),
        aim_y=float(rng.uniform(1.2, 2.0)),
        aim_z=float(rng.uniform(0.8, 1.3)),
        spread_deg=spread_deg * float(rng.uniform(0.9, 1.1)),
    )
