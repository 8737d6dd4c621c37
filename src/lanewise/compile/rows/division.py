"""Division with remainder: integers of vectors by way of floats, where these tell exactly.

No processor divides vectors of integers. A float quotient of integers that floats hold, rounded down, is exact: it is
out by less than the distance from a whole number that a quotient has which is none. With 64-bit integers that are
larger in some lane, the vector is divided in two steps, or lane by lane.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..aside import aside, lane_by_lane
from ..emit import Emitter, Ref, type_of
from ..vectormath import libm
from .elementwise import element
from .table import Unsupported

EXACT = 53  # bits of integers that a double holds
RECIPROCAL = 50  # bits of those that are divided by multiplication
LARGE = 52  # bits of divisors of what has more bits


@element(np.floor_divide)
def floor_divide(e: Emitter, dtype: np.dtype[Any], a: Any, b: Any) -> Any:
    """A quotient, rounded down; by an integer zero 0, as in NumPy."""
    return _divided(e, dtype, a, b, (True, False))[0]


@element(np.remainder)
def remainder(e: Emitter, dtype: np.dtype[Any], a: Any, b: Any) -> Any:
    """A remainder with the sign of the divisor."""
    return _divided(e, dtype, a, b, (False, True))[0]


@element(np.divmod)
def divmod_(e: Emitter, dtype: np.dtype[Any], a: Any, b: Any) -> Any:
    """Both."""
    return _divided(e, dtype, a, b, (True, True))


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


def _divided(e: Emitter, dtype: np.dtype[Any], a: Any, b: Any, wanted: tuple[bool, bool]) -> list[Ref]:
    """The quotient, the remainder, or both."""
    if dtype.kind == "f":
        return _chosen(wanted, _floats(e, type_of(dtype), a, b))
    if dtype.kind not in "iu":
        raise Unsupported("division with remainder")
    a, b = e.level(a, b)
    power = b.constant is not None and b.constant > 0 and b.constant & (b.constant - 1) == 0
    if power:
        bits = e.literal(b.constant.bit_length() - 1, a.type)
        quotient = e.op("ashr" if dtype.kind == "i" else "lshr", a, bits)
        return _chosen(wanted, (quotient, e.op("and", a, e.literal(b.constant - 1, a.type))))
    known = a.constant is not None and b.constant is not None
    if a.width == 1 or known or not (dtype.itemsize < 8 or "avx512dq" in e.features):
        return _chosen(wanted, _integers(e, dtype, a, b))
    if dtype.itemsize < 8:
        return _chosen(wanted, _short(e, dtype, a, b))
    return _long(e, dtype, a, b, wanted)


def _chosen(wanted: tuple[bool, bool], found: tuple[Ref, Ref]) -> list[Ref]:
    return [ref for ref, asked in zip(found, wanted, strict=True) if asked]


# ---- integers as they are ----


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


def _integers(e: Emitter, dtype: np.dtype[Any], a: Ref, b: Ref) -> tuple[Ref, Ref]:
    """Integers, by the processor's division."""
    kind = type_of(dtype)
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


# ---- integers by way of floats ----


def _short(e: Emitter, dtype: np.dtype[Any], a: Ref, b: Ref) -> tuple[Ref, Ref]:
    """Integers of up to 32 bits."""
    kind = type_of(dtype)
    real = "float" if dtype.itemsize < 4 else "double"
    zero, divisor = _safe_divisor(e, dtype, a, b)
    x, y = [e.convert("sitofp" if dtype.kind == "i" else "uitofp", ref, real) for ref in (a, divisor)]
    down = e.intrinsic("floor", e.op("fdiv", x, y))
    quotient = e.convert("fptosi" if dtype.kind == "i" else "fptoui", down, kind)
    rest = e.op("sub", a, e.op("mul", quotient, divisor))
    none = e.literal(0, kind)
    return e.select(zero, none, quotient), e.select(zero, none, rest)


def _long(e: Emitter, dtype: np.dtype[Any], a: Ref, b: Ref, wanted: tuple[bool, bool]) -> list[Ref]:
    """Integers of 64 bits: quickly, where no lane at work has large ones."""
    x, y = [e.convert("sitofp", ref, "double") for ref in (a, b)]
    divisor = b.constant
    if divisor is not None and 2 < divisor < 1 << RECIPROCAL and "fma" in e.features:
        # of a number between two multiples of d, less (d - 1) / 2, the quotient is nearest to the lower one
        half = e.literal(-(divisor - 1) / (2 * divisor), "double")
        down = e.intrinsic("rint", e.intrinsic("fma", x, e.literal(1 / divisor, "double"), half))
        large = _beyond(e, dtype, RECIPROCAL, a)
    else:
        down = e.intrinsic("floor", e.op("fdiv", x, y))
        large = _beyond(e, dtype, EXACT, a, b)
    rest = e.intrinsic("fma", e.op("fneg", down), y, x)  # exact, as the remainder is a number that a double holds
    quick = _chosen(wanted, (down, rest))
    quick = [e.convert("fptosi", ref, "i64") for ref in quick]
    if not divisor:
        zero = e.compare("eq", b, e.literal(0, "i64"))
        quick = [e.select(zero, e.literal(0, "i64"), ref) for ref in quick]
    if e.mask is not None:
        large = e.op("and", large, e.mask)
    return aside(e, e.any(large), quick, [a, b], lambda a, b: _large(e, dtype, a, b, wanted))


def _large(e: Emitter, dtype: np.dtype[Any], a: Ref, b: Ref, wanted: tuple[bool, bool]) -> list[Ref]:
    """Large integers of 64 bits by small ones: what a first quotient leaves is small, and divided again."""

    def each(a: Ref, b: Ref) -> list[Ref]:
        return _chosen(wanted, _integers(e, dtype, a, b))

    if dtype.kind == "u":
        return lane_by_lane(e, each)(a, b)
    x, y = [e.convert("sitofp", ref, "double") for ref in (a, b)]
    first = e.convert("fptosi", e.op("fdiv", x, y), "i64")
    left = e.op("sub", a, e.op("mul", first, b))  # these wrap around together
    second = e.intrinsic("floor", e.op("fdiv", e.convert("sitofp", left, "double"), y))
    second = e.convert("fptosi", second, "i64")
    zero, none = e.compare("eq", b, e.literal(0, "i64")), e.literal(0, "i64")
    found = e.op("add", first, second), e.op("sub", left, e.op("mul", second, b))
    quick = _chosen(wanted, (e.select(zero, none, found[0]), e.select(zero, none, found[1])))
    return aside(e, e.any(_beyond(e, dtype, LARGE, b)), quick, [a, b], lane_by_lane(e, each))


def _beyond(e: Emitter, dtype: np.dtype[Any], bits: int, *refs: Ref) -> Ref:
    """Whether one of some integers has more than so many bits."""
    offset = 1 << bits if dtype.kind == "i" else 0
    first, *rest = [ref for ref in refs if ref.constant is None or ref.constant >> bits]
    found = e.op("add", first, e.literal(offset, "i64"))
    for ref in rest:
        found = e.op("or", found, e.op("add", ref, e.literal(offset, "i64")))
    return e.compare("uge", found, e.literal(2 * offset or 1 << bits, "i64"))


# ---- floats ----


def _floats(e: Emitter, kind: str, a: Ref, b: Ref) -> tuple[Ref, Ref]:
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
