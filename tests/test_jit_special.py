"""Functions of `scipy.special` inside kernels."""

import math

import numpy as np
import pytest
from scipy import special

from lanewise import jit, vmap
from lanewise.compile.plan import KernelStep

X = np.concatenate([np.linspace(-9, 9, 5001), [0.0, -0.0, 1e-300, -1e-20, 26.0, -40.0]])


def ulps(found, wanted):
    """The largest distance in units of the last place."""
    return np.max(np.abs(found - wanted) / np.spacing(np.maximum(np.abs(wanted), np.finfo(found.dtype).tiny)))


@pytest.mark.parametrize("name", ["erf", "erfc"])
def test_error_functions(name):
    compiled = jit(vmap(lambda x: getattr(special, name)(x)))
    wanted = np.array([getattr(math, name)(float(x)) for x in X])
    assert ulps(compiled(X), wanted) <= 4
    (program,) = compiled.known.values()
    assert {type(step) for step in program.plan.steps} == {KernelStep}
    np.testing.assert_allclose(jit(vmap(getattr(special, name)))(X.astype(np.float32)), wanted, rtol=2e-5, atol=1e-38)


def test_normal_distribution():
    np.testing.assert_allclose(jit(vmap(special.ndtr))(X[X > -8]), special.ndtr(X[X > -8]), rtol=1e-14)
    np.testing.assert_allclose(jit(vmap(special.ndtr))(X), special.ndtr(X), rtol=1e-13)


@pytest.mark.parametrize("function", [special.erf, special.erfc, special.ndtr])
def test_special_values(function):
    x = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0])
    found, wanted = jit(vmap(function))(x), function(x)
    np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(np.signbit(found[1:]), np.signbit(wanted[1:]))


def test_other_functions_are_called():
    x = np.linspace(0.5, 3, 40)
    np.testing.assert_allclose(jit(vmap(lambda x: special.gamma(x) * 2))(x), special.gamma(x) * 2, rtol=1e-14)
    z = x + 1j
    np.testing.assert_allclose(jit(vmap(special.erf))(z), special.erf(z), rtol=1e-14)


@pytest.mark.parametrize(
    ("dtype", "better", "least", "most"),
    [(np.float64, np.longdouble, -745.13, 709.78), (np.float32, np.float64, -103.27, 88.72)],
)
def test_exponentials(dtype, better, least, most):
    rng = np.random.default_rng(4)
    ranges = [(least, most), (-1, 1), (-0.36, 0.36), (least, 0.94 * least), (0.99 * most, most), (-1e-9, 1e-9)]
    x = np.concatenate([rng.uniform(*ends, 5000) for ends in ranges]).astype(dtype)
    found = jit(vmap(np.exp))(x)
    assert found.dtype == dtype
    wanted = np.exp(x.astype(better))
    unit = np.spacing(np.maximum(wanted, np.finfo(dtype).smallest_subnormal).astype(dtype)).astype(better)
    assert np.max(np.abs(found.astype(better) - wanted) / unit) < 1.2
    for count in (1, 2, 3, 4, 5, 12, 31, 100):  # vectors of every width
        np.testing.assert_allclose(jit(vmap(np.exp))(x[:count]), found[:count], rtol=3 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_exponentials_of_odd_numbers(dtype):
    info = np.finfo(dtype)
    edges = [
        0.0, -0.0, np.inf, -np.inf, np.nan, info.max, -info.max, info.tiny, info.smallest_subnormal, 709.7827128933,
        709.7827128933841, -745.13, -745.14, 88.72283, 88.72284, -103.97, -103.98, -708.5, -87.4,
    ]  # fmt: skip
    with np.errstate(all="ignore"):
        x = np.array(3 * edges).astype(dtype)
        np.testing.assert_allclose(jit(vmap(np.exp))(x), np.exp(x), rtol=4 * info.eps, atol=info.smallest_subnormal)
        for other in edges:  # what is beside it does not matter
            row = np.full(64, other, dtype)
            row[::2] = 1.5
            np.testing.assert_allclose(jit(np.exp)(row), np.exp(row), rtol=4 * info.eps, atol=info.smallest_subnormal)


@pytest.mark.parametrize("ufunc", [np.maximum, np.minimum, np.fmax, np.fmin])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_larger_and_the_smaller_of_odd_numbers(ufunc, dtype):
    odd = np.array([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 5.0], dtype)
    a, b = np.repeat(odd, len(odd)), np.tile(odd, len(odd))
    found = jit(vmap(ufunc))(a, b)
    np.testing.assert_array_equal(found, ufunc(a, b))


@pytest.mark.parametrize("ufunc", [np.sin, np.cos])
@pytest.mark.parametrize(("dtype", "better"), [(np.float64, np.longdouble), (np.float32, np.float64)])
def test_sines_and_cosines(ufunc, dtype, better):
    rng = np.random.default_rng(6)
    x = np.concatenate([rng.uniform(-most, most, 3000) for most in (1e-3, 1.6, 10, 1000, 6e4, 1e6, 1e9, 1e12)])
    turns = rng.integers(-100_000, 100_000, 3000) * (np.pi / 2)  # next to zeros
    x = np.concatenate([x, turns, turns[:99] * 0]).astype(dtype)
    found = jit(vmap(ufunc))(x)
    assert found.dtype == dtype
    wanted = ufunc(x.astype(better))
    unit = np.spacing(np.maximum(np.abs(wanted), np.finfo(dtype).tiny).astype(dtype)).astype(better)
    assert np.max(np.abs(found.astype(better) - wanted) / unit) < 4
    fast = jit(vmap(ufunc), fastmath=True)(x)
    np.testing.assert_allclose(fast, found, rtol=8 * np.finfo(dtype).eps, atol=np.finfo(dtype).eps)


@pytest.mark.parametrize("ufunc", [np.sin, np.cos])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_sines_and_cosines_of_odd_numbers(ufunc, dtype):
    info = np.finfo(dtype)
    odd = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, info.max, info.tiny, -info.smallest_subnormal, 3e5, 1.5], dtype)
    with np.errstate(all="ignore"):
        for other in odd:  # what is beside it does not matter
            row = np.repeat(odd, 7)
            row[::2] = other
            found, wanted = jit(ufunc)(row), ufunc(row)
            np.testing.assert_allclose(found, wanted, rtol=8 * info.eps, atol=info.smallest_subnormal)
            number = ~np.isnan(wanted)
            np.testing.assert_array_equal(np.signbit(found[number]), np.signbit(wanted[number]))


def test_angles_in_loops_and_branches():
    def f(x):
        total = 0.0
        while abs(x) > 1e-3:
            total += math.sin(x) if x > 0.5 else math.cos(x * 1e12)
            x = x / 3
        return total + math.sin(x)

    x = np.random.default_rng(8).normal(size=300) * 100
    np.testing.assert_allclose(jit(vmap(f))(x), [f(float(v)) for v in x], rtol=1e-12, atol=1e-12)
