"""The item of composite that makes an asset of a picture in which a person wears the product."""

from pipeline.contract.artifact import Artifact
from pipeline.contract.stage import Stage
from pipeline.contract.work import Work
from pipeline.core.arrays import Rgb
from pipeline.core.domain import Frozen
from pipeline.imaging.channels.channel import Channel
from pipeline.stages.composite.asset import AssetOutputs, AssetReport


class WornAssetInputs(Frozen):
    """`worn`: PNG, RGB, of background."""

    worn: Artifact


class WornAssetParams(Frozen):
    """The channel whose frame the picture fills."""

    channel: Channel
    optimise_jpeg: bool = True


def make_worn_asset(inputs: WornAssetInputs, params: WornAssetParams, work: Work) -> AssetOutputs:
    """Frame, encode and check one file. The picture covers the channel's frame, cropped evenly."""
    from pipeline.core.png import decode_png
    from pipeline.imaging.channels.encode import encode_image
    from pipeline.imaging.channels.marking import digital_source_type, xmp_packet
    from pipeline.imaging.checks.rules import check_file
    from pipeline.imaging.compositing.framing import resample_backdrop

    picture, channel = decode_png(work.read(inputs.worn), channels=3), params.channel
    width_px, height_px = _covering_px(picture, channel)
    marking = digital_source_type("captured", "worn")
    linear = resample_backdrop(picture, width_px, height_px)
    file = encode_image(linear, channel, xmp_packet(marking), params.optimise_jpeg)
    checks = check_file(channel, file, marking)
    report = AssetReport(width_px=width_px, height_px=height_px, checks=checks)
    return AssetOutputs(asset=work.put_bytes(file, channel.media_type), report=report)


def _covering_px(picture: Rgb, channel: Channel) -> tuple[int, int]:
    """Width and height of the frame that a picture [h, w, 3] covers.

    Smaller, as far as the channel allows, where the picture would be enlarged by more than `upscale_at_most`. A channel
    without a size keeps the picture's.
    """
    height, width = picture.shape[:2]
    if channel.width_px is None or channel.height_px is None:
        return width, height
    return channel.frame_px(channel.upscale_at_most / max(channel.width_px / width, channel.height_px / height))


WORN_ITEM = Stage("composite_worn", 1, WornAssetInputs, WornAssetParams, AssetOutputs, make_worn_asset)
