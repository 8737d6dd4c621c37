"""Lists of lane values that NumPy's functions take as arrays: against the loop, without a slow path, and compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases import entering
from compiled import same
from law import check

ROWS = np.random.default_rng(1).normal(size=(40, 5))

CASES: list[Any] = []
case = entering(CASES)


@pytest.mark.parametrize(("fun", "args", "options"), CASES)
def test_vmap_is_the_loop(fun: Any, args: Any, options: Any) -> None:
    check(fun, *args, **options)


# ---- numbers that are Python's in some lanes and NumPy's in others ----


@case(ROWS)
def choices(v):
    return np.array([a if a > 0 else 0.0 for a in v])


@case(ROWS)
def choices_of_a_type(v):
    return np.asarray([[a if a > 0 else 0.0, 1] for a in v], dtype=np.float32)


@case(ROWS)
def greater(v):
    return np.array([max(a, 0.0) for a in v]) + np.array(tuple(min(a, 0.0) for a in v))


@case(ROWS)
def floats_or_integers(v):
    return np.array([1.5 if v[0] > 0 else 0, 2.5]), np.array([0.5 if v[1] > 0 else 0])[0] + v[0]


@case(ROWS)
def truths(v):
    return np.array([v[0] > 0 if v[1] > 0 else False, True])


@case(ROWS)
def appended(v):
    found = []
    for a in v:
        if a > 0:
            found.append(a)
        else:
            found.append(0.0)
    return np.array(found)


# ---- lists as they come ----


@case(ROWS)
def reduced(v):
    return np.sum([a * a for a in v]), np.mean([v[0], v[1]]), np.max((v[0], v[1])), np.argmax([v[0], v[1], 0.1])


@case(ROWS)
def integers(v):
    n = int(abs(v[0]) * 3)
    return np.sum([n, 2]), np.sort([3, n, 1]), np.cumsum((n, n + 1))


@case(ROWS)
def ufuncs(v):
    return np.sqrt([v[0] ** 2, 4.0]), np.add([v[0], 1.0], v[:2]), np.hypot(v[0], [1.0, v[2]])


@case(ROWS)
def methods_of_ufuncs(v):
    return np.add.reduce([v[0], v[1]]), np.maximum.accumulate((v[0], v[1], 0.1)), np.multiply.outer([v[0], 2.0], v)


@case(ROWS)
def products(v):
    return np.dot([v[0], v[1]], [v[2], 1.0]), np.cross([v[0], v[1], v[2]], [1.0, 2.0, v[3]]), np.outer([v[0], 1], v)


@case(ROWS)
def matrices(v):
    matrix = [[v[0], 4.0], [-4.0, v[1]]]
    return np.linalg.solve(matrix, [1.0, v[2]]), np.linalg.det(matrix), np.linalg.norm([v[0], v[1]])


@case(ROWS)
def several_arrays(v):
    return np.concatenate([v[:2], [v[3], 1.0]]), np.stack([v, v + 1]), np.vstack([v[:2], [v[0], 1.0]])


@case(ROWS)
def several_types(v):
    return np.sum([a if a > 0 else 0.0 for a in v]), np.median([v[0] if v[1] > 0 else 1.5, 0.0, v[2]])


@case(ROWS)
def by_name(v):
    return np.clip(v[:2], a_min=[v[3] - 1, -0.1], a_max=9.0), np.average(v[:2], weights=[abs(v[3]) + 1, 2.0])


@pytest.mark.parametrize("fun", [choices, greater, reduced, ufuncs, products, matrices, several_arrays, several_types])
def test_compiled(fun: Any) -> None:
    same(fun, ROWS, tol=1e-12)
