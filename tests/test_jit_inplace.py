"""Functions that write arrays under `jit`: ``out=``, ``where=``, and NumPy's own writers."""

from __future__ import annotations

import numpy as np
import pytest
from compiled import same

from lanewise import jit, vmap

RNG = np.random.default_rng(7)
X, Y = RNG.normal(size=(67, 5)).round(3), RNG.normal(size=(67, 5)).round(3)


def divided(x, y):
    out = np.zeros(5)
    np.divide(x, y, out=out, where=y > 0)
    return out


def divided_else_seven(x, y):
    return np.divide(x, y, out=np.full(5, 7.0), where=y > 0)


def root_in_place(x, y):
    out = x.copy()
    np.sqrt(x, where=x > 0, out=out)
    return out


def by_a_fixed_mask(x, y):
    z = np.zeros(5)
    np.add(x, y[0], out=z, where=True)
    np.maximum(z, 0, out=z, where=[True, False, True, False, True])
    return z


def in_a_row_of_a_matrix(x, y):
    z = np.zeros((3, 5))
    np.multiply(x, y, out=z[1], where=x > 0)
    np.multiply(x, 2, out=z[:, 2][:3], where=y[:3] > 9) if y.size < 3 else None
    return z


def integers(x, y):
    z = np.zeros(5, int)
    np.add(np.arange(5), 1, out=z, where=x > 0)
    return z


def bits(x, y):
    z = np.zeros(5, bool)
    np.greater(x, y, out=z)
    np.logical_and(z, x > 0, out=z, where=y < 0)
    return z


def single(x, y):
    z = np.zeros(5, np.float32)
    np.add(x, y, out=z, where=x > y, casting="same_kind")
    return z


def one_mask_for_all(x, y):
    z = y.copy()
    np.add(x, 1, out=z, where=x[0] > 0)
    return z


def in_a_branch(x, y):
    z = np.zeros(5)
    if x[0] > 0:
        np.divide(x, y, out=z, where=y > 0.5)
    return z


def in_a_loop(x, y):
    z = np.zeros(5)
    for k in range(20):
        np.add(z, x * k, out=z, where=z < 3)
    return z


def two_results(x, y):
    fraction, whole = np.modf(x, out=(np.zeros(5), np.zeros(5)))
    return fraction, whole, np.frexp(y, out=(np.zeros(5), None))[0]


def sums(x, y):
    total, running = np.zeros(()), np.zeros(5)
    np.sum(x, out=total)
    np.cumsum(y, out=running)
    return total + 1, running, x.max(out=total) - 1


def clipped(x, y):
    z = np.zeros(5)
    np.clip(x, -1, 1, out=z)
    w = z.copy()
    np.round(y, 1, out=z)
    return w, z, np.take(x, [4, 3, 2, 1, 0], out=z)


def copied(x, y):
    z = x.copy()
    np.copyto(z, y, where=x > y)
    np.copyto(z, 1.5, where=z < -1)
    return z


def masked(x, y):
    z, w = x.copy(), x.copy()
    np.putmask(z, x > y, 3.0)
    np.putmask(w, x > y, y)
    return z, w


def diagonal(x, y):
    z, w = np.outer(x, y), np.zeros((5, 3))
    np.fill_diagonal(z, x[0])
    np.fill_diagonal(w, 2)
    return z, w


def sorted_in_place(x, y):
    z, w = x.copy(), np.outer(x, y)
    z.sort()
    w.sort(axis=0)
    return z, w


def added_at(x, y):
    z, n = x.copy(), np.zeros(5, int)
    np.add.at(z, [0, 0, 2], y[:3])
    np.add.at(n, (x * 2).astype(int) % 5, 1)
    np.maximum.at(z, np.array([1, 1]), 0.25)
    np.negative.at(z, [3])
    return z, n


FUNCTIONS = [
    divided, divided_else_seven, root_in_place, by_a_fixed_mask, in_a_row_of_a_matrix, integers, bits, single,
    one_mask_for_all, in_a_branch, in_a_loop, two_results, sums, clipped, copied, masked, diagonal, sorted_in_place,
    added_at,
]  # fmt: skip


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_what_is_written_is_what_the_loop_writes(function):
    same(function, X, Y)


REFUSED = {
    "a mask of numbers": lambda x: np.add(x, 1, out=np.zeros(5), where=x),
    "a result that does not fit": lambda x: np.add(x, 1.5, out=np.zeros(5, int), where=x > 0),
    "a result that is too large": lambda x: np.add(x, np.ones((2, 5)), out=np.zeros(5), where=x > 0),
    "a mask that is too large": lambda x: np.add(x, 1, out=np.zeros(5), where=np.ones((2, 5), bool)),
    "a sum of another shape": lambda x: np.sum(x, out=np.zeros(5)),
    "a copy that does not fit": lambda x: np.copyto(np.zeros(5, int), x, where=x > 0),
    "a place that is not there": lambda x: np.add.at(np.zeros(5), [0, 5], x[0]),
}


@pytest.mark.filterwarnings("ignore::lanewise.PerformanceWarning")
@pytest.mark.parametrize("name", REFUSED)
def test_what_numpy_refuses(name):
    with pytest.raises((TypeError, ValueError, IndexError)) as expected:
        REFUSED[name](X[0])
    with pytest.raises(type(expected.value)):
        jit(vmap(REFUSED[name]))(X)


@pytest.mark.filterwarnings("ignore::lanewise.PerformanceWarning")
def test_a_mask_that_goes_with_an_argument_that_is_written():
    def f(x, y):
        np.add(x, y, out=x, where=y > 0)
        return x.sum()

    expected, found, wanted = X.copy(), X.copy(), X.copy()
    results = [f(x, y) for x, y in zip(expected, Y, strict=True)]
    np.testing.assert_allclose(jit(vmap(f))(found, Y), results, rtol=1e-14)
    np.testing.assert_array_equal(found, expected)
    jit(f)(wanted[0], Y[0])
    np.testing.assert_array_equal(wanted[0], expected[0])
