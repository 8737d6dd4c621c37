"""Names that are bound where Python may skip it (``:=``), and by patterns: lanes part there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lanewise import jit, vmap


def years(saved: Any, rate: Any) -> Any:
    year = 0
    while saved < 100.0 and (year := year + 1) <= 12:
        saved = saved * rate + 3
    return year, saved


def either_way(x: Any, y: Any) -> Any:
    z = 1.0
    if (x > 0 and (z := x * y) > 1) or not (y > 0 and (z := z - y) > 0):
        z += 1
    return z


def in_an_assignment(x: Any, y: Any) -> Any:
    n = 0
    larger = (n := n + 1) and x > y and (n := n + 2) > 0
    both = x if larger else (n := n + 5) - y
    return n, both


def in_a_return(x: Any, y: Any) -> Any:
    last = y
    return x > 0 and (last := x + y) > 0 and last > 1


def nested_loops(x: Any, y: Any) -> Any:
    total, i = 0.0, 0
    while i < 3 and (i := i + 1):
        k = i
        while x > k and (k := k + 1) < 6:
            if k == 3:
                continue
            total += k * y
    return total, i


def in_a_function_inside(x: Any, y: Any) -> Any:
    def inner(z: Any) -> Any:
        n = 0.0
        return n if z > y and (n := z * 2) > 1 else n - 1

    return inner(x) + (inner(y) if x > 0 else 0)


def guarded(x: Any, y: Any) -> Any:
    match (int(x), int(y)):
        case (0, n) if n > 1:
            return n * 10
        case (0, n):
            return n - 7
        case (1, k) | (k, 1) if k != 2:
            return k + 100
        case (m, 2 | 3) | (m, 0):
            return m + 1000
        case _:
            return -1


def bound_though_it_fails(x: Any, y: Any) -> Any:
    n = 9
    match int(x):
        case n if n > 1:
            n += 1
        case 1 | 0:
            n = n + 50
        case other:
            n = n - other
    return n + y


def in_a_branch(x: Any, y: Any) -> Any:
    found = 0
    for step in range(3):
        if x > step:
            match (step, int(y)):
                case (0, k) | (k, 2):
                    found += k
                case (1, k) if k < 0:
                    break
                case _:
                    found -= 1
    return found


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize(
    "fun",
    [
        years, either_way, in_an_assignment, in_a_return, nested_loops, in_a_function_inside, guarded,
        bound_though_it_fails, in_a_branch,
    ],
)
def test_as_the_loop_does(fun: Any, compiled: bool) -> None:
    rng = np.random.default_rng(len(fun.__name__))
    x, y = rng.integers(-2, 4, 300) * 1.0, rng.integers(-2, 4, 300) * 1.0
    mapped = jit(vmap(fun, strict=True)) if compiled else vmap(fun, strict=True)
    found = mapped(x, y)
    expected = [fun(*map(float, pair)) for pair in zip(x, y, strict=True)]
    columns = list(zip(*expected, strict=True)) if isinstance(expected[0], tuple) else [expected]
    for part, column in zip(found if isinstance(found, tuple) else (found,), columns, strict=True):
        np.testing.assert_array_equal(part, np.array(column))
