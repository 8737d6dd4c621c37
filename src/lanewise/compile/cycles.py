"""Loops of the code: counted, or as long as a condition holds. What they carry goes round."""

from __future__ import annotations

import math

from .ahead import carried_over
from .emit import Emitter, Ref, Region, Wide


class Phi:
    """A value that a loop carries.

    Attributes
    ----------
    ref, start, next : Ref
        The value in a turn, in the first turn, and in the turn after.
    alive : Ref or None
        The value in the turn after for lanes that come to it; None if it is the same.
    """

    __slots__ = ("alive", "next", "ref", "start")

    def __init__(self, ref: Ref, start: Ref) -> None:
        self.ref = ref
        self.start = start
        self.next = start
        self.alive: Ref | None = None


class Loop:
    """A loop: counted, or as long as a condition holds. What it carries are phis."""

    def __init__(
        self, e: Emitter, start: Ref | None, stop: Ref | None = None, step: int = 1, turns: float = 20
    ) -> None:
        self.e = e
        self.name = e.fresh("loop")
        self.outer = e.region
        self.region = Region(e.region, f"{self.name}.body", turns)
        e.region = self.region
        self.phis: list[Phi] = []
        self.step = step
        self.condition = ""
        self.counter: Ref | None = None
        if start is not None:
            assert stop is not None
            self.counter = e.note_multiple(self.carry(start).ref, math.gcd(e.multiple(start), step))
            self.condition = f"icmp slt i64 {self.counter.name}, {stop.name}"

    def carry(self, start: Ref) -> Phi:
        """A value that goes round the loop."""
        e = self.e
        starts = e.pieces(start)
        refs = [Ref("%" + e.fresh("p"), one.type, one.width, self.region) for one in starts]
        phi = Phi(refs[0] if len(refs) == 1 else Wide(e, refs), start)
        self.phis.append(phi)
        return phi

    def single(self) -> list[Phi]:
        """What the loop carries, in pieces."""
        e, found = self.e, []
        for phi in self.phis:
            if not e.is_cut(phi.ref.width):
                found.append(phi)
                continue
            values = (phi.ref, phi.start, phi.next, phi.alive or phi.next)
            for ref, start, ahead, alive in zip(*map(e.pieces, values), strict=True):
                piece = Phi(ref, start)
                piece.next, piece.alive = ahead, alive
                found.append(piece)
        return found

    def go_on_while(self, some: Ref) -> None:
        """Leave the loop here unless a scalar condition holds."""
        region, name = self.region, self.name
        region.lines.append(f"  br i1 {some.name}, label %{name}.go, label %{name}.exit")
        region.lines.append(f"{name}.go:")
        region.block = f"{name}.go"

    def close(self) -> None:
        """End the loop, and put its code into the region around it."""
        e, name, region, outer = self.e, self.name, self.region, self.outer
        if self.counter is not None:
            self.phis[0].next = e.integer("add", self.counter, e.index(self.step))
        if region.fails:
            failed = self.carry(e.literal(False, "i1"))
            failed.next = e.op("or", failed.ref, e.failed())
            outer.fails.append(failed.ref)
        phis = self.single()
        own = self.phis[self.counter is not None :]
        if any(phi.ref.width == e.width for phi in own):  # what only counts has little to compute ahead
            phis += carried_over(e, region, outer, phis)
        e.region = outer
        counted = bool(self.condition)
        entry = outer.block
        text = [f"  br label %{name}", f"{name}:"]
        latch = region.block
        for phi in phis:
            text.append(
                f"  {phi.ref.name} = phi {phi.ref.llvm} [ {phi.start.name}, %{entry} ], [ {phi.next.name}, %{latch} ]"
            )
        if counted:
            text.append(f"  %{name}.c = {self.condition}")
            text.append(f"  br i1 %{name}.c, label %{name}.body, label %{name}.exit")
            text.append(f"{name}.body:")
        else:
            text.append(f"  br label %{name}.body")
            text.append(f"{name}.body:")
        text += region.lines
        text.append(f"  br label %{name}")
        text.append(f"{name}.exit:")
        outer.lines += text
        outer.block = f"{name}.exit"
        for phi in phis:  # what the loop carried is known outside of it
            phi.ref.region = outer
