"""Loops: they run until no lane of the vector is left, under masks."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..emit import Loop, Ref
from ..ir import Node, Program
from ..memory import SIZES
from ..values import Array, filled, rejoin
from .table import row


@row("while")
def while_(k: Any, first: Array, inits: list[Array], body: Program) -> Any:
    """A loop from which lanes leave one by one."""
    e = k.e
    outputs = k.node.outputs
    states = [k.wide(array, value.axes) for array, value in zip(inits, outputs, strict=True)]
    start: Ref = first.refs[()]
    if e.mask is not None:
        start = e.op("and", start, e.mask)
    test = body.results[0]
    if k.varies(test.axes) or start.width > 1:
        start = e.splat(start)
    outer = e.mask
    loop = Loop(e, None)
    alive = loop.carry(start)
    phis = [[loop.carry(ref) for ref in state.all_refs()] for state in states]
    loop.go_on_while(e.any(alive.ref))
    e.mask = alive.ref if alive.ref.width > 1 or outer is not None else None
    inside = [_array([phi.ref for phi in own], state) for own, state in zip(phis, states, strict=True)]
    k.counters.update(counters(inits, body, 1))
    found = k.inline(body, inside)
    goes_on = found[0].refs[()]
    for own, new in zip(phis, found[1:], strict=True):
        for phi, ref in zip(own, new.all_refs(), strict=True):
            if phi.ref.width > ref.width:
                ref = e.splat(ref, phi.ref.width)
            phi.next = ref if e.mask is None else e.select(e.mask, ref, phi.ref)
    alive.next = e.op("and", alive.ref, goes_on)
    e.mask = outer
    loop.close()
    return [_array([phi.ref for phi in own], state) for own, state in zip(phis, states, strict=True)]


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
    states = [k.wide(array, value.axes) for array, value in zip(inits, carried, strict=True)]
    sources = [spill(k, array) for array in rows]
    targets = [scratch(k, value) for value in stacked]
    loop = Loop(e, e.index(0), e.index(length), 1, length)
    counter = loop.counter
    assert counter is not None
    place = e.op("sub", e.index(length - 1), counter) if reverse else counter
    phis = [[loop.carry(ref) for ref in state.all_refs()] for state in states]
    inside = [_array([phi.ref for phi in own], state) for own, state in zip(phis, states, strict=True)]
    inside += [fetch(k, source, array, place) for source, array in zip(sources, rows, strict=True)]
    k.counters.update(counters(inits, body, 0))
    found = k.inline(body, inside)
    for own, new in zip(phis, found, strict=False):
        for phi, ref in zip(own, new.all_refs(), strict=True):
            phi.next = e.splat(ref, phi.ref.width) if phi.ref.width > ref.width else ref
    for (memory, width), new in zip(targets, found[len(inits) :], strict=True):
        refs = [e.splat(ref, width) if ref.width < width else ref for ref in new.all_refs()]
        size = step_of(refs[0].type, width) if refs else 0
        base = e.integer("mul", place, e.index(size * len(refs)))
        for n, ref in enumerate(refs):
            e.store(in_memory(e, ref), e.address(memory, e.integer("add", base, e.index(n * size))))
    loop.close()
    results = [_array([phi.ref for phi in own], state) for own, state in zip(phis, states, strict=True)]
    for (memory, width), value, new in zip(targets, stacked, found[len(inits) :], strict=True):
        kind = new.all_refs()[0].type if new.all_refs() else "double"
        size = step_of(kind, width)
        count = int(np.prod(value.shape)) * (1 + (value.dtype.kind == "c"))
        refs = [from_memory(e, e.address(memory, e.index(n * size)), kind, width) for n in range(count)]
        results.append(Array(filled(rejoin(refs, value.dtype.kind == "c"), value.shape), value.dtype))
    return results


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
    kind = array.all_refs()[0].type
    size = step_of(kind, width)
    base = e.integer("mul", place, e.index(size * count))
    refs = [from_memory(e, e.address(memory, e.integer("add", base, e.index(n * size))), kind, width)
            for n in range(count)]  # fmt: skip
    return Array(filled(rejoin(refs, array.dtype.kind == "c"), rest), array.dtype)
