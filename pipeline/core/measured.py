"""Records of what is measured on an angle's picture: its outline, its faults, and where its colours come from."""

from pydantic import Field

from pipeline.core.domain import Frozen


class SilhouetteAgreement(Frozen):
    """A captured angle's matte compared with the splat's silhouette, before and after its correction.

    `iou`: overlap, 0 to 1. `worst_px`: depth of the worst disagreement that is thicker than the splat's own blur.
    `changed`: share of the silhouette, 0 to 1, whose alpha changed by half or more.
    """

    iou_before: float
    iou: float
    worst_px_before: float
    worst_px: float
    changed: float


class RenderFaults(Frozen):
    """What the nearest photos say against a rendered picture, before its edits.

    Shares of its product's area, 0 to 1: `beyond` the outlines of the photos, `unseen` by every photo, and of `strange`
    colours. `smudged`: share of its outline that is softer than the size at which the splat was fitted explains; None
    if that size is unknown.
    """

    beyond: float
    unseen: float
    strange: float
    smudged: float | None = None


class Likeness(Frozen):
    """A picture that was drawn as `photo` shows the product, without that photo's detail, compared with the photo.

    `ssim`: of the picture with the detail of other photos, inside the product, 0 to 1; `weakest`: the same around the
    weakest twentieth of its pixels; `splat_ssim`: of the splat alone. `photographed`: share of the product's pixels
    with any detail. `fitted`: the splat was fitted to the photo.
    """

    photo: str
    ssim: float
    weakest: float
    splat_ssim: float
    photographed: float
    fitted: bool


class Shares(Frozen):
    """Where a product's colours come from: photos, the splat alone, a generative model. Shares that add up to 1."""

    photographed: float = Field(ge=0, le=1)
    splat: float = Field(ge=0, le=1)
    generated: float = Field(default=0.0, ge=0, le=1)

    @classmethod
    def of(cls, photographed: float) -> "Shares":
        """Shares of a picture of which `photographed` comes from photos, and nothing is generated."""
        own = round(photographed, 4)
        return cls(photographed=own, splat=round(1.0 - own, 4))

    def painted(self, generated: float) -> "Shares":
        """Shares after `generated` of the product, 0 to 1, was painted over, wherever that was."""
        own = round(self.photographed * (1.0 - generated), 4)
        over = round(1.0 - (1.0 - self.generated) * (1.0 - generated), 4)
        return Shares(photographed=own, splat=round(max(1.0 - own - over, 0.0), 4), generated=over)
