"""Arithmetic on vectors of doubles, as the formulas of textbooks are written."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from .emit import Emitter, Ref

LN2 = math.log(2)
_ROUND = 1.5 * 2.0**52  # a small number plus this is rounded to an integer, which its last bits hold

Rule = Callable[["Formula", Ref], Ref]


class Formula:
    """Arithmetic on doubles as the formulas of textbooks are written.

    Parameters
    ----------
    e : Emitter
        Writes the instructions.
    """

    def __init__(self, e: Emitter) -> None:
        self.e = e

    def number(self, value: float | Ref) -> Ref:
        """A constant."""
        return value if isinstance(value, Ref) else self.e.literal(value, "double")

    def add(self, a: float | Ref, b: float | Ref) -> Ref:
        """``a + b``."""
        return self.e.op("fadd", self.number(a), self.number(b))

    def sub(self, a: float | Ref, b: float | Ref) -> Ref:
        """``a - b``."""
        return self.e.op("fsub", self.number(a), self.number(b))

    def mul(self, a: float | Ref, b: float | Ref) -> Ref:
        """``a * b``."""
        return self.e.op("fmul", self.number(a), self.number(b))

    def fma(self, a: float | Ref, b: float | Ref, c: float | Ref) -> Ref:
        """``a * b + c``, rounded once."""
        return self.e.intrinsic("fma", self.number(a), self.number(b), self.number(c))

    def abs(self, a: Ref) -> Ref:
        """The magnitude."""
        return self.e.intrinsic("fabs", a)

    def polynomial(self, x: Ref, coefficients: Sequence[float]) -> Ref:
        """A polynomial, by pairs (Estrin's scheme): few steps wait for one another."""
        terms: list[float | Ref] = list(coefficients)
        while len(terms) > 1:
            pairs = [self.fma(b, x, a) for a, b in zip(terms[::2], terms[1::2], strict=False)]
            terms = [*pairs, *terms[2 * len(pairs) :]]
            x = self.mul(x, x) if len(terms) > 1 else x
        return self.number(terms[0])

    def whole(self, x: Ref, scale: float, offset: float = 0.0) -> tuple[Ref, Ref]:
        """``x * scale + offset`` as an integer: its bits (the last ones tell), and as a number."""
        rounded = self.fma(x, scale, _ROUND) if not offset else self.add(self.fma(x, scale, offset), _ROUND)
        return self.e.convert("bitcast", rounded, "i64"), self.sub(rounded, _ROUND)

    def less(self, x: Ref, count: Ref, parts: Sequence[float]) -> Ref:
        """``x`` less so many times a constant, which is given in parts."""
        for part in parts:
            x = self.fma(count, -part, x)
        return x

    def bits(self, name: str, a: Ref, b: int | Ref) -> Ref:
        """An operation on integers."""
        return self.e.op(name, a, b if isinstance(b, Ref) else self.e.literal(b, "i64"))

    def double(self, bits: Ref) -> Ref:
        """Bits as a number."""
        return self.e.convert("bitcast", bits, "double")

    def beyond(self, x: Ref, most: float) -> Ref:
        """Whether the magnitude is larger, or nan."""
        return self.e.compare("uge", self.abs(x), self.number(most))
