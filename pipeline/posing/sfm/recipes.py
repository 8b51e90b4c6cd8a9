"""The attempts that SfM makes one after the other, from the cheap one that is nearly always enough to the costly."""

from dataclasses import dataclass

from pipeline.posing.sfm.request import PoseParams, Recipe


@dataclass(frozen=True)
class Features:
    """How features are extracted. The factors multiply values of PoseParams."""

    side_factor: float
    count_factor: float
    peak_threshold: float

    def side_px(self, params: PoseParams) -> int:
        """The long side of the photos from which the features are extracted."""
        return round(params.max_side_px * self.side_factor)

    def count(self, params: PoseParams) -> int:
        """The maximum number of features per photo."""
        return round(params.max_features * self.count_factor)


@dataclass(frozen=True)
class SfmRecipe:
    """The settings of one attempt.

    `every_pair`: match the pairs that the first look passed over, too. `strict`: whether a photo needs as many points
    as usual to be registered, and the lens keeps its prior distortion until all photos are. `seed`: an offset for the
    request's seed.
    """

    name: Recipe
    features: Features
    strict: bool
    every_pair: bool = False
    seed: int = 0


PLAIN = Features(side_factor=1.0, count_factor=1.0, peak_threshold=0.0067)
DENSE = Features(side_factor=1.25, count_factor=1.4, peak_threshold=0.0022)  # for products with little texture
RECIPES = (
    SfmRecipe("plain", PLAIN, strict=True),
    SfmRecipe("reseeded", PLAIN, strict=True, seed=1),
    SfmRecipe("complete", PLAIN, strict=True, every_pair=True),
    SfmRecipe("relaxed", PLAIN, strict=False, every_pair=True),
    SfmRecipe("dense", DENSE, strict=False),
)
ALL = tuple(recipe.name for recipe in RECIPES)
ROUGH = tuple(recipe.name for recipe in RECIPES if recipe.features == PLAIN)
"""For a look at whole photos: where these need fainter features, no table would be found anyhow."""
