"""Linear algebra on small matrices: each workload in several sizes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import limits
from ..workload import SMALL, Arguments, Sizes, Workload

Rng = np.random.Generator


# ---- linear systems ----


def solve(a: Any, b: Any) -> Any:
    """One linear system."""
    return np.linalg.solve(a, b)


def solve_by_hand(a: Any, b: Any) -> Any:
    """A stack of systems; NumPy 2 wants the right-hand sides as columns."""
    return np.linalg.solve(a, b[..., None])[..., 0]


def solve_numba(a: Any, b: Any, out: Any) -> None:
    """Gaussian elimination with partial pivoting, written out: LAPACK takes far longer on a matrix so small."""
    n = b.size
    a = a.copy()
    out[:] = b
    for k in range(n):
        top = k
        for i in range(k + 1, n):
            if abs(a[i, k]) > abs(a[top, k]):
                top = i
        for j in range(k, n):
            a[k, j], a[top, j] = a[top, j], a[k, j]
        out[k], out[top] = out[top], out[k]
        for i in range(k + 1, n):
            factor = a[i, k] / a[k, k]
            for j in range(k + 1, n):
                a[i, j] -= factor * a[k, j]
            out[i] -= factor * out[k]
    for i in range(n - 1, -1, -1):
        for j in range(i + 1, n):
            out[i] -= a[i, j] * out[j]
        out[i] /= a[i, i]


def solve_limit(library: Any, args: Arguments) -> Any:
    """The kernel for 3 x 3."""
    a, b = args
    x = np.empty_like(b)
    pointers = [limits.address(array) for array in (a, b, x)]
    return x, lambda lo, hi: library.solve3(lo, hi, *pointers)


# ---- inverses ----


def inverse(a: Any) -> Any:
    """The inverse of one matrix."""
    return np.linalg.inv(a)


def inverse_numba(a: Any, out: Any) -> None:
    """Gauss-Jordan elimination with partial pivoting, written out."""
    n = a.shape[0]
    a = a.copy()
    for i in range(n):
        for j in range(n):
            out[i, j] = 1.0 if i == j else 0.0
    for k in range(n):
        top = k
        for i in range(k + 1, n):
            if abs(a[i, k]) > abs(a[top, k]):
                top = i
        for j in range(n):
            a[k, j], a[top, j] = a[top, j], a[k, j]
            out[k, j], out[top, j] = out[top, j], out[k, j]
        scale = 1.0 / a[k, k]
        for j in range(n):
            a[k, j] *= scale
            out[k, j] *= scale
        for i in range(n):
            if i != k:
                factor = a[i, k]
                for j in range(n):
                    a[i, j] -= factor * a[k, j]
                    out[i, j] -= factor * out[k, j]


# ---- Cholesky ----


def cholesky(a: Any) -> Any:
    """The Cholesky factor of one matrix."""
    return np.linalg.cholesky(a)


def cholesky_numba(a: Any, out: Any) -> None:
    """Row by row, written out."""
    n = a.shape[0]
    for i in range(n):
        for j in range(n):
            total = a[i, j]
            for k in range(min(i, j)):
                total -= out[i, k] * out[j, k]
            if j < i:
                out[i, j] = total / out[j, j]
            elif j == i:
                out[i, i] = math.sqrt(total)
            else:
                out[i, j] = 0.0


# ---- the workloads ----


def systems(size: int) -> Any:
    """Well-conditioned systems."""
    return lambda rng, n: (rng.normal(size=(n, size, size)) + 2 * size * np.eye(size), rng.normal(size=(n, size)))


def matrices(size: int) -> Any:
    """Well-conditioned matrices."""
    return lambda rng, n: systems(size)(rng, n)[:1]


def positive_definite(size: int) -> Any:
    """Positive definite matrices."""

    def data(rng: Rng, n: int) -> Arguments:
        a = rng.normal(size=(n, size, size))
        return (a @ a.transpose(0, 2, 1) + np.eye(size),)

    return data


def _of_sizes(name: str, title: str, full: dict[int, int], data: Any, **own: Any) -> tuple[Workload, ...]:
    """A workload for each size of the matrices, with so many of them in the full run."""
    return tuple(
        Workload(
            name=f"{name}_{size}", title=title.replace("N", str(size)), sizes=Sizes(8, 8_000, lanes), data=data(size),
            kind=SMALL, limit=solve_limit if (name, size) == ("solve", 3) else None, **own,
        )
        for size, lanes in full.items()
    )  # fmt: skip


WORKLOADS = (
    *_of_sizes(
        "solve", "solve N x N, {n} systems", {3: 100_000, 4: 100_000, 8: 50_000}, systems,
        one=solve, by_hand=solve_by_hand, numba=solve_numba, in_axes=((0, 0),), signature="(i,i),(i)->(i)",
    ),
    *_of_sizes(
        "inv", "inverse N x N, {n} matrices", {4: 100_000, 8: 50_000}, matrices,
        one=inverse, by_hand=inverse, numba=inverse_numba, in_axes=((0,),), signature="(i,i)->(i,i)",
    ),
    *_of_sizes(
        "cholesky", "Cholesky N x N, {n} matrices", {4: 100_000, 8: 50_000}, positive_definite,
        one=cholesky, by_hand=cholesky, numba=cholesky_numba, in_axes=((0,),), signature="(i,i)->(i,i)",
    ),
)  # fmt: skip
