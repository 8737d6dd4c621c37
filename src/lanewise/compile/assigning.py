"""Assignments that compiled code leaves to eager lanes.

Numbers that the array can't hold, for which NumPy raises; and arrays that are assigned to themselves, where it may read
what it has just written (`ops.overlapping`).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..array import ARRAY, PYTHON
from .cells import Cell
from .ir import leaves, map_leaves
from .tape import call_plain


def check_held(recorder: Any, value: Any, dtype: np.dtype[Any]) -> None:
    """Let lanes go the ordinary way whose numbers an array of integers can't hold.

    Parameters
    ----------
    value : LaneArray
        A scalar to be assigned.
    """
    given = value.data.dtype
    if given.kind == "c" and dtype.kind != "c" and value.kind == PYTHON:
        raise TypeError("float() argument must be a string or a real number, not 'complex'")
    if dtype.kind not in "iu" or given.kind not in "iuf" or np.can_cast(given, dtype):
        return
    info = np.iinfo(dtype)
    operations: Any = np
    if given.kind == "f":  # it is cut off
        low, high = np.float64(info.min - 1), np.float64(info.max + 1)
        near = low == info.min  # the number below can't be told from it
        above = operations.greater_equal(value, low) if near else operations.greater(value, low)
        held = operations.logical_and(above, operations.less(value, high))
    else:
        held = operations.logical_and(value >= int(info.min), value <= int(info.max))
    recorder.fail_where(recorder.truth(operations.logical_not(held)))


def crosses(target: Cell, index: Any, value: Any) -> bool:
    """Whether ``target[index] = value`` may read what it has written.

    The layout of the array is not known here. It does not matter where both are walked along the same axes by the same
    steps, or in opposite directions.
    """
    if type(value) is not Cell or value.shadow.kind != ARRAY or not value.value.shape:
        return False
    root = target.root()
    if not value.roots() & target.roots():
        return False
    items = index if type(index) is tuple else (index,)
    if len(items) == 1 and type(items[0]) is Cell and items[0].value.dtype == bool:
        return True
    if any(isinstance(item, (list, np.ndarray)) or (type(item) is Cell and item.value.shape) for item in items):
        return False  # NumPy copies
    if value.root() is not root or root.sources is not None:
        return True
    try:
        moved = [type(x) is Cell for x in leaves(index)]
        written = _numbers(target, moved)[map_leaves(_first, index)]
        read = _numbers(value, moved)
    except Exception:
        return True  # views of an unusual kind
    if written.ndim != 1 or written.size < 2 or read.shape[-1] < 2:
        return False
    if not any(moved) and not np.isin(written, read).any():
        return False
    return not _in_step(_steps(written, root.value.shape), _steps(read.reshape(-1), root.value.shape))


def _numbers(cell: Cell, moved: list[bool]) -> Any:
    """Which elements of its root a view shows, and note whether lanes may see others than these."""
    if cell.parent is None:
        return np.arange(math.prod(cell.value.shape)).reshape(cell.value.shape)
    parent = _numbers(cell.parent, moved)
    operands = (cell.args, cell.kwargs)
    moved += [type(x) is Cell and x is not cell.parent for x in leaves(operands)]
    args, kwargs = map_leaves(lambda x: parent if x is cell.parent else _first(x), operands)
    return np.asarray(call_plain(cell.node, args, kwargs))


def _first(x: Any) -> Any:
    return 0 if type(x) is Cell else x


def _steps(numbers: Any, shape: tuple[int, ...]) -> Any:
    """From one element to the next along each axis of the root; None if that is not always the same."""
    steps = np.diff(np.unravel_index(numbers, shape), axis=1)
    return steps[:, 0] if (steps == steps[:, :1]).all() else None


def _in_step(written: Any, read: Any) -> bool:
    """Whether no layout lets NumPy read what it has written."""
    if written is None or read is None:
        return False
    if np.array_equal(abs(written), abs(read)) and (written * read >= 0).all() | (written * read <= 0).all():
        return True
    along = np.flatnonzero(written)
    return along.size == 1 and np.array_equal(along, np.flatnonzero(read)) and bool((written * read).sum() < 0)
