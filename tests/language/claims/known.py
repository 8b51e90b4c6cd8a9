"""Evidence of two products for tests of claims."""

from pipeline.core.evidence import Evidence, Measurement, Reading

MUG = Evidence(
    facts={
        "title": "Harbour stoneware mug",
        "brand": "Harbour Coffee Roasters",
        "category": "home/kitchen/mug",
        "colour": "teal",
        "material": "stoneware",
        "capacity": "350 ml",
        "care": "dishwasher safe",
    },
    measurements=(
        Measurement(name="colour.teal", kind="colour", value="teal", number=0.6, unit="share", photos=("A",)),
        Measurement(name="colour.cream", kind="colour", value="cream", number=0.12, unit="share", photos=("A",)),
        Measurement(name="gloss", kind="gloss", value="glossy", number=0.8, photos=("A",)),
    ),
)
TEE = Evidence(
    facts={
        "title": "Trail T-shirt",
        "brand": "Nordlys",
        "category": "clothing/tops/t-shirt",
        "colour": "dark green",
        "fabric": "organic cotton",
        "care": "machine wash 30, not suitable for tumble drying",
        "pieces": "3",
        "made in": "Portugal",
    },
    measurements=(
        Measurement(name="colour.dark-green", kind="colour", value="dark green", number=0.8, unit="share"),
        Measurement(name="pattern", kind="pattern", value="printed"),
        Measurement(name="length", kind="size", value="70 cm", number=700, unit="mm"),
    ),
    readings=(
        Reading(number=0, text="TRAIL & TEA CLUB", photo="A", box=(0, 0, 9, 9), score=0.96),
        Reading(number=1, text="EST. 1987", photo="A", box=(0, 9, 9, 9), score=0.93),
        Reading(number=2, text="100% COTTON", photo="B", box=(0, 9, 9, 9), score=0.91),
        Reading(number=3, text="WATERPROOF", photo="B", box=(0, 9, 9, 9), score=0.4),
    ),
)
