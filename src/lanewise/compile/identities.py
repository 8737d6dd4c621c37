"""What is known of floats, so that it takes no instruction, or that of another: to the bit, but for the sign of nan.

A square is not negative, nor -0.0; a sum is -0.0 only if both terms are. ``(a - b) * (a - b)`` is the square of
``b - a``, too.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .emit import Emitter, Ref

FLOATS = frozenset({"fadd", "fsub", "fmul"})
"""The operations that something is known of."""
ANY, NOT_MINUS_ZERO, POSITIVE = 0, 1, 2
"""What the sign of a number may be: nothing is known; it is not -0.0; and, unless it is nan, it is not negative."""


def sign(e: Emitter, ref: Ref) -> int:
    """What is known of the sign of a number."""
    if ref.constant is None:
        return e.signs.get(ref.name, ANY)
    if math.copysign(1.0, ref.constant) > 0:
        return POSITIVE
    return NOT_MINUS_ZERO if ref.constant else ANY


def never_negative(e: Emitter, ref: Ref) -> bool:
    """Whether a number is known to be no less than 0.0, or nan."""
    return all(sign(e, piece) == POSITIVE for piece in e.pieces(ref))


def known(e: Emitter, name: str, refs: list[Ref]) -> Ref | None:
    """The result of an operation on floats that is there already."""
    if name == "fadd":
        for a, b in (refs, refs[::-1]):
            if b.constant == 0 and sign(e, b) and sign(e, a):
                return a
    if name == "fmul" and refs[0].name == refs[1].name and (pair := e.differences.get(refs[0].name)) is not None:
        a, b = pair
        turned = e.written(f"fsub {b}, {a.name}")
        return None if turned is None else e.written(f"fmul {turned}, {turned.name}")
    return None


def note(e: Emitter, name: str, refs: list[Ref], found: Ref) -> None:
    """Note what is known of a result."""
    if name == "fsub":
        e.differences[found.name] = refs[0], refs[1]
    elif name == "fmul" and refs[0].name == refs[1].name:
        e.signs[found.name] = POSITIVE
    elif name == "fadd" and (some := [sign(e, ref) for ref in refs]) != [ANY, ANY]:
        e.signs[found.name] = POSITIVE if min(some) == POSITIVE else NOT_MINUS_ZERO
