"""Small products and distances."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..workload import MEMORY, Arguments, Sizes, Workload

Rng = np.random.Generator


# ---- row dot product ----


def row_dot(x: Any, y: Any) -> Any:
    """The dot product of two vectors."""
    return np.dot(x, y)


def row_dot_by_hand(x: Any, y: Any) -> Any:
    """Row by row."""
    return np.einsum("ni,ni->n", x, y)


def row_dot_numba(x: Any, y: Any, out: Any) -> None:
    """The sum, written out."""
    total = 0.0
    for i in range(x.size):
        total += x[i] * y[i]
    out[0] = total


def row_dot_data(rng: Rng, n: int) -> Arguments:
    """Two batches of 3-vectors."""
    return rng.normal(size=(n, 3)), rng.normal(size=(n, 3))


# ---- scale and add ----


def scale_and_add(x: Any, scale: Any, offset: Any) -> Any:
    """One vector, scaled and shifted."""
    return scale * x + offset


def scale_and_add_numba(x: Any, scale: Any, offset: Any, out: Any) -> None:
    """One vector, scaled and shifted."""
    for i in range(x.size):
        out[i] = scale * x[i] + offset[i]


def scale_and_add_data(rng: Rng, n: int) -> Arguments:
    """A batch of 8-vectors, and what they share."""
    return rng.normal(size=(n, 8)), 1.7, rng.normal(size=8)


# ---- matrix times vector ----


def product(matrix: Any, vector: Any) -> Any:
    """A matrix on a vector."""
    return matrix @ vector


def matvec_by_hand(matrix: Any, x: Any) -> Any:
    """All vectors as the rows of a matrix."""
    return x @ matrix.T


def products_by_hand(matrices: Any, vectors: Any) -> Any:
    """Each matrix on its vector."""
    return np.einsum("nij,nj->ni", matrices, vectors)


def products_1_by_hand(matrices: Any, vectors: Any) -> Any:
    """The same, one result per column."""
    return np.einsum("nij,nj->in", matrices, vectors)


def product_numba(matrix: Any, x: Any, out: Any) -> None:
    """The sums, written out."""
    for i in range(matrix.shape[0]):
        total = 0.0
        for j in range(x.size):
            total += matrix[i, j] * x[j]
        out[i] = total


def matvec_data(rng: Rng, n: int) -> Arguments:
    """One 3x4 matrix and a batch of vectors."""
    return rng.normal(size=(3, 4)), rng.normal(size=(n, 4))


def products_data(rng: Rng, n: int) -> Arguments:
    """Matrices of 3x4, and vectors."""
    return rng.normal(size=(n, 3, 4)), rng.normal(size=(n, 4))


# ---- pairwise distances ----


def distance(x: Any, y: Any) -> Any:
    """The distance of two points."""
    return np.sqrt(np.sum((x - y) ** 2))


def distances_by_hand(x: Any, y: Any) -> Any:
    """Every point of one set against every point of the other."""
    return np.sqrt(np.sum((x[:, None] - y[None]) ** 2, axis=-1))


def distance_numba(x: Any, others: Any, out: Any) -> None:
    """One point against all others."""
    for n in range(len(others)):
        total = 0.0
        for i in range(x.size):
            total += (x[i] - others[n, i]) ** 2
        out[n] = math.sqrt(total)


def distances_data(rng: Rng, n: int) -> Arguments:
    """Two sets of points in space."""
    return rng.normal(size=(n, 3)), rng.normal(size=(n, 3))


WORKLOADS = (
    Workload(
        name="row_dot",
        title="row dot product, {n} x 3",
        sizes=Sizes(5, 10_000, 1_000_000),
        data=row_dot_data,
        one=row_dot,
        in_axes=((0, 0),),
        by_hand=row_dot_by_hand,
        kind=MEMORY,
        signature="(i),(i)->()",
        numba=row_dot_numba,
    ),
    Workload(
        name="scale_and_add",
        title="scale and add, {n} x 8, `in_axes=(0, None, None)`",
        sizes=Sizes(5, 10_000, 1_000_000),
        data=scale_and_add_data,
        one=scale_and_add,
        in_axes=((0, None, None),),
        by_hand=scale_and_add,
        kind=MEMORY,
        signature="(i),(),(i)->(i)",
        numba=scale_and_add_numba,
    ),
    Workload(
        name="products",
        title="{n} matrices (3 x 4) times {n} vectors",
        sizes=Sizes(5, 10_000, 500_000),
        data=products_data,
        one=product,
        in_axes=((0, 0),),
        by_hand=products_by_hand,
        kind=MEMORY,
        signature="(i,j),(j)->(i)",
        numba=product_numba,
    ),
    Workload(
        name="products_1",
        title="the same, `out_axes=1`, {n} lanes",
        sizes=Sizes(5, 10_000, 500_000),
        data=products_data,
        one=product,
        in_axes=((0, 0),),
        by_hand=products_1_by_hand,
        kind=MEMORY,
        signature="(i,j),(j)->(i)",
        out_axis=1,
        numba=product_numba,
    ),
    Workload(
        name="matvec",
        title="matrix (3 x 4, shared) times {n} vectors",
        sizes=Sizes(5, 10_000, 500_000),
        data=matvec_data,
        one=product,
        in_axes=((None, 0),),
        by_hand=matvec_by_hand,
        kind=MEMORY,
        signature="(i,j),(j)->(i)",
        numba=product_numba,
    ),
    Workload(
        name="pairwise",
        title="pairwise distances, {n} x {n} x 3, nested",
        sizes=Sizes(4, 200, 2000),
        data=distances_data,
        one=distance,
        in_axes=((0, None), (None, 0)),
        by_hand=distances_by_hand,
        kind=MEMORY,
        signature="(i),(i)->()",
        numba=distance_numba,
        numba_layout="(d),(n,d)->(n)",
    ),
)
LESSON = WORKLOADS[:4]
"""The four small problems of the lesson."""
