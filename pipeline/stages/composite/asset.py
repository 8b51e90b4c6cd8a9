"""The item stages of composite: the fidelity checks of an angle, the layers of angle and backdrop, a finished file."""

from functools import lru_cache
from typing import TYPE_CHECKING, Literal, Self

from pipeline.contract.artifact import Artifact
from pipeline.contract.stage import Stage
from pipeline.contract.work import Work
from pipeline.core.arrays import F64, Pixels, Rgba
from pipeline.core.backdrops import BackdropKind
from pipeline.core.domain import Frozen, View
from pipeline.core.edits import Edits
from pipeline.core.measured import Likeness, RenderFaults, Shares, SilhouetteAgreement
from pipeline.core.records import Check, Homography, Light, Picture
from pipeline.core.retouches import Alteration
from pipeline.imaging.channels.channel import Channel, load_channel

if TYPE_CHECKING:  # these modules load the imaging libraries
    from pipeline.imaging.compositing.blend import Layers
    from pipeline.imaging.compositing.shadow_camera import Ground

PictureSource = Literal["captured", "rendered"]


class AngleInputs(Frozen):
    """The picture of an angle and its origins: the unedited picture, the photo and its cut-out.

    `unedited`: None without edits. `photo`, `cutout`: None when the angle was rendered.
    """

    picture: Artifact
    unedited: Artifact | None = None
    photo: Artifact | None = None
    cutout: Artifact | None = None


class AngleParams(Frozen):
    """The fields of the angle's `Picture` that its checks use, and the threshold of its likeness."""

    nearest_photo: str | None = None
    likenesses: tuple[Likeness, ...] = ()
    refined: bool = False
    shares: Shares | None = None
    detail_photos: tuple[str, ...] = ()
    silhouette: SilhouetteAgreement | None = None
    faults: RenderFaults | None = None
    edits: Edits | None = None
    alterations: tuple[Alteration, ...] = ()
    likeness_at_least: float = 0.0

    @classmethod
    def of(cls, picture: Picture, likeness_at_least: float) -> Self:
        """The fields of `picture` that are here too, and the threshold."""
        shared = cls.model_fields.keys() & Picture.model_fields.keys()
        return cls(**{name: getattr(picture, name) for name in shared}, likeness_at_least=likeness_at_least)


class AngleReport(Frozen):
    """Whether the picture shows a product, and the first checks of the fidelity chain."""

    has_product: bool
    checks: tuple[Check, ...] = ()


class AngleOutputs(Frozen):
    """Only a report."""

    report: AngleReport


class AssetInputs(Frozen):
    """The picture of an angle, a backdrop, and the splat as the shape that casts the shadow, None without one.

    `enlarged`: the picture with a multiple of its px, to be resampled in its place; None where it has enough.
    """

    picture: Artifact
    backdrop: Artifact
    splat: Artifact | None = None
    enlarged: Artifact | None = None


class LayerParams(Frozen):
    """The settings of the layers of one angle and backdrop; `view` and `picture_from_view` are those of its Picture."""

    shadow: Literal["layer", "painted", "none"]
    light: Light
    camera_elevation_deg: float
    view: View | None = None
    picture_from_view: Homography | None = None
    hangs: float = 0.0
    kind: BackdropKind


class LayerReport(Frozen):
    """The size of the layers."""

    width_px: int
    height_px: int


class LayerOutputs(Frozen):
    """Layers of the picture's size, to be stacked in an editor: product RGBA, shadow RGBA, backdrop RGB."""

    product: Artifact
    shadow: Artifact
    backdrop: Artifact
    report: LayerReport


class AssetParams(LayerParams):
    """The settings of one asset. `resized`: the factor by which the edits enlarged the angle's picture.

    `fitted`: px of the splat's fit per px of a rendered picture before its edits; 1 where it has the photos' detail.
    """

    channel: Channel
    source: PictureSource
    refined: bool = False
    resized: float = 1.0
    fitted: float = 1.0
    optimise_jpeg: bool = True


class AssetReport(Frozen):
    """The finished file's size and its checks."""

    width_px: int
    height_px: int
    checks: tuple[Check, ...]


class AssetOutputs(Frozen):
    """The finished file."""

    asset: Artifact
    report: AssetReport


def check_angle(inputs: AngleInputs, params: AngleParams, work: Work) -> AngleOutputs:
    """Check an angle's picture against its edits, and the unedited picture against its photo and cut-out."""
    from pipeline.imaging.channels.encode import decode_image
    from pipeline.imaging.checks.altered import check_alterations, unaltered
    from pipeline.imaging.checks.rendered import check_faults
    from pipeline.imaging.checks.silhouette import check_silhouette
    from pipeline.imaging.checks.source import check_captured, check_edits, check_rendered, check_whole, detail_notes
    from pipeline.imaging.compositing.framing import product_mask

    picture = decode_image(work.read(inputs.picture), "the angle's picture", "RGBA")
    if not product_mask(picture[..., 3]).any():
        return AngleOutputs(report=AngleReport(has_product=False))
    unedited = picture
    edits: tuple[Check, ...] = ()
    if inputs.unedited is not None and params.edits is not None:
        unedited = decode_image(work.read(inputs.unedited), "the angle's picture before its edits", "RGBA")
        edits = (check_edits(unedited, params.edits, picture), check_whole(unedited, params.edits))
    others = (*check_alterations(params.alterations), *edits)
    if inputs.photo is None or inputs.cutout is None:
        checks = check_rendered(
            params.nearest_photo, params.likenesses, params.likeness_at_least, refined=params.refined
        )
        checks += (*detail_notes(params.shares, params.detail_photos), *check_faults(params.faults))
        return AngleOutputs(report=AngleReport(has_product=True, checks=(*checks, *others)))
    photo = decode_image(work.read(inputs.photo), "the photo")
    cutout = decode_image(work.read(inputs.cutout), "the cut-out", "RGBA")
    compared = unaltered(unedited, photo, cutout, [each.box for each in params.alterations])
    checks = (*check_captured(photo, cutout, compared), *check_silhouette(params.silhouette, max(unedited.shape)))
    return AngleOutputs(report=AngleReport(has_product=True, checks=(*checks, *others)))


def make_layer_files(inputs: AssetInputs, params: LayerParams, work: Work) -> LayerOutputs:
    """Make the layers of one angle and backdrop at the picture's size."""
    from pipeline.core.png import encode_small_png
    from pipeline.imaging.channels.encode import PNG_LEVEL
    from pipeline.imaging.compositing.blend import backdrop_picture, shadow_picture

    picture = decoded(work.read(inputs.picture), "the angle's picture", "RGBA")
    layers = _layers(picture, load_channel("archive"), inputs, params, work)
    h, w = picture.shape[:2]
    return LayerOutputs(
        product=inputs.picture,
        shadow=work.put_bytes(encode_small_png(shadow_picture(layers), PNG_LEVEL), "image/png"),
        backdrop=work.put_bytes(encode_small_png(backdrop_picture(layers.backdrop), PNG_LEVEL), "image/png"),
        report=LayerReport(width_px=w, height_px=h),
    )


def make_asset(inputs: AssetInputs, params: AssetParams, work: Work) -> AssetOutputs:
    """Compose, encode and check one asset."""
    from pipeline.core.linear import linear_to_srgb
    from pipeline.imaging.channels.encode import decode_image, encode_image
    from pipeline.imaging.channels.marking import digital_source_type, xmp_packet
    from pipeline.imaging.checks.evidence import Evidence
    from pipeline.imaging.checks.judge import check_asset

    picture = decoded(work.read(inputs.picture), "the angle's picture", "RGBA")
    channel = params.channel
    layers = _layers(picture, channel, inputs, params, work)
    marking = digital_source_type(params.source, params.kind, refined=params.refined)
    finished = layers.blended()
    file = encode_image(finished, channel, xmp_packet(marking), params.optimise_jpeg)
    evidence = Evidence(
        picture=picture,
        placement=layers.placement,
        behind=layers.behind,
        image=linear_to_srgb(finished),
        file=file,
        decoded=decode_image(file, channel.name),
        channel=channel,
        kind=params.kind,
        source=params.source,
        marking=marking,
        resized=params.resized,
        fitted=params.fitted,
        backdrop=layers.backdrop,
        enlarged=_enlarged(inputs, work),
    )
    width_px, height_px = layers.placement.width_px, layers.placement.height_px
    return AssetOutputs(
        asset=work.put_bytes(file, channel.media_type),
        report=AssetReport(width_px=width_px, height_px=height_px, checks=check_asset(evidence)),
    )


def _layers(picture: Rgba, channel: Channel, inputs: AssetInputs, params: LayerParams, work: Work) -> "Layers":
    """The layers of the picture over its backdrop, in a channel's frame."""
    from pipeline.imaging.compositing.blend import make_layers

    drawn = params.shadow == "layer" and channel.shadow
    return make_layers(
        picture,
        decoded(work.read(inputs.backdrop), "the backdrop", "RGB"),
        channel,
        params.kind,
        shadow=params.shadow,
        light=params.light,
        camera_elevation_deg=params.camera_elevation_deg,
        hangs=params.hangs,
        ground=_ground(picture.shape[1], inputs, params, work) if drawn else None,
        enlarged=_enlarged(inputs, work),
    )


def _enlarged(inputs: AssetInputs, work: Work) -> Rgba | None:
    return None if inputs.enlarged is None else decoded(work.read(inputs.enlarged), "the enlarged picture", "RGBA")


def _ground(width_px: int, inputs: AssetInputs, params: LayerParams, work: Work) -> "Ground | None":
    """The floor as the picture's camera sees it, and the product's shape; None when the camera is unknown."""
    import numpy as np

    from pipeline.imaging.compositing.shadow_camera import ground_of

    if params.view is None:
        return None
    points = None if inputs.splat is None else _surface(work.read(inputs.splat))
    if params.picture_from_view is None:
        return ground_of(params.view, width_px, points)
    ground = ground_of(params.view, params.view.camera.width_px, points)
    return ground and ground.moved(np.array(params.picture_from_view))


@lru_cache(maxsize=3)  # an angle's picture, enlarged or not, and its backdrop, of which all channels make an asset
def decoded(file: bytes, name: str, mode: str) -> Pixels:
    """`decode_image`, once per file for the items that follow each other. The pixels are read-only."""
    from pipeline.imaging.channels.encode import decode_image

    pixels = decode_image(file, name, mode)
    pixels.setflags(write=False)
    return pixels


@lru_cache(maxsize=1)  # of the shoot's splat, which all items share
def _surface(ply: bytes) -> F64:
    """Points [n, 3] of the splat's surface, in the product frame. They are read-only."""
    from pipeline.splatting.ply import read_ply
    from pipeline.splatting.surface import surface_points

    points = surface_points(read_ply(ply, "the splat")).astype(float)
    points.setflags(write=False)
    return points


ANGLE_ITEM = Stage("composite_angle", 8, AngleInputs, AngleParams, AngleOutputs, check_angle)
LAYERS_ITEM = Stage("composite_layers", 7, AssetInputs, LayerParams, LayerOutputs, make_layer_files)
ASSET_ITEM = Stage("composite_asset", 8, AssetInputs, AssetParams, AssetOutputs, make_asset)
