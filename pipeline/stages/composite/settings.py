"""The settings of the layers and the assets of one angle over one backdrop, from the records above and the params."""

from typing import TYPE_CHECKING

from pipeline.core.records import Picture
from pipeline.imaging.channels.channel import Channel
from pipeline.stages.composite.asset import AssetParams, LayerParams, PictureSource
from pipeline.stages.composite.jobs import Job

if TYPE_CHECKING:
    from pipeline.stages.composite.stage import Params

LAMP_SOFTNESS = {"soft": 0.6, "hard": 0.25, "window": 0.15}
DETAILED = 0.8  # share of a rendered product with photographed detail, from which its own pixels count


def layer_params(job: Job, params: "Params") -> LayerParams:
    """The settings of a pair's layers. A painted backdrop has its own lamp, but its strength is that of the params."""
    light = params.light
    if job.backdrop.kind == "diffusion" and job.backdrop.prompt:
        from pipeline.diffusion.scenes.scene import lamp_of

        lamp = lamp_of(job.backdrop.prompt, job.backdrop.seed if job.backdrop.start == "scene" else None)
        light = light.model_copy(
            update={
                "azimuth_deg": lamp.azimuth_deg,
                "elevation_deg": lamp.elevation_deg,
                "softness": LAMP_SOFTNESS[lamp.softness],
            }
        )
    view, angle = job.picture.view, job.picture.angle
    elevation_deg = view.elevation_deg if view else angle.elevation_deg
    return LayerParams(
        shadow="painted" if job.backdrop.shadow_painted else params.shadow,
        light=light,
        camera_elevation_deg=round(elevation_deg, 1),
        view=view,
        picture_from_view=job.picture.picture_from_view,
        hangs=params.hangs,
        kind=job.backdrop.kind,
    )


def asset_params(job: Job, channel: Channel, layers: LayerParams, params: "Params", *, altered: bool) -> AssetParams:
    """The settings of one asset. `altered`: whether the product itself may have been."""
    return AssetParams(
        **layers.model_dump(),
        channel=channel,
        source=source_of(job.picture),
        refined=altered,
        resized=job.picture.resized,
        fitted=_fitted(job.picture),
        optimise_jpeg=params.optimise_jpeg,
    )


def _fitted(picture: Picture) -> float:
    """Px of the splat's fit per px of the picture; 1 where it is unknown or where most detail is that of photos."""
    detailed = picture.shares is not None and picture.shares.photographed >= DETAILED
    return 1.0 if picture.fitted is None or detailed else picture.fitted


def source_of(picture: Picture) -> PictureSource:
    """Where a picture that is not refused comes from."""
    return "captured" if picture.source == "captured" else "rendered"
