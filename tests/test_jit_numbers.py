"""The numbers that compiled code computes are NumPy's, at the edges of every dtype; nothing may run eagerly."""

from __future__ import annotations

import operator

import numpy as np
import pytest

from lanewise import PerformanceWarning, jit, vmap

INTEGERS = ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"]
COMPARISONS = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]


def edges(dtype):
    """Numbers at the ends of what a dtype holds."""
    kind = np.dtype(dtype)
    if kind.kind in "iu":
        info = np.iinfo(kind)
        found = [0, 1, 2, 3, 7, 31, 63, info.max, info.max - 1, info.min, info.min + 1, -1, -2, -3, -7]
        return np.array([x for x in found if info.min <= x <= info.max], kind)
    info = np.finfo(kind)
    found = [0.0, -0.0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 3, -3, 1e3, np.inf, -np.inf, np.nan]
    return np.array([*found, info.max, info.min, info.tiny, info.smallest_subnormal, info.eps], kind)


def pairs(dtype):
    numbers = edges(dtype)
    return np.repeat(numbers, numbers.size), np.tile(numbers, numbers.size)


def same(functions, *args):
    """Each function gives, in each lane, what it gives on NumPy's scalars, bit by bit."""
    found = jit(vmap(lambda *xs: [function(*xs) for function in functions]))(*args)
    with np.errstate(all="ignore"):
        for function, result in zip(functions, found, strict=True):
            wanted = [function(*xs) for xs in zip(*args, strict=True)]
            wanted = np.array(wanted, type(wanted[0]))
            assert result.dtype == wanted.dtype
            np.testing.assert_array_equal(result, wanted)
            if wanted.dtype.kind == "f":
                there = ~np.isnan(wanted)
                np.testing.assert_array_equal(np.signbit(result[there]), np.signbit(wanted[there]))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("dtype", INTEGERS)
def test_integers(dtype):
    same([operator.add, operator.sub, operator.mul, operator.floordiv, operator.mod, np.fmod, operator.truediv,
          operator.lshift, operator.rshift, operator.and_, operator.or_, operator.xor, np.minimum, np.maximum,
          *COMPARISONS], *pairs(dtype))  # fmt: skip
    same([operator.neg, operator.invert, abs, np.sign, np.square, lambda x: x**3], edges(dtype))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_floats(dtype):
    same([operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, np.fmod,
          np.minimum, np.maximum, np.copysign, np.nextafter, *COMPARISONS], *pairs(dtype))  # fmt: skip
    same([operator.neg, abs, np.sign, np.square, np.rint, np.floor, np.ceil, np.trunc, np.isnan, np.signbit,
          lambda x: x**2, lambda x: x**-1], edges(dtype))  # fmt: skip


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("number", [-(2**63), -(2**40), -129, -1, 0, 1, 127, 255, 300, 2**40, 2**63 - 1, 2**64 - 1])
def test_comparisons_with_any_integer(dtype, number):
    """An array's integers are compared with a Python integer as numbers, whether or not the dtype holds it."""
    rows = np.stack([edges(dtype), edges(dtype)[::-1]], axis=1)
    found = jit(vmap(lambda x: [compare(x, number) for compare in COMPARISONS]))(rows)
    swapped = jit(vmap(lambda x: [compare(number, x) for compare in COMPARISONS]))(rows)
    for compare, one, other in zip(COMPARISONS, found, swapped, strict=True):
        np.testing.assert_array_equal(one, compare(rows, number))
        np.testing.assert_array_equal(other, compare(number, rows))


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_angles_and_complex_exponentials(dtype):
    same([np.deg2rad, np.rad2deg], np.array([0.0, 1.0, -57.0, 180.0, 1e5, np.inf, np.nan], dtype))
    parts = np.array([0.0, -0.0, 1.0, -2.0, np.inf, -np.inf, np.nan])
    z = (parts[:, None] + 0j).repeat(7, 1)
    z.imag = parts
    z = z.ravel()
    with np.errstate(all="ignore"):
        wanted = np.exp(z)
    found = jit(vmap(lambda z: np.exp(z)))(z)
    np.testing.assert_allclose(found.real, wanted.real, rtol=1e-13)
    np.testing.assert_allclose(np.abs(found.imag), np.abs(wanted.imag), rtol=1e-13)


@pytest.mark.parametrize("dtype", ["i1", "u1", "u8"])
def test_integers_of_python_that_differ_between_lanes(dtype):
    numbers = edges(dtype)

    def f(x, y):
        n = int(y)
        return x < n, x == n, n >= x

    y = np.resize([0.0, -1.0, 300.0, 5.0, 127.0, 1e15], numbers.size)
    if dtype == "u8":
        y = np.abs(y)
    found = jit(vmap(f))(numbers, y)
    wanted = [f(*pair) for pair in zip(numbers, y, strict=True)]
    np.testing.assert_array_equal(np.stack(found, axis=1), wanted)


def test_sums_with_an_integer_that_does_not_fit_raise():
    function = jit(vmap(lambda x, y: x + int(y)))
    x = np.arange(4, dtype="u1")
    np.testing.assert_array_equal(function(x, np.array([1.0, 2.0, 3.0, 255.0])), [1, 3, 5, 2])
    for bad in (300.0, -1.0):
        with pytest.raises(OverflowError), pytest.warns(PerformanceWarning, match="can't hold"):
            function(x, np.array([1.0, 2.0, bad, 4.0]))


def test_half_precision_neighbours_go_eagerly_or_right():
    x = np.array([0.0, 1.0, -2.0], "f2")
    np.testing.assert_array_equal(jit(vmap(lambda x: np.nextafter(x, x + 1)))(x), np.nextafter(x, x + 1))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("size", [7, 70])
def test_folds_of_half_precision(size):
    """NumPy adds and multiplies them in single precision, and rounds once."""
    x = (np.random.default_rng(0).normal(size=(9, size)) * 100).astype("f2")
    for function in (np.sum, np.prod, np.mean):
        found = jit(vmap(lambda x, function=function: function(x)))(x)
        np.testing.assert_array_equal(found, np.array([function(row) for row in x]))
        assert found.dtype == x.dtype


def test_casts_of_what_fits():
    numbers = np.array([0.0, -0.0, 1.9, -1.9, 126.5, 3.0])
    for target in (*INTEGERS, "?", "f2", "f4", "c8"):
        values = np.abs(numbers) if target[0] == "u" else numbers
        found = jit(vmap(lambda x, target=target: x.astype(target)))(values)
        np.testing.assert_array_equal(found, values.astype(target))
        assert found.dtype == np.dtype(target)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_doubles_round_once_to_half_precision():
    """Few processors have an instruction for it, and rounding to single precision first is not the same."""
    halves = np.arange(1 << 16, dtype="u2").view("f2").astype(float)
    halves = np.sort(halves[np.isfinite(halves)])
    middles = (halves[1:] + halves[:-1]) / 2
    ends = [np.inf, -np.inf, np.nan, 1e308, -1e308, 5e-324, -5e-324, 0.0, -0.0, 65519.99999999999, 65520.0, 2.0**-25]
    cast = jit(vmap(lambda x: x.astype("f2")))
    for near in (1.0, 1 + 1e-9, 1 - 1e-9, 1 + 2.0**-52, 1 - 2.0**-53):
        numbers = np.concatenate([halves, middles * near, ends])
        np.testing.assert_array_equal(cast(numbers).view("u2"), numbers.astype("f2").view("u2"))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("shape", [(40, 3), (3,), (30,), (300,)])
def test_running_products_of_complex_numbers_begin_with_the_first(shape):
    z = np.ones((3, *shape), complex)
    z[..., 0] = [[np.inf], [2 + 1j], [complex(np.nan, 1)]] if len(shape) > 1 else [np.inf, 2 + 1j, complex(np.nan, 1)]
    wanted = np.array([np.cumprod(row, axis=-1) for row in z])
    np.testing.assert_array_equal(jit(vmap(lambda z: np.cumprod(z, axis=-1)))(z), wanted)


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("bounds", [(-9, 9), (-(2**70), 2**70), (1, 2**70), (-9, None), (None, 300), (-9, 300), (0, 5)])
def test_clip_by_numbers_that_the_dtype_can_not_hold(dtype, bounds):
    x = np.arange(0, 100, 3).astype(dtype)
    low, high = bounds
    try:
        wanted = np.array([np.clip(item, low, high) for item in x])
    except OverflowError:
        with pytest.raises(OverflowError):
            jit(vmap(lambda x: np.clip(x, low, high)))(x)
        return
    found = jit(vmap(lambda x: np.clip(x, low, high)))(x)
    np.testing.assert_array_equal(found, wanted)
    assert found.dtype == wanted.dtype


# ---- what is known of signs ----

ODD = np.array([0.0, -0.0, 1.5, -1.5, np.inf, -np.inf, np.nan, 5e-324, -1e308, 3.0])


@pytest.mark.parametrize("f", [
    lambda x, y: (x - y) * (x - y) + (y - x) * (y - x) + 0.0,
    lambda x, y: ((x - y) ** 2 + (y - x) ** 2) ** 1.5,
    lambda x, y: (x * x + y) ** 1.5 + 0.0,
    lambda x, y: (x * x + 0.01) ** -1.5,
    lambda x, y: (x - x) * (y - y) + 0.0,
    lambda x, y: np.array([x + -0.0, y * 1.0]).sum() + (x * y + 0.0),
    lambda x, y: np.array([x * x, y]).sum() + np.array([x, y, -0.0]).sum(),
    lambda x, y: (x + 1.0) + 0.0 + (y + -1.0 + 0.0),
    lambda x, y: (x - y) * (y - x) + 0.0,
    lambda x, y: x * 0.0 + -0.0,
], ids=range(10))  # fmt: skip
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_signs_are_kept(f, dtype):
    with np.errstate(all="ignore"):
        x, y = [z.ravel().astype(dtype) for z in np.meshgrid(ODD, ODD)]
        found, expected = jit(vmap(f))(x, y), np.array([f(*row) for row in zip(x, y, strict=True)])
    assert np.isnan(found).tolist() == np.isnan(expected).tolist()
    there = ~np.isnan(expected)
    assert np.signbit(found[there]).tolist() == np.signbit(expected[there]).tolist()
    np.testing.assert_allclose(found, expected, rtol=4 * np.finfo(dtype).eps)  # of powers
