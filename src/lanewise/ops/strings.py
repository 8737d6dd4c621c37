"""Text: the functions of ``numpy.strings`` and ``numpy.char`` whose code asks C for each element.

The others are ufuncs, or run as NumPy's own code. The width of a result that depends on values is a fact.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import facts
from ..array import ARRAY, LaneArray, live, row
from ..facts import NoLaneForm
from ..lanes import Lanes
from .common import as_lanes, lane, plain_only, spread_all


@row(np.strings.upper, np.strings.lower, np.strings.swapcase, np.strings.capitalize, np.strings.title)
def cased(func: Any, a: Any) -> Any:
    """A change of each text that keeps the width."""
    x = lane(a)
    return LaneArray(func(x.data), x.lanes, ARRAY)


@row(np.strings.translate)
def translate(func: Any, a: Any, table: Any, deletechars: Any = None) -> Any:
    """``np.strings.translate``, by the same table in every lane."""
    plain_only(func, table=table, deletechars=deletechars)
    x = lane(a)
    return LaneArray(func(x.data, table, deletechars), x.lanes, ARRAY)


@row(np.char.equal, np.char.not_equal, np.char.less, np.char.less_equal, np.char.greater, np.char.greater_equal)
@row(np.char.compare_chararrays)
def compared(func: Any, x1: Any, x2: Any, *how: Any) -> Any:
    """Comparisons that pass over blanks at the end."""
    datas, lanes = spread_all([as_lanes(x1), as_lanes(x2)])
    return LaneArray(np.asarray(func(*datas, *how)), lanes, ARRAY)


@row(np.strings.encode, np.strings.decode)
def coded(func: Any, a: Any, encoding: Any = None, errors: Any = None) -> Any:
    """``np.strings.encode`` and ``decode``."""
    x = lane(a)
    return _fitted(func(x.data, encoding, errors), x.lanes)


@row(np.strings.mod, np.char.join)
def combined(func: Any, a: Any, b: Any) -> Any:
    """``np.strings.mod`` and ``np.char.join``: of two operands, element by element."""
    if type(b) is tuple:
        raise NoLaneForm(f"{func.__name__} with a tuple has no batched form")
    datas, lanes = spread_all([as_lanes(a), as_lanes(b)])
    return _fitted(func(*datas), lanes)


def _fitted(data: Any, lanes: Lanes) -> LaneArray:
    """Texts in the width of the longest of each lane, on which the lanes agree."""
    found = LaneArray(data, lanes, ARRAY)
    if not data.shape or not all(data.shape[lanes.ndim :]):
        return found
    sizes = np.strings.str_len(data)
    if (
        sizes.size
        and max(int(sizes.max()), 1) != np.dtype(data.dtype).itemsize // np.dtype(f"{data.dtype.char}1").itemsize
    ):
        raise NoLaneForm("texts that end in zeros have no batched form")
    widths = np.maximum(sizes.max(axis=tuple(range(lanes.ndim, data.ndim))), 1)
    width = facts.agree(lanes, np.asarray(widths), "the width of a text") if lanes.axes else widths
    found = live(found)
    return LaneArray(found.data.astype(f"{data.dtype.char}{int(width)}"), found.lanes, ARRAY)
