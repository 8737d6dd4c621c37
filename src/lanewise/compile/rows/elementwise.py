"""Ufuncs: NumPy says which dtype the loop has, and the table what it does to one element."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from ...array import PYTHON
from ..emit import Emitter, Ref, is_supported, type_of
from ..magnitude import compared
from ..values import Array, Pair, filled
from ..vectormath import libm
from .table import ROWS, Unsupported, as_array, cast, cast_one

Scalar = Callable[..., Any]

ELEMENTS: dict[np.ufunc, Scalar] = {}
"""What a ufunc does to one element: ``rule(e, dtype, *operands)``, all of the loop's first input dtype."""

_PYTHON_TYPES = {"b": np.dtype(bool), "i": int, "u": int, "f": float, "c": complex}


def element(*ufuncs: np.ufunc) -> Callable[[Scalar], Scalar]:
    """Enter a rule for these ufuncs."""

    def enter(rule: Scalar) -> Scalar:
        for ufunc in ufuncs:
            ELEMENTS[ufunc] = rule
            ROWS[ufunc] = elementwise
        return rule

    return enter


_COMPARISONS = frozenset({np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal})


@cache
def loop_of(ufunc: np.ufunc, kinds: tuple[Any, ...], dtype: Any) -> tuple[np.dtype[Any], ...]:
    """The dtypes of a ufunc's loop; a Python scalar is given by its type."""
    given = (*kinds, *(None,) * ufunc.nout)
    if dtype is None:
        return ufunc.resolve_dtypes(given)
    return ufunc.resolve_dtypes(given, signature=(None,) * ufunc.nin + (np.dtype(dtype),) * ufunc.nout)


def _kind(x: Array) -> Any:
    return _PYTHON_TYPES[x.dtype.kind] if x.kind == PYTHON else x.dtype


def elementwise(k: Any, *inputs: Any, dtype: Any = None, where: Any = True, **kwargs: Any) -> Any:
    """A ufunc without core dimensions."""
    if where is not True or set(kwargs) - {"casting", "order", "subok"}:
        raise Unsupported("a ufunc with where=")
    ufunc, operands = k.node.function, [as_array(k, x) for x in inputs]
    plain = [x for x in operands if x.kind == PYTHON and x.dtype.kind in "iu"]
    others = [x.dtype for x in operands if x.kind != PYTHON]
    if dtype is None and plain and others and all(kind.kind in "iu" for kind in others):
        kind = np.result_type(*others)
        if ufunc in _COMPARISONS and len(plain) == 1:
            return exact_comparison(k, ufunc, operands, kind)
        for x in plain:
            outside(k, x, kind)
    return apply_ufunc(k.e, ufunc, operands, dtype, [v.dtype for v in k.node.outputs])


def outside(k: Any, x: Array, dtype: np.dtype[Any]) -> None:
    """Leave a Python integer to NumPy that an integer dtype does not hold: it raises."""
    e, low, high = k.e, int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    for ref in x.refs.ravel():
        if ref.constant is None and dtype.itemsize < 8:
            below, above = e.compare("slt", ref, e.literal(low, "i64")), e.compare("sgt", ref, e.literal(high, "i64"))
            k.fail(e.op("or", below, above))
        elif ref.constant is None and dtype.kind == "u":
            k.fail(e.compare("slt", ref, e.literal(0, "i64")))


def exact_comparison(k: Any, ufunc: np.ufunc, operands: list[Array], dtype: np.dtype[Any]) -> Array:
    """Integers of a dtype and a Python integer, compared as the numbers that they are."""
    e, place = k.e, 0 if operands[0].kind == PYTHON else 1
    number, shape = operands[place], k.node.outputs[0].shape
    value = number.refs.ravel()[0].constant
    if value is not None and not np.iinfo(dtype).min <= value <= np.iinfo(dtype).max:
        sides = [0, value] if place else [value, 0]  # any other number of the dtype gives the same
        refs = filled([e.literal(bool(ufunc(*[np.array(x, object) for x in sides])), "i1")] * math.prod(shape), shape)
        return Array(refs, np.dtype(bool))
    if value is None and dtype != np.uint64:
        operands = [cast(e, x, np.dtype(np.int64)) for x in operands]
        found: Array = apply_loop(e, ufunc, operands, (np.dtype(np.int64), np.dtype(np.int64), np.dtype(bool)))
        return found
    outside(k, number, dtype)
    found = apply_ufunc(e, ufunc, operands)
    return found


def apply_ufunc(e: Emitter, ufunc: np.ufunc, operands: list[Array], dtype: Any = None, outs: Any = None) -> Any:
    """A ufunc on arrays in registers."""
    loop = loop_of(ufunc, tuple([_kind(x) for x in operands]), dtype)
    if not all(is_supported(kind) for kind in loop) or len(set(loop[: ufunc.nin])) > 1:
        raise Unsupported(f"{ufunc.__name__} of {loop}")
    return apply_loop(e, ufunc, operands, loop, outs)


def apply_loop(e: Emitter, ufunc: np.ufunc, operands: list[Array], loop: Any, outs: Any = None) -> Any:
    """The same, with the dtypes of the loop."""
    rule = ELEMENTS[ufunc]
    datas = np.broadcast_arrays(*[cast(e, x, kind).refs for x, kind in zip(operands, loop, strict=False)])
    shape = datas[0].shape
    found = [rule(e, loop[0], *items) for items in zip(*[data.ravel() for data in datas], strict=True)]
    if ufunc.nout == 1:
        arrays = [Array(filled(found, shape), loop[-1])]
    else:
        arrays = [Array(filled([item[n] for item in found], shape), loop[ufunc.nin + n]) for n in range(ufunc.nout)]
    if outs is not None:
        arrays = [cast(e, array, dtype) for array, dtype in zip(arrays, outs, strict=True)]
    return arrays[0] if ufunc.nout == 1 else tuple(arrays)


def one(e: Emitter, ufunc: np.ufunc, dtype: np.dtype[Any], *items: Any) -> Any:
    """A ufunc on single elements of one dtype."""
    return ELEMENTS[ufunc](e, dtype, *items)


# ---- arithmetic ----


def _folded(name: str, a: Ref, b: Ref) -> Any:
    """What needs no instruction, strictly: ``x * 1``, ``x / 1``, ``x - 0``."""
    if b.constant is not None and type(b.constant) is not bool:
        if name in ("fmul", "fdiv", "mul") and b.constant == 1:
            return a
        if name in ("fsub", "sub", "add") and b.constant == 0 and math.copysign(1, b.constant) > 0:
            return a
    if a.constant is not None and name in ("fmul", "mul") and a.constant == 1 and type(a.constant) is not bool:
        return b
    return None


def _arithmetic(integer: str, real: str, boolean: str) -> Scalar:
    def rule(e: Emitter, dtype: np.dtype[Any], a: Any, b: Any) -> Any:
        if dtype.kind == "b":
            if not boolean:
                raise Unsupported("arithmetic of bool")
            return e.op(boolean, a, b)
        name = real if dtype.kind == "f" else integer
        if type(a) is Pair:
            return Pair(e.op(real, a.re, b.re), e.op(real, a.im, b.im))
        folded = _folded(name, a, b)
        return e.op(name, a, b) if folded is None else folded

    return rule


element(np.add)(_arithmetic("add", "fadd", "or"))
element(np.subtract)(_arithmetic("sub", "fsub", ""))
_product = _arithmetic("mul", "fmul", "and")


@element(np.multiply)
def multiply(e: Emitter, dtype: np.dtype[Any], a: Any, b: Any) -> Any:
    """A product."""
    if type(a) is Pair:
        re = e.op("fsub", e.op("fmul", a.re, b.re), e.op("fmul", a.im, b.im))
        return Pair(re, e.op("fadd", e.op("fmul", a.re, b.im), e.op("fmul", a.im, b.re)))
    return _product(e, dtype, a, b)


@element(np.true_divide)
def divide(e: Emitter, dtype: np.dtype[Any], a: Any, b: Any) -> Any:
    """A quotient; of complex numbers by Smith's method, as in NumPy."""
    if type(a) is not Pair:
        folded = _folded("fdiv", a, b)
        return e.op("fdiv", a, b) if folded is None else folded
    real = np.dtype(f"f{dtype.itemsize // 2}")
    wide = e.compare("oge", one(e, np.absolute, real, b.re), one(e, np.absolute, real, b.im))
    big, small = e.select(wide, b.re, b.im), e.select(wide, b.im, b.re)
    ratio = e.op("fdiv", small, big)
    scale = e.op("fdiv", e.literal(1.0, type_of(real)), e.op("fadd", big, e.op("fmul", small, ratio)))
    x, y = e.select(wide, a.re, a.im), e.select(wide, a.im, a.re)
    re = e.op("fmul", e.op("fadd", x, e.op("fmul", y, ratio)), scale)
    down = e.op("fsub", a.im, e.op("fmul", a.re, ratio))
    up = e.op("fsub", e.op("fmul", a.im, ratio), a.re)
    im = e.op("fmul", e.select(wide, down, up), scale)
    zero = e.literal(0.0, type_of(real))
    none = e.op("and", e.compare("oeq", b.re, zero), e.compare("oeq", b.im, zero))
    plain = Pair(e.op("fdiv", a.re, e.intrinsic("fabs", b.re)), e.op("fdiv", a.im, e.intrinsic("fabs", b.re)))
    return Pair(e.select(none, plain.re, re), e.select(none, plain.im, im))


def _safe_divisor(e: Emitter, dtype: np.dtype[Any], a: Ref, b: Ref) -> tuple[Ref, Ref]:
    """Where a divisor is zero, and one that no division traps on."""
    kind = type_of(dtype)
    zero = e.compare("eq", b, e.literal(0, kind))
    bad = zero
    if dtype.kind == "i":
        lowest = e.literal(np.iinfo(dtype).min, kind)
        both = e.op("and", e.compare("eq", a, lowest), e.compare("eq", b, e.literal(-1, kind)))
        bad = e.op("or", bad, both)
    return zero, e.select(bad, e.literal(1, kind), b)


@element(np.floor_divide)
def floor_divide(e: Emitter, dtype: np.dtype[Any], a: Any, b: Any) -> Any:
    """A quotient, rounded down; by an integer zero 0, as in NumPy."""
    return divmod_(e, dtype, a, b)[0]


@element(np.remainder)
def remainder(e: Emitter, dtype: np.dtype[Any], a: Any, b: Any) -> Any:
    """A remainder with the sign of the divisor."""
    return divmod_(e, dtype, a, b)[1]


@element(np.divmod)
def divmod_(e: Emitter, dtype: np.dtype[Any], a: Any, b: Any) -> Any:
    """Both."""
    kind = type_of(dtype)
    if dtype.kind == "f":
        return _float_divmod(e, kind, a, b)
    if dtype.kind not in "iu":
        raise Unsupported("division with remainder")
    zero, divisor = _safe_divisor(e, dtype, a, b)
    none = e.literal(0, kind)
    if dtype.kind == "u":
        quotient, rest = e.op("udiv", a, divisor), e.op("urem", a, divisor)
    else:
        quotient, rest = e.op("sdiv", a, divisor), e.op("srem", a, divisor)
        down = e.op("and", e.compare("ne", rest, none), e.compare("slt", e.op("xor", rest, divisor), none))
        quotient = e.select(down, e.op("sub", quotient, e.literal(1, kind)), quotient)
        rest = e.select(down, e.op("add", rest, divisor), rest)
    return e.select(zero, none, quotient), e.select(zero, none, rest)


def _float_divmod(e: Emitter, kind: str, a: Ref, b: Ref) -> tuple[Ref, Ref]:
    zero, one_ = e.literal(0.0, kind), e.literal(1.0, kind)
    mod = fmod(e, np.dtype(float), a, b)
    div = e.op("fdiv", e.op("fsub", a, mod), b)
    some = e.compare("une", mod, zero)
    other = e.op("xor", e.compare("olt", b, zero), e.compare("olt", mod, zero))
    turn = e.op("and", some, other)
    div = e.select(turn, e.op("fsub", div, one_), div)
    rest = e.select(some, e.select(turn, e.op("fadd", mod, b), mod), e.intrinsic("copysign", zero, b))
    floor = e.intrinsic("floor", div)
    floor = e.select(e.compare("ogt", e.op("fsub", div, floor), e.literal(0.5, kind)), e.op("fadd", floor, one_), floor)
    quotient = e.op("fdiv", a, b)
    floor = e.select(e.compare("une", div, zero), floor, e.intrinsic("copysign", zero, quotient))
    by_zero = e.compare("oeq", b, zero)
    return e.select(by_zero, quotient, floor), e.select(by_zero, mod, rest)


@element(np.fmod)
def fmod(e: Emitter, dtype: np.dtype[Any], a: Any, b: Any) -> Any:
    """C's remainder."""
    if dtype.kind == "f":
        if a.type == "half":
            raise Unsupported("remainders of float16")
        return libm(e, "fmod", a, b)
    kind = type_of(dtype)
    zero, divisor = _safe_divisor(e, dtype, a, b)
    return e.select(zero, e.literal(0, kind), e.op("urem" if dtype.kind == "u" else "srem", a, divisor))


@element(np.negative)
def negative(e: Emitter, dtype: np.dtype[Any], a: Any) -> Any:
    """``-x``."""
    if type(a) is Pair:
        return Pair(e.op("fneg", a.re), e.op("fneg", a.im))
    return e.op("fneg", a) if dtype.kind == "f" else e.op("sub", e.literal(0, a.type), a)


@element(np.positive)
def positive(e: Emitter, dtype: np.dtype[Any], a: Any) -> Any:
    """``+x``."""
    return a


@element(np.absolute, np.fabs)
def absolute(e: Emitter, dtype: np.dtype[Any], a: Any) -> Any:
    """A magnitude."""
    if type(a) is Pair:
        found = libm(e, "hypot", a.re, a.im)
        e.magnitudes[found.name] = a.re, a.im
        return found
    if dtype.kind == "f":
        return e.intrinsic("fabs", a)
    if dtype.kind in "bu":
        return a
    return e.select(e.compare("slt", a, e.literal(0, a.type)), negative(e, dtype, a), a)


@element(np.conjugate)
def conjugate(e: Emitter, dtype: np.dtype[Any], a: Any) -> Any:
    """The complex conjugate."""
    return Pair(a.re, e.op("fneg", a.im)) if type(a) is Pair else a


@element(np.square)
def square(e: Emitter, dtype: np.dtype[Any], a: Any) -> Any:
    """``x * x``."""
    return multiply(e, dtype, a, a)


@element(np.reciprocal)
def reciprocal(e: Emitter, dtype: np.dtype[Any], a: Any) -> Any:
    """``1 / x``."""
    if dtype.kind != "f":
        raise Unsupported("the reciprocal of an integer")
    return e.op("fdiv", e.literal(1.0, a.type), a)


@element(np.sign)
def sign(e: Emitter, dtype: np.dtype[Any], a: Any) -> Any:
    """-1, 0 or 1; nan of nan."""
    if dtype.kind not in "fiu":
        raise Unsupported("the sign of a complex number")
    real = dtype.kind == "f"
    zero = e.literal(0, a.type)
    signed = dtype.kind != "u"
    positive_ = e.compare("ogt" if real else "sgt" if signed else "ugt", a, zero)
    negative_ = e.compare("olt" if real else "slt", a, zero) if signed else e.literal(False, "i1")
    found = e.select(positive_, e.literal(1, a.type), e.select(negative_, e.literal(-1, a.type), zero))
    return e.select(e.compare("uno", a, a), a, found) if real else found


@element(np.heaviside)
def heaviside(e: Emitter, dtype: np.dtype[Any], a: Any, b: Any) -> Any:
    """The step function."""
    zero = e.literal(0.0, a.type)
    found = e.select(e.compare("olt", a, zero), zero, e.literal(1.0, a.type))
    return e.select(e.compare("uno", a, a), a, e.select(e.compare("oeq", a, zero), b, found))


# ---- powers ----


@element(np.power, np.float_power)
def power(e: Emitter, dtype: np.dtype[Any], a: Any, b: Any) -> Any:
    """A power; small constant exponents become products."""
    if dtype.kind == "c":
        if b.re.constant == 2 and b.im.constant == 0:
            return multiply(e, dtype, a, a)
        raise Unsupported("a complex power")
    if dtype.kind == "f":
        if b.constant is not None:
            short = _constant_power(e, dtype, a, b.constant)
            if short is not None:
                return short
        return libm(e, "pow", a, b)
    if dtype.kind not in "iu" or b.constant is None or b.constant < 0:
        raise Unsupported("an integer power")
    found, base, rest = e.literal(1, a.type), a, int(b.constant)
    while rest:
        if rest & 1:
            found = base if found.constant == 1 else e.op("mul", found, base)
        rest >>= 1
        base = e.op("mul", base, base) if rest else base
    return found


def _constant_power(e: Emitter, dtype: np.dtype[Any], a: Ref, exponent: float) -> Any:
    if exponent == 0:
        return e.literal(1.0, a.type)
    if exponent == 0.5:
        # unlike sqrt, a power takes -inf to inf and -0 to 0; NumPy itself calls sqrt here
        return e.intrinsic("sqrt", a)
    if exponent == -1:
        return reciprocal(e, dtype, a)
    if abs(exponent) == 1.5 and a.type != "half":
        factors = [a, e.intrinsic("sqrt", a)]
        if exponent < 0:
            factors = [reciprocal(e, dtype, factor) for factor in factors]
        limit = e.literal(math.inf if exponent > 0 else 0.0, a.type)
        return e.select(e.compare("oeq", a, e.literal(-math.inf, a.type)), limit, e.op("fmul", *factors))
    if exponent in (1, 2, 3, 4):
        found = a if exponent % 2 else square(e, dtype, a)
        return e.op("fmul", square(e, dtype, a), found) if exponent > 2 else found
    return None


# ---- comparisons and logic ----


def _comparison(real: str, signed: str, unsigned: str) -> Scalar:
    def rule(e: Emitter, dtype: np.dtype[Any], a: Any, b: Any) -> Any:
        if type(a) is Pair:
            if real not in ("oeq", "une"):
                raise Unsupported("an order of complex numbers")
            return e.op("and" if real == "oeq" else "or", e.compare(real, a.re, b.re), e.compare(real, a.im, b.im))
        for x, y, condition in ((a, b, real), (b, a, _SWAPPED.get(real, ""))):
            if condition in _SWAPPED and x.name in e.magnitudes and x.type == "double" and max(x.width, y.width) > 1:
                return compared(e, condition, *e.magnitudes[x.name], y)
        return e.compare({"f": real, "i": signed}.get(dtype.kind, unsigned), a, b)

    return rule


_SWAPPED = {"olt": "ogt", "ogt": "olt", "ole": "oge", "oge": "ole"}


element(np.less)(_comparison("olt", "slt", "ult"))
element(np.less_equal)(_comparison("ole", "sle", "ule"))
element(np.greater)(_comparison("ogt", "sgt", "ugt"))
element(np.greater_equal)(_comparison("oge", "sge", "uge"))
element(np.equal)(_comparison("oeq", "eq", "eq"))
element(np.not_equal)(_comparison("une", "ne", "ne"))


def _extreme(better: str, signed: str, unsigned: str, *, skips_nan: bool) -> Scalar:
    def rule(e: Emitter, dtype: np.dtype[Any], a: Any, b: Any) -> Any:
        if type(a) is Pair:
            raise Unsupported("an order of complex numbers")
        if dtype.kind != "f":
            return e.select(e.compare(signed if dtype.kind == "i" else unsigned, a, b), a, b)
        nan = e.compare("uno", b, b) if skips_nan else e.compare("uno", a, a)
        return e.select(e.op("or", e.compare(better, a, b), nan), a, b)

    return rule


element(np.minimum)(_extreme("olt", "slt", "ult", skips_nan=False))
element(np.maximum)(_extreme("ogt", "sgt", "ugt", skips_nan=False))
element(np.fmin)(_extreme("ole", "slt", "ult", skips_nan=True))
element(np.fmax)(_extreme("oge", "sgt", "ugt", skips_nan=True))


def _logic(name: str) -> Scalar:
    def rule(e: Emitter, dtype: np.dtype[Any], a: Any, b: Any) -> Any:
        return e.op(name, cast_one(e, a, dtype, _BOOL), cast_one(e, b, dtype, _BOOL))

    return rule


_BOOL = np.dtype(bool)
element(np.logical_and)(_logic("and"))
element(np.logical_or)(_logic("or"))
element(np.logical_xor)(_logic("xor"))


@element(np.logical_not)
def logical_not(e: Emitter, dtype: np.dtype[Any], a: Any) -> Any:
    """``not x``."""
    return e.op("xor", cast_one(e, a, dtype, _BOOL), e.literal(True, "i1"))


def _bitwise(name: str) -> Scalar:
    return lambda e, dtype, a, b: e.op(name, a, b)


element(np.bitwise_and)(_bitwise("and"))
element(np.bitwise_or)(_bitwise("or"))
element(np.bitwise_xor)(_bitwise("xor"))


@element(np.invert)
def invert(e: Emitter, dtype: np.dtype[Any], a: Any) -> Any:
    """``~x``."""
    return e.op("xor", a, e.literal(-1 if dtype.kind != "b" else True, a.type))


@element(np.left_shift)
def left_shift(e: Emitter, dtype: np.dtype[Any], a: Any, b: Any) -> Any:
    """``a << b``; 0 where everything is shifted out."""
    bits = e.literal(8 * dtype.itemsize, a.type)
    fits = e.compare("ult", b, bits)
    zero = e.literal(0, a.type)
    return e.select(fits, e.op("shl", a, e.select(fits, b, zero)), zero)


@element(np.right_shift)
def right_shift(e: Emitter, dtype: np.dtype[Any], a: Any, b: Any) -> Any:
    """``a >> b``; the sign where everything is shifted out."""
    bits = 8 * dtype.itemsize
    fits = e.compare("ult", b, e.literal(bits, a.type))
    if dtype.kind == "i":
        return e.op("ashr", a, e.select(fits, b, e.literal(bits - 1, a.type)))
    zero = e.literal(0, a.type)
    return e.select(fits, e.op("lshr", a, e.select(fits, b, zero)), zero)


# ---- floats taken apart ----


@element(np.isnan)
def isnan(e: Emitter, dtype: np.dtype[Any], a: Any) -> Any:
    """Whether it is nan."""
    if type(a) is Pair:
        return e.compare("uno", a.re, a.im)
    return e.compare("uno", a, a) if dtype.kind == "f" else e.literal(False, "i1")


@element(np.isinf)
def isinf(e: Emitter, dtype: np.dtype[Any], a: Any) -> Any:
    """Whether it is infinite."""
    return _against_infinity(e, dtype, a, "oeq", "or")


@element(np.isfinite)
def isfinite(e: Emitter, dtype: np.dtype[Any], a: Any) -> Any:
    """Whether it is neither."""
    return _against_infinity(e, dtype, a, "olt", "and")


def _against_infinity(e: Emitter, dtype: np.dtype[Any], a: Any, comparison: str, both: str) -> Any:
    """How the magnitude of a number compares with infinity; of a complex one, both parts."""
    if type(a) is Pair:
        real = np.dtype(f"f{dtype.itemsize // 2}")
        return e.op(both, *[_against_infinity(e, real, part, comparison, both) for part in (a.re, a.im)])
    if dtype.kind != "f":
        return e.literal(comparison == "olt", "i1")
    return e.compare(comparison, e.intrinsic("fabs", a), e.literal(math.inf, a.type))


@element(np.signbit)
def signbit(e: Emitter, dtype: np.dtype[Any], a: Any) -> Any:
    """Whether the sign bit is set."""
    bits = 8 * dtype.itemsize
    return e.compare("slt", e.convert("bitcast", a, f"i{bits}"), e.literal(0, f"i{bits}"))


@element(np.copysign)
def copysign(e: Emitter, dtype: np.dtype[Any], a: Any, b: Any) -> Any:
    """The magnitude of one with the sign of the other."""
    return e.intrinsic("copysign", a, b)


def _rounding(name: str) -> Scalar:
    def rule(e: Emitter, dtype: np.dtype[Any], a: Any) -> Any:
        if dtype.kind == "c":
            return Pair(e.intrinsic(name, a.re), e.intrinsic(name, a.im))
        return e.intrinsic(name, a) if dtype.kind == "f" else a

    return rule


_ROUNDINGS: dict[np.ufunc, str] = {np.floor: "floor", np.ceil: "ceil", np.trunc: "trunc", np.rint: "rint"}
for _ufunc, _name in _ROUNDINGS.items():
    element(_ufunc)(_rounding(_name))


@element(np.sqrt)
def sqrt(e: Emitter, dtype: np.dtype[Any], a: Any) -> Any:
    """A square root."""
    if type(a) is Pair:
        raise Unsupported("a complex root")
    return e.intrinsic("sqrt", a)


@element(np.modf)
def modf(e: Emitter, dtype: np.dtype[Any], a: Any) -> Any:
    """The fraction and the whole part."""
    whole = e.intrinsic("trunc", a)
    rest = e.select(isinf(e, dtype, a), e.literal(0.0, a.type), e.op("fsub", a, whole))
    return e.intrinsic("copysign", rest, a), whole


# ---- elementary functions ----

_LIBM: dict[np.ufunc, str] = {
    np.exp: "exp", np.exp2: "exp2", np.expm1: "expm1", np.log: "log", np.log2: "log2", np.log10: "log10",
    np.log1p: "log1p", np.sin: "sin", np.cos: "cos", np.tan: "tan", np.arcsin: "asin", np.arccos: "acos",
    np.arctan: "atan", np.sinh: "sinh", np.cosh: "cosh", np.tanh: "tanh", np.arcsinh: "asinh", np.arccosh: "acosh",
    np.arctanh: "atanh", np.cbrt: "cbrt", np.arctan2: "atan2", np.hypot: "hypot", np.nextafter: "nextafter",
}  # fmt: skip


def _elementary(name: str) -> Scalar:
    def rule(e: Emitter, dtype: np.dtype[Any], *items: Any) -> Any:
        if dtype.kind == "c":
            if name == "exp":
                re, im = items[0].re, items[0].im
                scale, cosine, sine = libm(e, "exp", re), libm(e, "cos", im), libm(e, "sin", im)
                real = e.compare("oeq", im, e.literal(0.0, im.type))
                none = e.compare("oeq", re, e.literal(-np.inf, re.type))  # whatever the angle, as in C
                lost = e.compare("uno", cosine, cosine)
                endless = e.op("and", lost, e.compare("oeq", re, e.literal(np.inf, re.type)))
                parts = (
                    e.select(endless, re, e.op("fmul", scale, cosine)), e.select(real, im, e.op("fmul", scale, sine))
                )  # fmt: skip
                angle = e.op("and", none, lost)
                return Pair(*[e.select(angle, e.literal(0.0, part.type), part) for part in parts])
            raise Unsupported(f"{name} of complex numbers")
        if name == "nextafter" and items[0].type == "half":
            raise Unsupported("nextafter of float16")
        return libm(e, name, *items)

    return rule


for _ufunc, _name in _LIBM.items():
    element(_ufunc)(_elementary(_name))


def _scaled(above: float, below: float) -> Scalar:
    def rule(e: Emitter, dtype: np.dtype[Any], a: Any) -> Any:
        if dtype.itemsize < 4:
            raise Unsupported("angles of float16")
        return e.op("fmul", a, e.literal(float(dtype.type(above) / dtype.type(below)), a.type))  # as C computes it

    return rule


element(np.deg2rad, np.radians)(_scaled(math.pi, 180))
element(np.rad2deg, np.degrees)(_scaled(180, math.pi))


def _log_sum(base: str, log1p: Callable[[Emitter, Ref], Ref], same: float) -> Scalar:
    def rule(e: Emitter, dtype: np.dtype[Any], a: Any, b: Any) -> Any:
        gap = e.op("fsub", a, b)
        tail = log1p(e, libm(e, base, e.op("fneg", e.intrinsic("fabs", gap))))
        larger = e.select(e.compare("ogt", gap, e.literal(0.0, a.type)), a, b)
        found = e.select(e.compare("uno", gap, gap), gap, e.op("fadd", larger, tail))
        return e.select(e.compare("oeq", a, b), e.op("fadd", a, e.literal(same, a.type)), found)

    return rule


element(np.logaddexp)(_log_sum("exp", lambda e, x: libm(e, "log1p", x), math.log(2)))
element(np.logaddexp2)(
    _log_sum("exp2", lambda e, x: e.op("fmul", libm(e, "log1p", x), e.literal(1 / math.log(2), x.type)), 1.0)
)


def choose(e: Emitter, mask: Ref, yes: Any, no: Any) -> Any:
    """``select`` for an element, complex or not."""
    if type(yes) is Pair:
        return Pair(e.select(mask, yes.re, no.re), e.select(mask, yes.im, no.im))
    return e.select(mask, yes, no)
