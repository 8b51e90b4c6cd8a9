"""Processors of vision-language checkpoints without their videos, whose reading would need torchvision."""

from pathlib import Path
from typing import Any


def still_class(whole: Any) -> Any:
    """A processor class of transformers, without its video processor."""
    parts = [name for name in whole.get_attributes() if name != "video_processor"]
    attributes = {"__module__": whole.__module__, "get_attributes": classmethod(lambda _cls: parts)}
    return type(whole.__name__, (whole,), attributes)


def still_processor(folder: Path, class_name: str) -> Any:
    """Load the processor that a folder holds. Raises what transformers raises for a damaged one."""
    import transformers

    return still_class(getattr(transformers, class_name)).from_pretrained(folder, local_files_only=True)
