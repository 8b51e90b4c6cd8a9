"""What tests of decisions share: the three verdicts of checks, and people."""

from typing import get_args

from pipeline.catalog.review.actors import Actor
from pipeline.core.records import AssetRecord

FINE, UNSURE, BROKEN = get_args(AssetRecord.model_fields["verdict"].annotation)
ANN, EVE, VIC = Actor(name="ann", role="admin"), Actor(name="eve", role="reviewer"), Actor(name="vic", role="viewer")
FRONT, LEFT = "MUG-1/front/white/shop", "MUG-1/left/white/shop"
OTHER_PHOTOS = {"A.jpg": b"another first photo", "B.jpg": b"second photo"}
