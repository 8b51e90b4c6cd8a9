"""What speaks against a matte whose engine took the backdrop to be plain."""

from pipeline.core.arrays import Mask, Matte, Rgb
from pipeline.imaging.cutout.backdrop_model import BackdropFit, Likeness, border_of, compare, fit_backdrop, lab_of
from pipeline.imaging.cutout.doubts import Doubt, ramp

PLAIN_AT_MOST = 5.0  # Lab distance from the backdrop, in units of its noise
TINT_AT_MOST = 5.0  # Lab distance from the backdrop's tint: more is no shadow


def plain_doubts_of(rgb: Rgb, matte: Matte) -> tuple[Doubt, ...]:
    """What speaks against a matte [h, w] in front of a plain backdrop, given its photo [h, w, 3] of the same size."""
    lab = lab_of(rgb)
    fit = fit_backdrop(lab)
    likeness = compare(lab, fit)
    solid = matte >= 0.5
    return (_uneven(fit), _border(likeness, solid))


def _uneven(fit: BackdropFit) -> Doubt:
    """Texture that the model of the backdrop leaves over: paper 0.3 to 3 in L, a garden 5 to 20."""
    light, tint = float(fit.noise[0]), float(fit.noise[1:].max())
    belief = min(ramp(light, 8.0, 4.0), ramp(tint, 3.0, 1.2))
    return Doubt(belief, "the surroundings are no plain backdrop: they are textured or many-coloured")


def _border(likeness: Likeness, solid: Mask) -> Doubt:
    """Share of the picture's border that is plain backdrop; a product that the frame cuts off leaves most of it."""
    border = border_of(solid.shape[0], solid.shape[1], 0.05)
    plain = float((likeness.distance < PLAIN_AT_MOST)[border].mean())
    return Doubt(ramp(plain, 0.35, 0.7), f"only {plain:.0%} of the picture's border is plain backdrop")
