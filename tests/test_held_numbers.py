"""Numbers that a dtype can't hold: assigning them raises as in the loop, and results that hold them are wider."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from lanewise import PerformanceWarning, jit, vmap

DTYPES = ["?", "i1", "u1", "i4", "u8", "i8", "f2", "f4", "f8"]
NUMBERS = {
    "?": [0], "i1": [-128, 127], "u1": [255], "i4": [-(2**31), 5], "u8": [2**64 - 1],
    "i8": [-(2**63), 2**63 - 1, 300, -1], "f2": [-0.5, 300, np.nan], "f4": [-0.9, 1e10, np.inf, -128.9],
    "f8": [1.5, 1e20, np.nan, 2.0**63, -(2.0**63), 255.9, -1.0],
}  # fmt: skip


def element(x, v):
    x[0] = v
    return x


def python_number(x, v):
    x[0] = v.item()
    return x


def slice_(x, v):
    x[:2] = v
    return x


def filled(x, v):
    x.fill(v)
    return x


def mask(x, v):
    x[x == x] = v
    return x


def sum_(x, v):
    x[0] += v
    return x


def items(x, v):
    x[:2] = [v, 1]
    return x


def items_of_several_kinds(x, v):
    x[...] = [v, v.item(), 0.5]
    return x


def in_a_branch(x, v):
    if v > 1:
        x[0] = v
    return x


def array_of_a_dtype(x, v):
    return x + np.array([v, v, 1], x.dtype)


def inserted(x, v):
    return np.insert(x, 1, v)


FUNCTIONS = [
    element, python_number, slice_, filled, mask, sum_, items, items_of_several_kinds, in_a_branch, array_of_a_dtype,
    inserted,
]  # fmt: skip


def outcome(mapped, x, v):
    x = x.copy()
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return mapped(x, v).tobytes(), x.tobytes()
        except Exception as error:
            return type(error)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_assigned(function, dtype):
    for given in DTYPES:
        values = np.array([*NUMBERS[given], 1], given)
        x = np.ones((values.size, 3), dtype)
        compiled = jit(vmap(function))
        for rows in ([-1, -1], *([n, -1] for n in range(values.size))):  # the last are right everywhere
            args = x[rows], values[rows]
            wanted = outcome(lambda x, v: np.stack([function(*pair) for pair in zip(x, v, strict=True)]), *args)
            assert outcome(vmap(function), *args) == wanted, (given, values[rows])
            assert outcome(compiled, *args) == wanted, (given, values[rows])


def test_what_fits_is_compiled():
    def f(x, v):
        x[0] = v
        x[1:] = [v, v.item()]
        return x + np.array([v, 1, v.item()], x.dtype)

    x, v = np.ones((3, 3), "i1"), np.array([1.0, -2.9, 127.5])
    wanted = np.stack([f(*pair) for pair in zip(x.copy(), v, strict=True)])
    with warnings.catch_warnings():
        warnings.simplefilter("error", PerformanceWarning)
        np.testing.assert_array_equal(jit(vmap(f))(x.copy(), v), wanted)
        np.testing.assert_array_equal(vmap(f, strict=True)(x.copy(), v), wanted)


WEAK = [
    (lambda x: x if x > 1 else 2, "i1"), (lambda x: x if x > 1 else 300, "i8"), (lambda x: x and 300, "i8"),
    (lambda x: max(x, 1), "i1"), (lambda x: x if x > 1 else 2.5, "f8"), (lambda x: x if x > 1 else True, "i1"),
    (lambda x: x.astype("f4") if x > 1 else 2.5, "f4"), (lambda x: x.astype("f4") if x > 1 else 1e300, "f8"),
    (lambda x: x.astype("f4") if x > 1 else np.inf, "f4"), (lambda x: x.astype("f2") if x > 1 else 70000, "f8"),
    (lambda x: x.astype("u1") if x > 1 else -1, "i8"), (lambda x: [x, 7] if x > 1 else [x, 300], "i1"),
    (lambda x: [7, x][int(x) & 1], "i1"), (lambda x: {"p": 400} if x > 1 else {"p": x}, "i8"),
]  # fmt: skip


@pytest.mark.parametrize("chunk_size", [None, 1, 2])
@pytest.mark.parametrize("number", range(len(WEAK)))
def test_results(number, chunk_size):
    """Python's numbers are weak in promotion, unless the dtype can't hold them."""
    function, dtype = WEAK[number]
    x = np.arange(4, dtype="i1")

    def first(result):
        return result["p"] if isinstance(result, dict) else result[0] if isinstance(result, list) else result

    wanted = np.array([first(function(element)) for element in x], dtype)
    for mapper in (vmap, lambda f, **options: jit(vmap(f, **options))):
        found = first(mapper(function, chunk_size=chunk_size)(x))
        assert found.dtype == wanted.dtype
        np.testing.assert_array_equal(found, wanted)


def test_a_number_of_python_that_is_clipped_is_not_weak():
    y = np.array([1.0, 2.0, -1.0], "f2")
    for function in (lambda y: np.clip(-0.5, -1, y), lambda y: np.clip(y.item(), -1, y), lambda y: np.clip(y, -1, 1.5)):
        wanted = np.array([function(number) for number in y])
        for mapped in (vmap(function), jit(vmap(function))):
            np.testing.assert_array_equal(mapped(y), wanted)
            assert mapped(y).dtype == wanted.dtype


def test_sums_that_nobody_uses_raise():
    def f(k, y):
        k = k % round(y)
        return 2.0 * y

    with pytest.raises(OverflowError), pytest.warns(PerformanceWarning, match="can't be held|can't hold"):
        jit(vmap(f))(np.arange(3, dtype="u1"), np.array([1.0, 2.0, -2.0]))


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_clipped_zeros_keep_their_sign(dtype):
    x = np.array([-0.0, 0.0, -1.0, 3.0, np.nan, np.inf], dtype)
    for function in (lambda x: np.clip(x, 0, 2), lambda x: x.clip(0), lambda x: np.clip(x, None, 0.5)):
        wanted = np.array([function(element) for element in x])
        for mapped in (vmap(function), jit(vmap(function))):
            np.testing.assert_array_equal(mapped(x), wanted)
            np.testing.assert_array_equal(np.signbit(mapped(x)), np.signbit(wanted))
