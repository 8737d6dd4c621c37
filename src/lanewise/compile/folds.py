"""Folds: loops over a row that carry a total, written before the loops that need it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from .emit import SIZES, Emitter, Ref
from .ir import Axis, Node, Value
from .lift import CHEAP, QUICK, fold
from .values import Array, Pair, filled, literal, parts, rejoin

if TYPE_CHECKING:
    from .cycles import Loop, Phi
    from .kernel import Kernel

SCRATCH = 1 << 17  # bytes that a value may take on the stack


def prepare(k: Kernel, values: list[Value], done: frozenset[Axis]) -> None:
    """Run the folds whose totals some values need and that vary over no more than the loops around.

    Those over one row that do not need each other share a loop.
    """
    while True:
        found = closure(k, values)
        ready: list[Node] = []
        for node in found:
            if node.function is fold and done.issuperset(node.outputs[0].axes):
                inner = closure(k, node.operands())
                if not any(x.function is fold and done.issuperset(x.outputs[0].axes) for x in inner):
                    ready.append(node)
        if not ready:
            return
        row = ready[0].args[1]
        run(k, row, [node for node in ready if node.args[1] is row], values, done)


def closure(k: Kernel, values: Iterable[Value], without: Iterable[Value] = ()) -> list[Node]:
    """The nodes that have to run for some values."""
    seen = set(without)
    found: dict[Node, None] = {}
    pending = list(values)
    while pending:
        value = pending.pop()
        if value in seen or value in k.views or value in k.kept or k.known(value) is not None:
            continue
        seen.add(value)
        node = k.makers[value]
        found[node] = None
        pending.extend(node.operands())
    return list(found)


def run(k: Kernel, row: Axis, nodes: list[Node], values: list[Value], done: frozenset[Axis]) -> None:
    """One loop for some folds over a row."""
    e = k.e
    totals: list[Any] = []  # of each fold what there is at the end of the loop, or without one
    results = [node.outputs[0] for node in nodes]
    with k.loop(row) as loop:
        operands = [x for node in nodes for x in node.operands()]
        prepare(k, operands, done | {row})
        arrays = iter(k.values_of(operands))
        mask = None
        if loop is not None:
            keep(k, row, closure(k, values, without=results), done)
            mask = rest(k, row, loop.counter)
        for node in nodes:
            items = [k.wide(next(arrays), tuple(union(node))) for _ in node.operands()]
            if loop is None:
                totals.append(terms(e, node.outputs[0].dtype, items, None))
            else:
                totals.append(carried(k, loop, node, items, mask))
    for node, total in zip(nodes, totals, strict=True):
        value = node.outputs[0]
        if loop is not None:
            total = Array(filled(rejoin([phi.ref for phi in total], value.dtype.kind == "c"), value.shape), value.dtype)
        refs = list(total.refs.ravel())
        if row in k.vectors:
            refs = [across(e, node.args[2], value.dtype, ref) for ref in refs]
        if node.args[2] is np.add and value.dtype.kind in "fc":  # a sum of nothing but -0.0 is 0.0
            refs = [step(e, np.add, value.dtype, ref, (literal(e, 0, value.dtype),)) for ref in refs]
        k.keep(value, Array(filled(refs, value.shape), value.dtype))


def carried(k: Kernel, loop: Loop, node: Node, items: list[Array], mask: Any) -> list[Phi]:
    """What a loop carries of a fold: for each element of the result a total, to which each turn adds its terms."""
    e, ufunc, dtype = k.e, node.args[2], node.outputs[0].dtype
    width = e.width if k.vector is not None and k.vector in union(node) else 1
    found = []
    for group in zip(*[x.refs.ravel() for x in items], strict=True):
        start = identity(e, ufunc, dtype, width)
        own = [loop.carry(ref) for ref in parts(start)]
        if mask is not None:
            zero = ufunc if len(group) == 1 else np.add
            group = tuple([masked(e, mask, x, dtype, zero) for x in group])
        total = rejoin([phi.ref for phi in own], type(start) is Pair)[0]
        for phi, ref in zip(own, parts(step(e, ufunc, dtype, total, group)), strict=True):
            phi.next = e.splat(ref, width) if ref.width < width else ref
        found += own
    return found


def union(node: Node) -> set[Axis]:
    """The axes of what is folded."""
    return {axis for x in node.operands() for axis in x.axes} | {node.args[1]}


def terms(e: Emitter, dtype: np.dtype[Any], arrays: list[Array], total: Any) -> Array:
    """What is added up: the operand, or the products of two."""
    if len(arrays) == 1:
        return arrays[0]
    from .rows.arithmetic import multiply

    pairs = zip(arrays[0].refs.ravel(), arrays[1].refs.ravel(), strict=True)
    return Array(filled([multiply(e, dtype, a, b) for a, b in pairs], arrays[0].shape), dtype)


def step(e: Emitter, ufunc: np.ufunc, dtype: np.dtype[Any], total: Any, group: tuple[Any, ...]) -> Any:
    """A total with one more term."""
    from .rows.elementwise import one
    from .rows.products import fused

    if len(group) == 1:
        return one(e, ufunc, dtype, total, group[0])
    a, b = group
    return fused(e, dtype, a, b, total)


def identity(e: Emitter, ufunc: np.ufunc, dtype: np.dtype[Any], width: int) -> Any:
    """Where a fold begins."""
    if ufunc is np.add:
        start: Any = -0.0 if dtype.kind in "fc" else 0
        start = complex(-0.0, -0.0) if dtype.kind == "c" else start
    elif ufunc in (np.multiply, np.logical_and):
        start = 1
    elif ufunc is np.logical_or:
        start = 0
    elif dtype.kind == "f":
        start = math.inf if ufunc is np.minimum else -math.inf
    elif dtype.kind == "b":
        start = ufunc is np.minimum
    else:
        start = np.iinfo(dtype).max if ufunc is np.minimum else np.iinfo(dtype).min
    item = literal(e, np.asarray(start).astype(dtype)[()], dtype)
    return rejoin([e.splat(ref, width) for ref in parts(item)], dtype.kind == "c")[0]


def rest(k: Kernel, row: Axis, counter: Ref | None) -> Ref | None:
    """The lanes that no vector before had, where the last one overlaps; None if it does not."""
    e = k.e
    if counter is None or k.index[row] is counter:
        return None
    ahead = e.integer("sub", counter, k.index[row])
    return e.compare("sge", e.steps("i64"), ahead)


def masked(e: Emitter, mask: Ref, item: Any, dtype: np.dtype[Any], ufunc: np.ufunc) -> Any:
    """A term where a mask is true, nothing elsewhere."""
    nothing = parts(identity(e, ufunc, dtype, mask.width))
    refs = [e.select(mask, ref, none) for ref, none in zip(parts(item), nothing, strict=True)]
    return rejoin(refs, type(item) is Pair)[0]


def across(e: Emitter, ufunc: np.ufunc, dtype: np.dtype[Any], item: Any) -> Any:
    """The lanes of a vector, folded."""
    from .rows.elementwise import one

    while (width := parts(item)[0].width) > 1:
        size = width // 2 if width & (width - 1) == 0 else width & -width
        pieces = [halves(e, ref, size) for ref in parts(item)]
        items = [rejoin(list(refs), type(item) is Pair)[0] for refs in zip(*pieces, strict=True)]
        while len(items) > 1:
            paired = [one(e, ufunc, dtype, x, y) for x, y in zip(items[::2], items[1::2], strict=False)]
            items = paired + items[len(items) - len(items) % 2 :]
        item = items[0]
    return item


def halves(e: Emitter, ref: Ref, size: int) -> list[Ref]:
    """Parts of a vector, which may be single lanes."""
    return [e.lane(ref, n) for n in range(ref.width)] if size == 1 else e.split(ref, size)


# ---- scratch: what is dear is computed once ----


def keep(k: Kernel, row: Axis, later: list[Node], done: frozenset[Axis]) -> None:
    """Write to scratch what this loop over a row has computed, and a later one needs, too."""
    e = k.e
    for node in later:
        for value in node.outputs:
            known = e.region.memo.get(value)
            if known is None or row not in value.axes or value in k.kept or node.function in QUICK:
                continue
            refs = known.all_refs()
            width = 1 if row in k.vectors else max([ref.width for ref in refs], default=1)
            if not refs or max(cost(k, node), 0) <= CHEAP or "i1" in {ref.type for ref in refs}:
                continue
            size = SIZES[refs[0].type]
            if row.size * len(refs) * width * size > SCRATCH:
                continue
            memory = e.alloca("i8", row.size * len(refs) * width * size)
            k.kept[value] = (memory, row, known)
            for ref, place in zip(refs, places(k, value), strict=True):
                wide = e.splat(ref) if row in k.vectors else e.splat(ref, width)
                e.store(wide, place)


def cost(k: Kernel, node: Node) -> int:
    """A rough cost of an operation."""
    return 1 if node.function in QUICK else 2 * CHEAP


def places(k: Kernel, value: Value) -> list[Ref]:
    """Where the elements of a value are in scratch: element by element, and within those lane by lane."""
    e = k.e
    memory, row, array = k.kept[value]
    refs = array.all_refs()
    size = SIZES[refs[0].type]
    width = 1 if row in k.vectors else max(ref.width for ref in refs)
    found = []
    for n in range(len(refs)):
        start = e.address(memory, e.index(n * row.size * width * size))
        found.append(e.address(start, e.integer("mul", k.index[row], e.index(width * size))))
    return found


def again(k: Kernel, value: Value) -> Array:
    """A value from scratch."""
    e = k.e
    _, row, array = k.kept[value]
    refs = array.all_refs()
    width = e.width if row in k.vectors else max(ref.width for ref in refs)
    found = [e.read(place, ref.type, width) for place, ref in zip(places(k, value), refs, strict=True)]
    return Array(filled(rejoin(found, value.dtype.kind == "c"), array.shape), array.dtype, array.kind)
