"""Where training starts: at another network's features or at random ones, and at the outputs that are best for them."""

from collections.abc import Iterator
from itertools import islice

import torch
from torch import Tensor
from torch.nn.functional import pixel_unshuffle, unfold

from pipeline.imaging.enlarging.network import Enlarger
from pipeline.imaging.enlarging.training.data import Pair

BATCHES = 60  # to fit the outputs
MARGIN_PX = 2  # of the small picture, where a filter sees beyond it


def begun(net: Enlarger, batches: Iterator[Pair], before: Enlarger | None = None) -> Enlarger:
    """The network with the features of `before`, which is no larger, and with the best outputs for its features.

    If `before` is for the same factor, all of it is taken, and has to be of the same size.
    """
    if before is not None and before.factor == net.factor:
        net.load_state_dict(before.state_dict())
        return net
    with torch.no_grad():
        for block in net.blocks:
            block.second.weight.mul_(0.1)  # type: ignore[operator,union-attr]  # each block begins near its shortcut
        if before is not None:
            _take_features(net, before)
    fit_outputs(net, islice(batches, BATCHES))
    return net


def fit_outputs(net: Enlarger, batches: Iterator[Pair]) -> None:
    """Set `linear` and `tail` to the least squares fit of what pixels were, by what both see in the small pictures.

    Each picture counts by how little detail it has, so that print does not outweigh the rest.
    """
    sums = products = torch.zeros(())
    for small, large in batches:
        seen = _seen(net, torch.from_numpy(small)).double()
        wanted = _inner(pixel_unshuffle(torch.from_numpy(large) - 0.5, net.factor)).flatten(2).double()
        detail = wanted.unflatten(1, (3, -1)).var(2, correction=0).mean((1, 2))
        weighted = seen / (detail + 1e-4)[:, None, None]
        sums = sums + torch.einsum("nit,njt->ij", weighted, seen)
        products = products + torch.einsum("nit,njt->ij", weighted, wanted)
    some = 1e-6 * sums.diagonal().mean() * torch.eye(len(sums), dtype=sums.dtype)  # so that it can be solved
    fit = torch.linalg.solve(sums + some, products).T.float()
    by_pixels, by_features, constant = fit.split([net.linear.weight[0].numel(), net.tail.weight[0].numel(), 1], 1)
    with torch.no_grad():
        net.linear.weight.copy_(by_pixels.reshape(net.linear.weight.shape))
        net.tail.weight.copy_(by_features.reshape(net.tail.weight.shape))
        net.tail.bias.copy_(constant[:, 0])  # type: ignore[union-attr]  # it has one
        net.linear.bias.zero_()  # type: ignore[union-attr]


def _seen(net: Enlarger, small: Tensor) -> Tensor:
    """What `linear` and `tail` see around each inner pixel, and a one: [n, values, pixels]."""
    with torch.no_grad():
        pixels = small - 0.5
        sides = ((pixels, net.linear), (net.blocks(net.head(pixels)), net.tail))
        around = [_around(values, conv.kernel_size[0]) for values, conv in sides]
    return torch.cat([*around, torch.ones_like(around[0][:, :1])], 1)


def _around(values: Tensor, side: int) -> Tensor:
    n, _, h, w = values.shape
    return _inner(unfold(values, side, padding=side // 2).reshape(n, -1, h, w)).flatten(2)


def _inner(values: Tensor) -> Tensor:
    return values[..., MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX]


def _take_features(net: Enlarger, before: Enlarger) -> None:
    """Copy the features of a smaller network into the first ones, which do not see the others at first."""
    width = before.head.out_channels
    theirs = before.state_dict()
    for name, ours in net.state_dict().items():
        if name in theirs and name.startswith(("head", "blocks")):
            if ours.ndim == 4 and name.startswith("blocks"):
                ours[:width] = 0
                ours[:width, :width] = theirs[name]
            else:
                ours[:width] = theirs[name]
