"""Functions of one row: normalisations, running sums, neighbours."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..workload import MEMORY, Arguments, Sizes, Workload

Rng = np.random.Generator


# ---- softmax ----


def softmax(x: Any) -> Any:
    """The softmax of one row."""
    e = np.exp(x - np.max(x))
    return e / np.sum(e)


def softmax_by_hand(x: Any) -> Any:
    """The softmax of every row."""
    e = np.exp(x - np.max(x, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)


def softmax_numba(x: Any, out: Any) -> None:
    """One row."""
    biggest = x[0]
    for i in range(1, x.size):
        biggest = max(biggest, x[i])
    total = 0.0
    for i in range(x.size):
        out[i] = math.exp(x[i] - biggest)
        total += out[i]
    for i in range(x.size):
        out[i] /= total


def softmax_data(rng: Rng, n: int) -> Arguments:
    """Rows of 32."""
    return (rng.normal(size=(n, 32)),)


# ---- layer norm ----


def layer_norm(x: Any, scale: Any, bias: Any) -> Any:
    """One row, brought to mean 0 and variance 1, then scaled and shifted."""
    centred = x - np.mean(x)
    return centred / np.sqrt(np.mean(centred**2) + 1e-5) * scale + bias


def layer_norm_by_hand(x: Any, scale: Any, bias: Any) -> Any:
    """The same for every row."""
    centred = x - np.mean(x, axis=1, keepdims=True)
    return centred / np.sqrt(np.mean(centred**2, axis=1, keepdims=True) + 1e-5) * scale + bias


def layer_norm_numba(x: Any, scale: Any, bias: Any, out: Any) -> None:
    """One row."""
    mean = 0.0
    for i in range(x.size):
        mean += x[i]
    mean /= x.size
    variance = 0.0
    for i in range(x.size):
        variance += (x[i] - mean) ** 2
    deviation = math.sqrt(variance / x.size + 1e-5)
    for i in range(x.size):
        out[i] = (x[i] - mean) / deviation * scale[i] + bias[i]


def layer_norm_data(rng: Rng, n: int) -> Arguments:
    """Rows of 64, and what they share."""
    return rng.normal(size=(n, 64)), rng.normal(size=64), rng.normal(size=64)


# ---- cumulative sums ----


def cumulative(x: Any) -> Any:
    """The running sums of one row."""
    return np.cumsum(x, 0)


def cumulative_by_hand(x: Any) -> Any:
    """The running sums of every row."""
    return np.cumsum(x, axis=1)


def cumulative_numba(x: Any, out: Any) -> None:
    """One row."""
    total = 0.0
    for i in range(x.size):
        total += x[i]
        out[i] = total


def cumulative_data(rng: Rng, n: int) -> Arguments:
    """Rows of 64."""
    return (rng.normal(size=(n, 64)),)


# ---- a stencil ----


def stencil(u: Any) -> Any:
    """One step of diffusion on a line."""
    return u[1:-1] + 0.1 * (u[2:] - 2.0 * u[1:-1] + u[:-2])


def stencil_by_hand(u: Any) -> Any:
    """The same on every line."""
    return u[:, 1:-1] + 0.1 * (u[:, 2:] - 2.0 * u[:, 1:-1] + u[:, :-2])


def stencil_numba(u: Any, _: Any, out: Any) -> None:
    """One line."""
    for i in range(out.size):
        out[i] = u[i + 1] + 0.1 * (u[i + 2] - 2.0 * u[i + 1] + u[i])


def stencil_data(rng: Rng, n: int) -> Arguments:
    """Lines of 100 points."""
    return (rng.normal(size=(n, 100)),)


WORKLOADS = (
    Workload(
        name="softmax",
        title="softmax, {n} x 32",
        sizes=Sizes(5, 5_000, 100_000),
        data=softmax_data,
        one=softmax,
        in_axes=((0,),),
        by_hand=softmax_by_hand,
        kind=MEMORY,
        numba=softmax_numba,
        signature="(i)->(i)",
    ),
    Workload(
        name="layer_norm",
        title="layer norm, {n} x 64",
        sizes=Sizes(5, 5_000, 50_000),
        data=layer_norm_data,
        one=layer_norm,
        in_axes=((0, None, None),),
        by_hand=layer_norm_by_hand,
        kind=MEMORY,
        numba=layer_norm_numba,
        signature="(i),(i),(i)->(i)",
    ),
    Workload(
        name="cumsum",
        title="cumulative sums, {n} x 64",
        sizes=Sizes(5, 5_000, 50_000),
        data=cumulative_data,
        one=cumulative,
        in_axes=((0,),),
        by_hand=cumulative_by_hand,
        kind=MEMORY,
        numba=cumulative_numba,
        signature="(i)->(i)",
    ),
    Workload(
        name="stencil",
        title="1-D stencil, {n} lines of 100",
        sizes=Sizes(5, 2_000, 20_000),
        data=stencil_data,
        one=stencil,
        in_axes=((0,),),
        by_hand=stencil_by_hand,
        kind=MEMORY,
        numba=stencil_numba,
        signature="(i)->(j)",
    ),
)
