"""``abs(z) < c`` for complex ``z``: squares tell, but for a hair's breadth around ``c``, and for huge or tiny ones.

A magnitude takes three times as long as the squares. So the comparison goes by the squares, and jumps to the
magnitudes where some lane needs its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from .emit import Emitter, Ref
from .vectormath import harmless, libm

_BELOW, _ABOVE = 1 - 2.0**-48, 1 + 2.0**-48  # squares are out by three roundings at most
_LEAST, _MOST = 1e-150, 1e150  # the squares of what lies between are ordinary numbers


def compared(e: Emitter, condition: str, real: Ref, imag: Ref, c: Ref) -> Ref:
    """Whether magnitudes are less or greater than ``c``.

    Parameters
    ----------
    condition : str
        LLVM's: ``olt``, ``ole``, ``ogt`` or ``oge``.
    real, imag, c : Ref
        Vectors of doubles.
    """
    real, imag, c = e.level(real, imag, c)
    real, imag = harmless(e, [real, imag])
    squares = e.op("fadd", e.op("fmul", real, real), e.op("fmul", imag, imag))
    square = e.op("fmul", c, c)
    below = e.compare("olt", squares, e.op("fmul", square, e.literal(_BELOW, "double")))
    above = e.compare("ogt", squares, e.op("fmul", square, e.literal(_ABOVE, "double")))
    ordinary = e.op(
        "and", e.compare("ogt", c, e.literal(_LEAST, "double")), e.compare("olt", c, e.literal(_MOST, "double"))
    )
    sure = e.op("and", e.op("or", below, above), ordinary)
    unsure = e.any(e.op("xor", sure, e.splat(e.literal(1, "i1"))))
    quick = below if condition in ("olt", "ole") else above
    return _jump(e, condition, (real, imag, c), quick, unsure)


def _jump(e: Emitter, condition: str, operands: tuple[Ref, Ref, Ref], quick: Ref, unsure: Ref) -> Ref:
    """The quick answer, or where a scalar condition holds the exact one."""
    region, stem = e.place([*operands, quick, unsure]), e.fresh("near")
    aside = Emitter(quick.width, e.features)
    aside.count = e.count
    real, imag, c = [Ref(ref.name, ref.type, ref.width, aside.root) for ref in operands]
    lanes = [(aside.lane(real, n), aside.lane(imag, n)) for n in range(quick.width)]
    sizes = aside.gather_lanes([libm(aside, "hypot", *parts) for parts in lanes])  # not vector math: NumPy's to the bit
    exact = aside.compare(condition, sizes, c)
    e.count, e.declared = aside.count, e.declared | aside.declared
    found = Ref("%" + e.fresh(), "i1", quick.width, region)
    region.lines += [
        f"  br i1 {unsure.name}, label %{stem}.slow, label %{stem}",
        f"{stem}.slow:", *aside.root.lines, f"  br label %{stem}", f"{stem}:",
        f"  {found.name} = phi {found.llvm} [ {quick.name}, %{region.block} ], [ {exact.name}, %{stem}.slow ]",
    ]  # fmt: skip
    region.block = stem
    return found


def without_unused(lines: Iterable[str]) -> list[str]:
    """Instructions, less the magnitudes that nothing asks for, and what only they do."""
    kept = list(lines)
    while True:
        used = {name for line in kept for name in _NAME.findall(line.partition(" = ")[2] or line)}
        fewer = [line for line in kept if (found := _PURE.match(line)) is None or found[1] in used]
        if len(fewer) == len(kept):
            return kept
        kept = fewer


_NAME = re.compile(r"%[\w.]+")
_PURE = re.compile(r"  (%[\w.]+) = (?:shufflevector|select|extractelement|insertelement|call .*hypot)")
