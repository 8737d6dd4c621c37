"""jit of what plain Python does: functions that call themselves, raise.

Everything here is compiled: nothing runs eagerly, and results are those of the loop, their dtypes as well.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from compiled import same

from lanewise import jit, make_program, vmap

x = np.array([-2.5, 0.0, 0.25, 1.0, 4.0, 7.5])
n = np.array([0, 1, 2, 3, 6, 11])


# ---- functions that raise, and functions that call themselves ----


def test_what_raises_at_the_end():
    def first_power(v):
        p = 1.0
        for k in range(40):
            if p > v:
                return k
            p *= 2
        raise ArithmeticError("too large")

    same(first_power, x)
    with pytest.raises(ArithmeticError, match="too large"):
        jit(vmap(first_power))(np.array([1.0, 1e300]))


def test_what_raises_in_a_function_that_is_called():
    def check(v):
        if v > 100:
            return 0.0
        if v > -100:
            return v + 1
        raise ValueError("too low")

    same(lambda v: check(v) * 2, x)
    with pytest.raises(ValueError, match="too low"):
        jit(vmap(lambda v: check(v) * 2))(np.array([1.0, -200.0]))


def mirrored(v):
    if v < 0:
        return 1 - mirrored(-v)
    return v / (1 + v)


def power(v, k):
    if k == 0:
        return 1.0
    half = power(v, k // 2)
    return half * half if k % 2 == 0 else half * half * v


def test_functions_that_call_themselves():
    same(mirrored, x)
    same(power, x, n)


def test_functions_that_call_themselves_more_than_once():
    def fib(k):
        return k if k < 2 else fib(k - 1) + fib(k - 2)

    same(fib, np.array([3, 12, 0]))


# ---- functions of numbers ----


def test_functions_of_the_c_library():
    same(lambda v: math.erf(v) + math.erfc(v / 2), x, tol=1e-14)
    same(lambda v: math.lgamma(v * v + 0.5) + math.gamma(abs(v) + 1), x, tol=1e-14)


def test_complex_numbers_are_made():
    def turned(a, b):
        z = complex(a, b) * complex(b)
        return z.real, z.imag

    same(turned, x, x[::-1].copy())


def test_rows_are_written_item_by_item():
    def pair(v):
        out = np.empty(3)
        out[:2] = v, 2 * v
        out[2] = 1.0
        return out

    same(pair, x)


def test_functions_of_integers():
    m = np.array([12, 0, -8, 9, 30, 1])
    same(lambda a, b: (math.gcd(a, b), math.gcd(a, 6, int(b)), math.lcm(a, b), math.lcm(a)), m, n)
    same(lambda k: (math.isqrt(k), math.factorial(k), math.comb(11, k), math.comb(k, 2), math.perm(k, 2)), n)
    same(lambda k: (math.perm(k), math.isqrt(k * k), math.isqrt(k * k + 2 * k)), n)
    large = np.array([2**52 - 1, 2**52, (2**26 + 1) ** 2 - 1, 9 * 10**17, 3037000498**2])
    same(lambda k: math.isqrt(k), large)
    for bad in (lambda k: math.isqrt(k), lambda k: math.factorial(k), lambda k: math.comb(k, 2)):
        with pytest.raises(ValueError, match="negative"):
            jit(vmap(bad))(np.array([4, -1]))
    with pytest.raises(TypeError):
        jit(vmap(lambda v: math.gcd(v, 2)))(x)


def test_functions_of_two_floats():
    y = np.array([0.5, 1.0, -0.3, math.inf, 3.0, -2.0])
    z = np.array([5.0, -2.5, 0.75, 1.0, 4.5, 5.0])
    same(lambda a, b: (math.remainder(a, b), math.isclose(a, b), math.isclose(a, a * (1 + 1e-10))), z, y)
    same(lambda a, b: math.isclose(a, b, rel_tol=0.5, abs_tol=0.1), z, y)
    same(lambda a: (math.modf(a), math.modf(-a / 4), math.ulp(a), math.log(abs(a) + 1, 2)), z)
    same(lambda a, b: (math.dist([a, 1.0], [b, a]), math.hypot(a, b, 2.0), math.hypot(a)), z, y, tol=1e-15)
    with pytest.raises(ValueError, match="math domain error"):
        jit(vmap(lambda a: math.remainder(a, 0.0)))(z)
    with pytest.raises(ZeroDivisionError):
        jit(vmap(lambda a: math.log(a, 1.0)))(abs(z))


def test_types_of_numpy():
    same(lambda v, k: (np.int64(v), np.float32(k), np.float64(float(v) * 2), np.bool(k), np.int64(float(v))), x, n)


# ---- loops over arrays ----


def test_long_arrays_are_gone_through_by_number():
    rows = np.random.default_rng(6).uniform(-1, 1, (5, 60))

    def runs(row, other):
        total, longest, run = 0, 0, 0
        for k, (v, w) in enumerate(zip(row, other, strict=True)):
            run = run + 1 if v > w else 0
            longest = max(longest, run)
            total += v * k
        return total, longest

    same(runs, rows, rows[:, ::-1].copy())
    same(lambda row: runs(row, row[::-1])[1], np.concatenate([rows, rows, rows], axis=1))

    def long(row):
        best = row[0]
        for v in row:
            for w in row:
                best = max(best, v - w * w)
        return best

    same(long, rows)
    assert "while" in str(make_program(vmap(long))(rows))

    def last(row):
        found = -1
        for k in range(200):
            if row[k] > 0:
                found = k
        return found

    same(last, np.random.default_rng(6).uniform(-1, 1, (5, 200)))


def test_lanes_leave_in_turns_that_are_written_out():
    rows = np.random.default_rng(7).integers(-3, 4, (40, 60)).astype(float)
    rows[3] = 1.0

    def first(row):
        found = 0.5
        for k, v in enumerate(row):
            if v == 3:
                break
            if v == 2:
                return -k
            if v == -1:
                continue
            found = found / 2 + v
        found += 1
        return found

    same(first, rows)

    def search(row):
        for v in row:
            if v > 2:
                break
        else:
            return -1.0
        return v

    same(search, rows)


def test_loops_with_large_bodies_are_not_written_out():
    def smooth(row):
        for _ in range(8):
            for k in range(1, len(row)):
                row[k] = row[k] + row[k - 1] / 2 if row[k] < 2 else row[k] / 2
                row[k - 1] = max(row[k], row[k - 1] / 2, 0.5)
        return row.sum()

    data = np.random.default_rng(8).uniform(0, 3, (6, 8))
    f = jit(vmap(lambda row: smooth(row.copy())))
    np.testing.assert_allclose(f(data), [smooth(row.copy()) for row in data], rtol=1e-14)
    assert None not in f.known.values()


def test_none_as_an_index_never_used():
    def pivot(row):
        found = None
        for k in range(3):
            if row[k] > 0:
                found = k
                break
        if found is None:
            return row[0]
        return row[found] * 2

    same(pivot, np.random.default_rng(9).uniform(-2, 1, (20, 3)))


@pytest.mark.parametrize("num", [2, 3, 40])
@pytest.mark.parametrize("endpoint", [True, False])
def test_linspace_is_that_of_numpy(num, endpoint):
    rng = np.random.default_rng(6)
    a, b = rng.normal(size=(2, 70))
    a[0], (a[1], b[1]), (a[2], b[2]), b[3] = b[0], (0, 5e-324), (1e-322, 9e-322), np.inf

    def steps(x, y):
        return np.linspace(x, y, num, endpoint), np.linspace(0, y, num, endpoint=endpoint)

    with np.errstate(all="ignore"):
        found = jit(vmap(steps))(a, b)
        for part, column in zip(found, zip(*map(steps, a, b), strict=True), strict=True):
            np.testing.assert_array_equal(part, np.array(column))


@pytest.mark.parametrize(
    "index", [[1, 0], (slice(None), [2, 0]), (1, [0, 1]), [True, False, True], ([0, 1],), np.array([2, 0]), True]
)
def test_what_is_read_by_a_list_is_a_copy(index):
    def f(q):
        part = q[index]
        part -= 1.0
        return q.sum()

    q = np.arange(18.0).reshape(2, 3, 3)
    np.testing.assert_array_equal(jit(vmap(f))(q), q.sum((1, 2)))
    np.testing.assert_array_equal(q, np.arange(18.0).reshape(2, 3, 3))
