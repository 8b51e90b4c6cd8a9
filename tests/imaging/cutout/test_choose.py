from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.imaging.cutout import auto, backdrop, seeded
from pipeline.imaging.cutout.choose import Way, cut_shoot, probes_of
from pipeline.imaging.cutout.seeds import ShootSeeds
from pipeline.imaging.cutout.verdict.agreement import Matted

PHOTOS = [f"p{index:02}" for index in range(12)]
SILHOUETTE = np.array([[255, 255], [255, 0]], np.uint8)
BRIGHT = np.array([[0, 0], [0, 255]], np.uint8)
STILL, STRUCTURE = "seeded by still", "seeded by structure"
CORRECTED = "seeded by structure and the other mattes"


class Studio:
    """Cuts by table: `beliefs[way][photo]`, 1 where nothing is said; below 0.5 the matte has a fault."""

    def __init__(self, seeds=(), **beliefs):
        self.beliefs = {name.replace("_", " "): belief for name, belief in beliefs.items()}
        self.available, self.asked, self.cuts, self.fits = seeds, [], [], {}
        self.mended, self.doubted = {}, []

    def fit(self, silhouettes):
        """Fits of the first cuts, or of the second ones, whose silhouettes are brighter."""
        told = {photo: self.mended if silhouettes[photo].all() else self.fits for photo in silhouettes}
        return {photo: SimpleNamespace(extra=told[photo][photo], lost=0.0) for photo in silhouettes}

    def correct(self, silhouettes, doubted):
        assert set(doubted) < set(silhouettes)
        self.doubted.append(sorted(doubted))
        return {photo: np.ones((4, 4), np.uint8) for photo in doubted}

    def source(self, name):
        def run():
            self.asked.append(name)
            photos = PHOTOS if name in self.available else ()
            seeds = {photo: np.zeros((4, 4), np.uint8) for photo in photos}
            compared = name == "structure" and self.fits
            return ShootSeeds(seeds, f"{name} {len(photos)}", *((self.fit, self.correct) if compared else ()))

        return run

    def cut(self, photo, params, seeds):
        corrected = seeds is not None and bool(seeds.all())
        way = Way(params, None if seeds is None else {}, corrected).name
        self.cuts.append((photo, way))
        belief = self.beliefs.get(way, {}).get(photo, self.beliefs.get(way, {}).get("all", 1.0))
        return Matted(0.2, ((5, 1000),), belief, "leaks" if belief < 0.5 else None, SILHOUETTE | corrected * BRIGHT)

    def run(self, params=None, ratio=4.0):
        sources = {name: self.source(name) for name in ("still", "structure")}
        return cut_shoot(PHOTOS, params or auto.Params(), sources, self.cut, ratio=ratio, known={})


def test_a_plain_backdrop_is_cut_without_looking_further():
    studio = Studio()
    shoot = studio.run()
    assert isinstance(shoot.way.params, backdrop.Params) and shoot.faults == {} and studio.asked == []
    assert sorted(studio.cuts) == [(photo, "backdrop") for photo in PHOTOS]


def test_the_first_engine_that_is_believed_on_every_probe_cuts_the_shoot():
    studio = Studio(seeds=["still", "structure"], backdrop={"all": 0.1})
    shoot = studio.run()
    assert shoot.way.name == STILL and studio.asked == ["still"]
    assert shoot.why == "backdrop: 0 of 3 believed (leaks); seeded by still: 3 of 3 believed"
    assert sum(way == "backdrop" for _, way in studio.cuts) == 3


def test_an_engine_without_seeds_says_why_and_the_next_is_tried():
    shoot = Studio(seeds=["structure"], backdrop={"all": 0.1}).run()
    assert shoot.way.name == STRUCTURE and "seeded by still: still 0" in shoot.why


def test_a_lukewarm_belief_makes_the_others_compete():
    shoot = Studio(seeds=["structure"], backdrop={"all": 0.6}).run()
    assert shoot.way.name == STRUCTURE
    shoot = Studio(seeds=["structure"], backdrop={"all": 0.6}, seeded_by_structure={"all": 0.55}).run()
    assert shoot.way.name == "backdrop" and shoot.faults == {}


def test_a_hopeless_shoot_ends_after_three_photos():
    studio = Studio(seeds=["structure"], backdrop={"all": 0.2}, seeded_by_structure={"all": 0.1})
    shoot = studio.run()
    assert shoot.hopeless and sorted(shoot.faults) == probes_of(PHOTOS)
    assert {photo for photo, _ in studio.cuts} == set(probes_of(PHOTOS))


def test_an_engine_that_is_named_is_not_replaced():
    studio = Studio(seeds=["structure"], backdrop={"p00": 0.1})
    shoot = studio.run(backdrop.Params())
    assert list(shoot.faults) == ["p00"] and shoot.redone == {} and studio.asked == []


def test_a_failed_photo_is_redone_by_another_engine_only_if_that_is_believed():
    studio = Studio(seeds=["structure"], backdrop={"p00": 0.1, "p01": 0.1}, seeded_by_structure={"p01": 0.6})
    shoot = studio.run()
    assert shoot.way.name == "backdrop" and {photo: way.name for photo, way in shoot.redone.items()} == {
        "p00": STRUCTURE
    }
    assert list(shoot.faults) == ["p01"] and shoot.way_of("p00").name == STRUCTURE


def test_another_engine_that_fails_on_three_photos_is_not_tried_on():
    bad = dict.fromkeys(PHOTOS[6:], 0.1)
    good_probes = dict.fromkeys(probes_of(PHOTOS), 1.0)
    studio = Studio(seeds=["still"], backdrop={**bad, **good_probes}, seeded_by_still={"all": 0.1})
    studio.run()
    assert sum(way == STILL for _, way in studio.cuts) == 3


def test_a_photo_that_the_seeds_leave_out_has_a_fault():
    studio = Studio()
    studio.source = lambda name: lambda: ShootSeeds({p: np.zeros((4, 4), np.uint8) for p in PHOTOS[1:]}, name)
    shoot = studio.run(seeded.Params(seeds="structure"))
    assert dict(shoot.faults) == {"p00": "no seeds by structure"}


def test_without_any_seeds_the_shoot_is_hopeless_and_says_why():
    shoot = Studio().run(seeded.Params(seeds="still"))
    assert shoot.hopeless and set(shoot.faults.values()) == {"no seeds by still: still 0"}


@given(st.integers(1, 200))
def test_probes_are_spread_over_the_shoot(count):
    photos = [f"{index}" for index in range(count)]
    probes = [int(name) for name in probes_of(photos)]
    assert len(set(probes)) == min(3, count) and probes == sorted(probes)
    if count >= 6:
        assert np.diff([-1, *probes, count]).max() <= count // 2


@pytest.mark.parametrize(
    ("values", "words"),
    [({"seeds": "box"}, "seed_box"), ({"seeds": "still", "seed_box": (0.1, 0.1, 0.5, 0.5)}, "seeds: box")],
)
def test_seeds_and_box_must_fit(values, words):
    with pytest.raises(ValueError, match=words):
        seeded.Params(**values)
    assert seeded.Params(seed_box=(0.1, 0.1, 0.5, 0.5)).seeds == "box"


def misfit(**mended):
    """A shoot cut by structure in which p03 and p07 have pieces that the others do not have."""
    studio = Studio(seeds=["structure"], backdrop={"all": 0.1})
    studio.fits = dict.fromkeys(PHOTOS, 0.01) | {"p03": 0.15, "p07": 0.05}
    studio.mended = dict.fromkeys(PHOTOS, 0.01) | mended
    return studio


def test_a_matte_that_contradicts_the_rest_is_cut_again_with_corrected_seeds():
    studio = misfit()
    shoot = studio.run()
    assert (shoot.way.name, shoot.faults, studio.doubted) == (STRUCTURE, {}, [["p03", "p07"]])
    assert {photo: way.name for photo, way in shoot.redone.items()} == {"p03": CORRECTED, "p07": CORRECTED}
    assert sorted(photo for photo, way in studio.cuts if way == CORRECTED) == ["p03", "p07"]
    assert shoot.mattes["p03"].silhouette.all() and shoot.mattes["p03"].belief == 1.0


def test_a_second_cut_that_is_no_better_leaves_the_fault_with_words():
    studio = misfit(p03=0.15, p07=0.08)
    shoot = studio.run()
    assert shoot.redone == {}
    assert shoot.faults == {"p03": "14% of the matte is something beside the product, as the other photos show"}
    assert shoot.mattes["p03"].belief == 0.0 and 0.5 < shoot.mattes["p07"].belief < 1 == shoot.mattes["p01"].belief
    assert not shoot.mattes["p07"].silhouette.all()
    assert ("p03", "backdrop") in studio.cuts  # the other engine was asked, too


def test_where_most_mattes_contradict_each_other_none_is_cut_again():
    studio = misfit()
    studio.fits = dict.fromkeys(PHOTOS, 0.15)
    shoot = studio.run()
    assert len(shoot.faults) == len(PHOTOS) and studio.doubted == []


def test_shapes_are_not_compared_where_another_engine_cut_the_shoot():
    studio = Studio(seeds=["structure"], backdrop={"p03": 0.1})
    studio.fits = dict.fromkeys(PHOTOS, 0.1)
    shoot = studio.run()
    assert shoot.way.name == "backdrop" and set(shoot.redone) == {"p03"} and shoot.faults == {}


def test_auto_tries_each_engine_with_its_own_defaults():
    plain, still, structure = auto.candidates(auto.Params())
    assert plain == backdrop.Params()
    assert (still, structure) == (seeded.Params(seeds="still"), seeded.Params(seeds="structure"))


def test_settings_of_auto_reach_every_engine():
    settings = {(way.work_side_px, way.matting_side_px) for way in auto.candidates(auto.Params(matting_side_px=None))}
    assert settings == {(512, None)}
