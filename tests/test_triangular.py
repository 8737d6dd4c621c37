"""`scipy.linalg.solve_triangular`: batched, and compiled up to 16 unknowns."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.linalg import solve_triangular

from lanewise import PerformanceWarning, jit, vmap

N = 37
RNG = np.random.default_rng(4)


def systems(size, *columns, dtype=float):
    a = RNG.normal(size=(N, size, size)) + size * np.eye(size)
    b = RNG.normal(size=(N, size, *columns))
    if np.dtype(dtype).kind == "c":
        a, b = a + 1j * RNG.normal(size=a.shape), b - 2j * b[::-1]
    return a.astype(dtype), b.astype(dtype)


def agree(f, *args, compiled=True, tol=1e-12):
    expected = np.array([f(*row) for row in zip(*args, strict=True)])
    with warnings.catch_warnings():
        warnings.simplefilter("error", PerformanceWarning)
        found = [vmap(f, strict=True)(*args)]
        if compiled:
            found += [jit(vmap(f))(*args), vmap(jit(f))(*args)]
    for x in found:
        assert x.dtype == expected.dtype
        np.testing.assert_allclose(x, expected, rtol=tol, atol=tol)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7, 16])
@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("columns", [(), (1,), (5,)])
def test_sizes(size, lower, columns):
    agree(lambda a, b: solve_triangular(a, b, lower=lower), *systems(size, *columns))


@pytest.mark.parametrize("trans", [0, 1, 2, "N", "T", "C"])
@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("dtype", [float, complex])
@pytest.mark.parametrize("unit", [False, True])
def test_options(trans, lower, dtype, unit):
    agree(lambda a, b: solve_triangular(a, b, trans, lower, unit_diagonal=unit), *systems(4, dtype=dtype), tol=1e-10)


@pytest.mark.filterwarnings("ignore:Calling solve_triangular with .* dtype=bool:DeprecationWarning")  # since SciPy 1.18
@pytest.mark.parametrize("dtypes", [("f4", "f4"), ("f4", "f8"), ("i4", "f4"), ("i8", "i8"), ("c8", "f4"), ("?", "f8")])
def test_dtypes(dtypes):
    a, b = systems(3)
    a = np.eye(3, dtype=bool) | (a > 0) if dtypes[0] == "?" else np.round(a) + 9 * np.eye(3)
    agree(solve_triangular, a.astype(dtypes[0]), (b * 8).astype(dtypes[1]), tol=1e-5)


def test_more_unknowns_than_are_compiled():
    agree(lambda a, b: solve_triangular(a, b, lower=True), *systems(40), compiled=False)


def test_a_matrix_that_lanes_share():
    a, b = systems(5)
    f = vmap(lambda a, b: solve_triangular(a, b), in_axes=(None, 0), strict=True)
    expected = [solve_triangular(a[0], x) for x in b]
    np.testing.assert_allclose(f(a[0], b), expected)
    np.testing.assert_allclose(jit(f)(a[0], b), expected)


def test_in_the_middle_of_more():
    def whitened(x, cov):
        factor = np.linalg.cholesky(cov)
        z = solve_triangular(factor, x, lower=True)
        return -0.5 * (z @ z) - np.log(np.diag(factor)).sum()

    a, b = systems(6)
    agree(whitened, b, a @ np.swapaxes(a, 1, 2) + np.eye(6), tol=1e-10)


@pytest.mark.parametrize("transform", [vmap, lambda f: jit(vmap(f))])
def test_what_raises(transform):
    a, b = systems(4)
    f = transform(lambda a, b: solve_triangular(a, b))
    f(a, b)
    a[5, 2, 2] = 0
    with pytest.raises(np.linalg.LinAlgError, match="singular") as raised:
        f(a, b)
    with pytest.raises(np.linalg.LinAlgError) as expected:
        solve_triangular(a[5], b[5])
    assert str(raised.value) == str(expected.value)
    a[5, 2, 2] = np.nan
    with pytest.raises(ValueError, match="array must not contain infs or NaNs"):
        f(a, b)
    a[5, 2, 2], a[5, 3, 0] = 1.0, np.inf  # of the other triangle, which is looked at, too
    with pytest.raises(ValueError, match="array must not contain infs or NaNs"):
        f(a, b)


@pytest.mark.parametrize("transform", [vmap, lambda f: jit(vmap(f))])
def test_what_is_caught(transform):
    def f(a, b):
        try:
            return solve_triangular(a, b)
        except np.linalg.LinAlgError:
            return b * 0.0

    a, b = systems(4)
    a[5, 2, 2] = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PerformanceWarning)
        np.testing.assert_allclose(transform(f)(a, b), [f(x, y) for x, y in zip(a, b, strict=True)])


def test_nothing_is_asked_that_is_not_finite_where_that_is_not_wanted():
    a, b = systems(3)
    a[3, 2, 0] = np.nan
    agree(lambda a, b: solve_triangular(a, b, check_finite=False), a, b)


def test_operands_by_keyword():
    a, b = systems(3)
    agree(lambda a, b: solve_triangular(a=a, b=b, lower=True), a, b)
    expected = [solve_triangular(*row) for row in zip(a, b, strict=True)]
    for f in (vmap(solve_triangular, strict=True), jit(vmap(solve_triangular))):
        np.testing.assert_allclose(f(a=a, b=b), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_what_is_no_number_and_not_looked_for(number):
    a, b = systems(4, 2)
    a[3, 1, 2], a[5, 2, 1], b[7, 2, 0] = number, number, number
    for lower in (False, True):

        def f(a, b, lower=lower):
            return solve_triangular(a, b, lower=lower, check_finite=False)

        expected = [f(*row) for row in zip(a, b, strict=True)]
        for g in (vmap(f), jit(vmap(f))):
            np.testing.assert_allclose(g(a, b), expected, rtol=1e-9)
