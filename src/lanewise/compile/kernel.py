"""One kernel: a loop nest over lane axes, with the examples of the innermost one in the lanes of vectors.

A kernel is ``i64 kernel(ptr objects, i64 lo, i64 hi)``. ``objects`` are the array objects themselves (inputs, then
outputs), of which it reads data pointers, shapes and strides. It runs lanes ``lo`` to ``hi`` of the outermost axis,
and returns 0, or 1 if some lane needs the ordinary way (an index out of range, a singular matrix).
The last vector of a row overlaps the one before, so there are no tails; ``W`` is at most the size of the axis.
"""

from __future__ import annotations

import math
import platform
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

from . import jumps
from .aside import RARE
from .cycles import Loop
from .emit import LINE, WHOLE, Emitter, Ref, Region, type_of
from .folds import again, closure, prepare
from .ir import Axis, Node, Program, Value, leaves, map_leaves
from .lift import Row
from .memory import GROUP, load, memory_type, store
from .native import machine, offsets
from .pieces import pieces
from .rounds import Rounds, uneven
from .rows.places import read_at
from .rows.table import IN_PLACE, ROWS, Unsupported
from .scratch import Block, InScratch, Totals, copy, fill_from
from .sides import Side
from .values import Array, Source, filled, parts, rejoin
from .view import View

LARGE = 64  # elements of an array that comes into registers only if it has to



class Item(NamedTuple):
    """Something to do in a kernel: within which loops, what it needs, and where it goes (or the check that it is)."""

    axes: set[Axis]
    values: list[Value]
    target: Any


class InArray(Source):
    """An array of the kernel's."""

    __slots__ = ("base", "kernel", "value", "view")
    picks = True

    def __init__(self, k: Kernel, value: Value, view: View) -> None:
        self.base = k.base(view)
        width = k.e.width if k.vector in view.lanes else 1
        super().__init__(value.shape, width, k.e.place([self.base]))
        self.kernel, self.value, self.view = k, value, view

    def read(self) -> Any:
        """Bring its elements into registers."""
        return self.kernel.read(self.value, self.view).refs

    def pick(self, numbers: Any, places: dict[int, Ref]) -> Any:
        """Some elements, by their numbers in C order, which computed numbers along some axes are added to."""
        return read_at(self.kernel, self, self.value.dtype, numbers, places)

    def fill(self, work: Any, matrix: Any, column: int) -> None:
        """Copy it into a matrix of an algorithm, from some column on."""
        fill_from(Block(self.kernel, self.view, self.shape, self.value.dtype), work, matrix, column)

    def running(self, dtype: Any, start: Any, add: Any) -> Source | None:
        """Its running totals."""
        return None if self.value.dtype.kind == "b" else Totals(self, dtype, start, add)


class Kernel:
    """The code of one kernel in the making.

    Parameters
    ----------
    views : dict
        Values that are in memory, and how they lie there.
    makers : dict
        The nodes of the others.
    axes : list of Axis
        The loops, outermost first.
    vectors : set of Axis
        Those that go ``width`` lanes at a time; no two of them are loops of one nest.
    piece : int
        How many lanes have instructions of their own; 0 for all of them together.
    """

    def __init__(
        self, views: dict[Value, View], makers: dict[Value, Node], axes: list[Axis], vectors: set[Axis], width: int,
        piece: int = 0,
    ) -> None:  # fmt: skip
        self.views = views
        self.makers = makers
        self.axes = axes
        self.vectors = vectors if width > 1 else set()
        self.e = Emitter(width, machine().features, piece)
        self.node: Any = None
        self.index: dict[Axis, Ref] = {}
        self.vector: Axis | None = None  # the one of the loops around that goes by vectors
        self.blocks = blocks(views) if width > 1 else {}
        self.kept: dict[Value, tuple[Ref, Axis, Array]] = {}  # values in scratch, for another loop over the same row
        self.spilled: dict[Any, Any] = {}  # by the identity of their elements: arrays in memory, to be read there
        self.counters: set[Node] = set()  # additions that can't overflow
        self.functions: list[str] = []  # the texts of functions beside the kernel, which call themselves
        self.recursions: dict[Any, Any] = {}  # their names and types
        self.asked: set[Value] = set()  # what some node, or an output, reads
        self.uneven = False  # whether lanes that stay longer than others go on together
        self.sides: dict[Node, Side] = {}  # those of an ``if`` that take long, by their nodes
        self.flags = self.e.alloca("i64")  # for functions that call themselves
        self.objects = Ref("%objects", "ptr", 1, self.e.root)

    # ---- memory ----

    def field(self, slot: int, offset: int) -> Ref:
        """A pointer-sized field of an array object."""
        e = self.e
        thing = e.load(e.address(self.objects, e.index(8 * slot)), "ptr")
        return e.load(e.address(thing, e.index(offset)), "ptr")

    def size_of(self, axis: Axis) -> Ref:
        """How many lanes an axis has."""
        if type(axis) is Row:
            return self.e.index(axis.size)
        for view in self.views.values():
            if axis in view.lanes:
                view.sized = True
                shape = self.field(view.slot, offsets().shape)
                return self.e.load(self.e.address(shape, self.e.index(8 * view.lanes[axis][0][0])), "i64")
        raise Unsupported(f"nothing in memory has the axis {axis}")

    def stride(self, view: View, dim: int, scale: int = 1) -> Ref:
        """From one element along a dimension to another so many further, in bytes."""
        e, known = self.e, view.strides[dim]
        if known is not None:
            return e.index(known * scale)
        found = e.load(e.address(self.field(view.slot, offsets().strides), e.index(8 * dim)), "i64")
        return e.integer("mul", found, e.index(scale))

    def step(self, view: View, axis: Axis) -> Ref:
        """From one lane to the next, in bytes."""
        e, found = self.e, self.e.index(0)
        for dim, step in view.lanes[axis]:
            found = e.integer("add", found, self.stride(view, dim, step))
        return found

    def base(self, view: View) -> Ref:
        """Where the example at hand begins (for the vector's axis: that of its first lane)."""
        e = self.e
        found = e.note_multiple(self.field(view.slot, offsets().data), LINE)
        for dim, start in view.starts:
            found = e.address(found, self.stride(view, dim, start))
        for axis in view.lanes:
            found = e.address(found, e.integer("mul", self.index[axis], self.step(view, axis)))
        for bound in view.bounds:
            if all(axis is not self.vector for axis, _ in bound.terms):  # else by a mask
                place = self.along(bound.start, bound.terms)
                near = e.intrinsic("smin", e.intrinsic("smax", place, e.index(0)), e.index(bound.size - 1))
                step = self.stride(view, bound.dim, bound.scale)
                found = e.address(found, e.integer("mul", e.integer("sub", near, place), step))
        return found

    def along(self, start: int, terms: tuple[tuple[Axis, int], ...]) -> Ref:
        """Where loops are along a dimension: one number, or one for each lane of the vector."""
        e, found = self.e, self.e.index(start)
        for axis, step in terms:
            found = e.integer("add", found, e.integer("mul", self.index[axis], e.index(step)))
        steps = [step for axis, step in terms if axis is self.vector]
        return found if not steps else e.op("add", found, e.op("mul", e.steps("i64"), e.index(sum(steps))))

    def within(self, view: View) -> Ref | None:
        """For which lanes of the vector an array goes as far as its loops do; None if it does for all."""
        e, found = self.e, None
        for bound in view.bounds:
            if any(axis is self.vector for axis, _ in bound.terms):
                mask = e.compare("ult", self.along(bound.start, bound.terms), e.index(bound.size))
                found = mask if found is None else e.op("and", found, mask)
        return found

    def offsets(self, view: View, shape: tuple[int, ...], extra: tuple[int, ...] = (0,)) -> list[Ref]:
        """Of each element of an example, in C order (and each part of it), in bytes."""
        e = self.e
        found = [e.index(0)]
        for size, (dim, scale) in zip(shape, view.dims, strict=True):
            step = self.stride(view, dim, scale)
            places = [e.integer("mul", step, e.index(n)) for n in range(size)]
            found = [e.integer("add", start, place) for start in found for place in places]
        return [e.integer("add", start, e.index(more)) for start in found for more in extra]

    def load(self, value: Value) -> Array:
        """Read a value from memory into registers."""
        e, view = self.e, self.views[value]
        if view.number:
            thing = e.load(e.address(self.objects, e.index(8 * view.slot)), "ptr")
            number = e.load(e.address(thing, e.index(offsets().number)), "double")
            return Array(filled([number], ()), value.dtype, value.kind)
        if value in self.blocks and self.vector in view.lanes and view.step(self.vector) != value.dtype.itemsize:
            return self.read_block(value)
        if math.prod(value.shape) >= LARGE and type(self.vector) is not Row and not view.bounds:
            return Array(None, value.dtype, value.kind, InArray(self, value, view))
        return self.read(value, view)

    def read(self, value: Value, view: View) -> Array:
        """The same, element by element."""
        e = self.e
        kind, extra = memory_type(value.dtype)
        where = self.offsets(view, value.shape, extra)
        if self.vector in view.lanes:
            refs = load(e, self.base(view), self.step(view, self.vector), where, kind, self.within(view))
        else:
            base = self.base(view)
            refs = [e.load(e.address(base, offset), kind) for offset in where]
        if value.dtype.kind == "b":
            refs = [e.compare("ne", ref, e.literal(0, "i8")) for ref in refs]
        return Array(filled(rejoin(refs, value.dtype.kind == "c"), value.shape), value.dtype, value.kind)

    def read_block(self, value: Value) -> Array:
        """The same for an element that lies beside others: they come into registers together."""
        e, block = self.e, self.blocks[value]
        view, size = self.views[block[0]], value.dtype.itemsize
        assert self.vector is not None
        offsets = [e.index(size * n) for n in range(len(block))]
        refs = load(e, self.base(view), self.step(view, self.vector), offsets, type_of(value.dtype))
        for other, ref in zip(block, refs, strict=True):
            if self.known(other) is None:
                self.keep(other, Array(filled([ref], ()), other.dtype))
        found = self.known(value)
        assert found is not None
        return found

    def store(self, array: Array, view: View) -> None:
        """Write a value from registers to memory."""
        e = self.e
        if isinstance(array.source, (InScratch, Totals)):
            array.source.store(self, view)
            return
        if type(array.source) is InArray and array.made is None and array.dtype.kind != "b":
            copy(self, array.source, view, array.dtype)
            return
        kind, extra = memory_type(array.dtype)
        refs = [part for item in array.refs.ravel() for part in parts(item)]
        if array.dtype.kind == "b":
            refs = [e.convert("zext", e.splat(ref) if ref.constant is not None else ref, "i8") for ref in refs]
        where = self.offsets(view, array.shape, extra)
        if self.vector in view.lanes:
            store(e, refs, self.base(view), self.step(view, self.vector), where, kind)
        else:
            base = self.base(view)
            for ref, offset in zip(refs, where, strict=True):
                e.store(ref, e.address(base, offset))

    # ---- values ----

    def value(self, value: Value) -> Array:
        """A value in registers, made here if need be."""
        known = self.known(value)
        if known is not None:
            return known
        pending = [value]
        while pending:  # no recursion: programs may be long
            last = pending[-1]
            if self.known(last) is not None:
                pending.pop()
                continue
            if last in self.views or last in self.kept:
                self.keep(last, self.load(last) if last in self.views else again(self, last))
                continue
            node = self.makers[last]
            side = self.sides.get(node)
            needed = node.operands() if side is None else side.inputs
            missing = [x for x in needed if self.known(x) is None]
            if missing:
                pending.extend(missing)
            elif side is None:
                self.run(node)
            else:
                jumps.write(self, side)
        found = self.known(value)
        assert found is not None
        return found

    def known(self, value: Value | Side) -> Array | None:
        """A value that is in registers here."""
        region: Region | None = self.e.region
        while region is not None:
            if value in region.memo:
                return region.memo[value]  # type: ignore[no-any-return]
            region = region.parent
        return None

    def keep(self, value: Value, array: Array) -> Array:
        """Note that a value is in registers from here on."""
        array.kind = value.kind
        source = array.source
        region = self.e.place(array.all_refs()) if source is None else source.region
        region.memo[value] = array
        return array

    def run(self, node: Node) -> None:
        """Write the code of a node."""
        rule = ROWS.get(node.function)
        if rule is None:
            raise Unsupported(f"{node.function} has no code")
        before, self.node = self.node, node
        mask, e = self.e.mask, self.e
        args, kwargs = map_leaves(self.operand, (node.args, node.kwargs))
        if node.mask is not None:
            own = self.value(node.mask).refs[()]
            e.mask = own if mask is None else e.op("and", mask, own)
        found = rule(self, *args, **kwargs)
        self.node, e.mask = before, mask
        outputs = found if isinstance(found, (tuple, list)) else (found,)
        for value, array in zip(node.outputs, outputs, strict=True):
            if array.shape != value.shape or array.dtype != value.dtype:
                raise AssertionError(f"{node.function}: {array.shape} {array.dtype} for {value}")
            self.keep(value, Array(array.made, array.dtype, source=array.source))

    def inline(self, program: Program, inputs: list[Array]) -> list[Array]:
        """Write the code of a sub-program here."""
        for value, array in zip(program.inputs, inputs, strict=True):
            self.e.region.memo[value] = Array(array.made, array.dtype, value.kind, array.source)
        jumps.run_all(self, program.nodes, jumps.asked_of(program))
        return [self.value(value) for value in program.results]

    def varies(self, axes: tuple[Axis, ...]) -> bool:
        """Whether what varies over these axes differs between the lanes of a vector."""
        return self.vector in axes

    def wide(self, array: Array, axes: tuple[Axis, ...]) -> Array:
        """An array with a vector for each element, if it varies over the axis of vectors."""
        e = self.e
        if not self.varies(axes):
            return array
        refs = [e.splat(ref) for ref in array.all_refs()]
        return Array(filled(rejoin(refs, array.dtype.kind == "c"), array.shape), array.dtype, array.kind)

    def operand(self, x: Any) -> Any:
        """An argument of a node: what is a value, in registers."""
        if type(x) is not Value:
            return x
        found = self.value(x)
        if found.source is not None and found.source.changes and self.node.function not in IN_PLACE:
            return Array(found.refs, found.dtype, found.kind)
        return found

    def fail(self, mask: Ref) -> None:
        """Let the call run again in the ordinary way, if a lane for which the mask is true is alive."""
        self.e.fail(mask)

    # ---- the loops ----

    def write(self, outputs: list[tuple[Value, View]], checks: list[Node]) -> Code:
        """The code of the kernel."""
        try:
            return self.code_of(outputs, checks)
        finally:
            self.e.forget()

    def code_of(self, outputs: list[tuple[Value, View]], checks: list[Node]) -> Code:
        """The same, while it is known what values are."""
        e = self.e
        e.store(e.index(0), self.flags)
        self.asked = asked(self.makers.values()).union(value for value, _ in outputs)
        items = []
        for node in checks:
            axes = {axis for x in (*node.operands(), *node.outputs) for axis in x.axes}
            items.append(Item(axes, node.outputs or node.operands(), node))
        self.nest(frozenset(), items + [Item(set(view.lanes), [value], view) for value, view in outputs])
        flags = e.convert("zext", e.failed(), "i64")
        if self.functions:
            old = e.read(self.flags, "i64")
            flags = e.add(f"or {old}, {flags.name}", "i64", 1, [old, flags], here=True)
        e.do(f"ret i64 {flags.name}")
        return self.code()

    def nest(self, done: frozenset[Axis], items: list[Item]) -> None:
        """Compute and write what there is to do within some loops, first what needs no more of them."""
        prepare(self, [value for item in items for value in item.values], done)
        groups: dict[Axis, list[Item]] = {}
        for item in items:
            axis = next((axis for axis in self.axes if axis in item.axes and axis not in done), None)
            if axis is not None:
                groups.setdefault(axis, []).append(item)
            elif type(item.target) is View:
                self.store(self.value(item.values[0]), item.target)
            elif item.target.outputs:
                self.values_of(item.values)
            else:
                jumps.check(self, item.target)
        self.run_loops([value for group in groups.values() for item in group for value in item.values], done)
        kept, before = dict(self.kept), self.e.width
        for axis, group in groups.items():
            outermost = not done and axis is self.axes[0]
            loop = uneven(self, axis, [x for item in group for x in item.values]) if outermost else None
            self.sides = jumps.outermost(self, group, loop) if {*done, axis}.issuperset(self.axes) else {}
            if loop is not None:
                self.uneven = True
                Rounds(self, axis, loop).write(partial(self.nest, done | {axis}, group))
                self.kept = dict(kept)
                continue
            for part, width in pieces(self, axis, outermost, [x for item in group for x in item.values]):
                self.e.width = width
                with self.loop(axis, outermost, part):
                    self.nest(done | {axis}, group)
                self.e.width, self.kept = before, dict(kept)
        self.sides = {} if groups else self.sides

    def run_loops(self, values: list[Value], done: frozenset[Axis]) -> None:
        """Run the loops of the program that some values need, and that do not vary in the loops of lanes to come."""
        for node in reversed(closure(self, values)) if values else ():
            axes = {axis for value in node.operands() for axis in value.axes}
            if node.function in ("while", "scan") and axes <= done:
                self.values_of(node.outputs)

    def values_of(self, values: Iterable[Value]) -> list[Array]:
        """Several values in registers."""
        return [self.value(value) for value in values]

    @contextmanager
    def loop(
        self, axis: Axis, outermost: bool = False, part: tuple[int, int] | None = None
    ) -> Iterator[Loop | None]:  # fmt: skip
        """Code within goes through an axis, or a part of a row; there is no loop for a row that is one vector."""
        e = self.e
        first, size = part or (0, axis.size)
        step = e.width if axis in self.vectors else 1
        fixed = not outermost and (type(axis) is Row or part is not None)
        vector = self.vector
        self.vector = axis if step > 1 else vector
        if fixed and size == step and part is None:
            self.index[axis] = e.index(0)
            yield None
        else:
            start, stop = e.index(first), e.index(size) if part else self.size_of(axis)
            if outermost:
                start, stop = e.note_multiple(Ref("%lo", "i64", 1, e.root), step), Ref("%hi", "i64", 1, e.root)
            last = e.integer("sub", stop, e.index(step))
            loop = e.enter(start, stop, step, 1 / step if outermost else -(-(size - first) // step))
            assert loop.counter is not None
            overlaps = step > 1 and (not fixed or (size - first) % step > 0)  # the last vector overlaps the one before
            self.index[axis] = loop.counter
            if overlaps:
                known = e.multiple(loop.counter) if outermost else math.gcd(e.multiple(loop.counter), e.multiple(last))
                self.index[axis] = e.note_multiple(e.intrinsic("smin", loop.counter, last), known)
            yield loop
            loop.close()
        del self.index[axis]
        self.vector = vector

    def code(self) -> Code:
        """What was written."""
        e = self.e
        return Code(sorted(e.declared.values()), self.functions, [*e.allocas, *e.root.lines], self.uneven)


class Code(NamedTuple):
    """The code of a kernel.

    Attributes
    ----------
    declared : list of str
        The functions that it calls.
    helpers : list of str
        Functions of its own.
    body : list of str
        Its instructions.
    uneven : bool
        Whether lanes of the whole range that it is called for go on together.
    """

    declared: list[str]
    helpers: list[str]
    body: list[str]
    uneven: bool = False

    def streams(self) -> bool:
        """Whether whole lines of memory are written, by vectors that do not overlap."""
        return not self.helpers and platform.machine() == "x86_64" and any(line.endswith(WHOLE) for line in self.body)

    def streaming(self) -> Code:
        """The same past the cache: for arrays that begin with a line, and whole vectors of lanes."""
        body = []
        for line in self.body:
            if line.startswith("  ret "):
                body.append("  call void @llvm.x86.sse.sfence()")
            for text in line.splitlines():
                whole = text.endswith(WHOLE)
                body.append(text.removesuffix(f"1{WHOLE}") + f"{LINE}, !nontemporal !0" if whole else text)
        return Code([*self.declared, "declare void @llvm.x86.sse.sfence()", "!0 = !{i32 1}"], [], body)

    def function(self, name: str) -> list[str]:
        """The function itself."""
        return [f"define i64 @{name}(ptr %objects, i64 %lo, i64 %hi) #0 {{", "entry:", *self.body, "}"]

    def link(self, name: str) -> list[str]:
        """The function, and those of its own, beside others of their kind."""
        return [line.replace("@recursion", f"@{name}.recursion") for line in (*self.helpers, *self.function(name))]

    def module(self) -> str:
        """The text of a whole module."""
        bits = machine().vector_bits
        lines = [
            f'target triple = "{machine().triple}"', f'target datalayout = "{machine().layout}"', *self.declared,
            *self.helpers, *self.function("kernel"),
            RARE,
            f'attributes #0 = {{ nounwind "min-legal-vector-width"="{bits}" "prefer-vector-width"="{bits}" }}',
        ]  # fmt: skip
        return "\n".join(lines) + "\n"


def blocks(views: dict[Value, View]) -> dict[Value, list[Value]]:
    """Of single elements of each lane's row that are read one by one, those that lie side by side, up to eight."""
    rows: dict[Any, dict[int, Value]] = {}
    for value, view in views.items():
        if value.shape or view.bounds:
            continue
        if value.dtype.kind in "iuf" and view.lanes and view.strides[-1] == value.dtype.itemsize:
            last = len(view.strides) - 1
            if all(dim != last for places in view.lanes.values() for dim, _ in places):
                starts = dict(view.starts)
                place = starts.pop(last, 0)
                key = (view.slot, value.dtype, frozenset(view.lanes.items()), frozenset(starts.items()))
                rows.setdefault(key, {})[place] = value
    found: dict[Value, list[Value]] = {}
    for row in rows.values():
        for start in sorted(row):
            if row[start] not in found:
                stop = next(n for n in range(start, start + GROUP + 1) if n not in row or n == start + GROUP)
                first = next(n for n in range(stop, stop - GROUP - 1, -1) if n - 1 not in row or n == stop - GROUP)
                block = [row[n] for n in range(first, stop)]
                found |= {value: block for value in block if value not in found}
    return {value: block for value, block in found.items() if len(block) > 1}


def asked(nodes: Iterable[Node]) -> set[Value]:
    """What some nodes read, and those of the programs in them."""
    found: set[Value] = set()
    for node in nodes:
        found.update(node.operands())
        for item in leaves(node.args):
            if type(item) is Program:
                found |= asked(item.nodes)
                found.update(item.results)
    return found
