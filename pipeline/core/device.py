"""The device that an engine's settings name."""

from pipeline.core.errors import MissingEngine


def require_device(device: str) -> None:
    """Raise MissingEngine when `device` is a GPU and torch sees none on this machine."""
    if device == "cpu":
        return
    import torch

    if not torch.cuda.is_available():
        raise MissingEngine(
            f"device {device!r} is requested, but torch sees no GPU here",
            remedy="Set the device to cpu, or run this step on a machine with CUDA",
        )
