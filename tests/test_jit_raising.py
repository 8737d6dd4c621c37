"""`raise` under `jit`, in words that need a value: compiled, and where a lane raises, the loop's own exception."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from compiled import same

from lanewise import jit, vmap

GOOD, BAD = np.array([4.0, 1.0, 9.0, 2.0]), np.array([4.0, 1.0, -9.0, -2.0])


def root(x):
    if x < 0:
        raise ValueError(f"no root of {x}")
    return math.sqrt(x)


def asserted(x):
    assert x > 0, f"bad: {x:.2f}"
    return 2 * x


def through_another(x):
    return root(x) + asserted(x)


def in_a_loop(x):
    n = 0
    while abs(x) > 0.1:
        if x < -8:
            raise RuntimeError("x is " + str(x) + f" in turn {n}") from None
        x, n = 0.5 * x, n + 1
    return n


def of_a_call(x):
    if x < -8:
        raise KeyError(str(x))
    return x + 1.0


@pytest.mark.parametrize("fun", [root, asserted, through_another, in_a_loop, of_a_call])
def test_what_an_exception_says(fun: Any) -> None:
    same(fun, GOOD)
    with pytest.raises(Exception) as expected:
        [fun(x) for x in BAD]
    with pytest.raises(type(expected.value)) as found:
        jit(vmap(fun))(BAD)
    assert str(found.value) == str(expected.value)


@pytest.mark.filterwarnings("ignore::lanewise.PerformanceWarning")
def test_one_that_is_caught() -> None:
    def said(x):
        try:
            return root(x)
        except ValueError as error:
            return float(len(str(error)))

    for x in (GOOD, BAD):
        for f in (jit(vmap(said)), vmap(jit(said))):
            np.testing.assert_array_equal(f(x), [said(x) for x in x])
