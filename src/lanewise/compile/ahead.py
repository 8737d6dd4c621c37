"""What a turn of a loop computes that the next one would compute again: it is carried over.

A loop that tests what it has made computes ``f(x)`` at the end of a turn, and at the beginning of the next one again,
of the same ``x``. An instruction on what the loop carries is carried itself, if the same instruction on what it will
carry in the next turn is there, too. That is so for the lanes that come to the next turn, and for no others; what
lanes keep that leave, and the masks that say which these are, stay as they are.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .emit import Ref

if TYPE_CHECKING:
    from .cycles import Phi
    from .emit import Emitter, Region

_NAME = re.compile(r"(%[\w.]+)")


def carried_over(e: Emitter, region: Region, outer: Region, phis: list[Phi]) -> list[Phi]:
    """More that a loop carries, in place of instructions in it, which are taken out.

    Parameters
    ----------
    region, outer : Region
        The loop's code, and the code around it.
    phis : list of Phi
        What it carries so far.
    """
    from .cycles import Phi

    ahead = {phi.ref.name: (phi.alive or phi.next).name for phi in phis}
    starts = {phi.ref.name: phi.start.name for phi in phis}
    stays = {name for name, later in ahead.items() if name == later}
    lines = [(made_by(line), line) for line in region.lines]
    made = {name for name, _ in lines}
    kept = {phi.next.name for phi in phis}
    found: dict[str, Phi] = {}
    firsts: dict[str, Ref] = {}  # what is to be computed before the loop
    moving = ahead.keys() - stays
    for text, ref in region.known.items():
        used = {operand.name for operand in ref.operands}
        if moving.isdisjoint(used) or not (used & made <= ahead.keys()) or ref.type == "pair" or text[:4] == "load":
            continue
        if ref.name in kept or (ref.type == "i1" and not stays.isdisjoint(used)):
            continue
        parts = _NAME.split(text)
        again = region.known.get(renamed(parts, ahead))
        if again is None or again is ref:
            continue
        first = renamed(parts, starts)
        start = firsts.get(first) or known_at(outer, first)
        if start is None:
            start = firsts[first] = Ref("%" + e.fresh(), ref.type, ref.width, outer)
        phi = found[ref.name] = Phi(ref, start)
        phi.next = again
        ahead[ref.name], starts[ref.name] = again.name, start.name
        moving.add(ref.name)
    if not found:
        return []
    asked = needed(region, lines, found, kept)
    begin(outer, firsts, {phi.start.name for phi in asked})
    return asked


def made_by(line: str) -> str | None:
    """The name that a line gives to something."""
    return line[2 : line.index(" ", 2)] if line.startswith("  %") else None


def renamed(parts: list[str], names: dict[str, str]) -> str:
    """The text of an instruction, in parts of which every other is a name, with other names."""
    again = parts.copy()
    again[1::2] = [names.get(name, name) for name in parts[1::2]]
    return "".join(again)


def known_at(region: Region | None, text: str) -> Ref | None:
    """The result of an instruction that is written in some region, or around it."""
    while region is not None:
        if text in region.known:
            return region.known[text]
        region = region.parent
    return None


def needed(
    region: Region, lines: list[tuple[str | None, str]], found: dict[str, Phi], kept: set[str]
) -> list[Phi]:  # fmt: skip
    """Take out of a loop what it carries now, and what was there for nothing else; what it has to carry is left."""
    refs = {ref.name: ref for ref in region.known.values()}
    asked: set[str] = set()
    stack = list(kept)
    for name, line in lines:
        if name not in refs:
            stack += _NAME.findall(line)
    while stack:
        name = stack.pop()
        if name in asked:
            continue
        asked.add(name)
        if name in found:
            stack.append(found[name].next.name)
        elif name in refs:
            stack += [operand.name for operand in refs[name].operands]
    gone = {name for name in refs if name in found or name not in asked}
    region.lines = [line for name, line in lines if name not in gone]
    return [phi for name, phi in found.items() if name in asked]


def begin(outer: Region, firsts: dict[str, Ref], asked: set[str]) -> None:
    """Write what is computed before the loop, of what is asked for."""
    lines = []
    for text, ref in reversed(firsts.items()):
        if ref.name in asked:
            asked.update(_NAME.findall(text))
            outer.known[text] = ref
            lines.append(f"  {ref.name} = {text}")
    outer.lines += lines[::-1]
