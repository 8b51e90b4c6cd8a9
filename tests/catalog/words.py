"""What tests of decisions share: the three verdicts of checks, and people."""

from typing import get_args

from pipeline.catalog.review.actors import Actor, Role
from pipeline.core.records import AssetRecord

FINE, UNSURE, BROKEN = get_args(AssetRecord.model_fields["verdict"].annotation)
ANN = Actor(name="ann", role=Role.ADMIN)
EVE = Actor(name="eve", role=Role.REVIEWER)
VIC = Actor(name="vic", role=Role.VIEWER)
FRONT, LEFT = "MUG-1/front/white/shop", "MUG-1/left/white/shop"
OTHER_PHOTOS = {"A.jpg": b"another first photo", "B.jpg": b"second photo"}
