"""A shoot's photos with their poses, as render reads them."""

from dataclasses import dataclass

from pipeline.contract.artifact import Artifact
from pipeline.core.domain import View
from pipeline.core.errors import BadInput


@dataclass(frozen=True)
class PosedShoot:
    """The shoot's photos, cut-outs and views by photo name, the names of mattes made by hand, and the splat.

    `fitted_px`: long side at which the splat was fitted to the photos; None if unknown.
    """

    photos: dict[str, Artifact]
    cutouts: dict[str, Artifact]
    views: dict[str, View]
    by_hand: frozenset[str]
    splat: Artifact | None
    validation_ssim: float | None
    fitted_px: int | None = None

    def cutout(self, photo: str) -> Artifact:
        """The cut-out of a photo. Raises BadInput when there is none."""
        try:
            return self.cutouts[photo]
        except KeyError:
            raise BadInput(f"photo {photo} has no cut-out", remedy="Run cutout again") from None

    def near(self, view: View) -> tuple[View, ...]:
        """The posed photos that show most of what `view` shows, nearest first."""
        from pipeline.splatting.detail.lay import PHOTOS, WIDEST_DEG

        return self.around(view, PHOTOS, WIDEST_DEG)

    def around(self, view: View, count: int, widest_deg: float = 180.0) -> tuple[View, ...]:
        """The `count` posed photos nearest in direction to `view`, nearest first, none farther than `widest_deg`."""
        from pipeline.core.domain import angle_between_deg, camera_centre

        towards = camera_centre(view.pose)
        away = {name: angle_between_deg(camera_centre(v.pose), towards) for name, v in self.views.items()}
        known = sorted(
            (name for name in away if name in self.cutouts and away[name] <= widest_deg), key=away.__getitem__
        )
        return tuple(self.views[name] for name in known[:count])
