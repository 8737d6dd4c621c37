"""Elements of arrays in memory at computed places: gathers, scatters, and single loads where all lanes agree."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..emit import SIZES, Emitter, Ref, Wide
from ..memory import load, memory_type
from ..values import Array, filled, rejoin

_BITS = {"i16": "i16", "i32": "i32", "i64": "i64", "half": "f16", "float": "f32", "double": "f64", "i8": "i8"}


def places_of(k: Any, shape: tuple[int, ...], index: Any) -> tuple[Any, dict[int, Ref]] | None:
    """The elements that an index of numbers and slices is of; None if it is not so simple.

    Returns
    -------
    numbers : ndarray
        Their numbers in C order, if each computed number were 0.
    places : dict
        Along which axes there are computed numbers, which are in range.
    """
    places: dict[int, Ref] = {}
    items = list(index) if type(index) is tuple else [index]
    axis = 0
    for n, item in enumerate(items):
        if item is Ellipsis:
            axis += len(shape) - sum(x is not None and x is not Ellipsis for x in items)
            continue
        if type(item) is Array:
            if item.shape or item.dtype.kind not in "iu":
                return None
            places[axis] = checked(k, item, shape[axis])
            items[n] = 0
        elif isinstance(item, (list, np.ndarray, bool, np.bool_)):
            return None
        axis += item is not None
    numbers = np.arange(math.prod(shape)).reshape(shape)[tuple(items)]
    return np.asarray(numbers), places


def checked(k: Any, item: Array, size: int) -> Ref:
    """A number of each lane that is in range."""
    from .indexing import in_range
    from .table import cast

    place = in_range(k, cast(k.e, item, np.dtype(np.int64)), size).refs[()]
    found: Ref = k.e.intrinsic("umin", place, k.e.index(size - 1))
    return found


def read_at(k: Any, source: Any, dtype: np.dtype[Any], numbers: Any, places: dict[int, Ref]) -> Any:
    """Elements of an array of the kernel's (`kernel.InArray`)."""
    e, view = k.e, source.view
    strides = [k.stride(view, dim, scale) for dim, scale in view.dims]
    kind, extra = memory_type(dtype)
    moving = e.index(0)
    for axis, place in places.items():
        moving = e.integer("add", moving, e.integer("mul", place, strides[axis]))
    offsets = []
    for at in zip(*np.unravel_index(numbers.ravel(), source.shape), strict=True):
        fixed = e.index(0)
        for number, stride in zip(at, strides, strict=True):
            fixed = e.integer("add", fixed, e.integer("mul", stride, e.index(int(number))))
        offsets += [e.integer("add", fixed, e.index(part)) for part in extra]
    step = k.step(view, k.vector) if k.vector in view.lanes else None
    if moving.width > 1:
        lanes = moving if step is None else of_lanes(e, moving, step)
        refs = [gathered(e, e.address(source.base, offset), lanes, kind) for offset in offsets]
    elif step is not None:
        refs = load(e, e.address(source.base, moving), step, offsets, kind)
    else:
        base = e.address(source.base, moving)
        refs = [e.load(e.address(base, offset), kind) for offset in offsets]
    if dtype.kind == "b":
        refs = [e.compare("ne", ref, e.literal(0, "i8")) for ref in refs]
    return filled(rejoin(refs, dtype.kind == "c"), numbers.shape)


def gathered(e: Emitter, memory: Ref, offset: Ref, kind: str, mask: Ref | None = None) -> Ref:
    """What lies so many bytes from a place in memory, other ones in each lane; 0 where a mask is not true."""

    def piece(where: Ref, *own: Ref) -> Ref:
        many = f"v{where.width}"
        pointers = e.add(f"getelementptr i8, {memory}, {where}", "ptr", where.width, [memory, where])
        llvm, truth = f"<{where.width} x {kind}>", f"<{where.width} x i1>"
        symbol = f"llvm.masked.gather.{many}{_BITS[kind]}.{many}p0"
        e.declared[symbol] = f"declare {llvm} @{symbol}({pointers.llvm}, i32, {truth}, {llvm})"
        lanes = f"{own[0]}, {llvm} zeroinitializer" if own else f"{truth} splat (i1 true), {llvm} poison"
        text = f"call {llvm} @{symbol}({pointers}, i32 {SIZES[kind]}, {lanes})"
        return e.add(text, kind, where.width, [pointers, *own], here=True)

    return e.piecewise(piece, offset, *([] if mask is None else [mask]))


def read_masked(e: Emitter, pointer: Ref, kind: str, mask: Ref) -> Ref:
    """What lies end to end in memory, where a mask is true; 0 in other lanes."""

    def piece(place: Ref, own: Ref) -> Ref:
        llvm = f"<{own.width} x {kind}>"
        symbol = f"llvm.masked.load.v{own.width}{_BITS[kind]}.p0"
        e.declared[symbol] = f"declare {llvm} @{symbol}(ptr, i32, {own.llvm}, {llvm})"
        text = f"call {llvm} @{symbol}({place}, i32 1, {own}, {llvm} zeroinitializer)"
        return e.add(text, kind, own.width, [place, own])

    if not e.is_cut(mask.width):
        return piece(pointer, mask)
    return Wide(e, [piece(*pair) for pair in zip(e.places(pointer, kind), e.pieces(mask), strict=True)])


def scattered(e: Emitter, ref: Ref, memory: Ref, offset: Ref, mask: Ref) -> None:
    """Write to places of each lane, where a mask is true."""
    for value, where, own in zip(e.pieces(ref), e.pieces(offset), e.pieces(mask), strict=True):
        many, kind = f"v{where.width}", ref.type
        pointers = e.add(f"getelementptr i8, {memory}, {where}", "ptr", where.width, [memory, where])
        symbol = f"llvm.masked.scatter.{many}{_BITS[kind]}.{many}p0"
        e.declared[symbol] = f"declare void @{symbol}({value.llvm}, {pointers.llvm}, i32, {own.llvm})"
        e.do(f"call void @{symbol}({value}, {pointers}, i32 {SIZES[kind]}, {own})")


def of_lanes(e: Emitter, offset: Ref, step: Any) -> Ref:
    """Places of each lane's own example, which lie so many bytes apart."""
    step = e.index(step) if type(step) is int else step
    return e.op("add", offset, e.op("mul", e.steps("i64"), step))
