"""Small functions as people write them, one for each thing that once ran eagerly under jit; all compile."""

from __future__ import annotations

import bisect
import cmath
import itertools
import math
import operator

import numpy as np
import pytest
from compiled import same

from lanewise import PerformanceWarning, jit, vmap

RNG = np.random.default_rng(1)
N = 13
X, K, J = RNG.normal(size=N) * 3, RNG.integers(0, 12, N), RNG.integers(1, 9, N)
P, V, W, M = np.abs(X) + 0.1, RNG.normal(size=(N, 5)), RNG.integers(-4, 9, (N, 5)), RNG.normal(size=(N, 3, 3))
Z = RNG.normal(size=N) + 1j * RNG.normal(size=N)

ARRAYS = {
    "polynomial by a list": (lambda x: np.polyval([1.0, 2.0, 3.0], x), X),
    "polynomial of lanes": (lambda x, y: np.polyval([x, y], x), X, P),
    "polynomial at a number": (lambda x, y: np.polyval([x, y, 3.0], 2.0), X, P),
    "polynomial by an array": (lambda v, x: np.polyval(v, x), V, X),
    "polynomial at several": (lambda x: np.polyval(np.array([1.0, 2.0]), np.array([x, 1.0])), X),
    "gradient": (lambda v: np.gradient(v), V),
    "powers": (lambda v: np.vander(v, 3), V),
    "powers up": (lambda v: np.vander(v, 3, increasing=True), V),
    "histogram": (lambda v: np.histogram(v, bins=3, range=(-2, 2))[0], V),
    "diagonal": (lambda v: np.diag(v), V),
    "upper diagonal": (lambda v: np.diag(v, 2), V),
    "lower diagonal": (lambda v: np.diag(v, -1), V),
    "flat diagonal": (lambda m: np.diagflat(m), M),
    "of a diagonal": (lambda m: np.diag(m), M),
    "integers": (lambda w: np.diag(w), W),
    "a line through points": (lambda v: np.polyfit(np.arange(5.0), v, 1), V),
    "a parabola through points": (lambda v, w: np.polyval(np.polyfit(v, w, 2), 0.5), V, W),
    "by parts": (lambda x: np.piecewise(x, [x < 0, x >= 0], [-1.0, 1.0]), X),
    "by functions": (lambda x: np.piecewise(x, [x < 0, x >= 1], [lambda t: -t, lambda t: t * 2]), X),
    "parts of arrays": (lambda v: np.piecewise(v, [v < 0, v >= 1], [lambda t: -t, lambda t: t * 2, 7]), V),
    "parts by Python's numbers": (lambda x, y: np.piecewise(y, [float(x) < 0, float(x) >= 0], [-1.0, 1.0]), X, P),
    "one part": (lambda v: np.piecewise(v, v < 0, [lambda t: np.exp(t)]), V),
}  # fmt: skip


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays(name):
    fun, *args = ARRAYS[name]
    same(fun, *args, tol=1e-12)


def positive_mean(v):
    found = [x for x in v if x > 0]
    return sum(found) / len(found) if found else 0.0


def newton(z):
    z = complex(z)
    for _ in range(20):
        z = z - (z**3 - 1) / (3 * z**2)
    return z


NUMBERS = {
    "a root": (lambda a, b: (-b + cmath.sqrt(b * b - 4 * a)) / 2, X, P),
    **{f"cmath.{f.__name__}": (lambda z, f=f: f(z), Z) for f in (
        cmath.exp, cmath.log, cmath.log10, cmath.sqrt, cmath.sin, cmath.cos, cmath.tan, cmath.sinh, cmath.cosh,
        cmath.tanh, cmath.asin, cmath.acos, cmath.atan, cmath.asinh, cmath.acosh, cmath.atanh, cmath.phase,
        cmath.polar, cmath.isnan, cmath.isinf, cmath.isfinite,
    )},
    "cmath of floats": (lambda x: cmath.sqrt(x) + cmath.log(x), X),
    "a logarithm to a base": (lambda z: cmath.log(z, 2), Z), "rect": (lambda r, p: cmath.rect(r, p), P, X),
    "quotients": (lambda z, x: (complex(z) / x, x / complex(z), complex(z) / complex(x, 2)), Z, X),
    "Newton's": (newton, Z),
    "complex of complex": (lambda z: complex(z) * 2, Z), "complex compared": (lambda z: complex(z) == 0, Z),
    "round": (lambda x: round(float(x)), X), "round an integer": (lambda k: round(int(k)) + round(int(k), 2), K),
    "round NumPy's": (lambda x: round(x, 2), X), "frexp": (lambda x: math.frexp(x), X),
    "ldexp": (lambda x, k: math.ldexp(x, int(k)), X, K), "a signed power": (lambda x, k: float(x) ** int(k), X, K),
    "a power to a modulus": (lambda k, j: pow(int(k), int(j), 7), K, J),
    "a power of 3": (lambda k: pow(3, int(k), 1000), K),
    "bits": (lambda k: int(k - 6).bit_length() + 100 * int(k - 6).bit_count(), K),
    "whole": (lambda k: (float(k) / 2).is_integer(), K), "NumPy's bits": (lambda w: np.bitwise_count(w), W),
    "as a fraction": (lambda k: int(k).numerator + int(k).denominator, K),
}  # fmt: skip


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers(name):
    fun, *args = NUMBERS[name]
    same(fun, *args, tol=1e-12)


@pytest.mark.parametrize("digits", [0, 1, 2, 5, 15, 22])
def test_rounding_to_digits(digits):
    x = np.concatenate([
        RNG.normal(size=3000) * 10.0 ** RNG.integers(-8, 9 - min(digits, 8), 3000),
        (RNG.integers(-4000, 4000, 3000) + 0.5) / 10.0 ** min(digits, 15), np.round(X, digits) + 0.5 * 10.0**-digits,
        [0.0, -0.0, 2.675, 1.005, -0.4, 0.5, 1.5, 2.5, np.nan, np.inf, -np.inf, 5e-324, 1e-300],
    ])  # fmt: skip
    x = x[~(np.abs(x) * 10.0**digits >= 2.0**52) | ~np.isfinite(x)]
    same(lambda t: round(float(t), digits), x)


@pytest.mark.filterwarnings("ignore")
def test_numbers_that_python_refuses():
    for fun, *args in (
        (lambda z: cmath.log(z), np.array([1.0, 0.0]) + 0j), (lambda z: cmath.exp(z), np.array([1.0, 1e3]) + 0j),
        (lambda x: cmath.phase(complex(x, 1e-160)), np.array([1.0, 1e300])),
        (lambda x: math.ldexp(x, 2000), np.ones(2)), (lambda k: pow(2, int(k), 0), K),
        (lambda x: float(x) ** -2, np.array([1.0, 0.0])), (lambda z: 1 / complex(z), np.array([1.0, 0.0]) + 0j),
    ):  # fmt: skip
        with pytest.raises((ValueError, OverflowError, ZeroDivisionError)) as caught:
            jit(vmap(fun))(*args)
        with pytest.raises(caught.type):
            [fun(*row) for row in zip(*args, strict=True)]


LISTS = {
    "a sum of some": (lambda v: sum(x for x in v if x > 0), V),
    "how many": (lambda v: len([x for x in v if x > 0]), V), "a mean of some": (positive_mean, V),
    "pairs": (lambda v: sum(x * y for x in v for y in v if x > y), V),
    "a lambda in it": (lambda v: (lambda w: sum(x for x in w if x > 0))(v) + 1, V),
    "least or default": (lambda v: min([x for x in v if x > 1], default=0.0), V),
    "greatest or default": (lambda v: max((x for x in v if x > 1), default=-1.0), V),
    "by a key": (lambda v: min([x for x in v if x > 0], key=lambda x: abs(x - 1), default=-1.0), V),
    "default of a full list": (lambda v: min(list(v), default=0.0), V),
    "greatest of pairs": (lambda v: max((x, i) for i, x in enumerate(v))[1], V),
    "least of pairs": (lambda w: min((x, -i) for i, x in enumerate(w))[1], W),
    "sorted pairs": (lambda v: sorted([(x, i) for i, x in enumerate(v)])[1][1], V),
    "pairs that are alike": (lambda w: np.array([i for _, i in sorted([(x % 2, i) for i, x in enumerate(w)])]), W),
    "a filter": (lambda v: sum(filter(lambda x: x > 0, v)), V), "of truths": (lambda w: len(list(filter(None, w))), W),
    "running extremes": (lambda v: np.array(list(itertools.accumulate(v, max))), V),
    "up to one": (lambda v: sum(itertools.takewhile(lambda x: x < 1, v)), V),
    "from one on": (lambda v: sum(itertools.dropwhile(lambda x: x < 1, v)), V),
    "the first": (lambda v: next((x for x in v if x > 0), -1.0), V),
    "where the first is": (lambda v: next((i for i, x in enumerate(v) if x > 0.5), None) is None, V),
    "the first of pairs": (lambda w: next((x - y for x in w for y in w if x * y == 6), 0), W),
    "a place": (lambda x: bisect.bisect([-1.0, 0.0, 1.0], x), X),
    "a place of integers": (lambda k: bisect.bisect_left([1, 3, 3, 7], int(k)), K),
    "a place among floats": (lambda k: bisect.bisect_left((1.5, 3, 3, 7.5), int(k)), K),
    "an index": (lambda k: [1, 2, 3][operator.index(k % 3)], K),
    "running sums": (lambda v: list(itertools.accumulate(v))[-1], V),
    "from a start": (lambda v: list(itertools.accumulate(v, lambda a, b: a * 0.5 + b, initial=1.0))[3], V),
}


@pytest.mark.parametrize("name", LISTS)
def test_lists(name):
    fun, *args = LISTS[name]
    same(fun, *args, tol=1e-12)
    np.testing.assert_allclose(vmap(fun)(*args), [fun(*row) for row in zip(*args, strict=True)])


TABLE = {0: 1.5, 1: 2.5, 2: 3.5}


def automaton(k):
    state, n, moves = 0, int(k), {(0, 0): 1, (0, 1): 2, (1, 0): 0, (1, 1): 2, (2, 0): 2, (2, 1): 0}
    while n:
        state = moves[state, n & 1]
        n >>= 1
    return state


TABLES = {
    "an item": (lambda k: TABLE[int(k) % 3], K), "by NumPy's integer": (lambda k: TABLE[k % 3], K),
    "or another": (lambda k: TABLE.get(int(k), 0.0), K), "or none": (lambda k: TABLE.get(int(k)) is None, K),
    "is a key": (lambda k: int(k) in TABLE, K), "by a truth": (lambda x: {True: 1.0, False: -1.0}[x > 0], X),
    "by a float": (lambda x: {0.0: 1, 1.0: 2, 2.0: 3}.get(float(int(x)), 7), X), "by pairs": (automaton, K),
    "by pairs or another": (lambda k, j: {(0, 0): 1, (0, 1): 2}.get((int(k) % 2, int(j) % 2), 9), K, J),
    "by texts": (lambda k: {"a": 1.0, "b": 2.0}[{0: "a", 1: "b"}[int(k) % 2]], K),
    "functions": (lambda k, x: {0: math.sin, 1: lambda t: t + 1}[int(k) % 2](x), K, X),
    "tuples": (lambda k: {0: (1, 2.0), 1: (3, 4.0)}[int(k) % 2][1], K),
    "arrays": (lambda k: {0: np.arange(3.0), 1: np.ones(3)}[int(k) % 2].sum(), K),
    "values of lanes": (lambda k, x: {0: x, 1: x * 2}[int(k) % 2], K, X),
}


@pytest.mark.parametrize("name", TABLES)
def test_dicts(name):
    fun, *args = TABLES[name]
    same(fun, *args, tol=1e-12)


def test_keys_that_are_missing():
    with pytest.raises(KeyError):
        jit(vmap(lambda k: TABLE[int(k)]))(K)
    with pytest.raises(TypeError):
        jit(vmap(lambda v: TABLE[v]))(V)


def check_only(x, v):
    if v[0] > 1e9:
        raise ValueError("no")
    return x, v.T


def check_rows(x, v):
    assert np.isfinite(v).all()
    return x


@pytest.mark.parametrize("fun", [check_only, check_rows])
def test_functions_that_only_check(fun):
    same(fun, X, V)
    bad = V.copy()
    bad[5, 0] = np.inf
    with pytest.raises((ValueError, AssertionError)) as caught:
        jit(vmap(fun))(X, bad)
    assert "lane 5 of 13" in caught.value.__notes__[0]
    np.testing.assert_array_equal(jit(vmap(lambda k, x: (np.arange(12.0)[int(k)], x)[1]))(K, X), X)


EAGER = {
    "long numbers": (lambda x: x * 2, X.astype(np.longdouble)),
    "made long": (lambda x: np.longdouble(x) * 2, X),
    "long complex": (lambda x: abs(x), X.astype(np.clongdouble)),
    "dates": (lambda d: d + np.timedelta64(1, "D"), np.arange(N).astype("M8[D]")),
    "texts": (lambda s: np.char.upper(s), np.array(["ab", "c"] * 5)),
}


@pytest.mark.parametrize("name", EAGER)
def test_what_has_no_code_runs_eagerly_and_says_so(name):
    fun, *args = EAGER[name]
    with pytest.warns(PerformanceWarning, match="compiled code has no"):
        found = jit(vmap(fun))(*args)
    for result in (found, vmap(jit(fun))(*args)):
        np.testing.assert_array_equal(result, [fun(*row) for row in zip(*args, strict=True)])


def test_eigenvalues_that_are_real_in_some_lanes():
    def f(m):
        return np.abs(np.linalg.eigvals(m)).max()

    for transform in (lambda f: jit(vmap(f)), lambda f: vmap(jit(f))):
        with pytest.warns(PerformanceWarning, match="ran eagerly for these values"):
            found = transform(f)(M)
        np.testing.assert_allclose(found, [f(m) for m in M])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("layout", [np.ascontiguousarray, np.asfortranarray])
def test_reshaped_arguments_that_are_written(layout):
    """A reshape is a view or a copy, by the layout of the argument."""

    def f(q):
        flat = q.reshape(-1)
        q[0] = -100.0
        return flat.sum()

    expected = [f(q) for q in layout(M.copy())]
    for transform in (lambda f: jit(vmap(f)), lambda f: vmap(jit(f)), vmap):
        np.testing.assert_allclose(transform(f)(layout(M.copy())), expected)
