"""Category presets: the angles that shops usually show of a kind of product, one YAML file per category."""

from importlib import resources

import yaml
from pydantic import Field

from pipeline.core.domain import Angle, Frozen
from pipeline.core.errors import BadInput

FOLDER = resources.files("pipeline") / "presets" / "categories"


class CategoryPreset(Frozen):
    """What `catalog init` writes for one kind of product.

    `category`: its path in the shop's tree. `hangs`: gap between product and floor as a share of the product's height.
    """

    title: str
    category: str
    hangs: float = Field(default=0.0, ge=0, le=1)
    angles: tuple[Angle, ...] = Field(min_length=1)


def category_names() -> list[str]:
    """Names of the category presets, sorted."""
    return sorted(entry.name.removesuffix(".yaml") for entry in FOLDER.iterdir())


def load_category(name: str) -> CategoryPreset:
    """Load the category preset `name`. Raises BadInput when it does not exist."""
    if name not in category_names():
        raise BadInput(f"there is no category {name!r}", remedy=f"Use one of {', '.join(category_names())}")
    return CategoryPreset.model_validate(yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8")))
