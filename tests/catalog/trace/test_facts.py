import json

from hypothesis import given
from hypothesis import strategies as st

from pipeline.catalog.trace.facts import LONGEST, Fact, Facts, fact_id

NAMES = st.text("abcdefgh_", min_size=1, max_size=8)
SCALARS = st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=300)
PARAMS = st.recursive(
    st.dictionaries(NAMES, SCALARS | st.none() | st.lists(st.integers(), max_size=3), max_size=4),
    lambda inner: st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)


def test_settings_engines_checkpoints_and_licences_are_told_apart() -> None:
    params = {
        "engine": "diffusers",
        "light": {"softness": 0.35, "azimuth_deg": -40.0},
        "checkpoint": "60b0",
        "optimise_jpeg": False,
        "batch": 1,
        "focal_px": 2607.633064811732,
        "brief": "x" * (LONGEST + 1),
        "angles": ["front"],
        "seed": None,
    }
    report = {"licence": "Apache-2.0", "psnr_db": 28.5, "matte": {"revision": "v2"}}
    assert Facts().of("background_asset", params, report) == {
        Fact("engine", "background.engine", "diffusers"),
        Fact("setting", "background.light.softness", "0.35"),
        Fact("setting", "background.light.azimuth_deg", "-40.0"),
        Fact("checkpoint", "background.checkpoint", "60b0"),
        Fact("setting", "background.optimise_jpeg", "false"),
        Fact("setting", "background.batch", "1"),
        Fact("licence", "background.licence", "Apache-2.0"),
        Fact("checkpoint", "background.matte.revision", "v2"),
    }


@given(params=PARAMS)
def test_values_are_text_or_json_and_ids_fit_a_column(params: dict[str, object]) -> None:
    for fact in Facts().of("splat", params, {}):
        value: object = params
        for part in fact.name.split(".")[1:]:
            assert isinstance(value, dict)
            value = value[part]
        assert fact.value == (value if isinstance(value, str) else json.dumps(value))
        assert 0 <= fact_id(fact) < 2**63


def test_different_facts_have_different_ids() -> None:
    facts = {Fact("setting", f"a.b{number}", value) for number in range(50) for value in ("", "1", "b1")}
    assert len({fact_id(fact) for fact in facts}) == len(facts)
