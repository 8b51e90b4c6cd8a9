"""One token of a brief."""

from dataclasses import dataclass

from pipeline.language.briefs.plan import Language

SWATCHES = frozenset({"COLOUR", "TONE", "MATERIAL", "PLACE", "HEX"})
ENDS = frozenset({"COMMA", "STOP", "AND"})
QUALITIES = frozenset({"SOFT", "HARD", "STRONG", "FAINT"})
OF_PICTURES = "pictures images photos photographs sides pieces bilder fotos seiten stuck photographies cotes"
OF_VERSIONS = "versions variants variations varianten versionen variantes"
PICTURES = frozenset(f"{OF_PICTURES} {OF_VERSIONS}".split())
TURNS = {"L": "left", "R": "right"}


def kinds(names: str) -> frozenset[str]:
    """Kinds of tokens, named with spaces between them."""
    return frozenset(names.split())


@dataclass(frozen=True)
class Lexeme:
    """One token: its kind in the grammar, its value, and where it stands in the text.

    `before`: the folded words left out directly before it, and the kinds of those that are prepositions and the like.
    `made_at`: where the `make` among them stands. `since`, `until`: where the words left out before it begin, and where
    those after it end. `viewed`: directly after it comes `view` or a word like it. `made_until`: where the `make` after
    it ends, as in German.
    """

    kind: str
    value: str
    start: int
    end: int
    languages: frozenset[Language] = frozenset()
    before: tuple[str, ...] = ()
    made_at: int | None = None
    since: int | None = None
    until: int | None = None
    viewed: bool = False
    made_until: int | None = None

    @property
    def number(self) -> float:
        """The value of a NUM."""
        return float(self.value)

    @property
    def turns(self) -> bool:
        """Whether it is the left or the right."""
        return self.kind == "SIDE" and self.value in TURNS.values()
