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

_NAME = re.compile(r"%[\w.]+")
_MADE = re.compile(r"  (%[\w.]+) = ")


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
    made = {match[1] for line in region.lines if (match := _MADE.match(line))}
    kept = {phi.next.name for phi in phis}
    found: list[Phi] = []
    for text, ref in list(region.known.items()):
        used = set(_NAME.findall(text))
        moves = used & ahead.keys() - stays
        if not moves or (used & made) - ahead.keys() or text.startswith("load") or ref.type == "pair":
            continue
        if ref.name in kept or (ref.type == "i1" and used & stays):
            continue
        again = region.known.get(_NAME.sub(lambda name: ahead.get(name[0], name[0]), text))
        if again is None or again is ref:
            continue
        first = _NAME.sub(lambda name: starts.get(name[0], name[0]), text)
        start = known_at(outer, first)
        if start is None:
            start = outer.known[first] = Ref("%" + e.fresh(), ref.type, ref.width, outer)
            outer.lines.append(f"  {start.name} = {first}")
        phi = Phi(ref, start)
        phi.next = again
        found.append(phi)
        ahead[ref.name], starts[ref.name] = again.name, start.name
    if found:
        used = {phi.next.name for phi in (*phis, *found)}
        needless(region, {phi.ref.name for phi in found}, used)
    return found


def known_at(region: Region | None, text: str) -> Ref | None:
    """The result of an instruction that is written in some region, or around it."""
    while region is not None:
        if text in region.known:
            return region.known[text]
        region = region.parent
    return None


def needless(region: Region, carried: set[str], used: set[str]) -> None:
    """Take out what a loop carries now, and what was there for nothing else."""
    pure = {ref.name for ref in region.known.values()}
    kept = []
    for line in reversed(region.lines):
        made = _MADE.match(line)
        if made is not None and (made[1] in carried or (made[1] in pure and made[1] not in used)):
            continue
        kept.append(line)
        used.update(_NAME.findall(line.partition(" = ")[2] if made else line))
    region.lines = kept[::-1]
