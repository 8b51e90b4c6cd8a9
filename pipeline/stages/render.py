"""render: one RGBA picture per angle that is not refused: the photo's own cut-out, or a view drawn from the splat."""

from pydantic import Field

from pipeline.contract.artifact import Artifact
from pipeline.contract.stage import Stage
from pipeline.contract.work import Work
from pipeline.domain import Frozen, Verdict, View
from pipeline.errors import BadInput, Held
from pipeline.records import Picture, dump_json, load_list


class Inputs(Frozen):
    """`cutouts`: tree `<photo>.png`; `verdicts`; `views`, `splat`: None when held or not needed."""

    cutouts: Artifact
    verdicts: Artifact
    views: Artifact | None = None
    splat: Artifact | None = None


class Params(Frozen):
    """How rendered angles are drawn."""

    supersample: int = Field(default=2, ge=1, le=4, description="finer pixels per side that are averaged into one")
    match_colour: bool = Field(
        default=True, description="scale each channel so that the splat agrees with the nearest photo, by at most 15%"
    )


class Report(Frozen):
    """Pictures by source; `missing`: angles that the splat should have drawn, and why there is none."""

    captured: int
    rendered: int
    refused: int
    missing: dict[str, str]


class Outputs(Frozen):
    """`angles`: tree `<angle>.png`, RGBA, straight alpha; `pictures`: JSON list of Picture, one an angle."""

    angles: Artifact
    pictures: Artifact
    report: Report


class AngleInputs(Frozen):
    """A splat, and the cut-out of the nearest photo, whose colours it is matched to."""

    splat: Artifact
    nearest: Artifact


class AngleParams(Params):
    """Where from: the new view, and the nearest photo's."""

    view: View
    nearest: View


class AngleReport(Frozen):
    """`gain`: the factor a channel that matched the splat to the photo. `coverage`: share of the picture.

    `haze`: share of the alpha that lay beside the product and was dropped. `likeness`: SSIM of the splat and the
    nearest photo, seen from that photo's place, inside the product.
    """

    gain: tuple[float, float, float]
    coverage: float
    haze: float
    likeness: float


class AngleOutputs(Frozen):
    """`picture`: PNG, RGBA."""

    picture: Artifact
    report: AngleReport


def run_angle(inputs: AngleInputs, params: AngleParams, work: Work) -> AngleOutputs:
    """Draw one angle."""
    from pipeline.splatting.haze import without_haze
    from pipeline.splatting.match import match, with_gain
    from pipeline.splatting.ply import read_ply
    from pipeline.splatting.png import decode_rgba, encode_rgb
    from pipeline.splatting.render import planes, straight

    splat = read_ply(work.read(inputs.splat), "the splat")
    picture, haze = without_haze(planes(splat, params.view.camera, params.view.pose, params.supersample))
    matched = match(splat, decode_rgba(work.read(inputs.nearest)), params.nearest)
    gain = matched.gain if params.match_colour else (1.0, 1.0, 1.0)
    rgba = straight(with_gain(picture, gain)).rgba
    coverage = round(float((rgba[..., 3] >= 128).mean()), 4)
    report = AngleReport(gain=gain, coverage=coverage, haze=round(haze, 5), likeness=matched.ssim)
    return AngleOutputs(picture=work.put_bytes(encode_rgb(rgba), "image/png"), report=report)


ANGLE = Stage("render_angle", 1, AngleInputs, AngleParams, AngleOutputs, run_angle, gpu=True)


def run(inputs: Inputs, params: Params, work: Work) -> Outputs:
    """Gather or draw every angle. Raises Held when not one angle has a picture."""
    verdicts = load_list(Verdict, work.read(inputs.verdicts))
    views = {view.photo: view for view in load_list(View, work.read(inputs.views))} if inputs.views else {}
    cutouts = work.tree(inputs.cutouts)
    files: dict[str, Artifact] = {}
    pictures = []
    for count, verdict in enumerate(verdicts, start=1):
        picture, file = _picture(verdict, views, cutouts, inputs.splat, params, work)
        pictures.append(picture)
        if file is not None:
            files[f"{verdict.angle.name}.png"] = file
        work.progress(count, len(verdicts), f"{verdict.angle.name}: {picture.source}")
    if not files:
        raise Held(
            "no angle has a picture: " + "; ".join(f"{p.angle.name}: {p.reason}" for p in pictures),
            remedy="Name photos for angles in shoot.yaml (capture.named), or shoot the sides that are missing",
        )
    sources = [picture.source for picture in pictures]
    wanted = {v.angle.name for v in verdicts if v.decision != "refused"}
    return Outputs(
        angles=work.put_tree(files),
        pictures=work.put_bytes(dump_json(pictures)),
        report=Report(
            captured=sources.count("captured"),
            rendered=sources.count("rendered"),
            refused=sources.count("refused"),
            missing={p.angle.name: p.reason for p in pictures if p.source == "refused" and p.angle.name in wanted},
        ),
    )


STAGE = Stage("render", 1, Inputs, Params, Outputs, run, gpu=True)


def _picture(
    verdict: Verdict,
    views: dict[str, View],
    cutouts: dict[str, Artifact],
    splat: Artifact | None,
    params: Params,
    work: Work,
) -> tuple[Picture, Artifact | None]:
    """What becomes of one angle, and its picture."""
    angle, photo = verdict.angle, verdict.photo
    if verdict.decision == "captured" and photo is not None:
        picture = Picture(
            angle=angle,
            source="captured",
            photo=photo,
            nearest_photo=photo,
            view=views.get(photo),
            reason=verdict.reason,
        )
        return picture, _cutout(cutouts, photo)
    refused = Picture(angle=angle, source="refused", nearest_photo=verdict.nearest_photo, reason=verdict.reason)
    if verdict.decision == "refused":
        return refused, None
    nearest = views.get(verdict.nearest_photo or "")
    if splat is None or nearest is None:
        why = "there is no splat to render it from (its step was held)" if nearest else "the nearest photo has no pose"
        return refused.model_copy(update={"reason": f"{verdict.reason}; {why}"}), None
    view = _view(verdict, nearest)
    item = AngleInputs(splat=splat, nearest=_cutout(cutouts, nearest.photo))
    done = work.item(angle.name, ANGLE, item, AngleParams(**params.model_dump(), view=view, nearest=nearest))
    picture = Picture(
        angle=angle,
        source="rendered",
        nearest_photo=nearest.photo,
        view=view,
        likeness=done.report.likeness,
        reason=verdict.reason,
    )
    return picture, done.picture


def _view(verdict: Verdict, nearest: View) -> View:
    """The new camera: the nearest photo's, without its distortion, at its distance, turned to the angle."""
    import numpy as np

    from pipeline.domain import camera_centre, look_at

    angle = verdict.angle
    distance = float(np.linalg.norm(camera_centre(nearest.pose)))
    pose = look_at(angle.azimuth_deg, angle.elevation_deg, distance)
    return View(
        photo=angle.name,
        camera=nearest.camera.model_copy(update={"k1": 0.0}),
        cam_from_world=tuple(tuple(row) for row in pose.tolist()),
        azimuth_deg=angle.azimuth_deg,
        elevation_deg=angle.elevation_deg,
    )


def _cutout(cutouts: dict[str, Artifact], photo: str) -> Artifact:
    try:
        return cutouts[f"{photo}.png"]
    except KeyError:
        raise BadInput(f"photo {photo} has no cut-out", remedy="Run cutout again.") from None
