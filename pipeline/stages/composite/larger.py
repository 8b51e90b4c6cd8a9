"""Which pictures of a shoot are enlarged before they are composed, and what that adds to their assets."""

from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.contract.artifact import Artifact
from pipeline.contract.work import Work
from pipeline.core.domain import Frozen
from pipeline.core.records import Check
from pipeline.core.retouches import Alteration
from pipeline.imaging.channels.channel import Channel
from pipeline.imaging.enlarging.registry import ENGINES
from pipeline.stages.composite.asset import AssetInputs, decoded
from pipeline.stages.composite.enlarge import (
    ENLARGE_ALTERING_ITEM,
    ENLARGE_BACKDROP_ITEM,
    ENLARGE_ITEM,
    EnlargeInputs,
    EnlargeOutputs,
    EnlargeParams,
)
from pipeline.stages.composite.jobs import Job


class Larger(NamedTuple):
    """The files of an asset, enlarged where its frame wants more px than they have.

    `checks`: of the enlarging. `alterations`: all that may have altered the product, enlarging included.
    """

    files: AssetInputs
    checks: tuple[Check, ...]
    alterations: tuple[Alteration, ...]

    def checks_with(self, fidelity: tuple[Check, ...]) -> tuple[Check, ...]:
        """The checks of the asset's angle and those of the enlarging, with one for all alterations."""
        from pipeline.imaging.checks.altered import check_alterations

        others = tuple(check for check in fidelity if check.name != "altered")
        return (*others, *self.checks, *check_alterations(self.alterations))


@dataclass(frozen=True)
class Enlarging:
    """The engines for products and for painted backdrops, and the settings of what reads the words on products."""

    product: Frozen
    backdrop: Frozen
    reader: dict[str, object]
    work: Work
    done: dict[tuple[str, str, int], EnlargeOutputs] = field(default_factory=dict)

    def files_for(self, job: Job, channel: Channel) -> Larger:
        """The files of a pair for one channel. Raises BadInput and MissingEngine as the engines do."""
        larger = Larger(job.files, (), job.alterations)
        if ENGINES.of(self.product).enlarges(self.product):
            larger = self._product(job, channel)
        if job.backdrop.kind == "diffusion" and ENGINES.of(self.backdrop).enlarges(self.backdrop):
            larger = larger._replace(files=self._backdrop(larger.files, job, channel))
        return larger

    def _product(self, job: Job, channel: Channel) -> Larger:
        from pipeline.imaging.compositing.framing import place
        from pipeline.imaging.enlarging.product import factor_for

        alpha = decoded(self.work.read(job.files.picture), "the angle's picture", "RGBA")[..., 3]
        factor = factor_for(place(alpha, channel, channel.framing(job.backdrop.kind)).scale)
        if factor == 1:
            return Larger(job.files, (), job.alterations)
        made = self._made(job.picture.angle.name, job.files.picture, factor, self.product)
        files = job.files.model_copy(update={"enlarged": made.picture})
        what = f"enlarged {factor} times by {getattr(self.product, 'checkpoint', '')}, which may invent detail"
        own = (Alteration(operation="enlarge", what=what),) if self._alters else ()
        return Larger(files, made.report.checks, (*job.alterations, *own))

    @property
    def _alters(self) -> bool:
        return bool(getattr(self.product, "alter_product", False))

    def _backdrop(self, files: AssetInputs, job: Job, channel: Channel) -> AssetInputs:
        from pipeline.imaging.enlarging.product import factor_for

        h, w = decoded(self.work.read(files.backdrop), "the backdrop", "RGB").shape[:2]
        factor = factor_for(max((channel.width_px or w) / w, (channel.height_px or h) / h))
        if factor == 1:
            return files
        made = self._made(job.path, files.backdrop, factor, self.backdrop, of_backdrop=True)
        return files.model_copy(update={"backdrop": made.picture})

    def _made(
        self, name: str, picture: Artifact, factor: int, upscale: Frozen, *, of_backdrop: bool = False
    ) -> EnlargeOutputs:
        key = (name, picture.sha256, factor)
        if key not in self.done:
            stage = ENLARGE_BACKDROP_ITEM if of_backdrop else ENLARGE_ALTERING_ITEM if self._alters else ENLARGE_ITEM
            params = EnlargeParams(upscale=upscale, factor=factor, reader={} if of_backdrop else self.reader)
            item = f"{name}/enlarged-{'backdrop-' if of_backdrop else ''}{factor}"
            self.done[key] = self.work.item(item, stage, EnlargeInputs(picture=picture), params)
        return self.done[key]
