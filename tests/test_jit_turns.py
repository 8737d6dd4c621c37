"""Maps within the turns of loops, under jit: compiled, and what the loop gives."""

from __future__ import annotations

import numpy as np
import pytest
from compiled import same

from lanewise import PerformanceWarning, jit, lax, vmap

RNG = np.random.default_rng(3)
V, M = RNG.normal(size=(13, 5)), RNG.normal(size=(13, 3, 4))


@pytest.mark.parametrize("size", [1, 3, 8, 9, 40])
def test_lanes_that_leave_apart(size):
    def f(v):
        n = 0
        while np.abs(v).max() > 0.1 and n < 20:
            v = vmap(lambda x: x * 0.5 if x > 0 else x * 0.25 - 0.01)(v)
            n += 1
        return v, n

    same(f, RNG.normal(size=(11, size)))


def test_loops_of_lax():
    same(lambda v: lax.fori_loop(0, 30, lambda i, w: vmap(lambda x: x * 0.9 + i)(w), v), V, tol=1e-13)
    same(lambda v: lax.while_loop(lambda w: np.abs(w).max() > 0.1, lambda w: vmap(lambda x: x / 2)(w), v), V)
    same(lambda v: lax.scan(lambda c, x: (c + vmap(lambda y: y * x)(v).sum(), c), 0.0, v), V, tol=1e-13)


def test_loops_and_branches_within():
    def halvings(x, least):
        n = 0
        while abs(x) > least:
            x = x / 2
            n += 1
        return n, x

    def f(v):
        total, s = 0, 0.0
        while total < 40:
            counts, rest = vmap(halvings, in_axes=(0, None))(v, 0.1)
            total, s = total + counts.sum() + 1, s + rest.sum()
        return total, s

    same(f, V, tol=1e-13)


def test_axes():
    def f(m):
        while np.abs(m).max() > 1:
            rows = vmap(lambda r, k: r * k, in_axes=(1, 0), out_axes=1)(m, np.linspace(0.2, 0.8, 4))
            both = vmap(vmap(lambda x, y: x - y, in_axes=(None, 0)), in_axes=(0, None))(m[0], m[1])
            m = rows + 1e-3 * both[:3]
        return m

    same(f, M, tol=1e-13)


def test_writes():
    def f(v):
        v = v.copy()
        while v[0] < 3:

            def g(row):
                row[0] += 1.0
                return row.sum()

            rows = np.stack([v, v], 1)
            v[1] += vmap(g)(rows).sum() * 0.01
            v[0] = rows[0, 0]
        return v

    same(f, V, tol=1e-12)


def test_functions_made_in_a_loop():
    def f(v):
        n, total = 0, 0.0
        while total < 5:

            def g(x, k=2.0):
                return x * k + n

            h = lambda x: g(x) + total  # noqa: E731
            total += abs(h(v[n % 5])) + 1
            n += 1
        return n, total, h(1.0)

    same(f, V)


def test_recursion():
    def f(v, n):
        return v if n == 0 else f(vmap(lambda x: x * 0.5 + 1)(v), n - 1)

    same(f, V, RNG.integers(0, 30, 13), tol=1e-13)


def test_what_has_too_many_lanes_runs_eagerly():
    def f(v):
        while v[0] > 0.5:
            v = vmap(lambda x: x / 2)(v)
        return v

    x = np.abs(RNG.normal(size=(3, 300)))
    with pytest.warns(PerformanceWarning, match="a vmap of so many lanes"):
        found = jit(vmap(f))(x)
    np.testing.assert_array_equal(found, [f(row) for row in x])
