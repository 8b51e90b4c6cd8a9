import pytest

from pipeline.core.measured import RenderFaults
from pipeline.imaging.checks.judge import judge
from pipeline.imaging.checks.rendered import check_faults

CLEAN = RenderFaults(beyond=0.0, unseen=0.002, strange=0.0005, smudged=0.004)


def test_a_rendered_angle_that_the_photos_bear_out_passes():
    checks = check_faults(CLEAN)
    assert judge(checks) == ("published", ()) and len(checks) == 4
    assert check_faults(None) == ()


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("beyond", "beyond_outlines"),
        ("unseen", "unseen_surface"),
        ("strange", "strange_colours"),
        ("smudged", "smudged_outline"),
    ],
)
def test_each_fault_sends_the_angle_to_review_for_its_own_reason(field, name):
    checks = check_faults(CLEAN.model_copy(update={field: 0.03}))
    assert [check.name for check in checks if not check.passed] == [name]
    verdict, (reason,) = judge(checks)
    assert verdict == "in review" and "3.0" in reason


def test_smudges_are_not_judged_where_the_size_of_the_fit_is_unknown():
    names = [check.name for check in check_faults(CLEAN.model_copy(update={"smudged": None}))]
    assert names == ["beyond_outlines", "unseen_surface", "strange_colours"]
