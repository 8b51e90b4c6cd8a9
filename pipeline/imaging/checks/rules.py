"""Check the file against its channel's rules: format, size, bytes, colour profile, marking, rendered angles."""

import io

from PIL import Image
from PIL.JpegImagePlugin import get_sampling
from PIL.TiffImagePlugin import TiffImageFile

from pipeline.core.errors import BadInput
from pipeline.core.records import Check
from pipeline.imaging.channels.encode import srgb_profile
from pipeline.imaging.checks.evidence import Evidence, finding, note


def check_rules(evidence: Evidence) -> tuple[Check, ...]:
    """Check the file's format, its bytes, and whether the channel accepts a rendered angle."""
    return (_file_rules(evidence), _bytes(evidence), _rendered(evidence))


def _file_rules(evidence: Evidence) -> Check:
    broken = _broken_rules(evidence)
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


def _broken_rules(evidence: Evidence) -> list[str]:
    channel = evidence.channel
    try:
        image = Image.open(io.BytesIO(evidence.file))
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
    if (bits := _bits(image, evidence.file)) != channel.bit_depth:
        wrong.append(f"it has {bits} bits per channel, not {channel.bit_depth}")
    if evidence.marking.encode() not in evidence.file:
        wrong.append(f"it does not carry the marking {evidence.marking}")
    return wrong


def _bits(image: Image.Image, file: bytes) -> int:
    """Bits per channel, read from the file because Pillow decodes every depth to 8."""
    if image.format == "PNG":
        return file[24]  # PNG specification, 11.2.1: after the signature, the length and name of IHDR, and the size
    return int(image.tag_v2[258][0]) if isinstance(image, TiffImageFile) else 8


def _bytes(evidence: Evidence) -> Check:
    size, most = len(evidence.file), evidence.channel.bytes_at_most
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
