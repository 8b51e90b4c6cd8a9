"""A device that is not there, pretended on the CPU: what forgets to carry a tensor over fails as it would on CUDA.

Tensors made with `device="cuda"` or sent there are marked; whatever comes of them is, too. A marked tensor says that it
lies on CUDA, has no `.numpy()`, and does not mix with unmarked ones, but for single numbers and for indices.
"""

from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_flatten, tree_map

CUDA = torch.device("cuda")


def _there(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and getattr(value, "elsewhere", False)


def marked(value: Any) -> Any:
    """The same, now pretending to lie on CUDA."""
    if isinstance(value, torch.Tensor):
        value.elsewhere = True
    return value


def _is_cuda(value: Any) -> bool:
    return (
        value is not None and not isinstance(value, torch.dtype | torch.Tensor | bool) and str(value).startswith("cuda")
    )


class Elsewhere(TorchFunctionMode):
    """While this is entered, CUDA is pretended; but not in the backward pass, which torch runs by itself."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        if func == torch.Tensor.device.__get__:
            return CUDA if _there(args[0]) else func(*args)
        if func is torch.Tensor.cpu:
            return args[0].clone() if _there(args[0]) else args[0]
        if func is torch.Tensor.numpy and _there(args[0]):
            raise TypeError("can't convert a CUDA tensor to numpy: use .cpu() first")
        if func is torch.Tensor.to:
            return self._carry(args, kwargs)
        given = [v for v in tree_flatten((args, kwargs))[0] if isinstance(v, torch.Tensor)]
        there = any(_there(v) for v in given)
        mixed = args[2:] if func is torch.Tensor.__setitem__ else () if func is torch.Tensor.__getitem__ else given
        if there and any(isinstance(v, torch.Tensor) and not _there(v) and v.dim() > 0 for v in mixed):
            raise RuntimeError(f"{func}: tensors on cuda and on the cpu")
        if _is_cuda(kwargs.get("device")):
            kwargs["device"], there = "cpu", True
            assert "generator" not in kwargs, "a CPU generator cannot draw on CUDA"
        if func is torch.multinomial:
            assert not there, "a CPU generator cannot draw on CUDA"
        result = func(*args, **kwargs)
        return tree_map(marked, result) if there else result

    def _carry(self, args: Any, kwargs: Any) -> Any:
        """`tensor.to(...)`: a copy, marked when it goes to CUDA or stays there."""
        places = [v for v in (*args[1:], *kwargs.values()) if isinstance(v, torch.device | str)]
        rest = [v for v in args[1:] if not isinstance(v, torch.device | str)]
        goes = _is_cuda(places[0]) if places else _there(args[0])
        moved = args[0].to(*rest) if rest else args[0].clone() if goes != _there(args[0]) else args[0]
        return marked(moved) if goes else moved
