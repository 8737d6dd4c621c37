"""A matrix that all lanes share, times a vector of each lane.

The vectors of as many lanes as go at a time are copied to scratch, ``[element][lane]``; some rows of the matrix at a
time then have their sums in registers, and each element of the matrix is multiplied with all lanes at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..emit import type_of
from ..native import machine
from ..scratch import Carry, Work, index
from ..values import Array, literal

SUMS = 16  # vectors of sums in registers
FEWEST = 128  # multiplications that are worth a loop


def of_shared(k: Any, function: Any, x: Array, y: Array) -> Array | None:
    """The product, if it is of this kind."""
    first = x.ndim == 2
    matrix, vector = (x, y) if first else (y, x)
    if (matrix.ndim, vector.ndim) != (2, 1) or not is_shared(matrix) or matrix.dtype.str[1:] not in ("f4", "f8"):
        return None
    across = first or function is np.inner  # whether it is the matrix's last axis that is summed over
    rows, size = matrix.shape if across else matrix.shape[::-1]
    if rows * size <= FEWEST or function in (np.vecdot, np.vdot, np.linalg.vecdot):
        return None
    e, source, kind = k.e, matrix.source, type_of(matrix.dtype)
    assert source is not None
    view = source.view  # type: ignore[attr-defined]
    steps = [k.stride(view, dim, scale) for dim, scale in view.dims]
    down, along = steps if across else steps[::-1]
    w = Work(k, matrix.dtype, True, [vector])
    with w.outermost():
        factors, found = w.matrix(size, 1, vector), w.matrix(rows, 1)
        most = max(SUMS * (machine().vector_bits // 8 // matrix.dtype.itemsize) // w.width, 2)
        whole = rows // most * most
        for start, stop, count in ((0, whole, most), (whole, rows, rows - whole)):
            for r in w.loop(start, stop, step=count) if stop > start else ():
                top = e.address(source.base, e.integer("mul", index(e, r), down))  # type: ignore[attr-defined]
                sums = [Carry(literal(e, 0, matrix.dtype)) for _ in range(count)]
                for n in w.loop(0, size, *sums):
                    at, factor = e.address(top, e.integer("mul", index(e, n), along)), factors.get(n, 0)
                    for m, carry in enumerate(sums):
                        item = e.load(e.address(at, e.integer("mul", e.index(m), down)), kind)
                        carry.now = e.multiply_add(item, factor, carry.now)
                for m, carry in enumerate(sums):
                    found.put(w.plus(r, m), 0, carry.now)
        return w.array(found, (rows,))


def is_shared(matrix: Array) -> bool:
    """Whether a matrix lies in an array of the kernel's, the same for all lanes."""
    return matrix.source is not None and matrix.source.width == 1 and hasattr(matrix.source, "view")
