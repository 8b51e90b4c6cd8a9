import pytest

from benchmarks.render import HELD_OUT, preset_params


@pytest.mark.parametrize("preset", ["demo", "standard"])
def test_the_fit_of_a_preset_has_its_settings_and_holds_out_the_judged_photos(preset):
    params = preset_params(preset)
    assert params.held_out == HELD_OUT
    assert (params.side_px, params.iterations) == {"demo": (640, 1000), "standard": (1024, 2500)}[preset]
