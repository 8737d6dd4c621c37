"""``jit``: arrays that loops write at computed places lie in memory; nobody can tell."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from compiled import same

from lanewise import PerformanceWarning, jit, vmap


def counts(x: Any, n: Any) -> Any:
    found = np.zeros(12, int)
    k = 0
    while k < n:
        found[(k * k) % 12] += k
        found[-1 - k % 3] -= 1
        k += 1
    return found


def table(x: Any, n: Any) -> Any:
    d = np.zeros((5, 7))
    for i in range(5):
        d[i, 0] = i
    for i in range(1, 5):
        for j in range(1, 7):
            d[i, j] = min(d[i - 1, j] + x[j], d[i, j - 1] + 0.5, d[i - 1, j - 1] + x[i] * (j == n))
    return d[4, n % 7], d


def rows_read_and_written(x: Any, n: Any) -> Any:
    d = np.zeros((4, 5))
    k = 0
    while k < n:
        d[(k + 1) % 4] = d[k % 4] + x[:5] * k
        d[:, k % 5] += 1.0
        if x[k % 9] > 0:
            d[n - k - 1 if n < 4 else 3] *= 0.5
        row = d[k // 3 % 4]
        row[k % 5] = 7.0
        k += 1
    return d


def copies_are_copies(x: Any, n: Any) -> Any:
    a = np.arange(12.0)
    total = 0.0
    for k in range(n):
        b = a.copy()
        a[(3 * k) % 12] = -a[k % 12] + x[k % 4]
        total += b[(3 * k) % 12] - a[(3 * k) % 12] + b.sum()
    return total, a


def old_and_new(x: Any, n: Any) -> Any:
    a = np.arange(10.0) * x[0]
    for k in range(n):
        old = a[k % 10]
        a[k % 10] = a[(k + 3) % 10] + 1
        a[(k + 1) % 10] = old
    return a


def two_that_read_each_other(x: Any, n: Any) -> Any:
    a, b = np.zeros(10), np.ones(10)
    for k in range(n):
        a[k % 10] = b[(k + 1) % 10] + x[k % 8]
        b[(k * 3) % 10] = a[k % 10] - b[k % 10]
    return a - 2 * b


def one_of_two(x: Any, n: Any) -> Any:
    a, b = np.zeros(10), np.ones(10)
    for k in range(n):
        c = a if x[k % 8] > 0 else b
        c[k % 10] += k
    return a, b


def left_early(x: Any, n: Any) -> Any:
    seen = np.zeros(16, dtype=bool)
    at, steps = n, 0
    while not seen[at]:
        seen[at] = True
        at = (at * 5 + 3) % 16
        steps += 1
        if x[steps % 8] > 1.2:
            break
        if x[steps % 8] < -1.5:
            continue
        seen[(at + 1) % 16] = steps > 6
    return steps, seen


def nested(x: Any, n: Any) -> Any:
    a = np.zeros((3, 4))
    for i in range(n):
        for j in range(i % 5):
            a[j % 3, i % 4] += x[j]
            if a[j % 3, i % 4] > 2:
                break
        a[i % 3] = a[i % 3][::-1]
    return a


def single_precision(x: Any, n: Any) -> Any:
    a, b = np.zeros(9, np.float32), np.zeros(11, np.int16)
    z = np.zeros(9, complex)
    for k in range(n):
        a[k * 2 % 9] += np.float32(x[k % 8])
        b[k * 3 % 11] = k * 1000
        z[k % 9] = z[(k + 1) % 9] * 1j + x[k % 8]
    return a, b, z


def sorted_by_hand(x: Any, n: Any) -> Any:
    a = x.copy()
    for i in range(1, len(a)):
        j = i
        while j > 0 and a[j - 1] > a[j]:
            a[j - 1], a[j] = a[j], a[j - 1]
            j -= 1
    return a


def stacks(x: Any, n: Any) -> Any:
    stack = [n]
    total = 0.0
    while stack:
        top = stack.pop()
        total += x[top % 8]
        if top > 1:
            stack.append(top // 2)
            if top % 3 == 0:
                stack.append(top - 2)
    return total


def read_whole_between_writes(x: Any, n: Any) -> Any:
    a, b = np.arange(12.0), np.ones(10)
    for k in range(n):
        a += 12
        b[n % 10] = a.max()
        a[k % 12] += b.max()
        b[:] = a[:10]
        a[n % 12] -= b[k % 10]
    return a, b


FUNCTIONS = [
    counts, table, rows_read_and_written, copies_are_copies, old_and_new, two_that_read_each_other, one_of_two,
    left_early, nested, single_precision, sorted_by_hand, stacks, read_whole_between_writes,
]  # fmt: skip


@pytest.mark.parametrize("lanes", [3, 100])
@pytest.mark.parametrize("fun", FUNCTIONS)
def test_as_the_loop_does(fun: Any, lanes: int) -> None:
    rng = np.random.default_rng(len(fun.__name__))
    x, n = rng.normal(size=(lanes, 9)), rng.integers(0, 14, lanes)
    with warnings.catch_warnings():
        warnings.simplefilter("error", PerformanceWarning)
        found = jit(vmap(fun))(x, n)
    expected = [fun(*pair) for pair in zip(x, n, strict=True)]
    columns = list(zip(*expected, strict=True)) if isinstance(expected[0], tuple) else [expected]
    for part, column in zip(found if isinstance(found, tuple) else (found,), columns, strict=True):
        np.testing.assert_array_equal(part, np.array(column))
        assert part.dtype == np.array(column).dtype


def test_without_lanes() -> None:
    x = np.random.default_rng(1).normal(size=9)
    assert np.array_equal(jit(lambda x: counts(x, 11))(x), counts(x, 11))
    np.testing.assert_array_equal(jit(lambda x: table(x, 3))(x)[1], table(x, 3)[1])


def test_arguments_are_written() -> None:
    def spread(a: Any, n: Any) -> Any:
        for k in range(n):
            a[k * k % 10] += k
        return a[n % 10]

    a, n = np.random.default_rng(2).normal(size=(60, 10)), np.arange(60) % 15
    b = a.copy()
    found = jit(vmap(spread))(a, n)
    assert found.tolist() == [spread(row, k) for row, k in zip(b, n, strict=True)]
    np.testing.assert_array_equal(a, b)


def test_bad_places_raise() -> None:
    def fill(a: Any, n: Any) -> Any:
        found = np.zeros(12)
        for k in range(3):
            found[n - k] = a
        return found

    a, n = np.arange(80.0), np.arange(80) % 12
    np.testing.assert_array_equal(jit(vmap(fill))(a, n), [fill(*pair) for pair in zip(a, n, strict=True)])
    n[50] = 12
    with pytest.raises(IndexError):
        jit(vmap(fill))(a, n)
    n[50] = -11
    with pytest.raises(IndexError):
        jit(vmap(fill))(a, n)


def test_places_of_lanes_that_do_not_write_may_be_bad() -> None:
    def fill(a: Any, n: Any) -> Any:
        found = np.zeros(12)
        k = 0
        while k < 5:
            if n < 12:
                found[n] += found[(n + k) % 12] + a
            k += 1
        return found

    a, n = np.arange(80.0), np.arange(80) - 1
    n[:5] = 2**62
    np.testing.assert_array_equal(jit(vmap(fill))(a, n), [fill(*pair) for pair in zip(a, n, strict=True)])


# ---- arrays of any size ----


def struck_out(n):
    sieve = np.zeros(900)
    for i in range(900):
        sieve[i * n % 900] += i
    return sieve


def totals(x):
    out = np.zeros(700)
    c = 0.0
    for i in range(700):
        c = c + x[i]
        out[i] = c
    return out, out[-1], out.sum()


def counted(x):
    found = np.zeros(500, np.int32)
    for i in range(40):
        found[int(x[i] * 100) % 500] += 1
    return found


def bubbles(x):
    x = x.copy()
    for i in range(99):
        for j in range(99 - i):
            if x[j] > x[j + 1]:
                x[j], x[j + 1] = x[j + 1], x[j]
    return x[:100]


def written_argument(x):
    for i in range(1, 600):
        if x[i - 1] < x[i]:
            x[i] = x[i - 1] * 0.5
    return x.max()


def table_of_rows(x):
    found = np.ones((30, 20))
    k = 0
    while k < 25 and x[k] < 2:
        found[(k * k) % 30] = x[:20] * k
        found[k % 7, 3] = -1.0
        k += 1
    return found


def single(x):
    found = np.zeros(300, np.float32)
    for i in range(300):
        found[(i * 7) % 300] = x[i]
    return found


def complex_numbers(x):
    found = np.zeros(200, complex)
    for i in range(200):
        found[(i * 7) % 200] = x[i] + 1j * x[i // 2]
    return found * 2


def twice(x):
    found = np.zeros(300)
    for k in range(3):
        for i in range(300):
            found[(i * 7 + k) % 300] += x[i] * k
    return found


N = 43
RNG = np.random.default_rng(11)
LARGE = RNG.normal(size=(N, 800)).round(2)


@pytest.mark.parametrize(
    "function", [totals, counted, bubbles, table_of_rows, single, complex_numbers, twice], ids=lambda f: f.__name__
)
def test_large_arrays_are_written_at_computed_places(function):
    same(function, LARGE, tol=1e-13)


def test_a_large_array_and_a_number():
    same(struck_out, RNG.integers(1, 900, N))


def test_a_large_argument_is_written():
    expected, found = LARGE.copy(), LARGE.copy()
    results = [written_argument(x) for x in expected]
    np.testing.assert_array_equal(jit(vmap(written_argument))(found), results)
    np.testing.assert_array_equal(found, expected)


def test_places_out_of_a_large_array():
    def f(x, n):
        out = np.zeros(400)
        for i in range(20):
            out[i * n] = x[i]
        return out

    n = np.full(N, 20)
    same(f, LARGE, n)
    n[5] = 22
    with pytest.raises(IndexError, match="out of bounds"):
        jit(vmap(f))(LARGE, n)
