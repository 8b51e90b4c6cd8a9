"""Judge rendered pictures by photos: draw what a photo shows, without that photo's detail, and compare the two."""

from dataclasses import dataclass

from pipeline.core.arrays import F32, Mask
from pipeline.core.errors import BadInput
from pipeline.splatting.detail.lay import with_detail
from pipeline.splatting.evaluate import similarity, weakest_ssim
from pipeline.splatting.photos import PosedPhoto, at_most
from pipeline.splatting.ply import Splat
from pipeline.splatting.show.outline import sharpened
from pipeline.splatting.show.render import planes

# Long side at which picture and photo are compared, about the size that a shopper sees. At the few hundred px of a
# quick fit, a splat with illegible small print scores as well as the photo.
SIDE_PX = 1024


PART_PX = 24.0  # sigma of the parts of which the weakest are judged


@dataclass(frozen=True)
class Compared:
    """SSIM with a photo, inside the product, of the picture with the other photos' detail, and of the splat alone.

    `weakest`: of the picture, as in `weakest_ssim`, for a hole or a patch of blur hardly changes the mean.
    `photographed`: share of the product's pixels that have any detail, 0 to 1.
    """

    ssim: float
    weakest: float
    splat_ssim: float
    photographed: float


def compare(splat: Splat, photo: PosedPhoto, others: list[PosedPhoto]) -> Compared:
    """Draw the splat from the photo's own place, lay the detail of `others` over it, and compare it with the photo.

    `others`: the nearest photos, without `photo`; none: the splat alone is compared. Raises BadInput if `photo` is
    among them.
    """
    if any(other.name == photo.name for other in others):
        raise BadInput(f"photo {photo.name} cannot judge a picture that has its own detail", remedy="Leave it out")
    level = at_most(photo, SIDE_PX)
    plain = planes(splat, level.camera, photo.cam_from_world, supersample=1)
    inside = level.planes[3] > 0.5
    alone = similarity(plain, level)
    if not others:
        return _compared(alone, alone, inside, 0.0)
    sharp = sharpened(plain, splat, level.camera, photo.cam_from_world, others)
    done = with_detail(sharp, splat, level.camera, photo.cam_from_world, others)
    return _compared(similarity(done.planes, level), alone, inside, done.photographed)


def _compared(similar: F32, alone: F32, inside: Mask, photographed: float) -> Compared:
    """`similar`, `alone`: SSIM [h, w] of the picture and of the splat; `inside`: where the product is."""
    means = [float(plane[inside].mean()) if inside.any() else 1.0 for plane in (similar, alone)]
    return Compared(means[0], weakest_ssim(similar, inside, PART_PX), means[1], photographed)
