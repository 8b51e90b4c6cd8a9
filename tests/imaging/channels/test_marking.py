import xml.etree.ElementTree as ET

import pytest

from pipeline.imaging.channels.marking import VOCABULARY, digital_source_type, marking_of, xmp_packet

IPTC = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"


@pytest.mark.parametrize(
    ("product", "backdrop", "term"),
    [
        ("captured", "solid", "compositeCapture"),
        ("captured", "gradient", "compositeCapture"),
        ("captured", "diffusion", "compositeWithTrainedAlgorithmicMedia"),
        ("rendered", "solid", "compositeSynthetic"),
        ("rendered", "diffusion", "compositeWithTrainedAlgorithmicMedia"),
    ],
)
def test_term_and_packet_state_how_the_image_was_made(product, backdrop, term):
    assert digital_source_type(product, backdrop) == term
    packet = xmp_packet(term).decode()
    root = ET.fromstring(packet[packet.index("<x:xmpmeta") : packet.index("<?xpacket end")])  # noqa: S314 - our own text
    terms = [element.attrib[IPTC] for element in root.iter() if IPTC in element.attrib]
    assert terms == [VOCABULARY + term]
    assert marking_of(b"JPEG" + packet.encode() + b"...") == term


def test_a_refined_product_is_marked_as_generated_on_a_plain_backdrop():
    assert digital_source_type("rendered", "solid", refined=True) == "compositeWithTrainedAlgorithmicMedia"


def test_a_file_without_marking_gives_none():
    assert marking_of(b"\xff\xd8 nothing here") is None
