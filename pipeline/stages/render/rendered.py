"""A rendered angle from its view to its record: drawn from the splat, and judged by the photos around it."""

from typing import NamedTuple

from pydantic import Field

from pipeline.contract.artifact import Artifact
from pipeline.contract.work import Work
from pipeline.core.domain import AngleDecision, View
from pipeline.core.measured import Shares
from pipeline.core.records import Picture
from pipeline.stages.render.angle import ANGLE, AngleInputs, AngleParams, DrawParams
from pipeline.stages.render.faults import with_faults
from pipeline.stages.render.likeness import with_likenesses
from pipeline.stages.render.posed import PosedShoot


class JudgedParams(DrawParams):
    """How rendered angles are drawn, and how many photos judge them."""

    likeness_photos: int = Field(
        default=2,
        ge=0,
        le=8,
        description="photos around a rendered angle from whose places the same is drawn without their detail, to be "
        "compared with them; about 2.5 CPU seconds each",
    )


class Rendered(NamedTuple):
    """The record of a rendered angle, its picture, and where its detail comes from (None without photos)."""

    picture: Picture
    file: Artifact
    sources: Artifact | None


def rendered(
    decision: AngleDecision, nearest: View, splat: Artifact, shoot: PosedShoot, params: JudgedParams, work: Work
) -> Rendered | None:
    """Render and judge an angle; None if the splat shows nothing from there. `nearest`: the nearest photo's view."""
    view = _view(decision, nearest)
    fitted = _fitted(shoot, view)
    near = shoot.near(view) if params.detail else ()
    photos = shoot.cutouts_of(near, work) if near else None
    item = AngleInputs(splat=splat, nearest=shoot.cutout(nearest.photo), photos=photos)
    settings = params.model_dump(include=set(DrawParams.model_fields))
    drawn = AngleParams(**settings, view=view, nearest=nearest, photos=near, fitted=fitted)
    done = work.item(decision.angle.name, ANGLE, item, drawn)
    if done.report.coverage == 0:
        return None
    picture = Picture(
        angle=decision.angle,
        source="rendered",
        nearest_photo=nearest.photo,
        view=view,
        shares=Shares.of(done.report.photographed),
        detail_photos=done.report.photos,
        fitted=fitted,
        reason=decision.reason,
    )
    picture = with_faults(picture, done.picture, shoot, done.report.smudged, work)
    picture = with_likenesses(picture, shoot, params.likeness_photos, params.detail, work)
    return Rendered(picture, done.picture, done.sources)


def _fitted(shoot: PosedShoot, view: View) -> float | None:
    """As in `Picture`."""
    if shoot.fitted_px is None:
        return None
    return round(min(1.0, shoot.fitted_px / max(view.camera.width_px, view.camera.height_px)), 4)


def _view(decision: AngleDecision, nearest: View) -> View:
    """The view of an angle: the nearest photo's camera, without distortion and at its distance, from that direction."""
    import numpy as np

    from pipeline.core.domain import camera_centre, look_at

    angle = decision.angle
    distance = float(np.linalg.norm(camera_centre(nearest.pose)))
    pose = look_at(angle.azimuth_deg, angle.elevation_deg, distance)
    return View(
        photo=angle.name,
        camera=nearest.camera.model_copy(update={"k1": 0.0}),
        cam_from_world=tuple(tuple(row) for row in pose.tolist()),
        azimuth_deg=angle.azimuth_deg,
        elevation_deg=angle.elevation_deg,
    )
