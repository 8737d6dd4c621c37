"""Small products, distances and linear systems."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..workload import Arguments, Sizes, Workload

Rng = np.random.Generator


# ---- row dot product ----


def row_dot(x: Any, y: Any) -> Any:
    """The dot product of two vectors."""
    return np.dot(x, y)


def row_dot_by_hand(x: Any, y: Any) -> Any:
    """Row by row."""
    return np.einsum("ni,ni->n", x, y)


def row_dot_data(rng: Rng, n: int) -> Arguments:
    """Two batches of 3-vectors."""
    return rng.normal(size=(n, 3)), rng.normal(size=(n, 3))


# ---- scale and add ----


def scale_and_add(x: Any, scale: Any, offset: Any) -> Any:
    """One vector, scaled and shifted."""
    return scale * x + offset


def scale_and_add_data(rng: Rng, n: int) -> Arguments:
    """A batch of 8-vectors, and what they share."""
    return rng.normal(size=(n, 8)), 1.7, rng.normal(size=8)


# ---- matrix times vector ----


def matvec(matrix: Any, x: Any) -> Any:
    """A matrix on a vector."""
    return matrix @ x


def matvec_by_hand(matrix: Any, x: Any) -> Any:
    """All vectors as the rows of a matrix."""
    return x @ matrix.T


def matvec_data(rng: Rng, n: int) -> Arguments:
    """One 3x4 matrix and a batch of vectors."""
    return rng.normal(size=(3, 4)), rng.normal(size=(n, 4))


# ---- pairwise distances ----


def distance(x: Any, y: Any) -> Any:
    """The distance of two points."""
    return np.sqrt(np.sum((x - y) ** 2))


def distances_by_hand(x: Any, y: Any) -> Any:
    """Every point of one set against every point of the other."""
    return np.sqrt(np.sum((x[:, None] - y[None]) ** 2, axis=-1))


def distances_data(rng: Rng, n: int) -> Arguments:
    """Two sets of points in space."""
    return rng.normal(size=(n, 3)), rng.normal(size=(n, 3))


# ---- linear systems ----


def solve(a: Any, b: Any) -> Any:
    """One linear system."""
    return np.linalg.solve(a, b)


def solve_by_hand(a: Any, b: Any) -> Any:
    """A stack of systems; NumPy 2 wants the right-hand sides as columns."""
    return np.linalg.solve(a, b[..., None])[..., 0]


def solve_data(rng: Rng, n: int) -> Arguments:
    """Well-conditioned 3x3 systems."""
    return rng.normal(size=(n, 3, 3)) + 4 * np.eye(3), rng.normal(size=(n, 3))


def cholesky(a: Any) -> Any:
    """The Cholesky factor of one matrix."""
    return np.linalg.cholesky(a)


def cholesky_data(rng: Rng, n: int) -> Arguments:
    """Positive definite 4x4 matrices."""
    a = rng.normal(size=(n, 4, 4))
    return (a @ a.transpose(0, 2, 1) + np.eye(4),)


WORKLOADS = (
    Workload(
        name="row_dot",
        title="row dot product, {n} x 3",
        sizes=Sizes(5, 10_000, 1_000_000),
        data=row_dot_data,
        one=row_dot,
        in_axes=((0, 0),),
        by_hand=row_dot_by_hand,
        signature="(i),(i)->()",
    ),
    Workload(
        name="scale_and_add",
        title="scale and add, {n} x 8, `in_axes=(0, None, None)`",
        sizes=Sizes(5, 10_000, 200_000),
        data=scale_and_add_data,
        one=scale_and_add,
        in_axes=((0, None, None),),
        by_hand=scale_and_add,
        signature="(i),(),(i)->(i)",
    ),
    Workload(
        name="matvec",
        title="matrix (3 x 4, shared) times {n} vectors",
        sizes=Sizes(5, 10_000, 500_000),
        data=matvec_data,
        one=matvec,
        in_axes=((None, 0),),
        by_hand=matvec_by_hand,
        signature="(i,j),(j)->(i)",
    ),
    Workload(
        name="pairwise",
        title="pairwise distances, {n} x {n} x 3, nested",
        sizes=Sizes(4, 200, 2000),
        data=distances_data,
        one=distance,
        in_axes=((0, None), (None, 0)),
        by_hand=distances_by_hand,
        signature="(i),(i)->()",
    ),
    Workload(
        name="solve",
        title="solve 3 x 3, {n} systems",
        sizes=Sizes(5, 5_000, 100_000),
        data=solve_data,
        one=solve,
        in_axes=((0, 0),),
        by_hand=solve_by_hand,
        signature="(i,i),(i)->(i)",
    ),
    Workload(
        name="cholesky",
        title="Cholesky 4 x 4, {n} matrices",
        sizes=Sizes(5, 5_000, 100_000),
        data=cholesky_data,
        one=cholesky,
        in_axes=((0,),),
        by_hand=cholesky,
        signature="(i,i)->(i,i)",
    ),
)
