"""A shoot's photos with their poses, as render reads them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from pipeline.contract.artifact import Artifact
from pipeline.contract.work import Work
from pipeline.core.arrays import Rgba
from pipeline.core.domain import Camera, View
from pipeline.core.errors import BadInput

if TYPE_CHECKING:  # loads numpy and OpenCV
    from pipeline.splatting.photos import PosedPhoto


@dataclass(frozen=True)
class PosedShoot:
    """The shoot's photos, cut-outs and views by photo name, the names of mattes made by hand, and the splat.

    `validation`: photos that the splat was not fitted to. `fitted_px`: long side at which it was fitted to the others;
    None if unknown.
    """

    photos: dict[str, Artifact]
    cutouts: dict[str, Artifact]
    views: dict[str, View]
    by_hand: frozenset[str]
    splat: Artifact | None
    validation: frozenset[str] = frozenset()
    fitted_px: int | None = None

    def cutout(self, photo: str) -> Artifact:
        """The cut-out of a photo. Raises BadInput when there is none."""
        try:
            return self.cutouts[photo]
        except KeyError:
            raise BadInput(f"photo {photo} has no cut-out", remedy="Run cutout again") from None

    def cutouts_of(self, views: Sequence[View], work: Work) -> Artifact:
        """A tree `<photo>.png` of the cut-outs of photos."""
        return work.put_tree({f"{view.photo}.png": self.cutout(view.photo) for view in views})

    def near(self, view: View, without: str | None = None) -> tuple[View, ...]:
        """The posed photos that show most of what `view` shows, nearest first; `without` one of them."""
        from pipeline.splatting.detail.lay import PHOTOS, WIDEST_DEG

        found = self.around(view, PHOTOS + (without is not None), WIDEST_DEG)
        return tuple(each for each in found if each.photo != without)[:PHOTOS]

    def judges(self, view: View, count: int) -> tuple[View, ...]:
        """The photos that judge an angle: the nearest that the fit has not seen, and the nearest of all, `count`."""
        from pipeline.splatting.detail.lay import WIDEST_DEG

        found = self.around(view, len(self.views), WIDEST_DEG)
        unseen = [each for each in found if each.photo in self.validation][:1]
        return tuple(dict.fromkeys((*unseen, *found)))[:count]

    def around(self, view: View, count: int, widest_deg: float = 180.0) -> tuple[View, ...]:
        """The `count` posed photos nearest in direction to `view`, nearest first, none farther than `widest_deg`."""
        from pipeline.core.domain import angle_between_deg, camera_centre

        towards = camera_centre(view.pose)
        away = {name: angle_between_deg(camera_centre(v.pose), towards) for name, v in self.views.items()}
        known = sorted(
            (name for name in away if name in self.cutouts and away[name] <= widest_deg), key=away.__getitem__
        )
        return tuple(self.views[name] for name in known[:count])


def posed_photos(cutouts: Artifact | None, views: Sequence[View], work: Work) -> "list[PosedPhoto]":
    """The photos of a tree `<photo>.png` of cut-outs, without distortion, in the order of their views."""
    files = work.tree(cutouts) if cutouts else {}
    return [posed_photo(files[f"{view.photo}.png"], view, work) for view in views]


def posed_photo(cutout: Artifact, view: View, work: Work) -> "PosedPhoto":
    """A photo without distortion."""
    from pipeline.splatting.photos import PosedPhoto

    rgba, camera = undistorted_photo(work.read(cutout), view.camera)
    return PosedPhoto(view.photo, rgba, camera, view.pose)


@lru_cache(maxsize=6)  # the photos of one angle, most of which judge it as well
def undistorted_photo(file: bytes, camera: Camera) -> tuple[Rgba, Camera]:
    """A cut-out [h, w, 4] and its camera without distortion. The pixels are read-only."""
    from pipeline.core.png import decode_png
    from pipeline.splatting.show.match import undistorted

    rgba, straight = undistorted(decode_png(file, channels=4), camera)
    rgba.setflags(write=False)
    return rgba, straight
