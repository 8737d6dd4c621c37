"""Elementary functions written out in vectors: no call, so the values around them stay in registers.

Each is a polynomial on a short interval, to which the operand is reduced, as the textbooks do it (Muller, *Elementary
Functions*, 2016). The coefficients are minimax ones (Remez' algorithm in 200 bits, rounded). Where some lane has an
operand out of the ordinary (a huge angle, a logarithm of zero), the C library computes that lane instead.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from . import tables
from .aside import aside_by_pieces
from .emit import Emitter, Ref
from .exponential import exponential, scaled, split
from .formula import Formula, Rule

_SIN = (
    -0.16666666666666666, 0.008333333333333194, -0.00019841269841209213, 2.755731921113604e-06,
    -2.5052106872684022e-08, 1.6058939699736346e-10, -7.642991324061716e-13, 2.7211731762895898e-15,
)  # fmt: skip
_LOG = (
    0.6666666666666735, 0.39999999999413133, 0.2857142874276511, 0.2222219853121254, 0.18183566665316644,
    0.15313986868808385, 0.14796623610964973,
)  # fmt: skip
_ASIN = (
    0.16666666666666763, 0.07499999999970093, 0.04464285717529031, 0.030381942675113308, 0.022372215909799854,
    0.017351595441455422, 0.013981019126308438, 0.01139728897846243, 0.010789340411590869, 0.003672123489517243,
    0.021790774242404016, -0.021116871797067, 0.032702242660036934,
)  # fmt: skip

_PI = (math.pi, 1.224646799147353e-16, 2.165713347843828e-32)  # what those before lack; positive, to keep -0.0
_LN2 = (0.6931471803691238, 1.9082149292705877e-10)  # times an exponent, the first is exact


def tanh(f: Formula, x: Ref) -> Ref:
    """``tanh(x)``: ``t / (t + 2)``, where ``t`` is ``exp(2 x) - 1``."""
    twice, most = f.mul(2.0, f.abs(x)), f.number(50.0)
    count, rest = split(f.e, f.e.select(f.e.compare("ogt", twice, most), most, twice))
    power = scaled(f.e, f.number(1.0), count)
    less_one = f.fma(power, rest, f.sub(power, 1.0))
    return f.e.intrinsic("copysign", f.e.op("fdiv", less_one, f.add(less_one, 2.0)), x)


def log(f: Formula, x: Ref) -> Ref:
    """``log(x)``: an exponent, and the logarithm of a number between the roots of a half and of two."""
    bits = f.e.convert("bitcast", x, "i64")
    exponent = f.bits("ashr", f.bits("sub", bits, _ROOT_OF_HALF), 52)
    mantissa = f.double(f.bits("sub", bits, f.bits("shl", exponent, 52)))
    count = f.e.convert("sitofp", exponent, "double")
    above = f.sub(mantissa, 1.0)
    ratio = f.e.op("fdiv", above, f.add(above, 2.0))
    square, half = f.mul(ratio, ratio), f.mul(f.mul(above, 0.5), above)
    series = f.fma(f.polynomial(square, _LOG), square, half)
    low = f.fma(ratio, series, f.mul(count, _LN2[1]))
    return f.fma(count, _LN2[0], f.sub(above, f.sub(half, low)))


def _not_normal(f: Formula, x: Ref) -> Ref:
    """Whether a number is not positive, or subnormal, infinite or nan."""
    bits = f.e.convert("bitcast", x, "i64")
    return f.e.compare("uge", f.bits("sub", bits, _NORMAL), f.e.literal(_INFINITE - _NORMAL, "i64"))


def _huge(f: Formula, x: Ref) -> Ref:
    """Whether an angle has too many turns, or is nan."""
    return f.beyond(x, 2.0**26)


def _sine(f: Formula, x: Ref, count: Ref, flips: Ref) -> Ref:
    rest = f.less(x, count, _PI)
    square = f.mul(rest, rest)
    found = f.fma(f.polynomial(square, _SIN), f.mul(rest, square), rest)
    found = f.e.intrinsic("copysign", found, rest)  # of -0.0
    turned = f.bits("xor", f.e.convert("bitcast", found, "i64"), f.bits("shl", flips, 63))
    return f.double(turned)


def sin(f: Formula, x: Ref) -> Ref:
    """``sin(x)``: up to its sign, that of what is left of multiples of pi."""
    bits, count = f.whole(x, 1 / math.pi)
    return _sine(f, x, count, bits)


def cos(f: Formula, x: Ref) -> Ref:
    """``cos(x)``: a sine, half of pi further."""
    bits, count = f.whole(x, 1 / math.pi, -0.5)
    return _sine(f, x, f.add(count, 0.5), f.bits("add", bits, 1))


def _arc(f: Formula, x: Ref) -> tuple[Ref, Ref]:
    """Where a magnitude is above a half; and its arc sine, there half of what ``pi / 2`` is more."""
    size = f.abs(x)
    big = f.e.compare("ogt", size, f.number(0.5))
    halved = f.fma(size, -0.5, 0.5)
    square = f.e.select(big, halved, f.mul(size, size))
    root = f.e.select(big, f.e.intrinsic("sqrt", halved), size)
    return big, f.fma(f.polynomial(square, _ASIN), f.mul(root, square), root)


def arcsin(f: Formula, x: Ref) -> Ref:
    """``arcsin(x)``: ``pi / 2 - 2 arcsin(sqrt((1 - x) / 2))`` where ``x`` is large."""
    big, arc = _arc(f, x)
    far = f.sub(math.pi / 2, f.fma(2.0, arc, -_PI[1] / 2))
    return f.e.intrinsic("copysign", f.e.select(big, far, arc), x)


def arccos(f: Formula, x: Ref) -> Ref:
    """``arccos(x)``: ``2 arcsin(sqrt((1 - x) / 2))`` where ``x`` is large."""
    big, arc = _arc(f, x)
    near = f.sub(math.pi / 2, f.sub(f.e.intrinsic("copysign", arc, x), _PI[1] / 2))
    twice = f.mul(2.0, arc)
    behind = f.sub(math.pi, f.sub(twice, _PI[1]))
    far = f.e.select(f.e.compare("olt", x, f.number(0.0)), behind, twice)
    return f.e.select(big, far, near)


_ROOT_OF_HALF, _NORMAL, _INFINITE = 0x3FE6A09E667F3BCD, 1 << 52, 0x7FF << 52  # bits of doubles

RULES: dict[str, Rule] = {"log": log, "sin": sin, "cos": cos, "tanh": tanh, "asin": arcsin, "acos": arccos}
"""For the C library's names: the function of ordinary operands."""
ODD: dict[str, Rule] = {"log": _not_normal, "sin": _huge, "cos": _huge}
"""Which operands are none; where there is no entry, all are."""


def written_out(e: Emitter, name: str, x: Ref, library: Callable[[Ref], Ref]) -> Ref | None:
    """A function of a vector, written out; None if it is not one of these, or the processor lacks ``fma``.

    Parameters
    ----------
    name : str
        The C library's.
    library : callable
        The library's function of a vector.
    """
    if x.width == 1 or "fma" not in e.features:
        return None
    by_table = tables.fits(e, x) and name in tables.RULES
    if name == "exp" and not by_table:
        return exponential(e, x)
    rules, odds = (tables.RULES, tables.ODD) if by_table else (RULES, ODD)
    rule, is_odd = rules.get(name), odds.get(name)
    if rule is None or x.type != "double":
        return None
    mask = e.mask if e.is_masked([x]) else None
    known = e.place([x]).memo.setdefault((name, *[piece.name for piece in e.pieces(x)]), [])
    found = next((found for around, found in known if around is None or (mask and _is_part(e, mask, around))), None)
    if found is None:
        before, e.fast = e.fast, False  # reassociated, the roundings would be gone
        found = rule(Formula(e), x)
        if is_odd is not None:  # the others keep what they have: a lane's bits don't depend on its neighbours
            odd = is_odd(Formula(e), x)
            some = e.any(odd if mask is None else e.op("and", odd, mask))
            found = aside_by_pieces(
                e, some, found, x, lambda x, quick: e.select(is_odd(Formula(e), x), library(x), quick)
            )
        e.fast = before
        known.append((mask, found))
    return found


def _is_part(e: Emitter, mask: Ref, other: Ref) -> bool:
    """Whether a mask is known to be true nowhere but where another is."""

    def within(piece: Ref, around: Ref) -> bool:
        own, refs = e.made.get(piece.name, ("", []))
        return piece.name == around.name or (own == "and" and any(ref.name == around.name for ref in refs))

    return mask.width == other.width and all(map(within, e.pieces(mask), e.pieces(other)))


__all__ = ["written_out"]
