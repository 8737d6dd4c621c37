"""What a loop computes for all lanes alike, among results that differ: `vmap(jit(f))` and ``out_axes=None``."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from wild.compare import disagreement

from lanewise import PerformanceWarning, jit, lax, vmap

X = np.linspace(0.5, 30.0, 67)


def greatest(x):
    n = 0
    for i in range(20):
        if x > i:
            n = i
    return n, i


def twice(x):
    total = 0.0
    for i in range(12):
        for k in range(i, 30):
            if x < k:
                total = total + x * k
    return total, i + 1, k - i


def raises_late(x):
    total = 0
    for i in range(20):
        total = total + int(x) // (i + 1)
    return total, i, 2.5 * i


def scanned(x):
    def turn(carry, step):
        n, y = carry
        return (n + 1, y * 0.5 + x), (n * n, y)

    (n, y), (squares, ys) = lax.scan(turn, (0, x), None, 15)
    return n, y, squares, ys.sum()


def table(x):
    counts = np.zeros(25)
    for i in range(25):
        counts[i] = i * i
        if x > i:
            x = x - 1.0
    return x, counts, i


FUNCTIONS = [greatest, twice, raises_late, scanned, table]


def quietly(f, *args):
    with warnings.catch_warnings():
        warnings.simplefilter("error", PerformanceWarning)
        f(*args)
        return f(*args)


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_a_result_that_lanes_share_beside_others(f):
    expected = [np.array(part) for part in zip(*[f(x) for x in X], strict=True)]
    for g in (vmap(jit(f)), jit(vmap(f))):
        assert not (text := disagreement((tuple(expected), (X,)), (quietly(g, X), (X,)), 1e-13)), text


@pytest.mark.parametrize("f", [vmap(jit(greatest), out_axes=(0, None)), jit(vmap(greatest, out_axes=(0, None)))])
@pytest.mark.parametrize("count", [0, 1, 5, 67])
def test_it_needs_no_axis(f, count):
    n, i = quietly(f, X[:count])
    assert np.array_equal(n, [greatest(x)[0] for x in X[:count]])
    assert i == 19


def test_what_the_outer_lanes_have_alone():
    def inner(x, y):
        i = 0
        s = y
        while i < x:
            s = s * 0.5 + y
            i = i + 1
        return s, i

    def outer(x, ys):
        return vmap(inner, in_axes=(None, 0), out_axes=(0, None))(x, ys)

    xs, ys = np.arange(5.0), np.linspace(0, 1, 7)
    found, counts = quietly(jit(vmap(outer, in_axes=(0, None))), xs, ys)
    np.testing.assert_array_equal(found, [[inner(x, y)[0] for y in ys] for x in xs])
    np.testing.assert_array_equal(counts, np.arange(5))


TABLE = np.arange(600.0).reshape(100, 6)


@pytest.mark.parametrize("fun", [
    lambda i: TABLE[i, 2], lambda i: TABLE[2, i], lambda i: TABLE[i][1] + TABLE[i, -1], lambda i: TABLE[i % 3, i],
], ids=["row", "column", "both", "computed"])  # fmt: skip
def test_a_large_table_by_an_index_of_several_parts(fun):
    numbers = np.arange(67) % 6
    for f in (jit(vmap(fun)), vmap(jit(fun))):
        np.testing.assert_array_equal(quietly(f, numbers), [fun(i) for i in numbers])
