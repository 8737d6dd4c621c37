"""Writes: what must hold before an array is written in place."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ..array import TABLE, Data, LaneArray
from ..facts import RUN, NoLaneForm, note_write, parted
from ..lanes import Lanes
from .common import full


def write_data(target: Any, lanes: Lanes) -> None:
    """Make an array ready to take values that vary over ``lanes``.

    Raises
    ------
    ValueError
        If the array is read-only, as in NumPy.
    """
    if type(target) is not LaneArray:
        raise NoLaneForm("a plain array is written with lane values")
    if parted():
        TABLE["prepare"](target)
    run = note_write(target.lanes, target.data)
    wide = target.lanes.union(lanes)
    if wide is not target.lanes:
        widen(target, wide)
    elif not target.data.flags.writeable:
        if run is not None and not run.writable:
            run.need_writable()
        raise ValueError("assignment destination is read-only")


def shares(x: LaneArray, view: Callable[[Data], Data]) -> bool:
    """Whether in the loop an operation on one example gives a view of it, where for the batch it gives a copy.

    That is up to the layout. One example of an argument lies in memory as in the loop; one of a fresh array may
    be spread out, where the loop's is compact. No harm is done by a copy as long as nothing is written. If
    something is, the group runs again on arguments whose lanes lie one after another.
    """
    if not x.data.size:
        return False
    example = x.data[(0,) * x.lanes.ndim + (...,)]
    shared = bool(np.may_share_memory(example, view(example)))
    if not shared:
        compact = example.copy("K")
        if not np.may_share_memory(compact, view(compact)):
            return False
    run = RUN.get()
    if run is not None:
        if run.started is None or not run.started.pure:
            run.lost_view = True
        elif shared or _interleaved(x):
            raise NoLaneForm("a view of an array has no batched form, in a function that writes")
    return shared


def _interleaved(x: LaneArray) -> bool:
    """Whether one example's elements lie among those of others."""
    steps = np.abs(x.data.strides)
    lanes, example = steps[: x.lanes.ndim], steps[x.lanes.ndim :]
    return bool(example.size and lanes.size and example.max() > lanes.min())


def widen(target: LaneArray, lanes: Lanes) -> None:
    """Let an array made inside the function vary over more lanes, from here on."""
    # a view would go on showing the narrow memory, or (where this is one) its base would
    if target.data.base is not None or sys.getrefcount(target.data) > 2:
        raise NoLaneForm("an array that has views starts to differ between lanes")
    target.data = np.array(full(target, lanes))
    target.lanes = lanes
