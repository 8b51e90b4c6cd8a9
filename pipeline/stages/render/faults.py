"""The item stage of render that looks for faults of a rendered angle, before its edits."""

from pipeline.contract.artifact import Artifact
from pipeline.contract.stage import Stage
from pipeline.contract.work import Work
from pipeline.core.domain import Frozen, View
from pipeline.core.measured import RenderFaults
from pipeline.core.records import Picture
from pipeline.stages.render.posed import PosedShoot

PHOTOS = 12  # the nearest ones, that a picture is compared with


class FaultsInputs(Frozen):
    """A rendered angle, the splat that drew it, and the cut-outs of the nearest photos: tree `<photo>.png`."""

    picture: Artifact
    splat: Artifact
    photos: Artifact


class FaultsParams(Frozen):
    """The angle's view, the photos' views, and how smudged the splat drew the outline, as in `RenderFaults`."""

    view: View
    views: tuple[View, ...]
    smudged: float | None = None


class FaultsReport(Frozen):
    """What was found."""

    faults: RenderFaults


class FaultsOutputs(Frozen):
    """Only a report."""

    report: FaultsReport


def find_faults(inputs: FaultsInputs, params: FaultsParams, work: Work) -> FaultsOutputs:
    """Compare a rendered angle with the outlines and colours of the nearest photos."""
    from pipeline.core.png import decode_png
    from pipeline.splatting.ply import read_ply
    from pipeline.splatting.show.faults import faults_of, shot_of
    from pipeline.splatting.show.seen import depth_of

    splat, photos = read_ply(work.read(inputs.splat), "the splat"), work.tree(inputs.photos)
    shots = [
        shot_of(decode_png(work.read(photos[f"{view.photo}.png"]), channels=4), view, splat) for view in params.views
    ]
    picture = decode_png(work.read(inputs.picture), channels=4)
    found = faults_of(picture, depth_of(splat, params.view), shots, params.smudged)
    return FaultsOutputs(report=FaultsReport(faults=found))


FAULTS = Stage("render_faults", 2, FaultsInputs, FaultsParams, FaultsOutputs, find_faults)


def with_faults(picture: Picture, file: Artifact, shoot: PosedShoot, smudged: float | None, work: Work) -> Picture:
    """Look for the faults of a rendered angle. `smudged` as in `RenderFaults`."""
    if picture.view is None or shoot.splat is None:
        return picture
    near = shoot.around(picture.view, PHOTOS)
    item = FaultsInputs(picture=file, splat=shoot.splat, photos=shoot.cutouts_of(near, work))
    params = FaultsParams(view=picture.view, views=near, smudged=smudged)
    done = work.item(f"{picture.angle.name}/faults", FAULTS, item, params)
    return picture.model_copy(update={"faults": done.report.faults})
