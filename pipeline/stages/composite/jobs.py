"""Which angle is composed over which backdrop, and for which channels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pipeline.contract.artifact import Artifact
from pipeline.contract.work import Work
from pipeline.core.errors import BadInput
from pipeline.core.records import BackdropPicture, Picture
from pipeline.core.retouches import Alteration
from pipeline.imaging.channels.channel import Channel
from pipeline.stages.composite.asset import AssetInputs


class Trees(NamedTuple):
    """Where the files of angles and backdrops are; `splat`: the product's shape, if there is one."""

    angles: Artifact
    backdrops: Artifact
    splat: Artifact | None


@dataclass(frozen=True)
class Job:
    """One angle over one backdrop, and the channels that accept the pair."""

    picture: Picture
    backdrop: BackdropPicture
    files: AssetInputs
    channels: tuple[Channel, ...]

    @property
    def path(self) -> str:
        """The pair's folder in the trees `assets` and `layers`."""
        return f"{self.picture.angle.name}/{self.backdrop.backdrop}"

    @property
    def alterations(self) -> tuple[Alteration, ...]:
        """What may have altered the product in the assets of the pair."""
        return (*self.picture.alterations, *self.backdrop.alterations)


def jobs_of(
    pictures: Sequence[Picture],
    backdrops: Sequence[BackdropPicture],
    channels: Sequence[Channel],
    trees: Trees,
    work: Work,
) -> list[Job]:
    """The pairs that any channel accepts, in the order of the requested angles. Raises BadInput for a missing file."""
    jobs = []
    angles, backdrop_files = work.tree(trees.angles), work.tree(trees.backdrops)
    for picture in pictures:
        for backdrop in backdrops:
            if backdrop.angle != picture.angle.name:
                continue
            suited = tuple(channel for channel in channels if backdrop.kind in channel.backdrops)
            file = file_in(backdrop_files, backdrop.path)
            if any(channel.pure_white for channel in suited) and not _is_white(file, work):
                suited = tuple(channel for channel in suited if not channel.pure_white)
            files = AssetInputs(
                picture=file_in(angles, f"{picture.angle.name}.png"),
                backdrop=file,
                splat=trees.splat if picture.view else None,
            )
            if suited:
                jobs.append(Job(picture, backdrop, files, suited))
    return jobs


def file_in(tree: dict[str, Artifact], path: str) -> Artifact:
    """One file of a tree. Raises BadInput when it is missing."""
    if path not in tree:
        raise BadInput(f"{path} is listed but was not made", remedy="Run the steps above composite again")
    return tree[path]


def _is_white(backdrop: Artifact, work: Work) -> bool:
    """Whether every pixel of a backdrop is pure white, whatever its name and colour field say."""
    from pipeline.imaging.channels.encode import decode_image

    return bool((decode_image(work.read(backdrop), "the backdrop") == 255).all())
