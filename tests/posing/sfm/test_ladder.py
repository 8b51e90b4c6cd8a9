import pytest

from pipeline.posing.sfm.ladder import State, apart
from pipeline.posing.sfm.recipes import ALL, RECIPES, ROUGH
from pipeline.posing.sfm.request import Attempt, CameraGroup, PoseParams, PoseRequest

NAMES = tuple(f"P{i:02d}.png" for i in range(20))
RECIPE = {recipe.name: recipe for recipe in RECIPES}
MANY = dict.fromkeys(NAMES, 2000)


def attempt(*models, pairs=190):
    first = len(models[0]) if models else 0
    return Attempt(
        name="plain", registered=first, strays=0, points=900, reprojection_error_px=0.5, models=models, pairs=pairs,
        seconds=1.0,
    )  # fmt: skip


def state_after(done, ties, counts=MANY, pairs=None, recipes=ALL):
    group = CameraGroup(names=NAMES, width_px=80, height_px=60, prior=None)
    state = State(
        PoseRequest(
            photos=".",
            crops=".",
            sides={},
            out=".",
            groups=(group,),
            pairs=pairs,
            params=PoseParams(),
            recipes=recipes,
            threads=1,
        )
    )
    state.add(done, ties, counts)
    return state


def called_for(*args, **others):
    state = state_after(*args, **others)
    return [name for name, recipe in RECIPE.items() if name != "plain" and state.calls_for(recipe)]


def test_enough_photos_in_place_call_for_nothing():
    assert called_for(attempt(NAMES[:19]), {(NAMES[0], NAMES[19]): 99}) == []


def test_a_photo_tied_to_no_registered_one_calls_for_nothing_costly():
    ties = {(NAMES[0], NAMES[1]): 300, (NAMES[15], NAMES[16]): 200}
    assert called_for(attempt(NAMES[:15]), ties) == []
    assert called_for(attempt(NAMES[:15], pairs=80), ties) == ["complete"]


def test_a_photo_tied_to_a_registered_one_calls_for_looser_and_denser_recipes():
    assert called_for(attempt(NAMES[:15]), {(NAMES[3], NAMES[16]): 25}) == ["relaxed", "dense"]


def test_photos_with_few_features_call_for_more():
    assert called_for(attempt(), {}, dict.fromkeys(NAMES, 40)) == ["dense"]
    assert called_for(attempt(), {}) == []


def test_recipes_that_may_not_be_tried_are_not_called_for():
    few = dict.fromkeys(NAMES, 40)
    assert called_for(attempt(), {}, few, recipes=ROUGH) == []
    assert called_for(attempt(NAMES[:15]), {(NAMES[3], NAMES[16]): 25}, few, recipes=ROUGH) == ["relaxed"]


def test_pairs_that_were_asked_for_are_not_completed():
    assert called_for(attempt(NAMES[:15], pairs=19), {}, pairs=((NAMES[0], NAMES[1]),)) == []


@pytest.mark.parametrize(
    ("ties", "expected"),
    [
        ({(NAMES[0], NAMES[1]): 300, (NAMES[14], NAMES[15]): 200}, (NAMES[13:16],)),
        ({(NAMES[2], NAMES[14]): 40}, ()),
    ],
)
def test_only_a_model_without_ties_to_the_first_is_apart(ties, expected):
    assert apart(attempt(NAMES[:13], NAMES[13:16], NAMES[10:15]), ties) == expected
