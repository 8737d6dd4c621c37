"""jit of what plain Python does: functions that call themselves, raise, and hold this in some lanes and that in others.

Everything here is compiled: nothing runs eagerly, and results are those of the loop, their dtypes as well.
"""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from wild.compare import disagreement, stack

from lanewise import PerformanceWarning, jit, vmap


def same(fun, *args, tol=0.0):
    """Run a function compiled, and compare it with the loop."""
    f = jit(vmap(fun))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("error", PerformanceWarning)
        f(*args)
        f.fun = None  # who runs it eagerly now fails
        found = f(*args)
        expected = stack([fun(*row) for row in zip(*args, strict=True)])
    assert not (text := disagreement((expected, args), (found, args), tol)), text


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


def test_functions_that_call_themselves_too_often_run_eagerly():
    def fib(k):
        return k if k < 2 else fib(k - 1) + fib(k - 2)

    with pytest.warns(PerformanceWarning, match="too long"):
        assert jit(vmap(fib))(np.array([3, 12])).tolist() == [2, 144]


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
