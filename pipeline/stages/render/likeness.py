"""The item stage of render that compares pictures made as a rendered angle is with the photos around that angle."""

from pipeline.contract.artifact import Artifact
from pipeline.contract.stage import Stage
from pipeline.contract.work import Work
from pipeline.core.domain import Frozen, View
from pipeline.core.measured import Likeness
from pipeline.core.records import Picture
from pipeline.stages.render.posed import PosedShoot, posed_photos


class LikenessInputs(Frozen):
    """The splat, and trees `<photo>.png` of cut-outs: the photo that judges, and those whose detail is used.

    `others`: None if the picture has the splat's detail alone.
    """

    splat: Artifact
    photo: Artifact
    others: Artifact | None = None


class LikenessParams(Frozen):
    """The views of the photo that judges and of the others, nearest first; `fitted` as in `Likeness`."""

    view: View
    others: tuple[View, ...] = ()
    fitted: bool


class LikenessReport(Frozen):
    """What was compared."""

    likeness: Likeness


class LikenessOutputs(Frozen):
    """Only a report."""

    report: LikenessReport


def compare_photo(inputs: LikenessInputs, params: LikenessParams, work: Work) -> LikenessOutputs:
    """Draw what one photo shows, with the other photos' detail, and compare it with the photo."""
    from pipeline.splatting.ply import read_ply
    from pipeline.splatting.show.likeness import compare

    (photo,) = posed_photos(inputs.photo, (params.view,), work)
    done = compare(
        read_ply(work.read(inputs.splat), "the splat"), photo, posed_photos(inputs.others, params.others, work)
    )
    likeness = Likeness(
        photo=photo.name,
        ssim=round(done.ssim, 4),
        weakest=round(done.weakest, 4),
        splat_ssim=round(done.splat_ssim, 4),
        photographed=round(done.photographed, 4),
        fitted=params.fitted,
    )
    return LikenessOutputs(report=LikenessReport(likeness=likeness))


LIKENESS = Stage("render_likeness", 1, LikenessInputs, LikenessParams, LikenessOutputs, compare_photo)


def with_likenesses(picture: Picture, shoot: PosedShoot, count: int, detail: bool, work: Work) -> Picture:
    """Compare with `count` photos around a rendered angle what is drawn from their places, with `detail` or without.

    Angles that have a photo around them in common share its comparison.
    """
    if picture.view is None or shoot.splat is None:
        return picture
    likenesses = []
    for view in shoot.judges(picture.view, count):
        others = shoot.near(view, without=view.photo) if detail else ()
        item = LikenessInputs(
            splat=shoot.splat,
            photo=shoot.cutouts_of((view,), work),
            others=shoot.cutouts_of(others, work) if others else None,
        )
        params = LikenessParams(view=view, others=others, fitted=view.photo not in shoot.validation)
        likenesses.append(work.item(f"likeness/{view.photo}", LIKENESS, item, params).report.likeness)
    return picture.model_copy(update={"likenesses": tuple(likenesses)})
