"""One kernel: a loop nest over lane axes, with the examples of the innermost one in the lanes of vectors.

A kernel is ``i64 kernel(ptr objects, i64 lo, i64 hi)``. ``objects`` are the array objects themselves (inputs, then
outputs), of which it reads data pointers, shapes and strides. It runs lanes ``lo`` to ``hi`` of the outermost axis,
and returns 0, or 1 if some lane needs the ordinary way (an index out of range, a singular matrix).
The last vector of a row overlaps the one before, so there are no tails; ``W`` is at most the size of the axis.
"""

from __future__ import annotations

import math
from typing import Any

from .emit import Emitter, Ref, Region, type_of
from .ir import Axis, Node, Program, Value, map_leaves
from .memory import SIZES, load, store
from .native import machine, offsets
from .rows.table import ROWS, Unsupported
from .scratch import Block, InScratch, fill_from
from .values import Array, Source, filled, parts, rejoin

LARGE = 64  # elements of an array that comes into registers only if it has to


class View:
    """How a value lies in an array that is in memory.

    Attributes
    ----------
    slot : int
        The array's place among the kernel's objects; its data is not read if it is a Python float.
    lanes : dict
        The array's dimension of each lane axis.
    dims : tuple of int
        The array's dimensions of the example's axes.
    strides : tuple
        Of each dimension, in bytes, where they are the same in every call; else None.
    """

    __slots__ = ("dims", "lanes", "number", "slot", "strides")

    def __init__(
        self, slot: int, lanes: dict[Axis, int], dims: tuple[int, ...], strides: tuple[int | None, ...],
        number: bool = False,
    ) -> None:  # fmt: skip
        self.slot = slot
        self.lanes = lanes
        self.dims = dims
        self.strides = strides
        self.number = number

    def key(self, order: dict[Axis, int]) -> Any:
        """What the code depends on."""
        lanes = tuple(sorted((order[axis], dim) for axis, dim in self.lanes.items()))
        return (self.slot, lanes, self.dims, self.strides, self.number)


class InArray(Source):
    """An array of the kernel's."""

    __slots__ = ("base", "kernel", "value", "view")

    def __init__(self, k: Kernel, value: Value, view: View) -> None:
        self.base = k.base(view)
        width = k.e.width if k.axes and k.axes[-1] in view.lanes else 1
        super().__init__(value.shape, width, k.e.place([self.base]))
        self.kernel, self.value, self.view = k, value, view

    def read(self) -> Any:
        """Bring its elements into registers."""
        return self.kernel.read(self.value, self.view).refs

    def fill(self, work: Any, matrix: Any, column: int) -> None:
        """Copy it into a matrix of an algorithm, from some column on."""
        fill_from(Block(self.kernel, self.view, self.shape, self.value.dtype), work, matrix, column)


class Kernel:
    """The code of one kernel in the making."""

    def __init__(self, views: dict[Value, View], makers: dict[Value, Node], axes: list[Axis], width: int) -> None:
        self.views = views
        self.makers = makers
        self.axes = axes
        self.e = Emitter(width, machine().features)
        self.node: Any = None
        self.index: dict[Axis, Ref] = {}
        self.counters: set[Node] = set()  # additions that can't overflow
        self.flags = self.e.alloca("i64")
        self.objects = Ref("%objects", "ptr", 1, self.e.root)

    # ---- memory ----

    def field(self, slot: int, offset: int) -> Ref:
        """A pointer-sized field of an array object."""
        e = self.e
        thing = e.load(e.address(self.objects, e.index(8 * slot)), "ptr")
        return e.load(e.address(thing, e.index(offset)), "ptr")

    def size_of(self, axis: Axis) -> Ref:
        """How many lanes an axis has."""
        for view in self.views.values():
            if axis in view.lanes:
                shape = self.field(view.slot, offsets().shape)
                return self.e.load(self.e.address(shape, self.e.index(8 * view.lanes[axis])), "i64")
        raise Unsupported(f"nothing in memory has the axis {axis}")

    def stride(self, view: View, dim: int) -> Ref:
        """A stride of an array."""
        known = view.strides[dim]
        if known is not None:
            return self.e.index(known)
        return self.e.load(self.e.address(self.field(view.slot, offsets().strides), self.e.index(8 * dim)), "i64")

    def base(self, view: View) -> Ref:
        """Where the example at hand begins (for the vector's axis: that of its first lane)."""
        e = self.e
        found = self.field(view.slot, offsets().data)
        for axis, dim in view.lanes.items():
            found = e.address(found, e.integer("mul", self.index[axis], self.stride(view, dim)))
        return found

    def offsets(self, view: View, shape: tuple[int, ...], extra: tuple[int, ...] = (0,)) -> list[Ref]:
        """Of each element of an example, in C order (and each part of it), in bytes."""
        e = self.e
        found = [e.index(0)]
        for size, dim in zip(shape, view.dims, strict=True):
            step = self.stride(view, dim)
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
        if math.prod(value.shape) >= LARGE and value.dtype.kind != "b":
            return Array(None, value.dtype, value.kind, InArray(self, value, view))
        return self.read(value, view)

    def read(self, value: Value, view: View) -> Array:
        """The same, element by element."""
        e = self.e
        kind, extra = memory_type(value.dtype)
        where = self.offsets(view, value.shape, extra)
        vector = self.axes[-1] if self.axes else None
        if vector in view.lanes:
            refs = load(e, self.base(view), self.stride(view, view.lanes[vector]), where, kind)
        else:
            base = self.base(view)
            refs = [e.load(e.address(base, offset), kind) for offset in where]
        if value.dtype.kind == "b":
            refs = [e.compare("ne", ref, e.literal(0, "i8")) for ref in refs]
        return Array(filled(rejoin(refs, value.dtype.kind == "c"), value.shape), value.dtype, value.kind)

    def store(self, array: Array, view: View) -> None:
        """Write a value from registers to memory."""
        e = self.e
        if type(array.source) is InScratch:
            array.source.store(self, view)
            return
        kind, extra = memory_type(array.dtype)
        refs = [part for item in array.refs.ravel() for part in parts(item)]
        if array.dtype.kind == "b":
            refs = [e.convert("zext", e.splat(ref) if ref.constant is not None else ref, "i8") for ref in refs]
        where = self.offsets(view, array.shape, extra)
        vector = self.axes[-1] if self.axes else None
        if vector in view.lanes:
            store(e, refs, self.base(view), self.stride(view, view.lanes[vector]), where, kind)
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
        if value in self.views:
            return self.keep(value, self.load(value))
        pending = [value]
        while pending:  # no recursion: programs may be long
            last = pending[-1]
            if self.known(last) is not None:
                pending.pop()
                continue
            if last in self.views:
                self.keep(last, self.load(last))
                continue
            node = self.makers[last]
            missing = [x for x in node.operands() if self.known(x) is None]
            if missing:
                pending.extend(missing)
                continue
            self.run(node)
        found = self.known(value)
        assert found is not None
        return found

    def known(self, value: Value) -> Array | None:
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
        for node in program.nodes:
            self.run(node)
        return [self.value(value) for value in program.results]

    def wide(self, array: Array, axes: tuple[Axis, ...]) -> Array:
        """An array with a vector for each element, if it varies over the axis of vectors."""
        e = self.e
        if e.width == 1 or not self.axes or self.axes[-1] not in axes:
            return array
        refs = [e.splat(ref) for ref in array.all_refs()]
        return Array(filled(rejoin(refs, array.dtype.kind == "c"), array.shape), array.dtype, array.kind)

    def operand(self, x: Any) -> Any:
        """An argument of a node: what is a value, in registers."""
        return self.value(x) if type(x) is Value else x

    def fail(self, mask: Ref) -> None:
        """Let the call run again in the ordinary way, if a lane for which the mask is true is alive."""
        self.e.fail(mask, self.flags)

    # ---- the loops ----

    def write(self, outputs: list[tuple[Value, View]], checks: list[Node]) -> str:
        """The text of the kernel."""
        e = self.e
        e.store(e.index(0), self.flags)
        bounds = (Ref("%lo", "i64", 1, e.root), Ref("%hi", "i64", 1, e.root))
        loops = []
        for depth, axis in enumerate(self.axes):
            here = set(self.axes[:depth])
            self.store_all([(v, view) for v, view in outputs if here.issuperset(view.lanes)])
            outputs = [(v, view) for v, view in outputs if not here.issuperset(view.lanes)]
            start, stop = bounds if depth == 0 else (e.index(0), self.size_of(axis))
            inner = depth == len(self.axes) - 1
            last = e.integer("sub", stop, e.index(e.width))
            loop = e.enter(start, stop, e.width if inner else 1)
            assert loop.counter is not None
            self.index[axis] = loop.counter
            if inner and e.width > 1:  # the last vector overlaps the one before
                self.index[axis] = e.intrinsic("smin", loop.counter, last)
            loops.append(loop)
        for node in checks:
            if not node.outputs:
                self.run(node)
            for value in node.outputs:
                self.value(value)
        self.store_all(outputs)
        for loop in reversed(loops):
            loop.close()
        flags = e.read(self.flags, "i64")
        e.do(f"ret i64 {flags.name}")
        return self.text()

    def store_all(self, outputs: list[tuple[Value, View]]) -> None:
        """Compute and write some outputs here."""
        for value, view in outputs:
            self.store(self.value(value), view)

    def entry(self) -> list[str]:
        """A function that Python calls with the objects as its arguments, and that runs all lanes."""
        lines = ["declare ptr @PyLong_FromLongLong(i64)", "define ptr @entry(ptr %self, ptr %objects, i64 %count) #0 {"]
        size = "1"
        if self.axes:
            view = next(view for view in self.views.values() if self.axes[0] in view.lanes)
            lines += _field("thing", "%objects", 8 * view.slot)
            lines += _field("shape", "%thing", offsets().shape)
            lines += _field("size", "%shape", 8 * view.lanes[self.axes[0]], "i64")
            size = "%size"
        lines.append(f"  %flags = call i64 @kernel(ptr %objects, i64 0, i64 {size})")
        return [*lines, "  %found = call ptr @PyLong_FromLongLong(i64 %flags)", "  ret ptr %found", "}"]

    def text(self) -> str:
        """The whole module."""
        e = self.e
        lines = [f'target triple = "{machine().triple}"', f'target datalayout = "{machine().layout}"']
        lines += sorted(e.declared.values())
        lines += ["define i64 @kernel(ptr %objects, i64 %lo, i64 %hi) #0 {", "entry:", *e.allocas, *e.root.lines, "}"]
        lines += self.entry()
        bits = machine().vector_bits
        lines.append(f'attributes #0 = {{ nounwind "min-legal-vector-width"="{bits}" "prefer-vector-width"="{bits}" }}')
        return "\n".join(lines) + "\n"


def _field(name: str, base: str, offset: int, kind: str = "ptr") -> list[str]:
    return [f"  %{name}.at = getelementptr i8, ptr {base}, i64 {offset}", f"  %{name} = load {kind}, ptr %{name}.at"]


def memory_type(dtype: Any) -> tuple[str, tuple[int, ...]]:
    """The LLVM type of an element in memory, and where its parts lie."""
    if dtype.kind == "b":
        return "i8", (0,)
    kind = type_of(dtype)
    return kind, (0, SIZES[kind]) if dtype.kind == "c" else (0,)
