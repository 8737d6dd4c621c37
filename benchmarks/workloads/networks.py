"""Pieces of neural networks, each for one example; float32, as they are run."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..workload import BLAS, MEMORY, Arguments, Sizes, Workload

Rng = np.random.Generator


def _normal(rng: Rng, *shape: int) -> Any:
    return rng.standard_normal(shape, np.float32)


# ---- a two-layer network ----


def mlp(x: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
    """One input through a network with one hidden layer."""
    hidden = np.tanh(w1 @ x + b1)
    return w2 @ hidden + b2


def mlp_by_hand(x: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
    """All inputs as the rows of a matrix."""
    return np.tanh(x @ w1.T + b1) @ w2.T + b2


def mlp_numba(x: Any, w1: Any, b1: Any, w2: Any, b2: Any, out: Any) -> None:
    """One input, by Numba's own matrix products (which are BLAS)."""
    out[:] = np.dot(w2, np.tanh(np.dot(w1, x) + b1)) + b2


def mlp_data(rng: Rng, n: int) -> Arguments:
    """Inputs and shared weights."""
    first = _normal(rng, 128, 64) / 8, _normal(rng, 128)
    second = _normal(rng, 10, 128) / 11, _normal(rng, 10)
    return _normal(rng, n, 64), *first, *second


# ---- the loss of each example ----


def loss(weights: Any, bias: Any, x: Any, label: Any) -> Any:
    """The cross-entropy of one example."""
    logits = weights @ x + bias
    shifted = logits - np.max(logits)
    return np.log(np.sum(np.exp(shifted))) - shifted[label]


def loss_by_hand(weights: Any, bias: Any, x: Any, label: Any) -> Any:
    """The cross-entropy of each row."""
    logits = x @ weights.T + bias
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(x)), label]


def loss_torch(weights: Any, bias: Any, x: Any, label: Any) -> Any:
    """The same: PyTorch's vmap can't index by a batched integer, but it can gather."""
    import torch

    logits = weights @ x + bias
    shifted = logits - torch.max(logits)
    return torch.log(torch.sum(torch.exp(shifted))) - torch.gather(shifted, 0, label[None])[0]


def loss_numba(weights: Any, bias: Any, x: Any, label: Any, out: Any) -> None:
    """The cross-entropy of one example."""
    logits = bias.copy()
    for i in range(bias.size):
        for j in range(x.size):
            logits[i] += weights[i, j] * x[j]
    biggest = logits.max()
    total = np.float32(0.0)
    for i in range(bias.size):
        total += math.exp(logits[i] - biggest)
    out[0] = math.log(total) - logits[label] + biggest


def loss_data(rng: Rng, n: int) -> Arguments:
    """Inputs of 32 features, labels of 10 classes."""
    return _normal(rng, 10, 32), _normal(rng, 10), _normal(rng, n, 32), rng.integers(0, 10, n)


# ---- attention ----


def attention(query: Any, keys: Any, values: Any) -> Any:
    """One query against shared keys and values."""
    scores = keys @ query / 32**0.5
    weights = np.exp(scores - np.max(scores))
    return weights @ values / np.sum(weights)


def attention_by_hand(query: Any, keys: Any, values: Any) -> Any:
    """All queries at once."""
    scores = query @ keys.T / 32**0.5
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    return weights @ values / weights.sum(axis=1, keepdims=True)


def attention_numba(query: Any, keys: Any, values: Any, out: Any) -> None:
    """One query, by Numba's own matrix products."""
    scores = np.dot(keys, query) / np.float32(32**0.5)
    weights = np.exp(scores - scores.max())
    out[:] = np.dot(weights, values) / weights.sum()


def attention_data(rng: Rng, n: int) -> Arguments:
    """Queries, and 64 keys and values of 32 features."""
    return _normal(rng, n, 32), _normal(rng, 64, 32), _normal(rng, 64, 32)


WORKLOADS = (
    Workload(
        name="mlp",
        title="MLP 64-128-10, {n} inputs, float32",
        sizes=Sizes(5, 2_000, 100_000),
        data=mlp_data,
        one=mlp,
        in_axes=((0, None, None, None, None),),
        by_hand=mlp_by_hand,
        kind=BLAS,
        numba=mlp_numba,
        signature="(i),(h,i),(h),(o,h),(o)->(o)",
        rtol=1e-4,
    ),
    Workload(
        name="loss",
        title="per-example loss, 32 features, 10 classes, {n} examples, float32",
        sizes=Sizes(5, 5_000, 100_000),
        data=loss_data,
        one=loss,
        in_axes=((None, None, 0, 0),),
        by_hand=loss_by_hand,
        kind=MEMORY,
        numba=loss_numba,
        signature="(o,i),(o),(i),()->()",
        torch=loss_torch,
        rtol=1e-4,
    ),
    Workload(
        name="attention",
        title="attention, {n} queries x 32, 64 shared keys and values, float32",
        sizes=Sizes(5, 2_000, 50_000),
        data=attention_data,
        one=attention,
        in_axes=((0, None, None),),
        by_hand=attention_by_hand,
        kind=BLAS,
        numba=attention_numba,
        signature="(d),(k,d),(k,d)->(d)",
        rtol=1e-4,
    ),
)
