"""The code of long sides of an ``if``, which is jumped over where no lane of a vector comes to them.

What a side reads is the same there, but of another name, so that its instructions stay where they are written. What is
read of it is zero where no lane comes to it: nobody needs that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .emit import Emitter, Ref, Region, Wide
from .folds import closure
from .ir import Node, Program, Value
from .lift import Row
from .sides import DEAR, OFTEN, Side, in_order, kept_in_order, sides_of
from .values import Array, filled, rejoin
from .whiles import terms

if TYPE_CHECKING:
    from .kernel import Kernel


def asked_of(program: Program) -> list[Any]:
    """What is read of a sub-program: its results, and of a loop's body the terms of its test."""
    first = program.results[0] if program.results else None
    return [*program.results, *(terms(program) if type(first) is Value and first.dtype == bool else ())]


def run_all(k: Kernel, nodes: list[Node], results: Iterable[Value], within: Value | None = None) -> None:
    """Write the code of nodes in order, those of a side perhaps; the results are what is read of them."""
    makers = {value: node for node in nodes for value in node.outputs}
    least = DEAR if k.e.mask is not None else OFTEN * DEAR
    sides = sides_of(nodes, results, lambda value: makers.get(value) or k.makers.get(value), within, None, least)
    for step in in_order(nodes, kept_in_order(nodes, sides)):
        if isinstance(step, Side):
            write(k, step)
        else:
            k.run(step)


def outermost(k: Kernel, items: Sequence[tuple[Any, list[Value], Any]], loop: Node | None) -> dict[Node, Side]:
    """The sides among what there is to do in the innermost loop of a kernel, by their nodes.

    Parameters
    ----------
    items : sequence of Item
        What there is to do.
    loop : Node or None
        A loop that is written apart (`Rounds`), and in none of them.
    """
    if any(type(axis) is Row for axis in k.axes):
        return {}
    checks = [target for _, _, target in items if type(target) is Node]
    needed = {*closure(k, [x for _, values, _ in items for x in values]), *checks}
    nodes = [node for node in dict.fromkeys([*k.makers.values(), *checks]) if node in needed]
    asked = [x for _, values, target in items if type(target) is not Node or target.outputs for x in values]
    return sides_of(nodes, asked, k.makers.get, without=loop, least=OFTEN * DEAR)


def check(k: Kernel, node: Node) -> None:
    """Write the code of a check that gives nothing, or of the side that it is in, unless that is there."""
    side = k.sides.get(node)
    if side is None:
        k.run(node)
    elif side.outputs:
        k.values_of(side.outputs)
    elif k.known(side) is None:
        write(k, side)


def write(k: Kernel, side: Side) -> None:
    """Write the code of a side; what is read of it is zero where no lane comes to it."""
    e = k.e
    inputs = {value: k.value(value) for value in side.inputs}
    e.region.memo[side] = inputs[side.mask]  # it is there from here on
    mask = inputs[side.mask].refs[()]
    refs = [ref for array in inputs.values() if array.source is None for ref in array.all_refs()]
    if e.mask is not None:  # what is in it asks who is at work, so it stays within the loop that knows
        mask = e.op("and", e.mask, mask)
    outer = e.place([mask, *refs])
    with apart(e, e.any(mask), outer) as jump:
        for value, array in inputs.items():
            if array.source is None and any(ref.width > 1 and ref.type != "i1" for ref in array.all_refs()):
                own = [here(e, ref) for ref in array.all_refs()]
                jump.region.memo[value] = shaped(own, array)
        run_all(k, side.nodes, side.outputs, within=side.mask)
        found = {value: k.value(value) for value in side.outputs}
        jump.give([ref for array in found.values() for ref in array.all_refs()])
    given = iter(jump.given)
    for value, array in found.items():
        k.keep(value, shaped([next(given) for _ in array.all_refs()], array))


def shaped(refs: list[Ref], like: Array) -> Array:
    """An array of other refs."""
    return Array(filled(rejoin(refs, like.dtype.kind == "c"), like.shape), like.dtype, like.kind)


def here(e: Emitter, ref: Ref) -> Ref:
    """The same vector, so that what is made of it is made here."""
    if ref.width == 1 or ref.type == "i1" or ref.constant is not None:
        return ref
    return e.piecewise(lambda piece: e.add(f"freeze {piece}", piece.type, piece.width, [piece], here=True), ref)


class Jump:
    """Code that is jumped over unless a scalar condition holds."""

    def __init__(self, e: Emitter, outer: Region) -> None:
        self.e, self.outer = e, outer
        self.name = e.fresh("side")
        self.region = Region(outer, f"{self.name}.in", 1)
        self.phis: list[str] = []
        self.given: list[Ref] = []

    def give(self, refs: list[Ref]) -> None:
        """Let what is made in it be known outside, as zero where it is not."""
        self.given = [self.given_one(ref) for ref in refs]

    def given_one(self, ref: Ref) -> Ref:
        e = self.e
        if e.place([ref]).depth < self.region.depth:
            return ref
        pieces = [self.phi(piece, "zeroinitializer" if piece.width > 1 else _zero(e, piece)) for piece in e.pieces(ref)]
        return pieces[0] if len(pieces) == 1 else Wide(e, pieces)

    def phi(self, ref: Ref, other: str) -> Ref:
        """The one from within, or another."""
        found = Ref("%" + self.e.fresh(), ref.type, ref.width, self.outer)
        self.phis.append(f"  {found.name} = phi {ref.llvm} [ {other}, %{{}} ], [ {ref.name}, %{{}} ]")
        return found


def _zero(e: Emitter, ref: Ref) -> str:
    return "null" if ref.type == "ptr" else e.literal(0, ref.type).name


@contextmanager
def apart(e: Emitter, some: Ref, outer: Region) -> Iterator[Jump]:
    """Code within runs only where a scalar condition holds; it is put at the end of the code around it."""
    jump, before = Jump(e, outer), e.region
    e.region = jump.region
    yield jump
    if jump.region.fails:
        outer.fails.append(jump.phi(e.failed(), "false"))
    e.region = before
    name = jump.name
    outer.lines += [f"  br i1 {some.name}, label %{name}.in, label %{name}", f"{name}.in:", *jump.region.lines]
    outer.lines += [f"  br label %{name}", f"{name}:"]
    outer.lines += [line.format(outer.block, jump.region.block) for line in jump.phis]
    outer.block = name
