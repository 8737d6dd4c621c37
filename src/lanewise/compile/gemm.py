"""The vector of each lane times a matrix that all lanes share, as libraries of linear algebra multiply matrices.

Some lanes at a time have their sums in registers, as vectors of elements that lie end to end in the result. An element
of a lane's vector is multiplied with a row of the matrix, whose columns are filled up to whole vectors (`packed`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

import numpy as np

from ..array import ARRAY
from .emit import SIZES, Emitter, Ref, type_of
from .ir import Node, Value
from .kernel import Code, Kernel
from .lift import Row
from .native import machine
from .plan import KernelStep, PackStep, Place, Stored, contiguous, into
from .values import literal
from .view import View

PRODUCTS = frozenset({np.matmul, np.dot, np.inner, np.matvec, np.vecmat, np.linalg.matmul})
FEWEST = 128  # multiplications for each lane that are worth a kernel
LANES = 64  # and lanes, that are worth packing the matrix
TURN = 1  # elements of a vector that a turn of the loop over them multiplies


class Product(NamedTuple):
    """A product of the vectors of each lane with a shared matrix, whose columns (rows, if it is turned) they meet."""

    vector: Value
    matrix: Value
    turned: bool

    @property
    def operands(self) -> tuple[Value, Value]:
        """What is multiplied."""
        return self.vector, self.matrix


def product_of(node: Node | None) -> Product | None:
    """A node as such a product."""
    if node is None or node.function not in PRODUCTS or len(node.operands()) != 2 or node.kwargs:
        return None
    first, second = node.args
    if type(first) is not Value or type(second) is not Value:
        return None
    if is_shared(first) and node.function is not np.vecmat and (len(second.shape) == 1 or node.function is np.matvec):
        product = Product(second, first, True)
    elif is_shared(second) and node.function is not np.matvec:
        product = Product(first, second, node.function is np.inner)
    else:
        return None
    vector, matrix, dtype = product.vector, product.matrix, node.outputs[0].dtype
    if not vector.axes or not vector.shape or matrix.shape[0] * matrix.shape[1] < FEWEST:
        return None
    if dtype.str[1:] not in ("f4", "f8") or not matrix.dtype == dtype == vector.dtype:
        return None
    count = math.prod([axis.size for axis in vector.axes]) * math.prod(vector.shape[:-1])
    return product if count >= LANES else None


def is_shared(x: Value) -> bool:
    """Whether a value is a matrix that is the same for all lanes."""
    return len(x.shape) == 2 and not x.axes


def product_steps(
    product: Product, inputs: list[Stored], stored: Stored, made: Place, given: Place, factors: Place
) -> list[Any] | None:  # fmt: skip
    """The steps of a product; None if its result does not lie as it is made."""
    dtype, loops = stored.dtype, sorted(product.vector.axes, key=lambda axis: axis.level)
    dim, scale = made.dims[-1]
    if set(made.lanes) != set(loops) or scale * (stored.strides[dim] or 0) != dtype.itemsize:
        return None
    for count in product.vector.shape[:-1]:  # the rows of an example's matrix are lanes, too
        loops.append(Row(count, loops[-1].level + 1, "row"))
        given, made = into(given, 0, loops[-1]), into(made, 0, loops[-1])
    size, columns = product.matrix.shape[::-1] if product.turned else product.matrix.shape
    tiles = tiling(columns, dtype)
    matrix = Value((size, tiles.columns), dtype, (), ARRAY)
    packed = Stored(matrix.shape, dtype, ())
    packed.strides = contiguous(matrix.shape, dtype)
    slots = {x: n for n, x in enumerate(inputs)}  # the arguments come first, as they are given

    def view(place: Place) -> View:
        slot = slots.setdefault(place.stored, len(slots))
        return place.view(slot)

    x, out = view(given), view(made)
    flat = view(Place(packed, {}, ((0, 1), (1, 1))))
    vector = max(loops[::-1], key=lambda axis: min(axis.size, tiles.lanes))
    lanes = min(tiles.lanes, 1 << (vector.size.bit_length() - 1))
    kernel = Kernel({product.vector: x, matrix: flat}, {}, loops, {vector}, lanes)
    code = write(kernel, x, flat, out, size, columns, dtype)
    step = lanes if vector is loops[0] else 1
    pack = PackStep(product.matrix, factors, product.turned, packed)
    return [pack, KernelStep(list(slots), [x, flat, out], [stored], loops[0], step, code, kernel.e.work)]


class Tiling(NamedTuple):
    """How a product is cut.

    Attributes
    ----------
    vector : int
        Elements of a machine vector.
    parts : list of tuple
        Where columns begin, how many tiles there are from there on, and how many vectors wide these are.
    lanes : int
        Lanes of a tile.
    columns : int
        The columns that are filled up.
    """

    vector: int
    parts: list[tuple[int, int, int]]
    lanes: int
    columns: int


def tiling(columns: int, dtype: np.dtype[Any]) -> Tiling:
    """Tiles for a matrix of so many columns: as square as the registers allow, since both sides have to be loaded."""
    bits = machine().vector_bits
    sums, widest = (24, 4) if bits == 512 else (12, 2)
    vector = min(bits // 8 // dtype.itemsize, 1 << (columns - 1).bit_length())
    vectors = -(-columns // vector)
    tiles = -(-vectors // widest)
    width, more = divmod(vectors, tiles)
    parts = [(0, more, width + 1), (more * (width + 1) * vector, tiles - more, width)]
    parts = [part for part in parts if part[1]]
    return Tiling(vector, parts, min(sums // parts[0][2], 12), vectors * vector)


def packed(matrix: Any, columns: int) -> Any:
    """A matrix with zeros in more columns, its rows where lines of the cache begin."""
    size = matrix.shape[0] * columns * matrix.dtype.itemsize
    memory = np.zeros(size + 64, np.uint8)
    start = -memory.ctypes.data % 64
    found = memory[start : start + size].view(matrix.dtype).reshape(matrix.shape[0], columns)
    found[:, : matrix.shape[1]] = matrix
    return found


def write(k: Kernel, x: View, matrix: View, out: View, size: int, columns: int, dtype: np.dtype[Any]) -> Code:
    """The code of a kernel that multiplies vectors of ``size`` elements with a packed matrix."""
    e, tiles = k.e, tiling(columns, dtype)
    with ExitStack() as loops:
        for n, axis in enumerate(k.axes):
            loops.enter_context(k.loop(axis, n == 0))
        given, made = Lanes(k, x, dtype), Lanes(k, out, dtype)
        for start, count, width in tiles.parts:
            rows = Rows(k, matrix, tiles.vector, width, dtype)
            step = width * tiles.vector
            whole = count if start + count * step <= columns else count - 1
            if whole:
                with tile(e, start, start + whole * step, step) as first:
                    multiply(e, given, rows, made, first, step, size, dtype)
            if whole < count:  # the last columns are there only to fill up a vector
                first = e.index(start + whole * step)
                multiply(e, given, rows, made, first, columns - start - whole * step, size, dtype)
    e.do("ret i64 0")
    found = k.code()
    e.forget()
    return found


@contextmanager
def tile(e: Emitter, start: int, stop: int, step: int) -> Iterator[Ref]:
    """A loop over tiles; the code itself if there is one."""
    if stop - start == step:
        yield e.index(start)
        return
    loop = e.enter(e.index(start), e.index(stop), step, (stop - start) // step)
    assert loop.counter is not None
    yield loop.counter
    loop.close()


def multiply(
    e: Emitter, given: Lanes, rows: Rows, made: Lanes, first: Ref, count: int, size: int, dtype: np.dtype[Any]
) -> None:  # fmt: skip
    """A tile of the product, of which so many columns are written."""
    for lane, line in enumerate(sums(e, given, rows, first, size, dtype)):
        for n, total in enumerate(line):
            made.write(total, lane, first, n * rows.vector, count)


class Lanes:
    """The vectors of some lanes, in memory."""

    def __init__(self, k: Kernel, view: View, dtype: np.dtype[Any]) -> None:
        self.e: Emitter = k.e
        self.kind = type_of(dtype)
        self.count = k.e.width
        self.base = k.base(view)
        self.step = k.step(view, k.vector) if k.vector is not None else k.e.index(0)
        self.along = k.stride(view, *view.dims[0])

    def at(self, lane: int, start: Ref) -> Ref:
        """Where an element of a lane is."""
        e = self.e
        row = e.address(self.base, e.integer("mul", self.step, e.index(lane)))
        return e.address(row, e.integer("mul", start, self.along))

    def read(self, lane: int, start: Ref) -> Ref:
        """An element of a lane."""
        return self.e.load(self.at(lane, start), self.kind)

    def write(self, ref: Ref, lane: int, start: Ref, more: int, count: int) -> None:
        """Elements of a lane, so far from the start of a tile, which has so many."""
        e, room = self.e, count - more
        place = e.address(self.at(lane, start), e.index(more * SIZES[self.kind]))
        if room >= ref.width:
            e.store(ref, place)
            return
        name = f"llvm.masked.store.v{ref.width}{'f32' if self.kind == 'float' else 'f64'}.p0"
        e.declared[name] = f"declare void @{name}({ref.llvm}, ptr, i32, <{ref.width} x i1>)"
        mask = ", ".join("i1 true" if n < room else "i1 false" for n in range(ref.width))
        e.do(f"call void @{name}({ref}, ptr {place.name}, i32 1, <{ref.width} x i1> <{mask}>)")


class Rows:
    """The rows of a packed matrix, some vectors wide."""

    def __init__(self, k: Kernel, view: View, vector: int, width: int, dtype: np.dtype[Any]) -> None:
        self.e: Emitter = k.e
        self.base, self.row = k.base(view), k.stride(view, 0)
        self.kind, self.vector, self.width = type_of(dtype), vector, width

    def read(self, first: Ref, start: Ref) -> list[Ref]:
        """The vectors of a row, from some column on."""
        e, size = self.e, SIZES[self.kind]
        tile = e.address(self.base, e.integer("mul", first, e.index(size)))
        row = e.address(tile, e.integer("mul", start, self.row))
        steps = [e.index(n * self.vector * size) for n in range(self.width)]
        return [e.load(e.address(row, step), self.kind, self.vector) for step in steps]


def sums(
    e: Emitter, given: Lanes, rows: Rows, first: Ref, size: int, dtype: np.dtype[Any]
) -> list[list[Ref]]:  # fmt: skip
    """For each lane the vectors of its sums, in a loop over the elements of the lanes' vectors."""
    zero = e.splat(literal(e, 0, dtype), rows.vector)
    loop = e.enter(e.index(0), e.index(size), 1, size)
    phis = [[loop.carry(zero) for _ in range(rows.width)] for _ in range(given.count)]
    assert loop.counter is not None
    found = [[phi.ref for phi in line] for line in phis]
    for line, after in zip(phis, added(e, given, rows.read(first, loop.counter), loop.counter, found), strict=True):
        for phi, ref in zip(line, after, strict=True):
            phi.next = ref
    loop.close()
    return [[phi.ref for phi in line] for line in phis]


def added(e: Emitter, given: Lanes, row: list[Ref], at: Ref, found: list[list[Ref]]) -> list[list[Ref]]:
    """The sums with the products of one more element."""
    after = []
    for lane, line in enumerate(found):
        factor = e.splat(given.read(lane, at), row[0].width)
        after.append([e.multiply_add(factor, item, total) for item, total in zip(row, line, strict=True)])
    return after
