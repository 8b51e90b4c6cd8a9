"""With which code, preset and checkpoints a shoot was made, and which of its steps are outdated since.

An edition is a line of `step:digest`, in the order of the steps. A digest stands for the version of the step's stage
and for the params that do not come from shoot.yaml: the stage's defaults, the preset, and the checkpoints, by their
digests. A shoot whose own files changed is not outdated but changed; the nightly run sees to that.
"""

from pipeline.contract.artifact import canonical_json, digest_of
from pipeline.imaging.channels.channel import channel_names
from pipeline.plan import UPSTREAM, params_of, read_preset, stage_of
from pipeline.shoot import Shoot

DIGITS = 16


def any_shoot() -> Shoot:
    """A shoot with every channel and a painted backdrop: its params have all that depends on the preset."""
    return Shoot.model_validate(
        {
            "sku": "any",
            "collection": "any",
            "title": "any",
            "brand": "any",
            "category": "any",
            "capture": {"front": "front.jpg"},
            "angles": [{"name": "front", "azimuth_deg": 0}],
            "backdrops": [{"name": "painted", "kind": "diffusion", "prompt": "white"}],  # for its checkpoint
            "channels": list(channel_names()),
        }
    )


def edition_of(preset: str) -> str:
    """The edition of a shoot that is planned now with this preset. Raises BadInput as `read_preset` and `params_of`."""
    params = params_of(any_shoot(), read_preset(preset))
    digests = {
        step: digest_of(canonical_json({"version": stage_of(step).version, "params": values}))[:DIGITS]
        for step, values in params.items()
    }
    return " ".join(f"{step}:{digest}" for step, digest in digests.items())


def outdated_steps(made_with: str | None, now: str) -> frozenset[str]:
    """The steps that would be made otherwise now, and those below them. None: made before editions were recorded."""
    then = _digests(made_with or "")
    outdated: set[str] = set()
    for step, digest in _digests(now).items():  # in order, so that those above come first
        if then.get(step) != digest or outdated.intersection(UPSTREAM[step]):
            outdated.add(step)
    return frozenset(outdated)


def _digests(edition: str) -> dict[str, str]:
    return dict(entry.split(":", 1) for entry in edition.split())
