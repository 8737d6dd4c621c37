"""Integer division with remainder under `jit`: exact, of all integers, by vectors of floats as by the processor."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lanewise import jit, vmap

DTYPES = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]
CONSTANTS = [0, 1, 2, 3, 7, 10, 16, 97, 1000, 2**20 - 1, 2**31, 2**52 + 1, 2**62, -1, -2, -3, -10, -(2**53) - 1]


def borders(dtype: str) -> Any:
    """Integers beside all powers of two where ways of dividing begin and end."""
    info = np.iinfo(dtype)
    places = [2**k for k in (0, 1, 3, 7, 8, 15, 16, 31, 32, 49, 50, 51, 52, 53, 54, 62, 63)]
    found = {sign * (place + more) for place in places for more in (-3, -1, 0, 1, 2) for sign in (-1, 1)}
    return np.array(sorted({x for x in (*found, info.min, info.max) if info.min <= x <= info.max}), dtype)


def divided(x: Any, y: Any) -> Any:
    """Every way to ask."""
    return x // y, x % y, *np.divmod(x, y)


def same(x: Any, y: Any, function: Any = divided) -> None:
    """Compare with NumPy."""
    with np.errstate(all="ignore"):
        for found, wanted in zip(jit(vmap(function))(x, y), function(x, y), strict=True):
            assert found.dtype == wanted.dtype
            np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("dtype", DTYPES)
def test_all_pairs_of_borders(dtype: str) -> None:
    x, y = [grid.ravel() for grid in np.meshgrid(borders(dtype), borders(dtype))]
    same(x, y)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("bits", [16, 31, 50, 52, 53, 62])
def test_beside_multiples(dtype: str, bits: int) -> None:
    rng, info = np.random.default_rng(bits), np.iinfo(dtype)
    divisor = rng.integers(1, min(info.max, 2 ** (bits // 2)), 3000)
    product = rng.integers(0, 2**bits, 3000) // divisor * divisor
    x = np.concatenate([sign * product + more for sign in (1, -1) for more in (-1, 0, 1)])
    y = np.tile(divisor, 6)
    x = np.clip(x, max(info.min, -(2**63)), min(info.max, 2**63 - 1)).astype(dtype)
    same(x, (y * rng.choice([1, -1], y.shape) if dtype[0] == "i" else y).astype(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
def test_by_constants(dtype: str) -> None:
    info = np.iinfo(dtype)
    x = np.concatenate([borders(dtype), np.random.default_rng(1).integers(info.min, info.max, 500, dtype)])
    for number in CONSTANTS:
        if info.min <= number <= info.max:
            same(x, x, lambda x, y, n=number: (x // n, x % n, n // np.where(y == 0, y + 3, y)))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(*[st.integers(-(2**63), 2**63 - 1)] * 2), min_size=1, max_size=40))
def test_any_integers(pairs: list[tuple[int, int]]) -> None:
    x, y = np.array((pairs * 40)[:40]).T
    same(x.copy(), y.copy())


def test_python_integers() -> None:
    def f(x: Any, y: Any) -> Any:
        a, b = int(x), int(y)
        return a // b, a % b, divmod(a, b)[0] + 10 * (a % 10)

    x = np.concatenate([borders("i8")[1:], np.arange(-40, 40)]) // 3
    y = np.where(x % 7 == 0, -11, x % 7)
    found = jit(vmap(f))(x, y)
    for part, wanted in zip(found, zip(*map(f, x, y), strict=True), strict=True):
        np.testing.assert_array_equal(part, wanted)
    with pytest.raises(ZeroDivisionError):
        jit(vmap(f))(x, y - y[3])


@pytest.mark.filterwarnings("ignore::lanewise.PerformanceWarning")
def test_products_that_outgrow_64_bits() -> None:
    def f(x: Any, y: Any) -> Any:
        return int(x) * int(y) % 1000003

    x = np.array([2**31, 2**40, 3**39, -(2**62), 2**62 - 1, 5, 2**31 + 7, 3] * 5)
    y = np.array([2**31, 2**40, 3**39, -2, 2, 7, 2**32 - 5, 2**61] * 5)
    np.testing.assert_array_equal(jit(vmap(f))(x, y), [f(*pair) for pair in zip(x, y, strict=True)])


def test_in_a_loop_only_the_lanes_at_work_count() -> None:
    def largest_factor(n: Any) -> Any:
        k = 2
        while k * k <= n:
            if n % k == 0:
                n = n // k
            else:
                k += 1
        return n

    n = np.concatenate([np.arange(2, 60), [2**55, 3**34, 2**61 - 2**31, 10**15]])
    np.testing.assert_array_equal(jit(vmap(largest_factor))(n), [largest_factor(int(x)) for x in n])


def test_remainders_of_constants_among_vectors() -> None:
    def f(x: Any, y: Any) -> Any:
        if np.isnan(np.array([0.5, -1.5], np.float32)).any():
            np.floor_divide(np.array([*x]), y, out=x)
        return x, 0.5 % y

    x = np.arange(15.0).reshape(3, 5)
    rows, rest = jit(vmap(f, in_axes=(1, None)))(x, 2.0)
    np.testing.assert_array_equal(rows, x.T)
    np.testing.assert_array_equal(rest, np.full(5, 0.5))
