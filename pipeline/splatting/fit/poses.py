"""Small corrections of the fitted photos' poses, learnt with the splat: structure from motion is off by about a px.

A photo's correction is a twist [6], in px at the size fitted: three rotations of the product about its middle, measured
at its rim, and three translations. One learning rate thus suits all six, and rotations are decoupled from translations.
What all photos have in common (a rotation, translation or scale of the whole world) is projected out after each step:
the splat stays in the world of the given poses, where the held-out photos are evaluated and the product is framed.
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch

from pipeline.core.arrays import F64
from pipeline.splatting.fit.adam import Adam
from pipeline.splatting.photos import PreparedPhoto, projected

# dL per px. On the toy product a photo off by a px pulls with 0.01, a correct one with 0.001 to either side.
_PULL = 3e-3


@dataclass(frozen=True)
class Poses:
    """The given poses, and the size of a px in each photo; the corrections themselves are part of the fit's state.

    `given` [P, 4, 4] cam_from_world, `middles` [P, 3] the product's middle in each camera, `per_px` [P] world units per
    px there, `rim_px` [P] half the picture, `common` [6P, 7] orthonormal basis of what moves the whole world. float64,
    CPU.
    """

    photos: list[PreparedPhoto]
    given: torch.Tensor
    middles: torch.Tensor
    per_px: torch.Tensor
    rim_px: torch.Tensor
    common: torch.Tensor

    @classmethod
    def around(cls, photos: list[PreparedPhoto], middle: torch.Tensor) -> Self:
        """Make the poses of `photos` around a product whose middle is at `middle` [3], world units."""
        given = torch.from_numpy(np.stack([p.cam_from_world for p in photos])).double()
        cameras = [p.full.camera for p in photos]
        middles = given[:, :3, :3] @ middle.double() + given[:, :3, 3]
        per_px = middles.norm(dim=1) / torch.tensor([c.fx_px for c in cameras], dtype=torch.float64)
        rim_px = torch.tensor([0.5 * max(c.width_px, c.height_px) for c in cameras], dtype=torch.float64)
        whole = torch.zeros(len(photos), 6, 7, dtype=torch.float64)
        whole[:, :3, :3] = given[:, :3, :3] * rim_px[:, None, None]
        whole[:, 3:, 3:6] = given[:, :3, :3] / per_px[:, None, None]
        whole[:, 3:, 6] = middles / per_px[:, None]
        return cls(photos, given, middles, per_px, rim_px, torch.linalg.qr(whole.reshape(-1, 7))[0])

    def at(self, which: int, twist: torch.Tensor) -> torch.Tensor:
        """Return `cam_from_world` [4, 4] float64 of photo `which`, corrected by `twist` [6]; differentiable in it."""
        a, b, c = (twist[:3].double() / self.rim_px[which]).unbind()
        zero = torch.zeros_like(a)
        turn = torch.matrix_exp(torch.stack([zero, -c, b, c, zero, -a, -b, a, zero]).reshape(3, 3))
        middle, pose = self.middles[which], self.given[which]
        shift = middle + twist[3:].double() * self.per_px[which] - turn @ middle
        upper = torch.cat([turn @ pose[:3, :3], (turn @ pose[:3, 3] + shift)[:, None]], dim=1)
        return torch.cat([upper, pose[3:]])

    def learn(
        self, twists: torch.Tensor, which: int, gradient: torch.Tensor, adam: Adam, rate_px: float, limit_px: float
    ) -> None:
        """Take one step for photo `which`; changes `twists` [P, 6] in place, none of them longer than `limit_px`.

        A twist is pulled towards zero with the same small force whatever its size, and stays at zero until the photo
        pulls harder: an unfinished splat pulls a little at correct poses.
        """
        twist = twists[which]
        side = torch.sign(twist)
        held = torch.sign(gradient) * (gradient.abs() - _PULL).clamp_min(0)
        adam.step(str(which), twist, torch.where(side == 0, held, gradient + _PULL * side), rate_px)
        twist[side * twist < 0] = 0.0
        flat = twists.view(-1).double()
        twists -= (self.common @ (self.common.T @ flat)).view_as(twists).float()
        twists *= (limit_px / twists.norm(dim=1, keepdim=True).clamp_min(1e-9)).clamp_max(1.0)

    def corrected(self, twists: torch.Tensor) -> list[PreparedPhoto]:
        """Return the photos with corrected poses."""
        return [replace(p, cam_from_world=self.at(i, twists[i]).numpy()) for i, p in enumerate(self.photos)]

    def shifts_px(self, twists: torch.Tensor, points: F64) -> F64:
        """Return how far the corrections move `points` [N, 3] in each photo, median over the points, px [P]."""
        corrected = self.corrected(twists)
        before, after = (
            [projected(points, photo.full.camera, photo.cam_from_world)[0] for photo in photos]
            for photos in (self.photos, corrected)
        )
        return np.array([np.median(np.linalg.norm(a - b, axis=1)) for a, b in zip(before, after, strict=True)])
