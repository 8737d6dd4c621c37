"""``abs(z) < c`` for complex ``z``: squares tell, but for a hair's breadth around ``c``, and for huge or tiny ones.

A magnitude takes three times as long as the squares. The comparison is a function of its own in the kernel's module,
which computes the magnitudes only where some lane needs one.
"""

from __future__ import annotations

from typing import Any

from .emit import Emitter, Ref
from .vectormath import HARMLESS, libm

_BELOW, _ABOVE = 1 - 2.0**-48, 1 + 2.0**-48  # squares are out by three roundings at most
_LEAST, _MOST = 1e-150, 1e150  # the squares of what lies between are ordinary numbers


def compared(e: Emitter, condition: str, re: Ref, im: Ref, c: Ref) -> Ref:
    """Whether magnitudes are less or greater than ``c``.

    Parameters
    ----------
    condition : str
        LLVM's: ``olt``, ``ole``, ``ogt`` or ``oge``.
    re, im, c : Ref
        Vectors of doubles.
    """
    re, im, c, *_ = e.level(re, im, c)
    if e.mask is not None and e.place([re, im, c]).depth >= e.mask.region.depth:
        harmless = e.literal(HARMLESS["double"], "double")
        re, im = e.level(e.select(e.mask, re, harmless), e.select(e.mask, im, harmless))
    name = f"magnitude_{condition}_{re.width}"
    if name not in e.declared:
        e.declared[name] = _definition(e, name, condition, re.width)
    return e.add(f"call <{re.width} x i1> @{name}({re}, {im}, {c})", "i1", re.width, [re, im, c])


def _definition(outer: Emitter, name: str, condition: str, width: int) -> str:
    """The text of the function."""
    e = Emitter(width, outer.features)
    re, im, c = [Ref(f"%{x}", "double", width, e.root) for x in ("re", "im", "c")]
    squares = e.op("fadd", e.op("fmul", re, re), e.op("fmul", im, im))
    square = e.op("fmul", c, c)
    below = e.compare("olt", squares, e.op("fmul", square, e.literal(_BELOW, "double")))
    above = e.compare("ogt", squares, e.op("fmul", square, e.literal(_ABOVE, "double")))
    ordinary = e.op(
        "and", e.compare("ogt", c, e.literal(_LEAST, "double")), e.compare("olt", c, e.literal(_MOST, "double"))
    )
    sure = e.op("and", e.op("or", below, above), ordinary)
    unsure = e.any(e.op("xor", sure, e.splat(e.literal(1, "i1"))))
    head, e.root.lines = e.root.lines, []
    exact: Any = e.compare(condition, libm(e, "hypot", re, im), c)
    slow = e.root.lines
    outer.declared |= e.declared
    quick = below if condition in ("olt", "ole") else above
    vector = f"<{width} x i1>"
    return "\n".join([
        f"define internal {vector} @{name}({re}, {im}, {c}) alwaysinline {{",
        *head,
        f"  br i1 {unsure.name}, label %slow, label %done",
        "slow:",
        *slow,
        "  br label %done",
        "done:",
        f"  %found = phi {vector} [ {quick.name}, %0 ], [ {exact.name}, %slow ]",
        f"  ret {vector} %found",
        "}",
    ])  # fmt: skip
