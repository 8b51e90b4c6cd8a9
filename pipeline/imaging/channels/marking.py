"""IPTC's marking of how an image was made, as an XMP packet inside the published file.

Terms: IPTC NewsCodes, Digital Source Type (http://cv.iptc.org/newscodes/digitalsourcetype/). Shops require it where
generative AI was used (Google Merchant Center: keep the marking in the file).
"""

import re
from typing import Literal

from pipeline.core.backdrops import BackdropKind

VOCABULARY = "http://cv.iptc.org/newscodes/digitalsourcetype/"
DigitalSourceType = Literal["compositeCapture", "compositeSynthetic", "compositeWithTrainedAlgorithmicMedia"]
_PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    Iptc4xmpExt:DigitalSourceType="{source}"
    xmp:CreatorTool="catalog-pipeline"/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"""


def digital_source_type(
    product: Literal["captured", "rendered"],
    backdrop: BackdropKind,
    *,
    refined: bool = False,
) -> DigitalSourceType:
    """Return the IPTC term for a product picture of this source over a backdrop of this kind.

    A painted backdrop is made by generative AI, and so is a person in the product, or a product that a model has
    altered. A rendered product is
    synthetic, although no generative model made it. A cut-out photo over a plain colour is a composite of captured
    elements.
    """
    if backdrop in {"diffusion", "worn"} or refined:
        return "compositeWithTrainedAlgorithmicMedia"
    return "compositeSynthetic" if product == "rendered" else "compositeCapture"


def xmp_packet(source: DigitalSourceType) -> bytes:
    """The XMP packet with this term, UTF-8."""
    return _PACKET.format(source=VOCABULARY + source).encode()


def marking_of(file: bytes) -> str | None:
    """Read the digital source type from a file's XMP, without the vocabulary's address; None if there is none."""
    match = re.search(rb"DigitalSourceType[=>\"' ]+" + re.escape(VOCABULARY.encode()) + rb"([A-Za-z]+)", file)
    return match.group(1).decode() if match else None
