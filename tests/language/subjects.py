"""Pictures and facts for caption tests."""

import cv2
import numpy as np

from pipeline.core.arrays import Rgba
from pipeline.core.domain import Angle
from pipeline.language.base import Desk, Facts, Subject

DESK = Desk(pay=lambda usd: None, review=lambda draft: ())


def shirt(
    colour: tuple[int, int, int], print_colour: tuple[int, int, int] | None = None, shading: float = 0.25
) -> Rgba:
    """A shaded rectangle of 200 x 300 px on a transparent ground, with a print on a fifth of its surface."""
    picture = np.zeros((340, 260, 4), dtype=np.uint8)
    light = np.linspace(1.0 - shading, 1.0, 200)[None, :, None]
    body = np.broadcast_to(np.array(colour, dtype=float), (300, 200, 3)).copy()
    if print_colour is not None:
        cv2.rectangle(body, (50, 80), (150, 200), print_colour, -1)
    picture[20:320, 30:230, :3] = (body * light).round()
    picture[20:320, 30:230, 3] = 255
    return picture


def subject(**facts: object) -> Subject:
    given = {
        "title": "Harbour Tee",
        "brand": "Nordlys",
        "category": "T-shirt",
        "attributes": {"colour": "navy", "material": "cotton"},
    }
    return Subject(
        shirt((29, 43, 82), (246, 246, 245)),
        Angle(name="front", azimuth_deg=0.0),
        Facts.model_validate({**given, **facts}),
    )
