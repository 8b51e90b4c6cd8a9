"""A fake CUDA device on the CPU: code that forgets to move a tensor fails as it would on CUDA.

Tensors created with `device="cuda"` or moved there are marked, and so are all results of operations on them. A marked
tensor reports the device CUDA, has no `.numpy()`, and does not mix with unmarked ones, except for scalars and indices.
"""

from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_flatten, tree_map

CUDA = torch.device("cuda")


def _on_fake(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and getattr(value, "on_fake_cuda", False)


def marked(value: Any) -> Any:
    """Mark a tensor as being on CUDA, and return it."""
    if isinstance(value, torch.Tensor):
        value.on_fake_cuda = True
    return value


def _is_cuda(value: Any) -> bool:
    return (
        value is not None and not isinstance(value, torch.dtype | torch.Tensor | bool) and str(value).startswith("cuda")
    )


class FakeCuda(TorchFunctionMode):
    """Fakes CUDA within the context, except in the backward pass, which torch runs by itself."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        if func == torch.Tensor.device.__get__:
            return CUDA if _on_fake(args[0]) else func(*args)
        if func is torch.Tensor.cpu:
            return args[0].clone() if _on_fake(args[0]) else args[0]
        if func is torch.Tensor.numpy and _on_fake(args[0]):
            raise TypeError("can't convert a CUDA tensor to numpy: use .cpu() first")
        if func is torch.Tensor.to:
            return self._move(args, kwargs)
        tensors = [v for v in tree_flatten((args, kwargs))[0] if isinstance(v, torch.Tensor)]
        on_fake = any(_on_fake(v) for v in tensors)
        mixed = args[2:] if func is torch.Tensor.__setitem__ else () if func is torch.Tensor.__getitem__ else tensors
        if on_fake and any(isinstance(v, torch.Tensor) and not _on_fake(v) and v.dim() > 0 for v in mixed):
            raise RuntimeError(f"{func}: tensors on cuda and on the cpu")
        if _is_cuda(kwargs.get("device")):
            kwargs["device"], on_fake = "cpu", True
            assert "generator" not in kwargs, "a CPU generator cannot draw on CUDA"
        if func is torch.multinomial:
            assert not on_fake, "a CPU generator cannot draw on CUDA"
        result = func(*args, **kwargs)
        return tree_map(marked, result) if on_fake else result

    def _move(self, args: Any, kwargs: Any) -> Any:
        """Run `tensor.to(...)`; the result is marked if its device is CUDA."""
        devices = [v for v in (*args[1:], *kwargs.values()) if isinstance(v, torch.device | str)]
        rest = [v for v in args[1:] if not isinstance(v, torch.device | str)]
        to_fake = _is_cuda(devices[0]) if devices else _on_fake(args[0])
        moved = args[0].to(*rest) if rest else args[0].clone() if to_fake != _on_fake(args[0]) else args[0]
        return marked(moved) if to_fake else moved
