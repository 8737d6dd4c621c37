"""Matrices of each lane, for algorithms that are written once: in registers, their loops written out, or in memory.

In memory they are lane-blocked, ``[element][lane]``, and the algorithm's loops are loops: what a small matrix gains
by registers, a larger one would lose to the compiler, whose time grows with the square of a straight line of code.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .emit import SIZES, Emitter, Ref, type_of
from .memory import GROUP, ahead, jumps, load, store
from .values import Array, Pair, Source, filled, literal, parts, rejoin

BLOCK = 2  # columns that a turn of a loop over columns works on
TURNS = 8  # of a loop whose number of turns is not known: a guess


class Carry:
    """What a loop carries from turn to turn."""

    __slots__ = ("now",)

    def __init__(self, now: Ref) -> None:
        self.now = now


class Element:
    """An element that a loop carries: a number, or the parts of a complex one."""

    __slots__ = ("carries",)

    def __init__(self, now: Any) -> None:
        self.carries = [Carry(ref) for ref in parts(now)]

    @property
    def now(self) -> Any:
        """The element here."""
        refs = [carry.now for carry in self.carries]
        return Pair(*refs) if len(refs) == 2 else refs[0]

    @now.setter
    def now(self, item: Any) -> None:
        for carry, ref in zip(self.carries, parts(item), strict=True):
            carry.now = ref


class Registers:
    """A matrix in registers."""

    def __init__(self, rows: int, columns: int, zero: Any) -> None:
        self.items = filled([zero] * (rows * columns), (rows, columns))

    def get(self, row: Any, column: Any) -> Any:
        """An element."""
        return self.items[row, column]

    def put(self, row: Any, column: Any, item: Any) -> None:
        """Write an element."""
        self.items[row, column] = item


class Scratch:
    """A matrix in memory."""

    def __init__(
        self, e: Emitter, dtype: np.dtype[Any], rows: int, columns: int, width: int, memory: Ref | None = None
    ) -> None:  # fmt: skip
        self.e = e
        self.dtype = dtype
        self.width = width
        self.complex = dtype.kind == "c"
        self.kind = type_of(dtype)
        self.part = SIZES[self.kind] * width  # bytes of a part of an element, for all lanes
        self.step = self.part * (2 if self.complex else 1)
        self.row = self.step * columns
        self.memory = memory or e.alloca("i8", max(rows * columns, 1) * self.step)

    def address(self, row: Any, column: Any) -> Ref:
        """Where an element is."""
        e = self.e
        start = e.address(self.memory, e.integer("mul", index(e, row), e.index(self.row)))
        return e.address(start, e.integer("mul", index(e, column), e.index(self.step)))

    def get(self, row: Any, column: Any) -> Any:
        """An element, read here and now."""
        at = self.address(row, column)
        real = self.e.read(at, self.kind, self.width)
        if not self.complex:
            return real
        return Pair(real, self.e.read(self.e.address(at, self.e.index(self.part)), self.kind, self.width))

    def put(self, row: Any, column: Any, item: Any) -> None:
        """Write an element."""
        at = self.address(row, column)
        for n, ref in enumerate(parts(item)):
            self.e.store(self.e.splat(ref, self.width), self.e.address(at, self.e.index(n * self.part)))


class Work:
    """An algorithm on small matrices in the making.

    Parameters
    ----------
    k : Kernel
        The kernel that it is a part of.
    dtype : dtype
        Of its numbers.
    loops : bool
        Whether its loops are loops, and its matrices in memory.
    inputs : list of Array
        What it depends on: its code goes outside of the loops over which these do not vary.
    """

    def __init__(self, k: Any, dtype: np.dtype[Any], loops: bool, inputs: list[Array]) -> None:
        self.k = k
        self.e: Emitter = k.e
        self.dtype = dtype
        self.loops = loops
        self.width = 1
        self.region = self.e.root
        for x in inputs:
            refs = [] if x.source else x.all_refs()
            region = x.source.region if x.source else self.e.place(refs)
            self.region = max(self.region, region, key=lambda region: region.depth)
            self.width = max([self.width, x.source.width if x.source else 1, *(ref.width for ref in refs)])

    @contextmanager
    def outermost(self) -> Iterator[None]:
        """Write code outside of the loops over which the inputs do not vary."""
        before = self.e.region
        if self.loops:
            self.e.region = self.region
        yield
        self.e.region = before

    def matrix(self, rows: int, columns: int, start: Array | None = None) -> Any:
        """A new matrix, which holds another at its beginning."""
        if self.loops:
            made: Any = Scratch(self.e, self.dtype, rows, columns, self.width)
        else:
            made = Registers(rows, columns, literal(self.e, 0, self.dtype))
        if start is not None:
            self.fill(made, start)
        return made

    def fill(self, matrix: Any, array: Array, column: int = 0) -> None:
        """Write an array (a vector is a column) into a matrix, from some column on."""
        if self.loops and array.source is not None and array.ndim <= 2 and array.dtype == self.dtype:
            array.source.fill(self, matrix, column)
            return
        refs = array.refs.reshape(array.shape[0], -1)
        for r, c in np.ndindex(refs.shape):
            matrix.put(r, c + column, refs[r, c])

    def array(self, matrix: Any, shape: tuple[int, ...], first: int = 0, dtype: Any = None) -> Array:
        """A part of a matrix, from some column on, as an example's array; of a real dtype if that is given."""
        if self.loops and len(shape) <= 2:
            return Array(None, dtype or self.dtype, source=InScratch(self, matrix, shape, first, dtype is not None))
        columns = shape[1] if len(shape) > 1 else 1
        items = [matrix.get(r, first + c) for r in range(shape[0]) for c in range(columns)]
        return Array(filled(items, shape), self.dtype)

    # ---- loops ----

    def loop(self, start: Any, stop: Any, *carried: Carry, step: int = 1) -> Iterator[Any]:
        """A loop that carries some values: a `for` over it writes its code."""
        if not self.loops:
            yield from range(start, stop, step)
            return
        e = self.e
        known = type(start) is int and type(stop) is int
        loop = e.enter(index(e, start), index(e, stop), step, (stop - start) // step if known else TURNS)
        phis = [loop.carry(e.splat(carry.now, self.width)) for carry in carried]
        for carry, phi in zip(carried, phis, strict=True):
            carry.now = phi.ref
        yield loop.counter
        for carry, phi in zip(carried, phis, strict=True):
            phi.next = e.splat(carry.now, self.width)
        loop.close()
        for carry, phi in zip(carried, phis, strict=True):
            carry.now = phi.ref

    def columns(self, start: Any, stop: int) -> Iterator[Any]:
        """The columns from one on; in a loop, that may begin with the one before."""
        if not self.loops:
            yield from range(start, stop)
            return
        first = self.e.op("and", index(self.e, start), self.e.index(-BLOCK))
        for column in self.loop(first, stop, step=BLOCK):
            for n in range(BLOCK):
                yield self.plus(column, n)

    def case(self, mask: Ref) -> Iterator[None]:
        """Code that need not run unless a mask is true in some lane."""
        if not self.loops:
            yield
            return
        some = self.e.any(mask)
        for _ in self.loop(0, self.e.add(f"zext {some} to i64", "i64", 1, [some])):
            yield

    # ---- places ----

    def plus(self, place: Any, more: int) -> Any:
        """A place so many further on."""
        return place + more if type(place) is int else self.e.integer("add", place, self.e.index(more))

    def minus(self, total: int, place: Any) -> Any:
        """A place counted from the end."""
        return total - place if type(place) is int else self.e.integer("sub", self.e.index(total), place)

    def number(self, place: Any) -> Ref:
        """A place as an integer of every lane."""
        return self.e.splat(index(self.e, place), self.width)


class InScratch(Source):
    """A part of a matrix in scratch memory, which nothing writes any more."""

    __slots__ = ("first", "matrix", "real", "work")

    def __init__(self, work: Work, matrix: Scratch, shape: tuple[int, ...], first: int, real: bool) -> None:
        super().__init__(shape, matrix.width, work.e.region)
        self.work, self.matrix, self.first = work, matrix, first
        self.real = real and matrix.complex

    def get(self, row: Any, column: Any) -> Any:
        """An element."""
        item = self.matrix.get(row, self.work.plus(column, self.first))
        return item.re if self.real else item

    def read(self) -> Any:
        """Bring its elements into registers."""
        e = self.work.e
        before, e.region = e.region, self.region
        rows, columns = rows_and_columns(self.shape)
        items = [self.get(r, c) for r in range(rows) for c in range(columns)]
        e.region = before
        return filled(items, self.shape)

    def fill(self, work: Work, matrix: Scratch, column: int) -> None:
        """Copy it into another matrix."""
        rows, columns = rows_and_columns(self.shape)
        for r in work.loop(0, rows):
            for c in work.loop(0, columns):
                matrix.put(r, work.plus(c, column), self.get(r, c))

    def store(self, k: Any, view: Any) -> None:
        """Write it to an array of the kernel's."""
        dtype = np.dtype(f"f{self.matrix.dtype.itemsize // 2}") if self.real else self.matrix.dtype
        block = Block(k, view, self.shape, dtype)
        for at, r, c, count in block.places(self.work):
            items = [self.get(r, self.work.plus(c, n)) for n in range(count)]
            block.store(at, [ref for item in items for ref in parts(item)])


class Totals(Source):
    """Running totals along the last axis of an array of the kernel's, made some elements at a time where they go."""

    __slots__ = ("add", "dtype", "source", "start")

    def __init__(self, source: Any, dtype: np.dtype[Any], start: Any, add: Callable[[Any, Any], Any]) -> None:
        super().__init__(source.shape, source.width, source.region)
        self.source, self.dtype, self.start, self.add = source, dtype, start, add

    def through(self, items: list[Any], total: Element) -> list[Ref]:
        """The parts of the totals after each of some elements."""
        found = []
        for item in items:
            total.now = self.add(total.now, item)
            found += parts(total.now)
        return found

    def read(self) -> Any:
        """Bring its elements into registers."""
        refs = self.source.refs()
        found = refs.copy()
        for place in np.ndindex(*refs.shape[:-1]):
            total = self.start
            for n in range(refs.shape[-1]):
                total = found[*place, n] = self.add(total, refs[*place, n])
        return found

    def store(self, k: Any, view: Any) -> None:
        """Write it to an array of the kernel's."""
        copy(k, self.source, view, self.dtype, self)


class Block:
    """The rows of a matrix in an array of the kernel's, some elements at a time.

    Elements that lie end to end are read and written as many at once as a transpose in registers takes.
    """

    def __init__(self, k: Any, view: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self.e: Emitter = k.e
        self.base: Ref = k.base(view)
        self.strides = [k.stride(view, dim, scale) for dim, scale in view.dims] + [k.e.index(0)] * (2 - len(view.dims))
        self.step = k.step(view, k.vector) if k.vector in view.lanes else None
        self.rows, self.columns = rows_and_columns(shape)
        self.dtype = dtype
        self.kind = type_of(self.dtype)
        self.parts = 2 if self.dtype.kind == "c" else 1

    def places(self, w: Work) -> Iterator[tuple[Ref, Any, Any, int]]:
        """Where each block begins, its row and first column, and how many elements it has."""
        e = self.e
        most = GROUP // self.parts if self.strides[1].constant == self.dtype.itemsize else 1
        whole = self.columns // most * most
        for r in w.loop(0, self.rows):
            row = e.address(self.base, e.integer("mul", index(e, r), self.strides[0]))
            for count, start, stop in ((most, 0, whole), (self.columns - whole, whole, self.columns)):
                if stop > start:
                    for c in w.loop(start, stop, step=count):
                        yield e.address(row, e.integer("mul", index(e, c), self.strides[1])), r, c, count

    def offsets(self, count: int) -> list[Ref]:
        """Of the parts of each element of a block, in bytes."""
        return [self.e.index(n * SIZES[self.kind]) for n in range(count * self.parts)]

    def load(self, at: Ref, count: int) -> list[Ref]:
        """Read a block."""
        e = self.e
        if self.step is not None:
            return load(e, at, self.step, self.offsets(count), self.kind)
        return [e.load(e.address(at, offset), self.kind) for offset in self.offsets(count)]

    def store(self, at: Ref, refs: list[Ref]) -> None:
        """Write a block."""
        e = self.e
        offsets = self.offsets(len(refs) // self.parts)
        if self.step is not None:
            store(e, refs, at, self.step, offsets, self.kind)
            return
        for ref, offset in zip(refs, offsets, strict=True):
            e.store(ref, e.address(at, offset))


def copy(k: Any, source: Any, view: Any, dtype: np.dtype[Any], running: Totals | None = None) -> None:
    """Copy one array of the kernel's to another, or its running totals along the last axis."""
    e, shape = k.e, source.shape
    own = source.value.dtype
    w = Work(k, dtype, True, [Array(None, own, source=source)])
    ends = [Block(k, source.view, shape, own), Block(k, view, shape, dtype)]
    strides = [[k.stride(one, dim, scale) for dim, scale in one.dims] for one in (source.view, view)]
    packed = all(steps[-1].constant == end.dtype.itemsize for steps, end in zip(strides, ends, strict=True))
    most = GROUP // ends[1].parts if packed else 1
    whole = shape[-1] // most * most
    size = math.prod(shape) * own.itemsize
    step = ends[0].step if packed else None
    jumping = step if step is not None and jumps(e, step, size) else None
    for places in _nest(w, shape[:-1]):
        total = Element(running.start) if running else None
        for count, start, stop in ((most, 0, whole), (shape[-1] - whole, whole, shape[-1])):
            if stop == start:
                continue
            for c in w.loop(start, stop, *(total.carries if total else ()), step=count):
                at = [e.index(0), e.index(0)]
                for n, place in enumerate((*places, c)):
                    at = [e.integer("add", p, e.integer("mul", place, steps[n]))
                          for p, steps in zip(at, strides, strict=True)]  # fmt: skip
                if jumping is not None:
                    ahead(e, ends[0].base, jumping, at[0], count * own.itemsize)
                refs = ends[0].load(e.address(ends[0].base, at[0]), count)
                if running and total:
                    refs = running.through(rejoin(refs, own.kind == "c"), total)
                ends[1].store(e.address(ends[1].base, at[1]), refs)


def _nest(w: Work, sizes: tuple[int, ...]) -> Iterator[tuple[Any, ...]]:
    """A nest of loops."""
    if not sizes:
        yield ()
        return
    for place in w.loop(0, sizes[0]):
        for rest in _nest(w, sizes[1:]):
            yield place, *rest


def fill_from(block: Block, w: Work, matrix: Scratch, column: int) -> None:
    """Copy an array of the kernel's into a matrix, from some column on."""
    for at, r, c, count in block.places(w):
        refs = block.load(at, count)
        items = [Pair(*pair) for pair in zip(refs[::2], refs[1::2], strict=True)] if block.parts == 2 else refs
        for n, item in enumerate(items):
            matrix.put(r, w.plus(w.plus(c, n), column), item)


def rows_and_columns(shape: tuple[int, ...]) -> tuple[int, int]:
    """A vector is a column."""
    return shape[0], shape[1] if len(shape) > 1 else 1


def even(count: int) -> int:
    """Columns to lay out for so many."""
    return -(-count // BLOCK) * BLOCK


def index(e: Emitter, place: Any) -> Ref:
    """A place as an integer in the code."""
    return e.index(place) if type(place) is int else place
