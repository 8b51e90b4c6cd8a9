"""Check the file against its channel's rules: format, size, bytes, colour profile, marking, rendered angles."""

import io

from PIL import Image
from PIL.JpegImagePlugin import get_sampling
from PIL.TiffImagePlugin import TiffImageFile

from pipeline.core.errors import BadInput
from pipeline.core.records import Check
from pipeline.imaging.channels.channel import Channel
from pipeline.imaging.channels.encode import srgb_profile
from pipeline.imaging.checks.evidence import Evidence, finding, note


def check_rules(evidence: Evidence) -> tuple[Check, ...]:
    """Check the file's format, its bytes, and whether the channel accepts a rendered angle."""
    return (*check_file(evidence.channel, evidence.file, evidence.marking), _rendered(evidence))


def check_file(channel: Channel, file: bytes, marking: str) -> tuple[Check, ...]:
    """Check an encoded file's format and bytes, and that it carries the IPTC term `marking`."""
    return (_file_rules(channel, file, marking), _bytes(channel, file))


def _file_rules(channel: Channel, file: bytes, marking: str) -> Check:
    broken = _broken_rules(channel, file, marking)
    words = "the file obeys the channel's rules" if not broken else "the file breaks the channel's rules: "
    return finding(
        "channel_rules",
        len(broken),
        "rules",
        words + "; ".join(broken),
        threshold=0,
        passed=not broken,
        severity="reject",
    )


def _broken_rules(channel: Channel, file: bytes, marking: str) -> list[str]:
    try:
        image = Image.open(io.BytesIO(file))
    except OSError as error:
        raise BadInput(
            f"the file for {channel.name} cannot be opened: {error}", remedy="Run composite again"
        ) from error
    wrong = []
    if Image.MIME.get(image.format or "") != channel.media_type:
        wrong.append(f"it is {image.format}, not {channel.media_type}")
    if channel.width_px is not None:
        size = channel.frame_px(max(image.size) / max(channel.frame_px()))
        if image.size != size:
            wrong.append(f"it is {image.width} x {image.height} px, not {size[0]} x {size[1]}")
    if max(image.size) < channel.long_side_at_least_px:
        wrong.append(f"its longer side has {max(image.size)} px, fewer than {channel.long_side_at_least_px}")
    if image.format == "JPEG" and get_sampling(image) != 0:
        wrong.append("its colours are subsampled, not 4:4:4")
    if image.info.get("icc_profile") != srgb_profile():
        wrong.append("its colour profile is not sRGB" if image.info.get("icc_profile") else "it has no colour profile")
    if (bits := _bits(image, file)) != channel.bit_depth:
        wrong.append(f"it has {bits} bits per channel, not {channel.bit_depth}")
    if marking.encode() not in file:
        wrong.append(f"it does not carry the marking {marking}")
    return wrong


def _bits(image: Image.Image, file: bytes) -> int:
    """Bits per channel, read from the file because Pillow decodes every depth to 8."""
    if image.format == "PNG":
        return file[24]  # PNG specification, 11.2.1: after the signature, the length and name of IHDR, and the size
    return int(image.tag_v2[258][0]) if isinstance(image, TiffImageFile) else 8


def _bytes(channel: Channel, file: bytes) -> Check:
    size, most = len(file), channel.bytes_at_most
    if most is None:
        return note("bytes", size, "bytes", f"the file has {size / 1e6:.2f} MB")
    passed = size <= most
    words = f"the file has {size / 1e6:.2f} MB" + ("" if passed else f"; at most {most / 1e6:.0f} MB are allowed")
    return finding("bytes", size, "bytes", words, threshold=most, passed=passed, severity="reject")


def _rendered(evidence: Evidence) -> Check:
    rule = evidence.channel.rendered
    if evidence.source == "captured":
        return note("rendered", 0, "flag", "this angle was photographed")
    if rule == "allow":
        return note("rendered", 1, "flag", "this angle was rendered from the other photos")
    words = f"this angle was rendered, not photographed; {evidence.channel.title} requires a person to look first"
    if rule == "reject":
        words = f"this angle was rendered, not photographed; {evidence.channel.title} accepts only photos"
    return finding("rendered", 1, "flag", words, threshold=0, passed=False, severity=rule)
