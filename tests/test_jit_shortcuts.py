"""What `jit` computes by shorter ways: comparisons of magnitudes by squares, powers by roots."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lanewise import jit, vmap

RNG = np.random.default_rng(8)
ODD = [0.0, -0.0, np.nan, np.inf, -np.inf, 1e-320, 1e-200, 1e-160, 1e160, 1e200, 1.7e308, 1.0, 2.0, 3.0]


def numbers() -> Any:
    """Complex numbers on and beside the circle of radius 2, and all pairs of odd parts."""
    angles = RNG.uniform(0, 2 * np.pi, 400)
    circle = 2 * np.exp(1j * angles) * (1 + np.repeat([0, 1e-16, -1e-16, 2e-16, 1e-12, -1e-12, 0.1, -0.1], 50))
    pairs = np.array([complex(a, b) for a in ODD for b in ODD])
    return np.concatenate([circle, pairs, RNG.normal(size=100) + 1j * RNG.normal(size=100)])


@pytest.mark.parametrize("bound", [2.0, 0.0, -1.0, 1e-200, 1e160, 1e200, np.inf, np.nan])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_magnitude_against_a_number(bound: float) -> None:
    def compare(z: Any, c: Any) -> Any:
        return abs(z) < c, abs(z) <= c, abs(z) > c, abs(z) >= c, c < abs(z), c >= abs(z)

    z = numbers()
    found = jit(vmap(compare, in_axes=(0, None)))(z, bound)
    expected = [compare(x, bound) for x in z]
    for a, b in zip(found, zip(*expected, strict=True), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_magnitude_that_is_asked_for_as_well() -> None:
    def f(z: Any, c: Any) -> Any:
        size = abs(z)
        return np.where(size > c, size, -1.0), size < c + 1

    z = numbers()
    c = RNG.uniform(1.9, 2.1, z.size)
    found = jit(vmap(f))(z, c)
    expected = [f(x, y) for x, y in zip(z, c, strict=True)]
    np.testing.assert_allclose(found[0], [size for size, _ in expected], rtol=1e-15)
    np.testing.assert_array_equal(found[1], [less for _, less in expected])


def test_loops_by_a_magnitude() -> None:
    def escape(c: Any) -> Any:
        z = 0j
        for n in range(60):
            if abs(z) > 2:
                return n
            z = z * z + c
        return 60

    c = RNG.uniform(-2, 0.6, 3001) + 1j * RNG.uniform(-1.3, 1.3, 3001)
    np.testing.assert_array_equal(jit(vmap(escape))(c), [escape(x) for x in c.tolist()])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_powers_of_one_and_a_half(dtype: Any) -> None:
    x = np.concatenate([ODD, np.exp(RNG.uniform(-80, 80, 500))]).astype(dtype)
    found = jit(vmap(lambda x: (x**1.5, x**-1.5)))(x)
    for a, exponent in zip(found, (1.5, -1.5), strict=True):
        expected = np.array([v**exponent for v in x])
        np.testing.assert_allclose(a, expected, rtol=4 * np.finfo(dtype).eps, atol=np.finfo(dtype).tiny)
        np.testing.assert_array_equal(np.isnan(a), np.isnan(expected))
