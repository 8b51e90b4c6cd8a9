"""Which mood belongs to which backdrop: `oak at sunset, marble at night` are two scenes, each with its own."""

from collections.abc import Mapping, Sequence

from pipeline.core.backdrops import Backdrop
from pipeline.language.briefs.asks import Ask, Ground, Mood
from pipeline.language.briefs.colours import painted
from pipeline.language.briefs.plan import Route

Routes = list[tuple[Ask, str, Route]]
"""An ask, the name of the backdrop that it makes or changes, and by which route."""


def painted_scenes(asks: Sequence[Ask], own: Mapping[str, Backdrop]) -> tuple[dict[str, Backdrop], Routes]:
    """The backdrops by name, each with its moods, and how each wish is made. `own`: those of the shoot."""
    grounds = [(ask, own.get(ask.what.own, ask.what.backdrop)) for ask in asks if isinstance(ask.what, Ground)]
    moods = [ask for ask in asks if isinstance(ask.what, Mood)]
    scenes = [ask for ask, backdrop in grounds if backdrop.kind == "diffusion"]
    apart = len(scenes) == 1 and sum(isinstance(mood.what, Mood) and mood.what.apart for mood in moods) > 1
    of_mood = [(mood, [] if apart else _scenes_of(mood, scenes)) for mood in moods]
    versions = _versions([mood for mood, reached in of_mood if not reached])
    backdrops: dict[str, Backdrop] = {}
    routes: Routes = []
    of_image: Routes = []
    for ask, asked in grounds:
        mine = [mood for mood, reached in of_mood if any(one is ask for one in reached)]
        groups = versions if len(versions) > 1 and ask in scenes and not mine else [mine]
        for together in groups:
            backdrop = painted(str(asked.prompt), _words(together)).backdrop if together else asked
            backdrops[backdrop.name] = backdrop
            routes.append((ask, backdrop.name, "inpaint" if backdrop.kind == "diffusion" else "setting"))
            of_image += [(mood, backdrop.name, "image_to_image") for mood in together]
    said = {id(mood) for mood, _, _ in of_image}
    for together in [group for group in versions if not any(id(mood) in said for mood in group)]:
        backdrop = painted("", _words(together)).backdrop
        backdrops[backdrop.name] = backdrop
        of_image += [(mood, backdrop.name, "image_to_image") for mood in together]
    return backdrops, routes + of_image


def _scenes_of(mood: Ask, scenes: Sequence[Ask]) -> list[Ask]:
    """The scenes that a mood is of: those of its segment, else of its clause or sentence, else all.

    A mood of a version of its own is of those of its segment alone.
    """
    segment = [one for one in scenes if (one.clause, one.segment) == (mood.clause, mood.segment)]
    if isinstance(mood.what, Mood) and mood.what.apart:
        return segment
    clause = [one for one in scenes if one.clause == mood.clause]
    sentence = [one for one in scenes if one.sentence == mood.sentence]
    return segment or clause or sentence or list(scenes)


def _versions(moods: Sequence[Ask]) -> list[list[Ask]]:
    """Moods without a scene, those together that are not said to be versions of their own."""
    found: list[list[Ask]] = []
    for mood in moods:
        if not found or (isinstance(mood.what, Mood) and mood.what.apart):
            found.append([])
        found[-1].append(mood)
    return found


def _words(moods: Sequence[Ask]) -> list[str]:
    """The words of moods, each once."""
    return list(dict.fromkeys(mood.what.words for mood in moods if isinstance(mood.what, Mood)))
