"""Arrays of each lane that are read at computed places, under `jit`: gathers from memory, however large they are."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from compiled import same

from lanewise import PerformanceWarning, jit, vmap

N = 67
RNG = np.random.default_rng(5)
K = RNG.integers(0, 100, N)
X = RNG.normal(size=N)


def halving(k, t):
    s = t[0]
    while k > 0:
        s = s + t[k]
        k = k // 2
    return s


def searched(x, t):
    low, high = 0, len(t) - 1
    while low < high:
        middle = (low + high) // 2
        if t[middle] < x:
            low = middle + 1
        else:
            high = middle
    return low


def neighbours(x):
    s = 0.0
    for i in range(len(x) - 1):
        s = s + x[i + 1] * x[i] - x[i // 2]
    return s


def from_the_end(k, t):
    s = t[-1]
    for j in range(k):
        s = s - t[-j - 1]
    return s


def two_places(k, t):
    s = t[0, 0]
    for j in range(k):
        s = s + t[j % 9, k % 12] - t[3, j % 12]
    return s


def rows(k, t):
    s = t[0]
    for j in range(k):
        s = s + t[j % 9]
    return s


def counts(k, t):
    c = 0
    for j in range(k):
        if t[j * 7 % 100]:
            c += 1
    return c


TABLES = {
    "float64": RNG.normal(size=(N, 100)).round(3),
    "float32": RNG.normal(size=(N, 100)).astype(np.float32),
    "float16": RNG.normal(size=(N, 100)).astype(np.float16),
    "complex128": RNG.integers(-9, 9, (N, 100)) + 1j * RNG.integers(-9, 9, (N, 100)),
    "int8": RNG.integers(-5, 5, (N, 100)).astype(np.int8),
    "int64": RNG.integers(-500, 500, (N, 100)),
    "large": RNG.integers(-500, 500, (N, 3000)).astype(float),
    "last axis first": np.asfortranarray(RNG.normal(size=(N, 100))),
    "every other": RNG.normal(size=(N, 200))[:, ::2],
    "backwards": RNG.normal(size=(N, 100))[:, ::-1],
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("function", [halving, from_the_end])
def test_an_argument_of_each_lane(name, function):
    same(function, K, TABLES[name])


@pytest.mark.parametrize("name", TABLES)
def test_a_table_that_lanes_share(name):
    table = TABLES[name][0]
    f = jit(vmap(halving, in_axes=(0, None)))
    with warnings.catch_warnings():
        warnings.simplefilter("error", PerformanceWarning)
        found = f(K, table)
    np.testing.assert_array_equal(found, [halving(k, table) for k in K])


def test_a_binary_search():
    same(searched, X, np.sort(TABLES["large"], axis=1))
    table = np.sort(RNG.normal(size=2000))
    f = jit(vmap(searched, in_axes=(0, None)))
    with warnings.catch_warnings():
        warnings.simplefilter("error", PerformanceWarning)
        found = f(X, table)
    np.testing.assert_array_equal(found, np.searchsorted(table, X))


@pytest.mark.parametrize("size", [70, 1500])
def test_a_place_that_lanes_share(size):
    same(neighbours, RNG.integers(-9, 9, (N, size)).astype(float))


@pytest.mark.parametrize("function", [two_places, rows])
def test_more_dimensions(function):
    same(function, K, RNG.integers(-9, 9, (N, 9, 12)).astype(float))
    same(function, K, np.moveaxis(RNG.integers(-9, 9, (9, 12, N)), -1, 0))


def test_truth_values():
    same(counts, K, TABLES["float64"] > 0)


def test_bits_and_all_that_is_done_with_them():
    def f(k, t):
        return counts(k, t), t.sum(), np.cumsum(t)[k], t

    same(f, K, TABLES["float64"] > 0)


@pytest.mark.parametrize("size", [20, 60, 100, 250])
def test_an_array_that_the_function_makes(size):
    def f(x, k):
        y = np.arange(size) * x
        s = 0.0
        for i in range(1, size):
            if y[i] > 0.5:
                s = s + y[i - 1] * y[k % i]
        return s

    same(f, X.round(3), K)


def test_an_array_that_a_loop_carries():
    def f(x, n):
        a = np.arange(20.0) * x
        k = 0
        while k < n:
            a = a * 0.5 + a[k % 20]
            k += 1
        return a[n % 20], a

    same(f, X, K)


def test_an_array_that_a_turn_makes():
    def f(x, n):
        s = 0.0
        for k in range(n):
            a = np.arange(30.0) * (x + k)
            s = s * 0.5 + a[(3 * k + n) % 30]
        return s

    same(f, X, K)


@pytest.mark.parametrize("bad", [100, -101, 10**9])
def test_places_that_are_not_there(bad):
    def f(k, t):
        s = 0.0
        for j in range(3):
            s = s + t[k + j * 0]
        return s

    places = K.copy()
    places[41] = bad
    with pytest.raises(IndexError, match="out of bounds"):
        jit(vmap(f))(places, TABLES["float64"])
    with pytest.raises(IndexError, match="out of bounds"):
        jit(vmap(f, in_axes=(0, None)))(places, TABLES["float64"][0])


def test_lanes_that_are_away_read_nothing():
    def f(k, t):
        s = 0.0
        for j in range(5):
            if k < 100:
                s = s + t[k] * j
        return s

    same(f, np.where(K % 3 == 0, K + 10**6, K), TABLES["float64"])


def test_what_rows_leave_to_elements():
    def f(x):
        p = np.sin(np.arange(80) * x).reshape(40, 2)
        h = 0
        for a, b in p:
            if a * a + b * b <= 1:
                h += 1
        return 4 * h / len(p)

    same(f, X)


def test_single_elements_of_a_long_chain():
    def f(x):
        y = x * np.linspace(0, 1, 20)
        for k in range(12):
            y = np.where(y > 0.25, y * 0.5, np.sqrt(np.abs(y)) + k)
        s = 0.0
        for v in y:
            s = s * 0.5 + v if v > 3 else s - v
        return s

    same(f, X)
