import pytest

from pipeline.core.licences.folder import NOT_HERE
from pipeline.core.licences.gate import RefusedLicence, require_licences, weights_in


def plan_with(use, name="some-licence", said_by="README.md"):
    licence = {"licence": name, "licence_use": use, "licence_said_by": said_by}
    return {"caption": {"language": "en"}, "background": {"diffusion": {"checkpoint": "/models/x", **licence}}}


def test_checkpoints_are_found_wherever_a_plan_names_them():
    (found,) = weights_in(plan_with("conditional"))
    assert (found.setting, found.checkpoint, found.licence.use) == ("background.diffusion", "/models/x", "conditional")
    assert list(weights_in({"background": {"diffusion": {"checkpoint": "embedded", "licence_use": None}}})) == []


@pytest.mark.parametrize(
    ("allowed", "accepted"),
    [
        ("commercial", {"commercial"}),
        ("conditional", {"commercial", "conditional"}),
        ("any", {"commercial", "conditional", "non-commercial", "unknown"}),
    ],
)
def test_only_licences_that_allow_enough_are_accepted(allowed, accepted):
    for use in ("commercial", "conditional", "non-commercial", "unknown"):
        if use in accepted:
            require_licences(plan_with(use), allowed)
        else:
            with pytest.raises(RefusedLicence):
                require_licences(plan_with(use), allowed)


def test_a_folder_that_only_pods_have_is_not_blamed_for_stating_nothing():
    with pytest.raises(RefusedLicence, match=r"is not stated.*Its folder is not on this machine: plan where it is"):
        require_licences(plan_with("unknown", "not stated", NOT_HERE), "commercial")


@pytest.mark.parametrize(
    ("use", "remedy"),
    [
        ("non-commercial", "Use another checkpoint"),
        ("conditional", "Read its conditions; if you meet them, set CATALOG_LICENCES=conditional"),
        ("unknown", "Find out, then state what you may do in the preset"),
    ],
)
def test_a_refusal_names_setting_checkpoint_licence_file_and_remedy(use, remedy):
    with pytest.raises(RefusedLicence) as refused:
        require_licences(plan_with(use), "commercial", ["shopify", "google"])
    assert refused.value.what == (
        "background.diffusion: the licence of checkpoint /models/x is "
        f"some-licence ({use}, says README.md), and channels google, shopify sell"
    )
    assert refused.value.remedy.startswith(remedy)
