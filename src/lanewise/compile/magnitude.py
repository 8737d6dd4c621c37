"""``abs(z) < c`` for complex ``z``: squares tell, but for a hair's breadth around ``c``, and for huge or tiny ones.

A magnitude takes three times as long as the squares. So the comparison goes by the squares, and jumps to the
magnitudes where some lane needs its own.
"""

from __future__ import annotations

from .aside import aside, lane_by_lane
from .emit import Emitter, Later, Ref
from .vectormath import libm

_BELOW, _ABOVE = 1 - 2.0**-48, 1 + 2.0**-48  # squares are out by three roundings at most
_LEAST, _MOST = 1e-150, 1e150  # the squares of what lies between are ordinary numbers


class Magnitude(Later):
    """Magnitudes, which a comparison may do without."""

    __slots__ = ("e", "imag", "mask", "real")

    def __init__(self, e: Emitter, real: Ref, imag: Ref) -> None:
        self.e, self.mask = e, e.mask
        self.real, self.imag = e.level(real, imag)
        self.type, self.width, self.constant = real.type, self.real.width, None
        self.llvm = self.real.llvm

    def made(self) -> Ref:
        """The same, computed."""
        e = self.e
        before, e.mask = e.mask, self.mask
        found = libm(e, "hypot", self.real, self.imag)
        e.mask = before
        return found


def compared(e: Emitter, condition: str, magnitude: Magnitude, c: Ref) -> Ref:
    """Whether magnitudes are less or greater than ``c``.

    Parameters
    ----------
    condition : str
        LLVM's: ``olt``, ``ole``, ``ogt`` or ``oge``.
    magnitude, c : Ref
        Vectors of doubles.
    """
    real, imag, c = e.level(magnitude.real, magnitude.imag, c)
    squares = e.op("fadd", e.op("fmul", real, real), e.op("fmul", imag, imag))
    square = e.op("fmul", c, c)
    living = e.literal(True, "i1") if e.mask is None else e.mask
    reaches = e.op("and", living, e.compare("uge", squares, e.op("fmul", square, e.literal(_BELOW, "double"))))
    unsure = e.op("and", reaches, e.compare("ule", squares, e.op("fmul", square, e.literal(_ABOVE, "double"))))
    if c.constant is None or not _LEAST < c.constant < _MOST:
        low, high = [e.literal(bound, "double") for bound in (_LEAST, _MOST)]
        ordinary = e.op("and", e.compare("ogt", c, low), e.compare("olt", c, high))
        unsure = e.op("or", unsure, e.op("and", living, e.op("xor", ordinary, e.literal(True, "i1"))))
    greater = condition in ("ogt", "oge")
    quick = reaches if greater else e.op("xor", reaches, e.literal(True, "i1"))

    def rule(real: Ref, imag: Ref, c: Ref) -> list[Ref]:  # not vector math: NumPy's to the bit
        return [e.compare(condition, libm(e, "hypot", real, imag), c)]

    def exact(*operands: Ref) -> list[Ref]:
        found = lane_by_lane(e, rule)(*operands)
        return [e.op("and", living, found[0])] if greater else found

    found = aside(e, e.any(unsure), [quick], [real, imag, c], exact)[0]
    if greater and living.constant is None:
        e.is_within(found, living)
    return found
