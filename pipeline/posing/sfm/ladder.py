"""Decides which attempts at SfM are worth their time: a costlier one only where it can register another photo."""

from statistics import median

from pipeline.posing.sfm.recipes import SfmRecipe
from pipeline.posing.sfm.request import Attempt, PoseRequest

Ties = dict[tuple[str, str], int]  # image names -> verified matches of the pair that chance does not explain

FEW_FEATURES = 0.25  # of those allowed: with fewer per photo, the threshold and not the product limits them


class State:
    """What the attempts so far have shown."""

    def __init__(self, request: PoseRequest) -> None:
        """Nothing has been tried yet."""
        self._request = request
        self._names = [name for group in request.groups for name in group.names]
        self._best: Attempt | None = None
        self._strays = 0
        self._ties: Ties = {}
        self._counts: dict[str, int] = {}

    def add(self, attempt: Attempt, ties: Ties, counts: dict[str, int]) -> None:
        """Take an attempt into account. `counts`: image name -> its features."""
        self._strays = attempt.strays
        if self._best is None or attempt.rank > self._best.rank:
            self._best, self._ties, self._counts = attempt, ties, counts

    def calls_for(self, recipe: SfmRecipe) -> bool:
        """Whether the recipe can improve on the best attempt.

        `reseeded`: only when there are strays. The others: only when too few photos are in place. `complete`: when
        pairs are left to match. `relaxed`: when a photo that is not registered is tied to one that is. `dense`: then,
        too, and when photos have few features. Photos tied only among themselves are another model: the product was
        turned over, and no recipe joins the two.
        """
        if recipe.name not in self._request.recipes:
            return False
        if self._best is None:
            return recipe.name == "plain"
        if recipe.seed:
            return self._strays > 0
        if self._best.rank[0] >= self._request.params.enough_fraction * len(self._names):
            return False
        if recipe.name == "complete":
            return self._request.pairs is None and self._best.pairs < len(self._names) * (len(self._names) - 1) // 2
        few = FEW_FEATURES * self._request.params.max_features
        return self._tied() or (recipe.name == "dense" and median(self._counts.values()) < few)

    def _tied(self) -> bool:
        """Whether a photo is tied to a registered one without being registered, or, without a model, to any."""
        if self._best is None or not self._best.models:
            return bool(self._ties)
        registered = set(self._best.models[0])
        return any((first in registered) != (second in registered) for first, second in self._ties)


def apart(attempt: Attempt, ties: Ties) -> tuple[tuple[str, ...], ...]:
    """The image names of each further model that shares no photo with, and is not tied to, the attempt's first."""
    chosen = set(attempt.models[0]) if attempt.models else set()
    found = []
    for names in (attempt.models[n] for n in further(attempt)):
        members = set(names)
        if not any((a in chosen and b in members) or (b in chosen and a in members) for a, b in ties):
            found.append(names)
    return tuple(found)


def further(attempt: Attempt) -> tuple[int, ...]:
    """Which of the attempt's models, besides the first, share no photo with any before."""
    taken = set(attempt.models[0]) if attempt.models else set()
    found = []
    for number, names in enumerate(attempt.models[1:], start=1):
        if not taken & set(names):
            found.append(number)
            taken |= set(names)
    return tuple(found)
