"""Loops: they run until no lane of the vector is left, under masks."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..cycles import Loop
from ..emit import SIZES, Emitter, Ref
from ..ir import Node, Program, Value, leaves
from ..native import machine
from ..values import Array, Source, filled, rejoin
from ..whiles import terms
from .held import Held, held_in
from .table import row


@row("while")
def while_(k: Any, first: Array, inits: list[Array], body: Program) -> Any:
    """A loop from which lanes leave one by one."""
    e = k.e
    outputs = k.node.outputs
    start: Ref = first.refs[()]
    if e.mask is not None:
        start = e.op("and", start, e.mask)
    test = body.results[0]
    if k.varies(test.axes) or start.width > 1:
        start = e.splat(start)
    shared = uniform(k, inits, body)
    held = hold(k, body, inits, outputs, 1)
    states = [array if n in shared or n in held else k.wide(array, value.axes)
              for n, (array, value) in enumerate(zip(inits, outputs, strict=True))]  # fmt: skip
    _, carries = turns(k, start, states, inits, body, held)
    return [let_go(k, held[n], inits[n], value) if n in held else _array([carry.after() for carry in own], state)
            for n, (value, own, state) in enumerate(zip(outputs, carries, states, strict=True))]  # fmt: skip


def turns(
    k: Any, start: Ref, states: list[Array], inits: list[Array], body: Program, held: dict[int, Array],
    patience: Ref | None = None, test: Callable[[list[Array]], Ref] | None = None,
) -> tuple[Ref, list[list[Carry]]]:  # fmt: skip
    """The loop of the node at work; returns which lanes are left in it, and what it carries.

    Parameters
    ----------
    start : Ref
        The lanes that take a first turn.
    states, inits : list of Array
        What it begins with, and what that was in the program.
    held : dict
        What lies in memory, by its place.
    patience : Ref, optional
        How many turns of single lanes may be idle before the others leave, too.
    test : callable, optional
        Writes which lanes go on, by what is carried, where a turn begins; the body does not say it, then.
    """
    e, outer = k.e, k.e.mask
    loop = Loop(e, None)
    alive, together = loop.carry(start), loop.carry(e.literal(True, "i1"))
    carries = [[Carry(k, loop, ref, value) for ref in state.all_refs()] if n not in held else []
               for n, (value, state) in enumerate(zip(k.node.outputs, states, strict=True))]  # fmt: skip
    inside = [held[n] if n in held else _array([carry.now() for carry in own], state)
              for n, (own, state) in enumerate(zip(carries, states, strict=True))]  # fmt: skip
    here = alive.ref
    if test is not None:
        e.mask = here
        here = e.op("and", here, test(inside))
    if patience is None:
        more = e.any(here)
    else:
        idle, count = loop.carry(e.index(0)), e.count_of(here)
        idle.next = e.integer("add", idle.ref, e.integer("sub", e.index(e.width), count))
        more = e.op("and", e.compare("ne", count, e.index(0)), e.compare("slt", idle.ref, patience))
    loop.go_on_while(e.op("and", more, together.ref))
    e.mask = here if here.width > 1 or outer is not None else None
    k.counters.update(counters(inits, body, 1))
    found = k.inline(body, inside)
    for n, (own, new) in enumerate(zip(carries, found[1:], strict=True)):
        for carry, ref in zip(own, () if n in held else new.all_refs(), strict=True):
            carry.turn_over(ref)
    goes_on, alive.alive = here, alive.ref
    for value in terms(body) if test is None else ():
        ref = k.value(value).refs[()]
        if ref.width == 1 < alive.ref.width:  # one for all of the vector
            together.next = e.op("and", together.next, ref)
        else:
            goes_on = e.op("and", goes_on, ref)
    alive.next = goes_on
    e.mask = outer
    loop.close()
    for piece in e.pieces(here):  # known where the loop is left
        piece.region = loop.outer
    return e.op("and", here, together.ref), carries


def hold(k: Any, body: Program, inits: list[Array], outputs: list[Value], first: int) -> dict[int, Array]:
    """What a loop carries that lies in memory, by its place: where it lies already if it is so in a loop around."""
    found = {}
    places = held_in(body, inits, first)
    for n, init in enumerate(inits):
        source = init.source
        if n not in places and type(source) is not Held:
            continue
        if type(source) is not Held:
            source = Held(k, init, k.e.width if k.varies(outputs[n].axes) else 1)
        found[n] = Array(None, init.dtype, source=source)
    return found


def let_go(k: Any, held: Array, init: Array, output: Value) -> Array:
    """What was in memory, after a loop: as it is there in a loop around that holds it, too; else nobody writes it."""
    if held.source is init.source or output not in k.asked:
        return held
    assert type(held.source) is Held
    return held.source.settled()


PLAIN = frozenset({
    operator.add, operator.sub, operator.mul, operator.lt, operator.le, operator.gt, operator.ge, operator.eq,
    operator.ne, np.add, np.subtract, np.multiply, np.less, np.less_equal, np.greater, np.greater_equal, np.equal,
    np.not_equal, np.asarray, "kind",
})  # fmt: skip
"""What gives one scalar for all lanes of a vector, if it is given such scalars."""


def values_in(args: Any) -> list[Value]:
    """The values among some arguments."""
    return [x for x in leaves(args) if type(x) is Value]


def uniform(k: Any, inits: list[Array], body: Program) -> set[int]:
    """What a loop carries that is the same in all lanes that are in it, by its place: the number of a turn, say."""
    free = {value for value in body.free() if k.value(value).is_wide()}
    found = {n for n, init in enumerate(inits) if not init.shape and all(ref.width == 1 for ref in init.all_refs())}
    return alike(body, found, free)[0]


def alike(body: Program, found: set[int], free: set[Value]) -> tuple[set[int], set[Value]]:
    """Which of the places that begin alike in all lanes stay so, and what differs between lanes."""
    while True:
        varying = free.union(body.inputs) - {body.inputs[n] for n in found}
        for node in body.nodes:
            if node.function not in PLAIN or varying.intersection(values_in(node.args)):
                varying.update(node.outputs)
        kept = {n for n in found if body.results[n + 1] not in varying}
        if kept == found:
            return found, varying
        found = kept


class Carry:
    """A scalar or vector that a loop carries from which lanes leave one by one.

    Lanes that have left keep what they have, if something asks for it after the loop; the others may go on with the
    rest. A mask that is kept lies in integers, as processors have few registers for masks.

    Parameters
    ----------
    start : Ref
        What it is before the loop.
    value : Value
        What it is of the program.
    """

    def __init__(self, k: Any, loop: Loop, start: Ref, value: Value) -> None:
        self.e: Emitter = k.e
        e = self.e
        asked = value in k.asked
        self.loop, self.asked = loop, asked
        self.spread = asked and start.type == "i1" and start.width > 1
        bits = machine().vector_bits // e.piece
        self.type = f"i{next((size for size in (64, 32, 16) if size <= bits), 8)}"
        self.phi = loop.carry(e.convert("sext", start, self.type) if self.spread else start)
        wide = start.width == 1 and asked and k.varies(value.axes)
        self.last = loop.carry(e.splat(start)) if wide else self.phi  # what lanes take along that leave

    def now(self) -> Ref:
        """What it is in a turn."""
        e, ref = self.e, self.phi.ref
        return e.compare("slt", ref, e.literal(0, self.type)) if self.spread else ref

    def after(self) -> Ref:
        """What it is after the loop."""
        return self.now() if self.last is self.phi else self.last.ref

    def turn_over(self, new: Ref) -> None:
        """What it is in the turn after."""
        e, phi, last = self.e, self.phi, self.last
        mask = e.literal(True, "i1") if e.mask is None else e.mask
        new = e.splat(new, phi.ref.width) if phi.ref.width > new.width else new
        if self.spread:
            phi.next = e.piecewise(self.kept, e.splat(mask), new, phi.ref)
            return
        phi.next = phi.alive = new
        if self.asked:
            last.next = e.select(mask, new, last.ref)

    def kept(self, mask: Ref, new: Ref, old: Ref) -> Ref:
        """A mask after a turn, in integers."""
        e = self.e
        yes, no = e.literal(-1, self.type), e.literal(0, self.type)
        before = e.compare("slt", old, no).name
        name, refs = e.made.get(new.name, ("", []))
        more = [ref for ref in refs if ref.name != before]
        if name == "or" and len(more) == 1:  # what it was, or else
            return e.select(e.op("and", mask, more[0]), yes, old)
        return e.select(mask, e.select(new, yes, no), old)


def counters(inits: list[Array], body: Program, first: int) -> list[Node]:
    """The additions that count a loop's turns from a constant: they can't overflow in any time that there is."""
    makers = {value: node for node in body.nodes for value in node.outputs}
    results = body.results[first : first + len(inits)]
    found = []
    for init, param, new in zip(inits, body.inputs, results, strict=False):
        node = makers.get(new)
        if node is None or node.function is not operator.add or any(ref.constant is None for ref in init.all_refs()):
            continue
        if node.args[0] is param and type(node.args[1]) is int and abs(node.args[1]) < 2**20:
            found.append(node)
    return found


def _array(refs: list[Ref], like: Array) -> Array:
    return Array(filled(rejoin(refs, like.dtype.kind == "c"), like.shape), like.dtype)


@row("fail")
def fail(k: Any, mask: Array) -> Any:
    """Lanes that need the ordinary way."""
    k.fail(mask.refs[()])
    return []


@row("scan")
def scan(k: Any, length: int, reverse: bool, inits: list[Array], rows: list[Array], body: Program) -> Any:
    """A loop of so many turns; what it reads and stacks lies in memory, lane by lane."""
    e = k.e
    carried = k.node.outputs[: len(inits)]
    stacked = k.node.outputs[len(inits) :]
    held = hold(k, body, inits, carried, 0)
    states = [array if n in held else k.wide(array, value.axes)
              for n, (array, value) in enumerate(zip(inits, carried, strict=True))]  # fmt: skip
    sources = [spill(k, array) for array in rows]
    targets = [scratch(k, value) for value in stacked]
    loop = Loop(e, e.index(0), e.index(length), 1, length)
    counter = loop.counter
    assert counter is not None
    place = e.op("sub", e.index(length - 1), counter) if reverse else counter
    phis = [[loop.carry(ref) for ref in state.all_refs()] if n not in held else [] for n, state in enumerate(states)]
    inside = [held[n] if n in held else _array([phi.ref for phi in own], state)
              for n, (own, state) in enumerate(zip(phis, states, strict=True))]  # fmt: skip
    inside += [fetch(k, source, array, place) for source, array in zip(sources, rows, strict=True)]
    k.counters.update(counters(inits, body, 0))
    found = k.inline(body, inside)
    for n, (own, new) in enumerate(zip(phis, found, strict=False)):
        for phi, ref in zip(own, () if n in held else new.all_refs(), strict=True):
            phi.next = e.splat(ref, phi.ref.width) if phi.ref.width > ref.width else ref
    for (memory, width), new in zip(targets, found[len(inits) :], strict=True):
        refs = [e.splat(ref, width) if ref.width < width else ref for ref in new.all_refs()]
        size = step_of(refs[0].type, width) if refs else 0
        base = e.integer("mul", place, e.index(size * len(refs)))
        for n, ref in enumerate(refs):
            e.store(in_memory(e, ref), e.address(memory, e.integer("add", base, e.index(n * size))))
    loop.close()
    results = [let_go(k, held[n], inits[n], value) if n in held else _array([phi.ref for phi in own], state)
               for n, (value, own, state) in enumerate(zip(carried, phis, states, strict=True))]  # fmt: skip
    for target, value, new in zip(targets, stacked, found[len(inits) :], strict=True):
        kind = new.all_refs()[0].type if new.all_refs() else "double"
        results.append(Array(None, value.dtype, source=Stacked(k, value, kind, *target)))
    return results


class Stacked(Source):
    """What a loop has stacked: it lies in memory, for another loop to go through, or until somebody asks for it."""

    __slots__ = ("e", "kind", "memory", "value")
    changes = True  # only loops take it as it lies there

    def __init__(self, k: Any, value: Value, kind: str, memory: Ref, width: int) -> None:
        super().__init__(value.shape, width, k.e.region)
        self.e, self.value, self.kind, self.memory = k.e, value, kind, memory

    def read(self) -> Any:
        """Bring its elements into registers."""
        e, value = self.e, self.value
        before, e.region = e.region, self.region
        size = step_of(self.kind, self.width)
        count = int(np.prod(value.shape)) * (1 + (value.dtype.kind == "c"))
        refs = [from_memory(e, e.address(self.memory, e.index(n * size)), self.kind, self.width) for n in range(count)]
        e.region = before
        return filled(rejoin(refs, value.dtype.kind == "c"), value.shape)

    def fill(self, work: Any, matrix: Any, column: int) -> None:
        """Copy it into a matrix of an algorithm, from some column on."""
        refs = self.refs().reshape(self.shape[0], -1)
        for r, c in np.ndindex(refs.shape):
            matrix.put(r, c + column, refs[r, c])


# ---- lane-blocked scratch: [element][lane] ----


def step_of(kind: str, width: int) -> int:
    """The bytes of an element for every lane."""
    return SIZES["i8" if kind == "i1" else kind] * width


def in_memory(e: Any, ref: Ref) -> Ref:
    return e.convert("zext", ref, "i8") if ref.type == "i1" else ref


def from_memory(e: Any, pointer: Ref, kind: str, width: int) -> Ref:
    found: Ref = e.read(pointer, "i8" if kind == "i1" else kind, width)
    return e.compare("ne", found, e.literal(0, "i8")) if kind == "i1" else found


def scratch(k: Any, value: Any) -> tuple[Ref, int]:
    """Memory for a value, and how many lanes it has."""
    width = k.e.width if k.varies(value.axes) else 1
    count = int(np.prod(value.shape)) * (1 + (value.dtype.kind == "c"))
    return k.e.alloca("i8", max(count, 1) * 8 * width), width


def spill(k: Any, array: Array) -> tuple[Ref, int]:
    """An array written to scratch, to be read at computed places."""
    e = k.e
    if type(array.source) is Stacked and array.made is None:
        return array.source.memory, array.source.width
    refs = array.all_refs()
    width = max([ref.width for ref in refs], default=1)
    if not refs:
        return e.alloca("i8", 8), 1
    size = step_of(refs[0].type, width)
    memory = e.alloca("i8", len(refs) * size)
    for n, ref in enumerate(refs):
        wide = e.splat(ref, width) if ref.width < width else ref
        e.store(in_memory(e, wide), e.address(memory, e.index(n * size)))
    return memory, width


def fetch(k: Any, source: tuple[Ref, int], array: Array, place: Ref) -> Array:
    """One row of an array in scratch."""
    e, (memory, width) = k.e, source
    rest = array.shape[1:]
    count = int(np.prod(rest)) * (1 + (array.dtype.kind == "c"))
    kind = array.source.kind if type(array.source) is Stacked else array.all_refs()[0].type
    size = step_of(kind, width)
    base = e.integer("mul", place, e.index(size * count))
    refs = [from_memory(e, e.address(memory, e.integer("add", base, e.index(n * size))), kind, width)
            for n in range(count)]  # fmt: skip
    return Array(filled(rejoin(refs, array.dtype.kind == "c"), rest), array.dtype)
