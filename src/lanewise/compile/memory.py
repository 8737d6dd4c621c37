"""Loads and stores of examples: rows in memory, one example in each lane of a vector.

There are no gathers at a constant stride: short rows that lie end to end are read whole and shuffled apart, longer
ones go through a transpose in registers, eight lanes at a time.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .emit import LINE, SIZES, Emitter, Ref, type_of

GROUP = 8  # lanes that are transposed together
QUAD = 4  # elements of 8 bytes that are half a vector
AHEAD = 1 << 13  # bytes between what is read and what is asked for


def load(
    e: Emitter, base: Ref, step: Ref, offsets: list[Ref], type: str, mask: Ref | None = None
) -> list[Ref]:  # fmt: skip
    """The elements of ``W`` examples: a vector for each element.

    Parameters
    ----------
    base : Ref
        Points to the first lane's example.
    step : Ref
        From lane to lane, in bytes.
    offsets : list of Ref
        Of each element in its example, in bytes.
    type : str
        The LLVM type in memory.
    mask : Ref, optional
        For which lanes there is something in memory; the others get 0.
    """
    size = SIZES[type]
    if mask is not None:
        return masked(e, base, step, offsets, type, mask)
    if e.width == 1:
        return [e.load(e.address(base, offset), type) for offset in offsets]
    if step.constant == size:
        return [e.load(e.address(base, offset), type, e.width) for offset in offsets]
    if step.constant == 0:
        return [e.splat(e.load(e.address(base, offset), type)) for offset in offsets]
    if len(offsets) > 1 and _packed(offsets, size) and e.width % GROUP == 0:
        if jumps(e, step, len(offsets) * size):
            ahead(e, base, step, e.index(0), len(offsets) * size)
        groups = [_load_group(e, _lane(e, base, step, n), step, len(offsets), type) for n in range(0, e.width, GROUP)]
        return [e.concat([group[k] for group in groups]) for k in range(len(offsets))]
    rows = [_lane(e, base, step, n) for n in range(e.width)]
    return [e.gather_lanes([e.load(e.address(row, offset), type) for row in rows]) for offset in offsets]


def masked(e: Emitter, base: Ref, step: Ref, offsets: list[Ref], type: str, mask: Ref) -> list[Ref]:
    """The same of those examples for which a mask is true; 0 for the others, whose memory is not read."""
    from .rows.places import gathered, of_lanes, read_masked

    if step.constant == SIZES[type]:
        return [read_masked(e, e.address(base, offset), type, mask) for offset in offsets]
    lanes = of_lanes(e, e.index(0), step)
    return [gathered(e, e.address(base, offset), lanes, type, mask) for offset in offsets]


def store(e: Emitter, refs: list[Ref], base: Ref, step: Ref, offsets: list[Ref], type: str) -> None:
    """Write the elements of ``W`` examples; the inverse of `load`."""
    size = SIZES[type]
    if e.width == 1:
        for ref, offset in zip(refs, offsets, strict=True):
            e.store(ref, e.address(base, offset))
        return
    refs = [e.splat(ref) for ref in refs]
    if step.constant == size:
        for ref, offset in zip(refs, offsets, strict=True):
            e.store(ref, e.address(base, offset))
        return
    if len(offsets) > 1 and _packed(offsets, size) and e.width % GROUP == 0:
        parts = [e.split(ref, GROUP) for ref in refs]
        for n in range(0, e.width, GROUP):
            _store_group(e, [part[n // GROUP] for part in parts], _lane(e, base, step, n), step, type)
        return
    for n in range(e.width):
        row = _lane(e, base, step, n)
        for ref, offset in zip(refs, offsets, strict=True):
            e.store(e.lane(ref, n), e.address(row, offset))


def ahead(e: Emitter, base: Ref, step: Ref, offset: Ref, size: int) -> None:
    """Ask for what vectors read later, while this one reads some bytes of each example, from an offset on.

    Examples that lie end to end come in order; the processor does not foresee reads that jump from one to the next.
    """
    assert step.constant is not None
    whole = e.width * step.constant
    distance = -(-AHEAD // whole) * whole
    start = e.address(base, e.integer("add", e.integer("mul", offset, e.index(e.width)), e.index(distance)))
    for place in range(0, e.width * size, LINE):
        e.prefetch(e.address(start, e.index(place)))


def jumps(e: Emitter, step: Ref, size: int) -> bool:
    """Whether vectors read examples of some bytes, which lie end to end, row by row."""
    return step.constant == size and size >= LINE and e.width * size <= 2 * AHEAD


def _packed(offsets: list[Ref], size: int) -> bool:
    return all(offset.constant == n * size for n, offset in enumerate(offsets))


def _lane(e: Emitter, base: Ref, step: Ref, n: int) -> Ref:
    return e.address(base, e.integer("mul", step, e.index(n)))


def _blocks(count: int) -> list[int]:
    """The first columns of blocks of eight that cover so many; the last may overlap the one before."""
    return [*range(0, count - GROUP, GROUP), count - GROUP]


def _load_group(e: Emitter, base: Ref, step: Ref, count: int, type: str) -> list[Ref]:
    size = SIZES[type]
    if size == 8 and count >= QUAD:
        return _load_quads(e, [_lane(e, base, step, n) for n in range(GROUP)], count, type)
    if count < GROUP:
        if step.constant == count * size:
            whole = e.load(base, type, GROUP * count)
        else:
            whole = e.concat([_padded(e, e.load(_lane(e, base, step, n), type, count)) for n in range(GROUP)])
            count_ = whole.width // GROUP
            return [e.shuffle(whole, None, range(k, whole.width, count_)) for k in range(count)]
        return [e.shuffle(whole, None, range(k, whole.width, count)) for k in range(count)]
    columns: dict[int, Ref] = {}
    rows = [_lane(e, base, step, n) for n in range(GROUP)]
    for first in _blocks(count):
        block = [e.load(e.address(row, e.index(first * size)), type, GROUP) for row in rows]
        columns.update({first + k: ref for k, ref in enumerate(transpose(e, block)) if first + k not in columns})
    return [columns[k] for k in range(count)]


def _load_quads(e: Emitter, rows: list[Ref], count: int, type: str) -> list[Ref]:
    """Columns of eight rows, four at a time: a load puts a half into a vector, so two rounds of shuffles are left."""
    columns: dict[int, Ref] = {}
    for first in [*range(0, count - QUAD, QUAD), count - QUAD]:
        halves = [e.load(e.address(row, e.index(first * SIZES[type])), type, QUAD) for row in rows]
        a, b, c, d = [e.join(halves[n], halves[n + 2]) for n in (0, 1, 4, 5)]
        pairs = [(e.shuffle(a, b, lanes), e.shuffle(c, d, lanes)) for lanes in (EVEN, ODD)]
        found = [e.shuffle(*pair, lanes) for lanes in (LOW, HIGH) for pair in pairs]
        columns.update({first + k: ref for k, ref in enumerate(found) if first + k not in columns})
    return [columns[k] for k in range(count)]


def _padded(e: Emitter, ref: Ref) -> Ref:
    """A short row, widened to a power of two."""
    width = 1 << (ref.width - 1).bit_length()
    return ref if width == ref.width else e.shuffle(ref, None, [n if n < ref.width else -1 for n in range(width)])


def _store_group(e: Emitter, refs: list[Ref], base: Ref, step: Ref, type: str) -> None:
    size, count = SIZES[type], len(refs)
    if count < GROUP:
        room = 1 << (count - 1).bit_length()
        whole = e.concat(refs + [refs[-1]] * (room - count))
        if step.constant == count * size:
            order = np.arange(GROUP * count).reshape(GROUP, count)
            lanes = (order % count * GROUP + order // count).ravel().tolist()
            e.store(e.shuffle(whole, None, lanes), base)
            return
        for n in range(GROUP):
            e.store(e.shuffle(whole, None, [k * GROUP + n for k in range(count)]), _lane(e, base, step, n))
        return
    for first in _blocks(count):
        for n, row in enumerate(transpose(e, refs[first : first + GROUP])):
            e.store(row, e.address(_lane(e, base, step, n), e.index(first * size)))


EVEN, ODD = [0, 8, 2, 10, 4, 12, 6, 14], [1, 9, 3, 11, 5, 13, 7, 15]
LOW, HIGH = [0, 1, 4, 5, 8, 9, 12, 13], [2, 3, 6, 7, 10, 11, 14, 15]
PERFECT = [0, 8, 1, 9, 2, 10, 3, 11], [4, 12, 5, 13, 6, 14, 7, 15]
NETWORKS = {
    1: ([(4, PERFECT), (2, PERFECT), (1, PERFECT)], [0, 1, 2, 3, 4, 5, 6, 7]),
    2: ([(4, PERFECT), (2, PERFECT), (1, PERFECT)], [0, 1, 2, 3, 4, 5, 6, 7]),
    4: ([
        (1, ([0, 8, 1, 9, 4, 12, 5, 13], [2, 10, 3, 11, 6, 14, 7, 15])),
        (2, ([0, 1, 8, 9, 4, 5, 12, 13], [2, 3, 10, 11, 6, 7, 14, 15])),
        (4, ([0, 1, 2, 3, 8, 9, 10, 11], [4, 5, 6, 7, 12, 13, 14, 15])),
    ], [0, 2, 1, 3, 4, 6, 5, 7]),
    8: ([
        (1, (EVEN, ODD)), (2, (LOW, HIGH)), (4, (LOW, HIGH)),
    ], [0, 1, 2, 3, 4, 5, 6, 7]),
}  # fmt: skip
"""For each size of an element: rounds of shuffles of vectors so many apart, and the order that they leave.

These are shuffles that processors have, within 128 bits and of 128 bits at a time. For others, LLVM takes five times as
long (rows of ten floats: 134 and 24 ms).
"""


def transpose(e: Emitter, rows: list[Ref]) -> list[Ref]:
    """Eight vectors of eight, transposed."""
    rounds, order = NETWORKS[SIZES[rows[0].type]]
    rows = list(rows)
    for apart, (low, high) in rounds:
        for n in [n for n in range(GROUP) if not n & apart]:
            pair = rows[n], rows[n + apart]
            rows[n], rows[n + apart] = e.shuffle(*pair, low), e.shuffle(*pair, high)
    return [rows[n] for n in order]


def memory_type(dtype: Any) -> tuple[str, tuple[int, ...]]:
    """The LLVM type of an element in memory, and where its parts lie."""
    if dtype.kind == "b":
        return "i8", (0,)
    kind = type_of(dtype)
    return kind, (0, SIZES[kind]) if dtype.kind == "c" else (0,)
