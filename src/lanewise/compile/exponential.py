"""The exponential function, written out for vectors: half the time of a call, and no registers saved around it.

``exp(x)`` is ``2**n * exp(r)`` with ``r`` at most half of ``log(2)``, and ``exp(r)`` is ``1 + (r + r**2 * q(r))``.
The polynomial ``q`` is the one that leaves the least relative error (by Remez's algorithm, in 200 bits). Over the whole
range, results are within 1.1 units in the last place.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from .emit import Emitter, Ref


@dataclass(frozen=True)
class Numbers:
    """What a type needs: the polynomial, ``log(2)`` in two parts, where results are 0 and infinite, and its layout."""

    q: tuple[float, ...]
    log2: tuple[float, float]
    least: float
    most: float
    integer: str
    bias: int
    digits: int


NUMBERS = {
    "double": Numbers(
        (
            0.5000000000000011, 0.1666666666666641, 0.04166666666652973, 0.00833333333349498, 0.001388888894375969,
            0.0001984126950576586, 2.480149294987594e-05, 2.7557586812894924e-06, 2.763030617862616e-07,
            2.5000015510718575e-08,
        ),
        (0.6931471805599453, 2.3190468138462996e-17), -746.0, 710.0, "i64", 1023, 52,
    ),
    "float": Numbers(
        (0.49999993431974377, 0.16666520399457488, 0.04166839083439132, 0.008368745080916812, 0.0013814537082063726),
        (0.6931471824645996, -1.9046542121259336e-09), -104.0, 89.0, "i32", 127, 23,
    ),
}  # fmt: skip
LANES = {"double": 8, "float": 16}  # of a vector register of 512 bits


def exponential(e: Emitter, x: Ref) -> Ref | None:
    """The exponential of a vector of numbers; None for other types."""
    if x.type not in NUMBERS:
        return None
    n, less_one = split(e, clamped(e, x))
    return scaled(e, e.op("fadd", less_one, e.literal(1.0, x.type)), n)


def clamped(e: Emitter, x: Ref) -> Ref:
    """Numbers within the range where results are neither 0 nor infinite, or just outside of it; nan stays."""
    least, most = [e.literal(bound, x.type) for bound in (NUMBERS[x.type].least, NUMBERS[x.type].most)]
    x = e.select(e.compare("ogt", x, most), most, x)
    return e.select(e.compare("olt", x, least), least, x)


def split(e: Emitter, x: Ref) -> tuple[Ref, Ref]:
    """``n`` and ``exp(r) - 1``."""
    numbers = NUMBERS[x.type]

    def fused(a: Ref, b: Ref, c: float | Ref) -> Ref:
        return e.intrinsic("fma", a, b, c if isinstance(c, Ref) else e.literal(c, x.type))

    n = e.intrinsic("rint", e.op("fmul", x, e.literal(1 / math.log(2), x.type)))
    back = e.op("fneg", n)
    r = fused(back, e.literal(numbers.log2[1], x.type), fused(back, e.literal(numbers.log2[0], x.type), x))
    square = e.op("fmul", r, r)
    ways = []  # even and odd powers apart: two chains, half as long
    for first in (0, 1):
        coefficients = numbers.q[first::2]
        total = e.literal(coefficients[-1], x.type)
        for c in coefficients[-2::-1]:
            total = fused(total, square, c)
        ways.append(total)
    return n, fused(square, fused(ways[1], r, ways[0]), r)


def scaled(e: Emitter, x: Ref, n: Ref) -> Ref:
    """``x * 2**n``, rounded once where it is subnormal."""
    lanes, numbers = LANES[x.type], NUMBERS[x.type]
    x, n = e.level(x, n)
    if "avx512f" in e.features and x.width % lanes == 0:
        return e.concat([scalef(e, *pieces) for pieces in zip(e.split(x, lanes), e.split(n, lanes), strict=True)])
    whole = e.convert("fptosi", n, "i32")
    if numbers.integer == "i64":
        whole = e.convert("sext", whole, "i64")
    half = e.op("ashr", whole, e.literal(1, numbers.integer))
    for part in (half, e.op("sub", whole, half)):
        power = e.op("shl", e.op("add", part, e.literal(numbers.bias, numbers.integer)),
                     e.literal(numbers.digits, numbers.integer))  # fmt: skip
        x = e.op("fmul", x, e.convert("bitcast", power, x.type))
    return x


def scalef(e: Emitter, x: Ref, n: Ref) -> Ref:
    """The same as an instruction of one register."""
    bits, name = ("i8", "pd") if x.type == "double" else ("i16", "ps")
    symbol = f"llvm.x86.avx512.mask.scalef.{name}.512"
    e.declared[symbol] = f"declare {x.llvm} @{symbol}({x.llvm}, {x.llvm}, {x.llvm}, {bits}, i32)"
    text = f"call {x.llvm} @{symbol}({x}, {n}, {x.llvm} zeroinitializer, {bits} -1, i32 4)"
    return e.add(text, x.type, x.width, [x, n])
