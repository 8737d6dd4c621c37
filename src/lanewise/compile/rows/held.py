"""Arrays that a loop carries and writes at computed places: they lie in memory, ``[element][lane]``.

A write is done there. In registers it would be a choice for each element. In memory a turn writes what the next one
reads: that is right where the body writes what it got and nothing reads what was before a write, as `in_place` sees.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..cells import put, put_view
from ..emit import SIZES, Emitter, Ref, type_of
from ..ir import Node, Program, Value, leaves
from ..scratch import InScratch, Scratch, Work, rows_and_columns
from ..values import Array, Source, filled, parts, rejoin
from .places import gathered, of_lanes, scattered

FEW = 8  # elements that are sooner chosen among in registers
MANY = 64  # elements that are copied by loops
LARGEST = 1 << 15  # bytes of each lane


class Held(Source):
    """An array in memory that is written there.

    Parameters
    ----------
    array : Array
        What it is at first.
    width : int
        How many lanes it has.
    """

    __slots__ = ("dtype", "e", "k", "memory", "step", "type")
    changes = picks = True

    def __init__(self, k: Any, array: Array, width: int) -> None:
        e: Emitter = k.e
        super().__init__(array.shape, width, e.region)
        self.k, self.e, self.dtype = k, e, array.dtype
        self.type = "i8" if array.dtype.kind == "b" else type_of(array.dtype)
        self.step = SIZES[self.type] * width  # from one part of an element to the next
        if array.made is None and array.source is not None and self.is_matrix():
            self.memory = e.alloca("i8", self.elements() * self.step)
            array.source.fill(*self.matrix(), 0)
            return
        refs = array.all_refs()
        self.memory = e.alloca("i8", max(self.elements(), 1) * self.step)
        for n, ref in enumerate(refs):
            e.store(self.stored(ref), e.address(self.memory, e.index(n * self.step)))

    def elements(self) -> int:
        """How many there are; a complex one counts for two."""
        return math.prod(self.shape) * (2 if self.dtype.kind == "c" else 1)

    def is_matrix(self) -> bool:
        """Whether it is large, and lies as a matrix in scratch memory does (`scratch.Scratch`)."""
        return math.prod(self.shape) > MANY and len(self.shape) <= 2 and self.dtype.kind != "b"

    def matrix(self) -> tuple[Work, Scratch]:
        """A matrix in scratch memory that lies as it does, for what is copied by loops."""
        work = Work(self.k, self.dtype, True, [])
        return work, Scratch(self.e, self.dtype, *rows_and_columns(self.shape), self.width, self.memory)

    def settled(self) -> Array:
        """What it holds when nothing writes it any more."""
        if not self.is_matrix():
            return Array(self.read(), self.dtype)
        return Array(None, self.dtype, source=InScratch(*self.matrix(), self.shape, 0, False))

    def refs(self) -> Any:
        """Its elements as they are now."""
        return self.read()

    def read(self) -> Any:
        """Bring its elements into registers."""
        return self.pick(np.arange(math.prod(self.shape)).reshape(self.shape), {})

    def stored(self, ref: Ref) -> Ref:
        """A part of an element as it lies in memory."""
        e = self.e
        return e.splat(e.convert("zext", ref, "i8") if ref.type == "i1" else ref, self.width)

    def offsets(self, numbers: Any, moving: Ref | None) -> Any:
        """For each part of some elements where it is, in bytes; vectors say it for each lane."""
        e, count = self.e, 2 if self.dtype.kind == "c" else 1
        for number in numbers.ravel():
            for part in range(count):
                fixed = e.index((int(number) * count + part) * self.step)
                yield fixed if moving is None else e.op("add", e.op("mul", moving, e.index(count * self.step)), fixed)

    def moving(self, places: dict[int, Ref]) -> Ref | None:
        """What computed numbers along some axes add to the number of an element in C order."""
        e, found = self.e, None
        for axis, place in places.items():
            scaled = e.op("mul", place, e.index(math.prod(self.shape[axis + 1 :])))
            found = scaled if found is None else e.op("add", found, scaled)
        return found

    def pick(self, numbers: Any, places: dict[int, Ref]) -> Any:
        """Some elements, by their numbers in C order, which computed numbers along some axes are added to."""
        e, found = self.e, []
        for offset in self.offsets(numbers, self.moving(places)):
            if offset.width == 1:
                ref = e.read(e.address(self.memory, offset), self.type, self.width)
            else:
                lanes = of_lanes(e, offset, SIZES[self.type]) if self.width > 1 else offset
                ref = gathered(e, self.memory, lanes, self.type)
            found.append(e.compare("ne", ref, e.literal(0, "i8")) if self.dtype.kind == "b" else ref)
        return filled(rejoin(found, self.dtype.kind == "c"), numbers.shape)

    def put(self, numbers: Any, places: dict[int, Ref], items: Any) -> None:
        """Write some elements, where lanes are at work."""
        e = self.e
        refs = [part for item in items.ravel() for part in parts(item)]
        for offset, ref in zip(self.offsets(numbers, self.moving(places)), refs, strict=True):
            ref = self.stored(ref)
            mask = e.literal(True, "i1") if e.mask is None else e.mask
            if offset.width > 1:
                scattered(e, ref, self.memory, of_lanes(e, offset, SIZES[self.type]), e.splat(mask))
                continue
            place = e.address(self.memory, offset)
            old = ref if mask.constant is not None else e.read(place, self.type, self.width)
            e.store(e.select(mask, ref, old), place)


# ---- which arrays can be ----


def held_in(body: Program, inits: list[Any], first: int) -> list[int]:
    """The places of what a loop carries that can lie in memory.

    Parameters
    ----------
    first : int
        Where the results of the body begin that are carried.
    """
    return [
        n for n, init in enumerate(inits)
        if math.prod(init.shape) > FEW and in_place(body, n, first) and is_moving(body, body.inputs[n])
    ]  # fmt: skip


def large_held(node: Node) -> list[Value]:
    """The large arrays that a loop carries in memory: what it starts with, and what it gives."""
    if node.function not in ("while", "scan"):
        return []
    inits, first = carried(node), 1 if node.function == "while" else 0
    held = [n for n in held_in(node.args[-1], inits, first) if may_be_large(inits[n])]
    return [x for n in held for x in (inits[n], node.outputs[n])]


def may_be_large(value: Value) -> bool:
    """Whether an array is large, and can be copied by loops."""
    size = math.prod(value.shape)
    return MANY < size <= LARGEST // value.dtype.itemsize and len(value.shape) <= 2 and value.dtype.kind != "b"


def in_place(body: Program, n: int, first: int) -> bool:
    """Whether an array may be written where it lies: nothing reads what it was before."""
    now: set[Value] = {body.inputs[n]}
    before: set[Value] = set()  # what it was before the last write, which was under a mask
    past: set[Value] = set()
    mask: Value | None = None
    for node in body.nodes:
        args, function = node.args, node.function
        of = [x if type(x) is Value else None for x in args]
        if function is np.where and of[1] in now and (of[2] in now or (of[0] is mask and of[2] in before)):
            now.add(node.outputs[0])
            continue
        if not past.isdisjoint(node.operands()):
            return False
        if function == "kind" and of[0] in now:
            now.add(node.outputs[0])
        elif function in (put, put_view) and of[0] in now:
            if not is_simple(node) or any(type(x) is Value and x in now for x in leaves(args[1:])):
                return False
            before, mask = (set() if node.mask is None else now), node.mask
            past |= now
            now = {node.outputs[0]}
        elif function in ("while", "scan") and not now.isdisjoint(carried(node)):
            place = next(m for m, init in enumerate(carried(node)) if init in now)
            inner, start = args[-1], 1 if function == "while" else 0
            if sum(x in now for x in carried(node)) > 1 or not now.isdisjoint(inner.free()):
                return False
            if not in_place(inner, place, start):
                return False
            past, before, now = past | now, set(), {node.outputs[place]}
    result = body.results[first + n]
    others = [x for m, x in enumerate(body.results) if m != first + n]
    return result in now and past.union(now).isdisjoint(x for x in others if type(x) is Value)


def carried(node: Node) -> list[Value]:
    """What a loop starts with."""
    found: list[Value] = node.args[1] if node.function == "while" else node.args[2]
    return found


def is_simple(node: Node) -> bool:
    """Whether a write is at numbers and slices."""
    if node.function is put_view:
        return True
    index = node.args[1] if type(node.args[1]) is tuple else (node.args[1],)
    for x in index:
        if type(x) is Value:
            if x.shape or x.dtype.kind not in "iu":
                return False
        elif type(x) is slice:
            if any(type(part) is Value for part in leaves(x)):
                return False
        elif x is not None and x is not Ellipsis and type(x) is not int and not isinstance(x, np.integer):
            return False
    return True


def is_moving(body: Program, param: Value) -> bool:
    """Whether an array is written at a computed place in a loop."""
    known = {param}
    for node in body.nodes:
        if node.function in (put, put_view, np.where, "kind") and not known.isdisjoint(node.operands()):
            if node.function is put and any(type(x) is Value for x in leaves(node.args[1])):
                return True
            known.update(node.outputs)
        elif node.function in ("while", "scan"):
            for m, init in enumerate(carried(node)):
                if init in known:
                    if is_moving(node.args[-1], node.args[-1].inputs[m]):
                        return True
                    known.add(node.outputs[m])
    return False
