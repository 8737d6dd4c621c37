"""Code out of the way: what a quick computation can't tell is computed lane by lane, where some lane needs it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .emit import SIZES, Emitter, Ref, Region, Wide

RARE = '!1 = !{!"branch_weights", i32 1, i32 1048575}'
"""What the text of a kernel says of jumps to such code, so that it costs no registers elsewhere."""


Exact = Callable[..., list[Ref]]


def aside(e: Emitter, unsure: Ref, quick: Sequence[Ref], operands: Sequence[Ref], exact: Exact) -> list[Ref]:
    """The quick answers; where a scalar condition holds, exact ones.

    Parameters
    ----------
    quick, operands : sequence of Ref
        Vectors of ``W`` lanes.
    exact : callable
        ``exact(*operands)`` writes the code of as many answers as there are quick ones.
    """
    return _out_of_the_way(e, unsure, quick, operands, lambda: exact(*[_again(e, ref) for ref in operands]))


def aside_by_pieces(e: Emitter, unsure: Ref, quick: Ref, operand: Ref, exact: Callable[[Ref, Ref], Ref]) -> Ref:
    """The same for one answer: ``exact(operand, quick)`` is written once, for a piece of these vectors."""
    (found,) = _out_of_the_way(e, unsure, [quick], [operand], lambda: [_by_pieces(e, operand, quick, exact)])
    return found


def _out_of_the_way(
    e: Emitter, unsure: Ref, quick: Sequence[Ref], operands: Sequence[Ref], write: Callable[[], list[Ref]]
) -> list[Ref]:  # fmt: skip
    """The quick answers, or what ``write`` does for them out of the way."""
    region, name = e.place([*operands, *quick, unsure]), e.fresh("aside")
    before, slow = (e.region, e.mask, e.work), Region(region, f"{name}.slow")
    e.region, e.mask = slow, None
    answers = write()
    e.region, e.mask, e.work = before
    lines = [f"  br i1 {unsure.name}, label %{name}.slow, label %{name}, !prof !1", f"{name}.slow:", *slow.lines]
    lines += [f"  br label %{name}", f"{name}:"]
    found = []
    for pair in zip(quick, answers, strict=True):
        refs = []
        for ref, own in zip(*map(e.pieces, pair), strict=True):
            refs.append(Ref("%" + e.fresh(), ref.type, ref.width, region))
            ways = f"[ {ref.name}, %{region.block} ], [ {own.name}, %{slow.block} ]"
            lines.append(f"  {refs[-1].name} = phi {ref.llvm} {ways}")
        found.append(refs[0] if len(refs) == 1 else Wide(e, refs))
    region.lines += lines
    region.block = name
    return found


def _again(e: Emitter, ref: Ref) -> Ref:
    """A vector that comes by memory, so that what is made of it is made here."""
    place = e.alloca(ref.type, ref.width)
    e.store(ref, place)
    return e.read(place, ref.type, ref.width)


def _by_pieces(e: Emitter, operand: Ref, quick: Ref, exact: Callable[[Ref, Ref], Ref]) -> Ref:
    """Better answers for a vector, piece by piece."""
    if not e.is_cut(operand.width):
        return exact(_again(e, operand), _again(e, quick))
    places = [e.alloca(ref.type, ref.width) for ref in (operand, quick)]
    for ref, place in zip((operand, quick), places, strict=True):
        e.store(ref, place)
    loop = e.enter(e.index(0), e.index(operand.width), e.piece)
    assert loop.counter is not None
    here = [_at(e, place, ref.type, loop.counter) for ref, place in zip((operand, quick), places, strict=True)]
    pieces = [e.read(place, ref.type, e.piece) for ref, place in zip((operand, quick), here, strict=True)]
    e.store(exact(pieces[0], pieces[1]), here[1])
    loop.close()
    return e.read(places[1], quick.type, quick.width)


def lane_by_lane(e: Emitter, rule: Exact) -> Exact:
    """A rule for scalars as one for vectors."""

    def exact(*operands: Ref) -> list[Ref]:
        return _lane_by_lane(e, operands, rule)

    return exact


def _lane_by_lane(e: Emitter, operands: Sequence[Ref], rule: Exact) -> list[Ref]:
    """A rule for scalars on each lane of vectors, which lie in memory for it."""
    width = operands[0].width
    places = [e.alloca(ref.type, width) for ref in operands]
    for ref, place in zip(operands, places, strict=True):
        e.store(ref, place)
    loop = e.enter(e.index(0), e.index(width), 1)
    assert loop.counter is not None
    found = rule(*[e.read(_at(e, place, ref.type, loop.counter), ref.type)
                   for ref, place in zip(operands, places, strict=True)])  # fmt: skip
    kinds = ["i8" if ref.type == "i1" else ref.type for ref in found]
    targets = [e.alloca(kind, width) for kind in kinds]
    for ref, kind, target in zip(found, kinds, targets, strict=True):
        e.store(e.convert("zext", ref, kind) if ref.type == "i1" else ref, _at(e, target, kind, loop.counter))
    loop.close()
    answers = [e.read(target, kind, width) for kind, target in zip(kinds, targets, strict=True)]
    return [
        e.compare("ne", answer, e.literal(0, "i8")) if ref.type == "i1" else answer
        for ref, answer in zip(found, answers, strict=True)
    ]


def _at(e: Emitter, place: Ref, kind: str, lane: Ref) -> Ref:
    return e.address(place, e.integer("mul", lane, e.index(SIZES[kind])))
