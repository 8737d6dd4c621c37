"""Every ufunc, its methods and arguments, and the functions that act like ufuncs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from law import Row, check, law

from lanewise import vmap

UNARY = {
    "absolute fabs sign negative positive square conjugate floor ceil trunc rint": "real:2,3",
    "sin cos tan sinh cosh tanh exp exp2 expm1 arctan arcsinh cbrt deg2rad rad2deg degrees radians": "float:3",
    "arcsin arccos arctanh sqrt log log2 log10 log1p arccosh reciprocal": "inexact:3|pos",
    "isnan isinf isfinite signbit spacing": "float:2,3",
    "invert bitwise_count": "int:3",
    "logical_not": "any:3",
    "frexp modf": "float:3",
    "isnat": "m8:3",
}  # fmt: skip
BINARY = {
    "add multiply subtract": ("num:2,3", "num:3"),
    "true_divide arctan2 hypot copysign nextafter fmod remainder floor_divide divmod": ("float:2,3", "float:3"),
    "logaddexp logaddexp2 heaviside": ("float:3", "float:2,1"),
    "maximum minimum fmax fmin": ("real:3", "real:2,3"),
    "equal not_equal": ("any:3", "any:2,1"),
    "less less_equal greater greater_equal logical_and logical_or logical_xor": ("real:3", "real:2,1"),
    "bitwise_and bitwise_or bitwise_xor gcd lcm": ("int:3", "int:2,3"),
    "power float_power": ("inexact:3|pos", "f8:3"),
    "ldexp": ("f8:3", "i4:3"),
    "left_shift right_shift": ("i8:3|0..60", "i8:|0..4"),
}
NO_BOOL = {"sign", "negative", "positive", "subtract"}


def ufunc_rows() -> list[Row]:
    """A row for each ufunc."""
    rows = []
    for names, spec in UNARY.items():
        for name in names.split():
            if name == "isnat":
                continue
            own = spec.replace("real", "num") if name in NO_BOOL else spec
            rows.append(Row(name, getattr(np, name), (own,), scale=0.0))
    for names, specs in BINARY.items():
        rows += [Row(name, getattr(np, name), specs, scale=0.0) for name in names.split()]
    return rows


test_ufunc, test_ufunc_at_random = law(ufunc_rows())

OPERATORS = [
    Row("+", lambda x, y: x + y, ("num:3", "num:2,3"), 0.0),
    Row("scalar +", lambda x, y: x + y, ("num:", "num:"), 0.0),
    Row("- reversed", lambda x: 1 - x, ("num:3",), 0.0),
    Row("weak float", lambda x: x * 2.5, ("float:3",), 0.0),
    Row("weak scalar", lambda x: x + 1, ("int:",), 0.0),
    Row("/", lambda x, y: x / y, ("float:3", "int:"), 0.0),
    Row("//", lambda x, y: x // y, ("float:3", "float:2,1"), 0.0),
    Row("%", lambda x, y: x % y, ("i8:3", "i4:3"), 0.0),
    Row("**2", lambda x: x**2, ("num:3",)),
    Row("**", lambda x, y: x**y, ("f8:3|pos", "f4:2,3"), 0.0),
    Row("divmod", lambda x, y: divmod(x, y), ("f8:3", "f8:3"), 0.0),
    Row("& | ^", lambda x, y: (x & y, x | y, x ^ y), ("bool:3", "bool:2,3")),
    Row("<< >>", lambda x, y: (x << y, x >> y), ("i8:3|0..9", "i8:3|0..9")),
    Row("comparisons", lambda x, y: (x < y, x <= y, x > y, x >= y, x == y, x != y), ("real:3", "real:2,3")),
    Row("- + abs ~", lambda x: (-x, +x, abs(x), ~x), ("i8:3",)),
    Row("with a plain array", lambda x: x + np.arange(3.0), ("f8:2,3",), 0.0),
    Row("plain array first", lambda x: np.arange(3.0) - x, ("f8:2,3",), 0.0),
    Row("with a list", lambda x: x + [1, 2, 3], ("f4:3",), 0.0),  # noqa: RUF005
    Row("with a NumPy scalar", lambda x: np.float32(2) * x, ("f2:3",), 0.0),
    Row("with None", lambda x: x == None, ("f8:3",)),  # noqa: E711
    Row("zero length", lambda x, y: x * y + 1, ("f8:0,3", "f8:3"), 0.0),
]
test_operators, test_operators_at_random = law(OPERATORS)

ARGUMENTS = [
    Row("dtype", lambda x: np.add(x, 1, dtype=np.float32), ("int:3",), 0.0),
    Row("casting", lambda x: np.add(x, 1.5, dtype=np.float32, casting="unsafe"), ("f8:3",), 0.0),
    Row("casting raises", lambda x: np.add(x, 1.5, dtype=np.int8, casting="safe"), ("f8:3",)),
    Row("sig", lambda x: np.add(x, 1, signature="dd->d"), ("f4:3",), 0.0),
    Row("where out", lambda x, m: np.sqrt(x, where=m, out=np.zeros(3) * x), ("f8:3|pos", "bool:3"), 0.0, writes=True),
    Row(
        "where with out",
        lambda x, y, m: np.add(x, y, out=x * 1.0, where=m),
        ("f8:2,3", "f8:3", "bool:3"),
        0.0,
        writes=True,
    ),
    Row(
        "where shared",
        lambda x: np.add(x, 1, out=x * 1.0, where=np.array([True, False, True])),
        ("f8:3",),
        0.0,
        writes=True,
    ),
    Row("out", lambda x, y: np.multiply(x, y, out=x * 0 + y * 0), ("f8:3", "f8:2,3"), 0.0, writes=True),
    Row("out tuple", lambda x: np.modf(x, out=(x * 1.0, x * 1.0)), ("f8:3",), 0.0, writes=True),
    Row("out partly", lambda x: np.modf(x, x * 1.0), ("f8:3",), 0.0, writes=True),
    Row("out positional", lambda x, y: np.add(x, y, x * y), ("f8:3", "f8:3"), 0.0, writes=True),
    Row("out too small", lambda x, y: np.add(x, y, out=x * 1.0), ("f8:3", "f8:2,3"), 0.0, writes=True),
    Row("out casts down", lambda x, y: np.add(x, y, out=x.astype(np.int64)), ("f8:3", "f8:3"), writes=True),
    Row("frexp", np.frexp, ("f8:",), 0.0),
    Row("shapes differ", lambda x, y: x + y, ("f8:3", "f8:4")),
    Row("keepdims unknown", lambda x: np.add(x, x, keepdims=True), ("f8:3",)),
    Row("order", lambda x: np.add(x, 1, order="F"), ("f8:2,3",), 0.0),
]
test_arguments, test_arguments_at_random = law(ARGUMENTS)

METHODS = [
    Row("reduce", lambda x: np.add.reduce(x), ("any:3,2",)),
    Row("reduce axis", lambda x: np.add.reduce(x, axis=-1), ("any:3,2",)),
    Row("reduce axes", lambda x: np.add.reduce(x, axis=(0, 2)), ("f8:3,2,2",)),
    Row("reduce None", lambda x: np.multiply.reduce(x, axis=None), ("f8:3,2",)),
    Row("reduce keepdims", lambda x: np.maximum.reduce(x, axis=1, keepdims=True), ("real:3,2",)),
    Row("reduce dtype", lambda x: np.add.reduce(x, dtype=np.float32), ("int:3",)),
    Row("reduce initial", lambda x: np.add.reduce(x, initial=5), ("num:3,2",)),
    Row("reduce initial varies", lambda x, y: np.add.reduce(x, initial=y), ("f8:3,2", "f8:"), reads=True),
    Row("reduce where", lambda x, m: np.add.reduce(x, where=m), ("f8:3,2", "bool:3,2")),
    Row("reduce where broadcast", lambda x, m: np.add.reduce(x, axis=1, where=m), ("f8:3,2", "bool:2")),
    Row("reduce min where", lambda x, m: np.minimum.reduce(x, where=m, initial=9), ("f8:3,2", "bool:3,1")),
    Row("reduce out", lambda x: np.add.reduce(x, out=x[0] * 1.0), ("f8:3,2",)),
    Row("reduce scalar", lambda x: np.add.reduce(x), ("f8:",)),
    Row("reduce empty", lambda x: np.add.reduce(x), ("f8:0,2",)),
    Row("reduce empty raises", lambda x: np.maximum.reduce(x), ("f8:0",)),
    Row("reduce bad axis", lambda x: np.add.reduce(x, axis=2), ("f8:3,2",)),
    Row("reduce logical", lambda x: np.logical_and.reduce(x), ("any:3,2",)),
    Row("reduce not reorderable", lambda x: np.subtract.reduce(x), ("f8:3,2",)),
    Row("accumulate", lambda x: np.add.accumulate(x), ("num:3,2",)),
    Row("accumulate axis", lambda x: np.multiply.accumulate(x, axis=1), ("f8:3,2",)),
    Row("accumulate dtype", lambda x: np.add.accumulate(x, dtype=float), ("int:3",)),
    Row("accumulate out", lambda x: np.add.accumulate(x, out=x * 1.0), ("f8:3",)),
    Row("accumulate scalar", lambda x: np.add.accumulate(x), ("f8:",)),
    Row("reduceat", lambda x: np.add.reduceat(x, [0, 2, 1]), ("num:4",)),
    Row("reduceat axis", lambda x: np.add.reduceat(x, np.array([0, 1]), axis=1), ("f8:2,4",)),
    Row("reduceat varies", lambda x, i: np.add.reduceat(x, i), ("f8:4", "i8:3|0..4")),
    Row("reduceat varies axis", lambda x, i: np.maximum.reduceat(x, i, axis=1), ("f8:2,4,2", "i8:3|0..4")),
    Row("reduceat out of range", lambda x, i: np.add.reduceat(x, i), ("f8:4", "i8:2|3..6")),
    Row("reduceat out", lambda x: np.add.reduceat(x, [0, 2], out=x[:2] * 1.0), ("f8:4",)),
    Row("outer", lambda x, y: np.multiply.outer(x, y), ("num:3", "num:2,2"), 0.0),
    Row("outer scalars", lambda x, y: np.add.outer(x, y), ("f8:", "f8:2"), 0.0),
    Row("outer scalar pair", lambda x, y: np.add.outer(x, y), ("f8:", "f8:"), 0.0),
    Row("outer dtype", lambda x, y: np.subtract.outer(x, y, dtype=np.float32), ("f4:3", "i2:2"), 0.0),
    Row("outer plain", lambda x: np.add.outer([1, 2], x), ("f8:3",), 0.0),
]
test_methods, test_methods_at_random = law(METHODS)


def added_at(x, index, *values):
    y = x * 1.0
    np.add.at(y, index, *values)
    return y


AT = [
    Row("at", lambda x: added_at(x, [0, 2, 0], 1.0), ("f8:4",), writes=True),
    Row("at varies", lambda x, i: added_at(x, i, 1.0), ("f8:4", "i8:5|0..4"), writes=True),
    Row("at values", lambda x, i, v: added_at(x, i, v), ("f8:4", "i8:5|0..4", "f8:5"), writes=True),
    Row("at rows", lambda x, i, v: added_at(x, i, v), ("f8:4,2", "i8:5|-4..4", "f8:2"), writes=True),
    Row("at pairs", lambda x, i, v: added_at(x, (i, i % 2), v), ("f8:4,2", "i8:5|0..4", "f8:"), writes=True),
    Row("at columns", lambda x, i: added_at(x, (slice(None), i), 1.0), ("f8:2,4", "i8:5|0..4"), writes=True),
    Row("at slice", lambda x, v: added_at(x, slice(1, 3), v), ("f8:4", "f8:2"), writes=True),
    Row("at mask", lambda x, v: added_at(x, np.array([True, False, True, True]), v), ("f8:4", "f8:3"), writes=True),
    Row("at ellipsis", lambda x, i: added_at(x, (..., i), 2.0), ("f8:2,4", "i8:3|0..4"), writes=True),
    Row("at integer", lambda x, v: added_at(x, 1, v), ("f8:4", "f8:"), writes=True),
    Row("at out of range", lambda x, i: added_at(x, i, 1.0), ("f8:4", "i8:2|2..6"), writes=True),
]
test_at, test_at_at_random = law([replace(row, alone=True) for row in AT])

FUNCTIONS = [
    Row("clip", lambda x: np.clip(x, -1, 1), ("num:2,3",), 0.0),
    Row("clip bounds", lambda x, y: np.clip(x, y - 1, y + 1), ("f8:2,3", "f8:3"), 0.0),
    Row("clip one side", lambda x: (np.clip(x, None, 1), np.clip(x, 0, None)), ("f8:3",), 0.0),
    Row("clip min max", lambda x: np.clip(x, min=0, max=1), ("f8:3",), 0.0),
    Row("clip scalar", lambda x: np.clip(x, 0, 1), ("f8:",), 0.0),
    Row("clip out", lambda x: np.clip(x, 0, 1, out=x * 1.0), ("f8:3",), 0.0, writes=True),
    Row("clip method", lambda x, y: x.clip(y, y + 1), ("f8:3", "f8:"), 0.0),
    Row("clip method min", lambda x: x.clip(min=0.0), ("f8:3",), 0.0),
    Row("clip out method", lambda x: x.clip(0, 1, out=x * 1.0), ("f8:3",), 0.0, writes=True),
    Row("round", lambda x: (np.round(x), np.round(x, 1), np.around(x, -1)), ("float:3",), 0.0),
    Row("round int", lambda x: np.round(x, -1), ("i8:3|0..99",), 0.0),
    Row("round scalar", lambda x: np.round(x, 2), ("f8:",), 0.0),
    Row("round method", lambda x: x.round(1), ("f8:3",), 0.0),
    Row("round out", lambda x: np.round(x, 1, out=x * 1.0), ("f8:3",), 0.0, writes=True),
    Row("fix", np.fix, ("f8:3",), 0.0),
    Row("isclose", lambda x, y: np.isclose(x, y, atol=1.0), ("f8:3", "f8:2,3")),
    Row("isclose nan", lambda x, y: np.isclose(x, y, equal_nan=True), ("f8:3", "f8:")),
    Row("isclose scalar", lambda x, y: np.isclose(x, y), ("f8:", "f8:")),
    Row("angle", lambda x: np.angle(x), ("inexact:3",), 0.0),
    Row("angle degrees", lambda x: np.angle(x, deg=True), ("D:3",), 0.0),
    Row("sinc", np.sinc, ("f8:3",), 0.0),
    Row("i0", np.i0, ("f8:3",)),
    Row("nan_to_num", lambda x: np.nan_to_num(x), ("inexact:3",), 0.0),
    Row("nan_to_num values", lambda x: np.nan_to_num(x, nan=1.0, posinf=2.0, neginf=-2.0), ("f8:3",), 0.0),
    Row("nan_to_num scalar", lambda x: np.nan_to_num(x), ("f8:",), 0.0),
    Row("iscomplex isreal", lambda x: (np.iscomplex(x), np.isreal(x)), ("inexact:3",)),
    Row("isposinf isneginf", lambda x: (np.isposinf(x), np.isneginf(x)), ("f8:3",)),
    Row("real imag", lambda x: (np.real(x), np.imag(x)), ("any:3",), 0.0),
    Row("real imag scalar", lambda x: (np.real(x), np.imag(x)), ("D:",), 0.0),
    Row("real_if_close", lambda x: np.real_if_close(x), ("inexact:3",), 0.0),
    Row("conj", lambda x: (np.conj(x), x.conj(), x.conjugate()), ("any:3",), 0.0),
    Row("conj is the array itself", lambda x: masked(lambda z, m, v: z.conj().put([0], v), x, None, 9.0), ("any:3",),
        0.0),
    Row("conj out", lambda x: x.conj(x * 2), ("num:3",), 0.0),
    Row("where", lambda c, x, y: np.where(c, x, y), ("bool:3", "num:2,3", "num:1"), 0.0),
    Row("where scalars", lambda c, x: np.where(c, x, 0), ("bool:", "f4:"), 0.0),
    Row("where weak", lambda x: np.where(x > 0, x, 0.0), ("float:3",), 0.0),
    Row("where numbers", lambda c, x: np.where(c, x, 1), ("i8:3|0..2", "i2:3"), 0.0),
    Row("select", lambda x, y: np.select([x > 1, y > 0], [x, y], 5), ("f8:3", "f8:3"), 0.0),
    Row("select default", lambda x, y: np.select([x > 1, x < 0], [x, y]), ("f8:2,3", "f8:3"), 0.0),
    Row("choose", lambda i, x, y: np.choose(i, [x, y, x * y]), ("i8:3|0..3", "f8:3", "f8:2,3"), 0.0),
    Row("choose plain", lambda i: np.choose(i, [[1, 2, 3], [4, 5, 6]]), ("i8:3|0..2",)),
    Row("choose mode", lambda i, x: np.choose(i, [x, -x], mode="wrap"), ("i8:3|-4..4", "f8:3"), 0.0),
    Row("choose clip", lambda i, x: np.choose(i, [x, -x], mode="clip"), ("i8:3|-4..4", "f8:3"), 0.0),
    Row("choose raises", lambda i, x: np.choose(i, [x, -x]), ("i8:3|0..3", "f8:3"), 0.0),
    Row("choose method", lambda i, x: i.choose([x, -x]), ("i8:3|0..2", "f8:3"), 0.0, reads=True, kinds=False),
    Row("piecewise", lambda x: np.piecewise(x, [x < 0, x > 1], [-1.0, lambda v: v * 2, 0.5]), ("f8:3",), 0.0,
        facts=True),
    Row("unwrap", lambda x: np.unwrap(x * 4), ("f8:5",), special=False),
    Row("frompyfunc-free maximum of three", lambda x, y: np.maximum(np.maximum(x, y), 0), ("f8:3", "f8:"), 0.0),
    Row("ldexp scalar", lambda x: np.ldexp(x, 3), ("f8:",), 0.0),
    Row("allclose", lambda x, y: np.allclose(x, y, atol=3.0), ("f8:3", "f8:3"), kinds=False),
    Row("array_equal", lambda x, y: np.array_equal(x, y), ("i8:1|0..2", "i8:1|0..2"), kinds=False),
    Row("array_equiv", lambda x, y: np.array_equiv(x, y), ("i8:1|0..2", "i8:2,1|0..2"), kinds=False),
    Row("copyto", lambda x, y: copied(x, y), ("f8:2,3", "f8:3"), 0.0, writes=True),
    Row("copyto where", lambda x, y, m: copied(x, y, where=m), ("f8:2,3", "f8:3", "bool:3"), 0.0, writes=True),
    Row("putmask", lambda x, m: masked(np.putmask, x, m, -1.0), ("f8:4", "bool:4"), 0.0, writes=True),
    Row("putmask values", lambda x, m, v: masked(np.putmask, x, m, v), ("f8:4", "bool:4", "f8:3"), 0.0, writes=True),
    Row("place", lambda x, m: masked(np.place, x, m, [1.0, 2.0]), ("f8:4", "bool:4"), 0.0, writes=True),
]  # fmt: skip


def copied(x, y, **kwargs):
    z = x * 1.0
    np.copyto(z, y, **kwargs)
    return z


def masked(put, x, mask, v):
    z = x * 1.0
    put(z, mask, v)
    return z


test_functions, test_functions_at_random = law(FUNCTIONS)


@pytest.mark.parametrize("dtype", ["?", "b", "B", "h", "H", "i", "I", "l", "L", "e", "f", "d", "F", "D"])
@pytest.mark.parametrize("other", ["?", "b", "B", "i", "L", "e", "f", "d", "D"])
def test_promotion(dtype: str, other: str) -> None:
    """NumPy's promotion of every pair of dtypes, arrays and scalars."""
    x, y = np.ones((2, 3), dtype), np.ones(2, other)
    check(lambda a, b: (a + b, a * b, np.maximum(a, b), np.where(a > 0, a, b)), x, y)
    check(lambda a, b: (a[0] + b, a == b, np.stack([a[0], b])), x, y)


@pytest.mark.parametrize("dtype", ["b", "B", "i", "l", "L", "e", "f", "d", "D", "?"])
@pytest.mark.parametrize("number", [True, 2, 1.5, 2j])
def test_python_scalars_are_weak(dtype: str, number: complex) -> None:
    """A Python scalar takes the dtype of what it meets."""
    x = np.ones((2, 3), dtype)
    check(lambda a: (a * number, number + a, a[0] * number, np.add(a, number), np.where(a, a, number)), x)


def test_python_integer_out_of_bounds() -> None:
    check(lambda a: a + 300, np.ones((2, 3), np.uint8))
    check(lambda a: 300 * a, np.ones(2, np.uint8))
    check(lambda a: a == 300, np.ones((2, 3), np.uint8))


def test_isinstance_in_the_function() -> None:
    """A NumPy scalar is a float and no array; an array is an array."""

    def f(x, v):
        return (
            isinstance(x, float),
            np.isscalar(x),
            isinstance(x, np.ndarray),
            isinstance(v, np.ndarray),
            np.isscalar(v),
        )

    found = vmap(f, strict=True)(np.ones(3), np.ones((3, 2)))
    assert [leaf.tolist() for leaf in found] == [[True] * 3, [True] * 3, [False] * 3, [True] * 3, [False] * 3]


@pytest.mark.parametrize("name", ["matvec", "vecmat", "vecdot"])
def test_generalised_ufuncs(name: str) -> None:
    if not hasattr(np, name):
        return
    f = getattr(np, name)
    a, v = np.random.default_rng(0).normal(size=(4, 3, 3)), np.random.default_rng(1).normal(size=(4, 3))
    first, second = (v, a) if name == "vecmat" else (v, v) if name == "vecdot" else (a, v)
    check(f, first, second)
    check(f, first, second[0], in_axes=(0, None))
    check(f, first[0], second, in_axes=(None, 0))
    check(lambda x, y: f(x, y, out=f(x, y) * 0.0), first, second, strict=name != "vecdot")


def test_integers_repeat_lists() -> None:
    n = np.array([0, 3, 1])
    for fun in (lambda k: len([0] * k), lambda k: len(k * (0, 1)), lambda k: len([0] * k.item())):
        assert vmap(fun)(n).tolist() == [fun(k) for k in n]
    with pytest.raises(TypeError, match="can't multiply sequence by non-int"):
        vmap(lambda v: v * [1, 2])(n * 0.5)
