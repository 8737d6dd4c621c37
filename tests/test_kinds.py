"""Kinds: a lane value is what the loop would hold, an array, a NumPy scalar, or a Python scalar."""

from __future__ import annotations

import operator
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from law import check

from lanewise import PerformanceWarning, jit, vmap

A = np.arange(12.0).reshape(4, 3) - 5
X = np.array([1.5, -2.0, 0.0])
KINDS = (float, int, bool, complex, np.ndarray, np.generic, np.floating, np.float64, np.integer)


def kinds_of(value):
    return np.array([isinstance(value, kind) for kind in KINDS])


@pytest.mark.parametrize(
    ("function", "x"),
    [
        (lambda x: x, A),
        (lambda x: x, X),
        (lambda x: x + 1, X),
        (lambda x: x[0], A),
        (lambda x: x[0, ...], A),
        (lambda x: x.sum(), A),
        (lambda x: x.sum(keepdims=True), A),
        (lambda x: np.sin(x), X),
        (lambda x: x > 0, X),
        (lambda x: x.item(), X),
        (lambda x: x.item() > 0, X),
        (lambda x: x.item() + 1, X),
        (lambda x: x.item() * np.float32(2), X),
        (lambda x: np.where(x > 0, x, 0.0), X),
        (lambda x: np.reshape(x, ()), X),
        (lambda x: np.reshape(x, ()) * 2, X),
        (lambda x: abs(x), X),
        (lambda x: -x.item(), X),
        (lambda x: x.tolist()[1], A),
        (lambda x: x.astype(np.int32), X),
        (lambda n: n.item() / 2, np.array([1, 2])),
        (lambda n: n.item() // 2, np.array([1, 2])),
        (lambda n: n.item() ** -1, np.array([1, 2])),
        (lambda n: n.item() ** 2, np.array([1, 2])),
    ],
)
def test_isinstance_answers_as_in_the_loop(function, x):
    check(lambda v: kinds_of(function(v)), x)
    check(function, x)


def test_scalars_are_immutable():
    def rebind(x):
        y = x
        x += 1
        return y * 100 + x

    check(rebind, X)
    with pytest.raises(TypeError, match="does not support item assignment"):
        vmap(lambda x: operator.setitem(x, 0, 1))(X)


def test_arrays_are_mutable():
    def same_object(x):
        x = x * 1.0
        y = x
        x += 1
        return y

    check(same_object, A)


# ---- Python scalars ----

BINARY = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod, "**": operator.pow, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "==": operator.eq, "!=": operator.ne, "&": operator.and_, "|": operator.or_, "^": operator.xor,
    "<<": operator.lshift, ">>": operator.rshift,
}  # fmt: skip
FLOATS = st.sampled_from([0.0, -0.0, 1.0, -8.0, 2.5, 1 / 3, np.inf, -np.inf, np.nan, 1e200])
INTS = st.integers(-5, 5) | st.sampled_from([2**31, -(2**31), 2**53 + 1, 2**62, -(2**63), 2**63 - 1])
ROWS = {
    "int": st.lists(INTS, min_size=4, max_size=4).map(lambda v: np.array(v, np.int64)),
    "float": st.lists(FLOATS, min_size=4, max_size=4).map(np.array),
    "bool": st.lists(st.booleans(), min_size=4, max_size=4).map(np.array),
}


@pytest.mark.parametrize("name", BINARY)
@settings(max_examples=40, deadline=None)
@given(x=st.one_of(*ROWS.values()), y=st.one_of(*ROWS.values()))
def test_arithmetic_of_python_scalars_is_pythons(name, x, y):
    def one(a, b):
        return BINARY[name](a.item(), b.item())

    if name in ("**", "<<") and y.dtype == np.int64:
        y = np.clip(y, -70, 70)  # Python would go on for ever
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PerformanceWarning)
        for lanes in alike(one, x, y):
            check(one, x[lanes], y[lanes], strict=False)


def alike(function, x, y):
    """The lanes grouped by what the loop gives in them: a type, a size, or an exception."""
    groups = {}
    for lane in range(len(x)):
        try:
            found = function(x[lane], y[lane])
            key = (type(found), isinstance(found, int) and abs(found) >= 2**63)
        except Exception as error:
            key = type(error)
        groups.setdefault(key, []).append(lane)
    return groups.values()


@pytest.mark.parametrize("name", ["+", "-", "*", "/", "//", "%", "<", "=="])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int8, np.uint8, np.int64, np.complex64])
@pytest.mark.parametrize("python", [np.array([2, 3]), np.array([2.0, 3.0]), np.array([True, False]), np.array([1j, 2])])
def test_python_scalars_are_weak(name, dtype, python):
    def one(strong, weak):
        if name in "//%<" and (isinstance(weak, complex) or np.dtype(dtype).kind == "c") and name != "/":
            return strong
        if name in "//%" and weak == False:  # noqa: E712
            return strong
        return BINARY[name](strong, weak.item())

    def reversed_(strong, weak):
        if name in "//%<" and (isinstance(weak, complex) or np.dtype(dtype).kind == "c") and name != "/":
            return strong
        return BINARY[name](weak.item(), strong)

    check(one, np.array([[1, 2, 3], [4, 5, 6]], dtype), python)
    check(one, np.array([1, 2], dtype), python)
    check(reversed_, np.array([1, 2], dtype), python)


def test_division_by_zero_raises_for_python_scalars_only():
    with pytest.raises(ZeroDivisionError, match="division by zero"):
        vmap(lambda x: 1 / x.item())(X)
    with np.errstate(divide="ignore"):
        assert np.isinf(vmap(lambda x: 1 / x)(X)[2])


def test_a_negative_root_is_complex_in_python():
    found = vmap(lambda x: abs(x.item() ** (1 / 3)))(np.array([-8.0, 8.0]))
    assert np.allclose(found, 2.0)


def test_integers_that_outgrow_64_bits_leave_the_batch():
    check(lambda n: n.item() ** 30 % 1000003, np.array([3, 10**9, 7]), strict=False)
    check(lambda n: (n.item() << 70) % 1000003, np.array([3, 5]), strict=False)


def test_methods_of_python_scalars():
    check(lambda x: x.item().real + x.item().imag, X)
    check(lambda x: x.item().conjugate(), X)
    check(lambda x: x.item().is_integer() * 1.0, X, strict=False)
    check(lambda n: n.item().bit_length(), np.array([1, 5, 200]), strict=False)
    check(lambda x: sum(hasattr(x.item(), name) for name in ("shape", "dtype", "astype", "T", "sum")) * 1.0, X)


@pytest.mark.filterwarnings("ignore::lanewise.PerformanceWarning")
def test_the_least_integer_divided_by_minus_one_outgrows_64_bits():
    x, y = np.full(3, -(2**63)), np.array([-1, -1, -1])

    def quotients(x, y):
        return x.item() // y.item(), x.item() // -1, divmod(x.item(), y.item())[0]

    for mapped in (vmap(quotients), jit(vmap(quotients))):
        for found in mapped(x, y):
            assert found.tolist() == [2**63] * 3


def test_what_numbers_can_be_asked(rng):
    k, x = rng.integers(-(2**40), 2**40, 50), np.array([0.0, -0.0, 2.0, 2.5, -3.0, 1e300, 0.1])
    k[:4] = 0, 1, -1, 255
    check(lambda k: (int(k).bit_length(), int(k).bit_count(), int(k).numerator, int(k).denominator), k)
    check(lambda k: (k.bit_count(), k.is_integer(), k.numerator, k.denominator), k)
    check(lambda x: (x.is_integer(), float(x).is_integer()), x)
    check(lambda x: x > 0 and (x > 1).bit_count(), k)
    for fun in (lambda v: v.is_integer(), lambda x: x[0].bit_length(), lambda v: v.numerator):
        with pytest.raises(AttributeError):
            vmap(fun)(np.ones((3, 2)))
