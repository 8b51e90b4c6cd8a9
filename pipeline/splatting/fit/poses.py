"""Small corrections of the fitted photos' poses, learnt beside the splat: structure from motion leaves a px or so.

A photo's correction is a twist [6], in px at the size fitted: three turns of the product about its middle, as far as
its rim moves, and three shifts; so one learning rate fits all six, and turning the camera is told from moving it. What
all photos have in common, a turn, a shift or a scale of the whole world, is taken out after each step: the splat stays
in the world of the poses given, where the held-out photos are judged and the product is framed.
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch

from pipeline.core.arrays import F64
from pipeline.splatting.fit.adam import Adam
from pipeline.splatting.photos import Training, projected

# dL a px. On the toy product a photo off by a px pulls with 0.01, a right one with 0.001 to one side or the other.
_PULL = 3e-3


@dataclass(frozen=True)
class Poses:
    """The given poses and what a px is at each photo; the corrections themselves are the fit's state.

    `given` [P, 4, 4] cam_from_world, `middles` [P, 3] the product's middle in each camera, `per_px` [P] world units a
    px there, `rim_px` [P] half the picture, `common` [6P, 7] orthonormal: what moves the whole world. float64, CPU.
    """

    photos: list[Training]
    given: torch.Tensor
    middles: torch.Tensor
    per_px: torch.Tensor
    rim_px: torch.Tensor
    common: torch.Tensor

    @classmethod
    def around(cls, photos: list[Training], middle: torch.Tensor) -> Self:
        """The poses of `photos` about a product whose middle lies at `middle` [3], world units."""
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
        """`cam_from_world` [4, 4] float64 of photo `which`, corrected by `twist` [6]; differentiable in it."""
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
        """One step for photo `which`; `twists` [P, 6] changes in place. None becomes longer than `limit_px`.

        A twist is drawn to none with the same small force however large it is, and stays there until the photo pulls
        harder: a splat that is not yet right pulls a little at poses that are.
        """
        twist = twists[which]
        side = torch.sign(twist)
        held = torch.sign(gradient) * (gradient.abs() - _PULL).clamp_min(0)
        adam.step(str(which), twist, torch.where(side == 0, held, gradient + _PULL * side), rate_px)
        twist[side * twist < 0] = 0.0
        flat = twists.view(-1).double()
        twists -= (self.common @ (self.common.T @ flat)).view_as(twists).float()
        twists *= (limit_px / twists.norm(dim=1, keepdim=True).clamp_min(1e-9)).clamp_max(1.0)

    def corrected(self, twists: torch.Tensor) -> list[Training]:
        """The photos where the corrections put them."""
        return [replace(p, cam_from_world=self.at(i, twists[i]).numpy()) for i, p in enumerate(self.photos)]

    def shifts_px(self, twists: torch.Tensor, points: F64) -> F64:
        """How far the corrections move `points` [N, 3] in each photo, median over the points, px [P]."""
        moved = self.corrected(twists)
        before, after = (
            [projected(points, photo.full.camera, photo.cam_from_world)[0] for photo in photos]
            for photos in (self.photos, moved)
        )
        return np.array([np.median(np.linalg.norm(a - b, axis=1)) for a, b in zip(before, after, strict=True)])
