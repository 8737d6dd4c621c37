"""Exponentials and logarithms by a table of sixteen numbers, which two vector registers hold (AVX-512).

The table takes over most of what a polynomial would have to do, so that less of it is left: half of the coefficients,
and no division. The coefficients are minimax ones (Remez' algorithm in 220 bits, rounded).

A logarithm takes the processor's approximate reciprocal of its operand, rounded to five bits: the product of the two is
``1 + r``, with ``r`` at most 1/32, and the logarithm of such a reciprocal is an exponent and an entry of the table.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from .emit import Emitter, Ref
from .exponential import NUMBERS, clamped, scaled
from .formula import LN2, Formula, Rule

LANES = 8  # of a vector register of 512 bits
_ENTRIES = 16
_SIXTEENTHS = 1.5 * 2.0**48  # a small number plus this is rounded to sixteenths, which its last bits count
_POWERS = [2.0 ** (n / _ENTRIES) for n in range(_ENTRIES)]
_LOGS = [-math.log1p(n / _ENTRIES) if n < 8 else -math.log1p((n - _ENTRIES) / (2 * _ENTRIES)) for n in range(_ENTRIES)]
_ABOVE = 1.34  # times a reciprocal of five bits, it has the exponent of the power of two that the table is relative to
_EXP = (
    0.5000000000000006, 0.16666666664416965, 0.0416666666596533, 0.00833347195107022, 0.0013889129045980774,
)  # fmt: skip
_LOG = (
    -0.4999999999999968, 0.3333333333333224, -0.25000000004433154, 0.2000000000875843, -0.16666650382457007,
    0.14285691392062325, -0.12522118660742815, 0.11135434616520096,
)  # fmt: skip
_LEAST, _MOST = (1023 - 1021) << 52, (1023 + 1021) << 52  # the bits of numbers whose reciprocals are not subnormal


def fits(e: Emitter, x: Ref) -> bool:
    """Whether a vector is one of whole registers of doubles, which have such tables."""
    return x.type == "double" and x.width % LANES == 0 and "avx512f" in e.features


# ---- instructions ----


def by_registers(e: Emitter, function: Callable[..., Ref], *refs: Ref) -> Ref:
    """What a function of registers gives for longer vectors."""
    return e.concat([function(*pieces) for pieces in zip(*[e.split(ref, LANES) for ref in refs], strict=True)])


def instruction(e: Emitter, name: str, x: Ref, rest: str, types: str) -> Ref:
    """A function of one register that is an instruction of AVX-512."""

    def one(x: Ref) -> Ref:
        symbol = f"llvm.x86.avx512.{name}.pd.512"
        e.declared[symbol] = f"declare {x.llvm} @{symbol}({x.llvm}, {x.llvm}, {types})"
        return e.add(f"call {x.llvm} @{symbol}({x}, {x.llvm} zeroinitializer, {rest})", x.type, x.width, [x])

    return by_registers(e, one, x)


def entry(e: Emitter, table: Sequence[float], places: Ref) -> Ref:
    """Entries of a table, at the places that the last four bits of integers say."""
    halves = [_constant(e, table[n : n + LANES]) for n in (0, LANES)]
    symbol = "llvm.x86.avx512.vpermi2var.pd.512"

    def one(places: Ref) -> Ref:
        first, second = halves
        e.declared[symbol] = f"declare {first.llvm} @{symbol}({first.llvm}, {places.llvm}, {first.llvm})"
        text = f"call {first.llvm} @{symbol}({first}, {places}, {second})"
        return e.add(text, first.type, LANES, [places])

    return by_registers(e, one, places)


def _constant(e: Emitter, numbers: Sequence[float]) -> Ref:
    return Ref(f"<{', '.join(repr(e.literal(x, 'double')) for x in numbers)}>", "double", LANES, e.root)


# ---- functions ----


def exp(f: Formula, x: Ref) -> Ref:
    """``exp(x)``: a whole power of two, a table's power of its sixteenth root, and the exponential of what is left."""
    x = clamped(f.e, x)
    shifted = f.fma(x, 1 / math.log(2), _SIXTEENTHS)
    count = f.sub(shifted, _SIXTEENTHS)
    rest = f.less(x, count, NUMBERS["double"].log2)
    square = f.mul(rest, rest)
    less_one = f.fma(f.polynomial(rest, _EXP), square, rest)
    power = entry(f.e, _POWERS, f.e.convert("bitcast", shifted, "i64"))
    return scaled(f.e, f.fma(power, less_one, power), count)


def _logarithm(f: Formula, x: Ref, more: Ref | None = None) -> Ref:
    """The logarithm of a positive number, or of one and a little more."""
    near = instruction(f.e, "rcp14", x, "i8 -1", "i8")
    bits = f.bits("add", f.e.convert("bitcast", near, "i64"), 1 << 47)
    bits = f.bits("and", bits, -1 << 48)
    inverse = f.double(bits)
    rest = f.fma(inverse, x, -1.0)
    rest = rest if more is None else f.fma(inverse, more, rest)
    exponent = instruction(f.e, "mask.getexp", f.mul(inverse, _ABOVE), "i8 -1, i32 4", "i8, i32")
    known = f.fma(exponent, -LN2, entry(f.e, _LOGS, f.bits("lshr", bits, 48)))
    return f.add(known, f.fma(f.polynomial(rest, _LOG), f.mul(rest, rest), rest))


def log(f: Formula, x: Ref) -> Ref:
    """``log(x)``."""
    return _logarithm(f, x)


def log1p(f: Formula, x: Ref) -> Ref:
    """``log1p(x)``: of ``1 + x``, and what that lacks."""
    above = f.add(1.0, x)
    found = _logarithm(f, above, f.sub(x, f.sub(above, 1.0)))
    return f.e.intrinsic("copysign", found, x)  # of -0.0


def _extreme(f: Formula, x: Ref) -> Ref:
    """Whether a number is not positive, or has no reciprocal, or is nan."""
    bits = f.e.convert("bitcast", x, "i64")
    return f.e.compare("uge", f.bits("sub", bits, _LEAST), f.e.literal(_MOST - _LEAST, "i64"))


RULES: dict[str, Rule] = {"exp": exp, "log": log, "log1p": log1p}
"""For the C library's names: the function of ordinary operands."""
ODD: dict[str, Rule] = {"log": _extreme, "log1p": lambda f, x: _extreme(f, f.add(1.0, x))}
"""Which operands are none; where there is no entry, all are."""
