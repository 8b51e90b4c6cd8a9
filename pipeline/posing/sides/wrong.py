"""The hold of a shoot in which photos of different sides of the product were placed wrong to each other."""

from pipeline.core.errors import Held

Pair = tuple[str, str]


class WrongSides(Held):
    """`pairs`: photos placed wrong to each other, to be shown; `relation`: what a photo is to its partner."""

    relation: str

    def __init__(self, what: str, pairs: tuple[Pair, ...], *, code: str, remedy: str) -> None:
        """Build the message as `Held` does."""
        super().__init__(what, code=code, remedy=remedy)
        self.pairs = pairs
