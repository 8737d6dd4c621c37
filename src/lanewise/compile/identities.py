"""What is known of floats, so that it takes no instruction, or that of another: to the bit, but for the sign of nan.

A square is not negative, nor -0.0; a sum is -0.0 only if both terms are. ``(a - b) * (a - b)`` is the square of
``b - a``, too.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .emit import Emitter, Ref, Region

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
    a, b = refs
    if name == "fadd":
        for one, other in ((a, b), (b, a)):
            if other.constant == 0 and sign(e, other) and sign(e, one):
                return one
    elif name == "fmul" and a.name == b.name and (pair := e.differences.get(a.name)) is not None:
        a, b = pair
        turned = _written(e, f"fsub {b}, {a.name}")
        return None if turned is None else _written(e, f"fmul {turned}, {turned.name}")
    return None


def _written(e: Emitter, text: str) -> Ref | None:
    """The result of an instruction that is written already, here or around."""
    region: Region | None = e.region
    while region is not None and text not in region.known:
        region = region.parent
    return None if region is None else region.known[text]


def note(e: Emitter, name: str, refs: list[Ref], found: Ref) -> None:
    """Note what is known of a result."""
    a, b = refs
    if name == "fsub":
        e.differences[found.name] = a, b
    elif name == "fadd":
        one, other = sign(e, a), sign(e, b)
        if one or other:
            e.signs[found.name] = POSITIVE if one == other == POSITIVE else NOT_MINUS_ZERO
    elif a.name == b.name:
        e.signs[found.name] = POSITIVE
