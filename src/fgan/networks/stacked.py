"""Several networks of one architecture as one, with weights stacked along a first axis and one pass for all.

A layer of K networks is one batched product, or one convolution with K groups. This file has a rule for each type of
layer. Networks with other layers, and custom networks, are mapped as a whole (`fgan.networks.own.mapped`), which is
slower.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import singledispatch
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrize

from fgan.networks.conditioning import Critic, Generator, checked
from fgan.networks.layers import Doubling, Residual, SumPool, doubled
from fgan.networks.own.mapped import Mapped
from fgan.networks.units import Affine, Choices, Squash


class Stack:
    """Generators or critics of one architecture; their weights become views of the stacked ones.

    Args:
        networks: alike but for their weights.

    >>> from fgan.frame import Frame
    >>> from fgan.networks import MLPCritic
    >>> networks = [MLPCritic(Frame((2,)), width=4) for _ in range(3)]
    >>> x = torch.randn(3, 5, 2)
    >>> torch.allclose(Stack(networks)(x)[1], networks[1](x[1]), atol=1e-6)
    True
    """

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        self.members, self.network = len(networks), networks[0]
        named = [dict(network.named_parameters()) for network in networks]
        self._of: dict[int, Tensor] = {}
        self.parameters = [
            self._stacked([parameters[name] for parameters in named]).requires_grad_() for name in named[0]
        ]
        self.buffers: list[Tensor] = []
        for modules in zip(*(network.modules() for network in networks), strict=True):
            for name, buffer in modules[0].named_buffers(recurse=False):
                of_all = [dict(m.named_buffers(recurse=False))[name] for m in modules]
                if id(buffer) not in self._of:  # modules may share one
                    self.buffers.append(self._stacked(of_all, id(buffer)))
        self._mapped = None if _has_rules(self.network) else Mapped(self.network, self.members)

    @torch.no_grad()
    def _stacked(self, tensors: list[Tensor], key: int | None = None) -> Tensor:
        """Stack tensors, make each a view of its slice, and remember the stack under the first of them."""
        whole = torch.stack([tensor.detach() for tensor in tensors])
        for tensor, own in zip(tensors, whole, strict=True):
            tensor.data = own
        self._of[id(tensors[0]) if key is None else key] = whole
        return whole

    def __call__(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return each network's outputs for its own inputs.

        Args:
            x: latents (K, n, latent), or samples (K, n, ...).
            labels: classes (K, n), if the networks have classes.
        """
        network = self.network
        if self._mapped:
            return self._mapped(self.of, x, labels)
        if isinstance(network, Generator):
            return self._generate(network, x, labels)
        if isinstance(network, Critic):
            return self._judge(network, x, labels)
        raise TypeError(f"only a Generator or Critic can be stacked; got {type(network).__name__}.")

    def _generate(self, network: Generator, z: Tensor, labels: Tensor | None) -> Tensor:
        if network.classes or labels is not None:
            labels = checked(labels, network.classes, "generator")
            z = torch.cat([z, run(network.embedding, self, labels)], 2)
        return self.parted(run(network.layers, self, z))

    def _judge(self, network: Critic, x: Tensor, labels: Tensor | None) -> Tensor:
        *body, head = network.layers
        features = x
        for layer in body:
            features = run(layer, self, features)
        v = run(head, self, features).squeeze(2)
        if network.classes or labels is not None:
            labels = checked(labels, network.classes, "critic")
            v = v + (run(network.embedding, self, labels) * features).sum(2)
        return v

    @contextmanager
    def holding(self, tensors: Sequence[Tensor]) -> Iterator[None]:
        """Use these instead of the stacked parameters and buffers."""
        own = self._of
        self._of = dict(zip(own, tensors, strict=True))
        try:
            yield
        finally:
            self._of = own

    def of(self, tensor: Tensor) -> Tensor:
        """Return the stack of which a parameter or buffer of the first network is a slice."""
        return self._of[id(tensor)]

    def weight(self, layer: nn.Module) -> Tensor:
        """Return a layer's weights (K, ...), spectrally normalised if requested."""
        if not parametrize.is_parametrized(layer, "weight"):
            return self.of(layer.weight)  # pyright: ignore[reportArgumentType]
        parametrization: Any = layer.parametrizations["weight"]  # pyright: ignore[reportArgumentType, reportIndexIssue]
        weight, norm = self.of(parametrization.original), parametrization[0]
        u, v = self.of(norm._u), self.of(norm._v)
        matrix = weight.flatten(2)
        if layer.training:
            with torch.no_grad():
                u.copy_(F.normalize(_product(matrix, v), dim=1, eps=norm.eps))
                v.copy_(F.normalize(_product(matrix.transpose(1, 2), u), dim=1, eps=norm.eps))
        # Copies, since the next pass changes them before the backward pass of this one.
        largest = (u.clone() * _product(matrix, v.clone())).sum(1)
        return weight / largest.view(-1, *[1] * (weight.ndim - 1))

    def bias(self, layer: nn.Module) -> Tensor | None:
        """Return a layer's biases (K, ...), if it has any."""
        return None if layer.bias is None else self.of(layer.bias)  # pyright: ignore[reportArgumentType]

    def merged(self, x: Tensor) -> Tensor:
        """Return images (K, n, c, h, w) as (n, K c, h, w) for convolutions; other shapes unchanged."""
        return x.transpose(0, 1).flatten(1, 2) if x.ndim == 5 else x

    def parted(self, x: Tensor) -> Tensor:
        """Undo `merged`."""
        return x.unflatten(1, (self.members, -1)).transpose(0, 1) if x.ndim == 4 else x


def _product(matrix: Tensor, vector: Tensor) -> Tensor:
    return torch.bmm(matrix, vector.unsqueeze(2)).squeeze(2)


@singledispatch
def run(layer: nn.Module, stack: Stack, x: Tensor) -> Tensor:
    """Return the output of a layer of each network for its own part of x.

    Args:
        layer: of the first network.
        stack: whose weights it has.
        x: vectors (K, n, d), images (K, n, c, h, w) or merged ones (n, K c, h, w).
    """
    raise TypeError(f"{type(layer).__name__} has no rule for stacked networks; register one with `run`.")


def _has_rules(network: nn.Module) -> bool:
    """Whether `run` has rules for all layers of a network."""
    if isinstance(network, nn.Sequential | Residual):
        return all(map(_has_rules, network.children()))
    if isinstance(network, Generator | Critic):
        plain = type(network).forward in (Generator.forward, Critic.forward)
        return plain and _has_rules(network.layers)
    return run.dispatch(type(network)) is not run.dispatch(nn.Module)


@run.register(nn.ReLU)
@run.register(nn.LeakyReLU)
@run.register(nn.Tanh)
@run.register(Squash)
def _(layer: nn.Module, stack: Stack, x: Tensor) -> Tensor:
    return layer(x)


@run.register(nn.Upsample)
@run.register(nn.AvgPool2d)
def _(layer: nn.Module, stack: Stack, x: Tensor) -> Tensor:
    return layer(stack.merged(x))


@run.register
def _(layer: nn.Sequential, stack: Stack, x: Tensor) -> Tensor:
    for part in layer:
        x = run(part, stack, x)
    return x


@run.register
def _(layer: Residual, stack: Stack, x: Tensor) -> Tensor:
    x = stack.merged(x)
    return run(layer.shortcut, stack, x) + run(layer.branch, stack, x)


@run.register
def _(layer: Affine, stack: Stack, x: Tensor) -> Tensor:
    shift, scale = (
        stack.of(layer.shift)[0],
        stack.of(layer.scale)[0],
    )  # a matter of the data: the same for all
    return torch.addcmul(shift, scale, x if scale.numel() == 1 else stack.parted(x))


@run.register
def _(layer: Choices, stack: Stack, x: Tensor) -> Tensor:
    return layer.choose(x[..., : layer.draws], run(layer.layers, stack, x[..., layer.draws :]))


@run.register
def _(layer: nn.Flatten, stack: Stack, x: Tensor) -> Tensor:
    return stack.parted(x).flatten(2)


@run.register
def _(layer: nn.Unflatten, stack: Stack, x: Tensor) -> Tensor:
    return x.unflatten(2, layer.unflattened_size)  # pyright: ignore[reportArgumentType]


@run.register
def _(layer: SumPool, stack: Stack, x: Tensor) -> Tensor:
    return stack.parted(x).sum((3, 4))


@run.register
def _(layer: nn.Linear, stack: Stack, x: Tensor) -> Tensor:
    # Multiply from the left, so that gradients have the layout of the weights and need no copy.
    weight, bias, x = stack.weight(layer), stack.bias(layer), x.transpose(1, 2)
    y = torch.bmm(weight, x) if bias is None else torch.baddbmm(bias.unsqueeze(2), weight, x)
    return y.transpose(1, 2)


@run.register
def _(layer: nn.Embedding, stack: Stack, x: Tensor) -> Tensor:
    weight = stack.weight(layer)
    first = torch.arange(stack.members, device=x.device).unsqueeze(1) * layer.num_embeddings
    return F.embedding(x + first, weight.flatten(0, 1))


@run.register
def _(layer: nn.Conv2d, stack: Stack, x: Tensor) -> Tensor:
    return _in_groups(F.conv2d, layer, stack, x, stride=layer.stride, padding=layer.padding)


@run.register
def _(layer: nn.ConvTranspose2d, stack: Stack, x: Tensor) -> Tensor:
    return _in_groups(F.conv_transpose2d, layer, stack, x, stride=layer.stride, padding=layer.padding)


@run.register
def _(layer: Doubling, stack: Stack, x: Tensor) -> Tensor:
    return _in_groups(doubled, layer, stack, x)


def _in_groups(
    convolution: Callable[..., Tensor],
    layer: nn.Conv2d | nn.ConvTranspose2d,
    stack: Stack,
    x: Tensor,
    **how: object,
) -> Tensor:
    """Return a convolution of each network's channels with its own weights, in groups of its own."""
    weight, bias = stack.weight(layer).flatten(0, 1), stack.bias(layer)
    bias = None if bias is None else bias.flatten()
    return convolution(stack.merged(x), weight, bias, groups=stack.members * layer.groups, **how)


@run.register
def _(layer: nn.GroupNorm, stack: Stack, x: Tensor) -> Tensor:
    weight, bias = stack.of(layer.weight).flatten(), stack.of(layer.bias).flatten()
    return F.group_norm(stack.merged(x), layer.num_groups * stack.members, weight, bias, layer.eps)
